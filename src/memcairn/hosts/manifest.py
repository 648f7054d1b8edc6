"""The changes in the files of hosts: `hosts.json` in the home.

    {"files": [{"path": …, "name": "settings.json", "host": "gemini", "scope": "user",
                "before": "<name of the copy in backups/>" or null if there was no file,
                "after": "<sha256 of what was written>", "is_whole": false,
                "made": [["mcpServers"]], "folders": ["/home/me/.gemini"]}]}

With it, uninstall restores a file byte for byte. Without it, memcairn finds its entries by their content.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memcairn import paths
from memcairn.errors import StateError
from memcairn.formats import json_text
from memcairn.fs import atomic

if TYPE_CHECKING:
    from collections.abc import Iterable

    from memcairn.hosts import jsonc

FILE = "hosts.json"
BACKUPS = "backups"


@dataclass(frozen=True, slots=True)
class Record:
    """One file that was changed.

    `path` is the real path, `name` the host's name for the file, which may be a link. `before` is the name of
    the copy of the old content, None if there was no file; `is_exact`: only memcairn changed the file
    between that copy and `after`, the SHA-256 of the new content. `is_whole`: memcairn owns the file. `made`
    are the objects that were made in it, `folders` those above it, outermost first.
    """

    path: str
    name: str
    host: str
    scope: str
    before: str | None
    after: str
    is_whole: bool
    made: tuple[jsonc.Path, ...] = ()
    folders: tuple[str, ...] = ()
    is_exact: bool = True


def digest(content: bytes) -> str:
    """The SHA-256 of a content."""
    return hashlib.sha256(content).hexdigest()


def load(home: str) -> dict[str, Record]:
    """The records by path.

    Raises:
        StateError: the file is invalid.
    """
    file = os.path.join(home, FILE)
    try:
        with open(file, "rb") as stream:
            found = json_text.loads(stream.read())["files"]
        return {row["path"]: _record(row) for row in found}
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError) as error:
        raise StateError(
            "invalid", path=file, hint="delete it; `memcairn init` writes it again"
        ) from error


def save(home: str, records: Iterable[Record]) -> None:
    """Write the records; without records, remove the file."""
    file = Path(home, FILE)
    rows = [asdict(record) for record in records]
    if not rows:
        file.unlink(missing_ok=True)
        return
    paths.make_private_folder(home)
    atomic.replace(file, (json.dumps({"files": rows}, indent=1) + "\n").encode())


def back_up(home: str, host: str, path: str, content: bytes) -> str:
    """Copy the content of a file; returns the name of the copy below `backups`."""
    folder = os.path.join(home, BACKUPS)
    paths.make_private_folder(folder)
    name = f"{host}-{digest(content)[:12]}-{os.path.basename(path)}"
    copy = Path(folder, name)
    if not copy.exists():
        atomic.replace(copy, content)
    return name


def backed_up(home: str, record: Record) -> bytes | None:
    """The content before memcairn; None if there was no file or the copy is gone."""
    if record.before is None:
        return None
    try:
        return Path(home, BACKUPS, record.before).read_bytes()
    except OSError:
        return None


def _record(row: dict[str, Any]) -> Record:
    made = tuple(tuple(at) for at in row.pop("made"))
    return Record(made=made, folders=tuple(row.pop("folders")), **row)
