"""A small home, notes, and files of hosts at one place, put back before each operation."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sqlite3
import sys
import traceback
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Files = dict[str, bytes]

TRACEBACK = 70
BY_HAND = "# My index\n\nRead [deploy](deploy.md) first. Kept by hand: äöü 数据库\n"
NOTES = {
    "deploy.md": "---\ntitle: Deploying\ntype: project\n---\n# Deploying\n\nWe deploy blue-green.\n",
    "db/pool.md": "# Connection pool\n\nThe pool holds 20 connections.\n\n## Limits\n\nNone.\n",
    "db/数据库.md": "# 数据库\n\n数据库连接池已满，请稍后再试。\n",
    "crlf.md": "\ufeff# Windows\r\n\r\nLines end in CRLF.\r\n",
    "broken.md": "---\ntitle: [unclosed\n---\nBroken frontmatter.\n",
    "old.md": "# Old\n\nSuperseded long ago.\n",
    "team/style.md": "---\nname: style\ndescription: Conventional commits\n---\nUse feat, fix.\n",
}
HOSTS = {
    ".claude/settings.json": '{\n  "hooks": {}\n}',
    ".codex/config.toml": 'model = "x" # mine\r\n\r\n[mcp_servers.other]\r\ncommand = "y"',
    ".gemini/settings.json": '// settings\n{\n\t"theme": "x", // nice\n\t"mcpServers": {},\n}',
    ".cursor/mcp.json": "\ufeff{ }",
}
# Of the names that memcairn chooses.
_RANDOM = re.compile(r"(?<=-)[0-9a-f]{4}(?=\.md$)")
_TIME = re.compile(rb"\d{4}-\d\d-\d\d([T ][\d:.]+(Z|\+00:00)?)?")


class World:
    """The folder and what is in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.root = folder / "root"
        self.user = folder / "user"
        self.project = folder / "project"
        self.outside = folder.with_name(folder.name + "-outside")
        self.outside.mkdir(parents=True, exist_ok=True)

    def environment(self) -> dict[str, str]:
        """The variables of all processes."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("MEMCAIRN_", "XDG_"))}
        return kept | {
            "HOME": str(self.user),
            "MEMCAIRN_HOME": str(self.home),
            "MEMCAIRN_CONFIG": str(self.folder / "config.toml"),
            "MEMCAIRN_EMBEDDING_PROVIDER": "none",
            "MEMCAIRN_DAEMON_IDLE_S": "5",
            "PATH": f"{self.outside}/bin:{os.environ['PATH']}",
        }

    def create(self) -> None:
        """Write the notes and the files of the hosts."""
        for place, texts in ((self.root, NOTES), (self.user, HOSTS)):
            for name, text in texts.items():
                write(place / name, text)
        write(self.root / "MEMORY.md", BY_HAND)
        write(self.project / ".git/HEAD", "ref: refs/heads/main\n")

    def save(self, name: str) -> None:
        """Keep a copy of all files under a name."""
        shutil.copytree(self.folder, self.outside / name, symlinks=True, ignore=_sockets)

    def put_back(self, name: str) -> None:
        """Make all files what they were in that copy."""
        self.folder.mkdir(exist_ok=True)
        for path in self.folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
        shutil.copytree(self.outside / name, self.folder, symlinks=True, dirs_exist_ok=True)

    def notes(self) -> Files:
        """The notes of the root, without MEMORY.md and temporary files; times and random names are masked."""
        return {
            _RANDOM.sub("", path): _TIME.sub(b"TIME", content)
            for path, content in files(self.root).items()
            if os.path.basename(path) != "MEMORY.md"
        }

    def kept(self) -> set[bytes]:
        """Every content that can still be had: notes, trash, history, snapshots, scratch files."""
        found = set(files(self.root).values()) | set(files(self.home).values())
        found |= set(files(self.project).values())
        for database in self.home.glob("history/*/history.db"):
            with sqlite3.connect(database) as db:
                found |= {
                    zlib.decompress(row[0]) for row in db.execute("SELECT deflated FROM data")
                }
            db.close()
        return found


def _sockets(folder: str, names: list[str]) -> set[str]:
    return {name for name in names if name == "socket"}


def write(path: Path, text: str) -> None:
    """Write a file with the line ends of the text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())


def files(folder: Path) -> Files:
    """All files below a folder, without memcairn's temporary ones and those of git."""
    found: Files = {}
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith((".memcairn-", ".git"))]
        for name in names:
            path = os.path.join(place, name)
            if not name.startswith(".memcairn-") and os.path.isfile(path):
                with open(path, "rb") as file:
                    found[os.path.relpath(path, folder)] = file.read()
    return found


def in_a_child(work: Callable[[], object], output: Path, stdin: str = "") -> int:
    """Run work in a forked process, with its output in a file.

    Returns:
        The exit code, negative for a signal. The code is TRACEBACK for an exception that nobody handles.
    """
    sys.stdout.flush()
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = TRACEBACK
    try:
        signal.alarm(120)
        text = output.with_suffix(".stdin")
        text.write_text(stdin)
        os.dup2(os.open(text, os.O_RDONLY), 0)
        for descriptor, path in ((1, output), (2, output.with_suffix(".stderr"))):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
        result = work()
        code = result if isinstance(result, int) else 0
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else int(bool(stop.code))
    except BaseException:  # noqa: BLE001 - reported by the code
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
