#!/usr/bin/env python3
"""memtomem, the peer that the benchmarks are measured against, in a separate environment.

usage: peer_memtomem.py install [--python PYTHON]     make the environment, outside the checkout
       peer_memtomem.py where                         say where it is and what it runs on

memtomem needs Python 3.12 or later and an sqlite3 that can load extensions, which many builds of
Python leave out (pyenv's, and macOS's own). Where it does, it is used as it is. Where it does not,
`pysqlite3-binary` stands in for the module `sqlite3` by a sitecustomize.py of that environment; it
adds a few milliseconds to memtomem's start of more than a second. The version of the stand-in
matters: with SQLite 3.51.1 (0.5.4.post2) the planner takes the join of memtomem's keyword search
from the wrong end, and one search over 10,000 notes takes minutes. With the versions before and
after it does not, so that the stand-in is pinned to SQLite 3.46.1.

The environment is $MEMTOMEM_VENV, else ~/.cache/memcairn-bench/memtomem.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

VERSION = "0.6.12"
STAND_IN_VERSION = "0.5.4"
FOLDER = Path(
    os.environ.get("MEMTOMEM_VENV", Path.home() / ".cache" / "memcairn-bench" / "memtomem")
)
CAN_LOAD = "import sqlite3; print(hasattr(sqlite3.Connection, 'enable_load_extension'))"
ABOUT = (
    "import importlib.metadata as m, sqlite3, sys;"
    "print(m.version('memtomem'), sys.version.split()[0], sqlite3.__name__, sqlite3.sqlite_version)"
)
STAND_IN = """\
import sys

import pysqlite3

sys.modules["sqlite3"] = pysqlite3
sys.modules["sqlite3.dbapi2"] = pysqlite3.dbapi2
"""


@dataclass(frozen=True, slots=True)
class Memtomem:
    """An installed memtomem; `about` is its version and what it runs on."""

    program: str
    about: str

    def environment(self, home: Path) -> dict[str, str]:
        return {**os.environ, "HOME": str(home), "PYTHONDONTWRITEBYTECODE": ""}

    def set_up(self, home: Path, notes: Path) -> None:
        """A fresh home with memtomem's keyword-only preset: no model, no network."""
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        call = [self.program, "init", "--non-interactive", "--preset", "minimal", "--mcp", "skip"]
        subprocess.run(
            [*call, "--memory-dir", str(notes)],
            env=self.environment(home),
            check=True,
            capture_output=True,
        )


def find() -> Memtomem | None:
    """The installed memtomem, if there is one that works."""
    program = FOLDER / "bin" / "mm"
    if not program.exists():
        return None
    about = subprocess.run(
        [str(FOLDER / "bin" / "python"), "-c", ABOUT], capture_output=True, text=True, check=True
    )
    version, python, module, sqlite = about.stdout.split()
    return Memtomem(
        str(program), f"memtomem {version}, Python {python}, {module} with SQLite {sqlite}"
    )


def install(python: str) -> None:
    if FOLDER.exists():
        sys.exit(f"{FOLDER} is there already; remove it to install anew")
    subprocess.run([python, "-m", "venv", str(FOLDER)], check=True)
    inside = str(FOLDER / "bin" / "python")
    subprocess.run([inside, "-m", "pip", "install", "-q", f"memtomem=={VERSION}"], check=True)
    can = subprocess.run([inside, "-c", CAN_LOAD], capture_output=True, text=True, check=True)
    if can.stdout.strip() == "True":
        return
    subprocess.run(
        [inside, "-m", "pip", "install", "-q", f"pysqlite3-binary=={STAND_IN_VERSION}"], check=True
    )
    where = subprocess.run(
        [inside, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    )
    Path(where.stdout.strip(), "sitecustomize.py").write_text(STAND_IN, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("where")
    installing = commands.add_parser("install")
    installing.add_argument("--python", default=shutil.which("python3.12") or "python3")
    args = parser.parse_args()
    if args.command == "install":
        install(args.python)
    found = find()
    print(f"{FOLDER}: {found.about if found else 'not installed'}")


if __name__ == "__main__":
    main()
