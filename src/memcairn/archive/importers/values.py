"""What an importer returns, and what all of them need to read JSON and times."""

from __future__ import annotations

import fnmatch
import hashlib
import json
import os
import re
import zipfile
import zlib
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from memcairn.errors import ArchiveRefused

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_JSON_BYTES = 1 << 30
MAX_TEXT_CHARS = 2_000_000
# Of a title or a tag; a longer one is cut.
MAX_NAME_CHARS = 200
MAX_TAGS = 50
# Larger numbers are times in milliseconds.
_MAX_SECONDS = 100_000_000_000


@dataclass(frozen=True, slots=True)
class ForeignNote:
    """A note of another program.

    Attributes:
        key: identifies it in its program.
        text: Markdown; of a file, with its frontmatter.
        title: "": derived from the text.
        path: of the file to write, below the folder of the source; "" for a memory, which is compared with
            the notes that are there.
        data: of an attachment, instead of a text.
    """

    key: str
    text: str
    title: str = ""
    type: str | None = None
    tags: tuple[str, ...] = ()
    created_s: float | None = None
    modified_s: float | None = None
    path: str = ""
    data: bytes | None = None


@dataclass(slots=True)
class Export:
    """The notes of an export.

    Attributes:
        notes: the notes.
        left_out: reason -> how many of its items are not notes.
        keeps_paths: the paths of the notes are those in the root, not below a folder of the source.
    """

    notes: list[ForeignNote] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    keeps_paths: bool = False

    def add(self, note: ForeignNote) -> None:
        """Add a note, unless it has nothing to say, or too much."""
        if note.data is None and not note.text.strip():
            self.left_out["has no text"] += 1
        elif len(note.text) > MAX_TEXT_CHARS:
            self.left_out[f"is longer than {MAX_TEXT_CHARS:,} characters"] += 1
        else:
            tags = (" ".join(tag.split())[:MAX_NAME_CHARS] for tag in note.tags[:MAX_TAGS])
            title = " ".join(note.title.split())
            title = title if len(title) <= MAX_NAME_CHARS else f"{title[:MAX_NAME_CHARS]} …"
            self.notes.append(replace(note, title=title, tags=tuple(filter(None, tags))))


def load_json(path: str, *patterns: str) -> list[tuple[str, Any]]:
    """The JSON documents of an export, with their names.

    Args:
        path: a file, which is a document, a zip archive, or a folder.
        patterns: of the names of the documents in an archive or a folder.

    Raises:
        ArchiveRefused: it is damaged, or has no such document.
    """
    if os.path.isdir(path):
        found = _in_folder(path, patterns)
    elif zipfile.is_zipfile(path):
        found = _in_zip(path, patterns)
    else:
        if not os.path.isfile(path):
            raise ArchiveRefused("is not a file")
        with open(path, "rb") as file:
            found = [(os.path.basename(path), file.read(MAX_JSON_BYTES + 1))]
    if not found:
        raise ArchiveRefused(f"has no {' or '.join(patterns)}")
    return [(name, _parsed(name, data)) for name, data in found]


def _in_folder(path: str, patterns: Iterable[str]) -> list[tuple[str, bytes]]:
    found = []
    for folder, folders, files in os.walk(path):
        folders.sort()
        for name in sorted(files):
            place = os.path.join(folder, name)
            if _matches(os.path.relpath(place, path), patterns) and os.path.isfile(place):
                with open(place, "rb") as file:
                    found.append((name, file.read(MAX_JSON_BYTES + 1)))
    return found


def _in_zip(path: str, patterns: Iterable[str]) -> list[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [one for one in archive.infolist() if _matches(one.filename, patterns)]
            if sum(one.file_size for one in members) > MAX_JSON_BYTES:
                raise ArchiveRefused(f"has more than {MAX_JSON_BYTES:,} bytes of JSON")
            # The sizes in the directory may lie; a member that is longer is cut there.
            found = []
            for one in members:
                with archive.open(one) as file:
                    found.append((one.filename, file.read(one.file_size)))
            return found
    except _DAMAGE as error:
        raise ArchiveRefused(f"is a damaged zip file: {error}") from error


_DAMAGE = (
    zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError,
)  # fmt: skip


def _matches(name: str, patterns: Iterable[str]) -> bool:
    name = name.replace(os.sep, "/")
    return any(fnmatch.fnmatch(f"/{name}", f"*/{pattern}") for pattern in patterns)


def _parsed(name: str, data: bytes) -> Any:
    if len(data) > MAX_JSON_BYTES:
        raise ArchiveRefused(f"{name} is larger than {MAX_JSON_BYTES:,} bytes")
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ArchiveRefused(f"{name} is not JSON, or is cut off") from error


def objects(values: Any, export: Export) -> list[dict[str, Any]]:
    """The objects of a list; what else it holds is left out."""
    found = [value for value in values if isinstance(value, dict)]
    if len(found) < len(values):
        export.left_out["is not an object"] += len(values) - len(found)
    return found


# YAML allows none of these in a value, and a terminal obeys them; lines may end in any way.
_CONTROLS = re.compile("[\0-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")


def text(value: object) -> str:
    """A text without lone surrogates and control characters; "" for anything else."""
    if not isinstance(value, str):
        return ""
    return _CONTROLS.sub("", value.encode("utf-8", "replace").decode())


def short(key: str, said: str = "") -> str:
    """A few letters and digits that tell notes of one name apart, from a key or else from the text."""
    found = "".join(c for c in key if c.isascii() and c.isalnum())[:8].lower()
    return found or hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()[:8]


def texts(value: object) -> tuple[str, ...]:
    """The texts of a list, which may also be JSON, or separated by commas."""
    if isinstance(value, str):
        try:
            value = json.loads(value) if value.lstrip().startswith("[") else value.split(",")
        except (ValueError, RecursionError):
            return ()
    if not isinstance(value, list):
        return ()
    return tuple(filter(None, (text(one).strip() for one in value)))


def seconds(value: object) -> float | None:
    """A time in seconds since 1970, from such a number, one in milliseconds, or ISO 8601."""
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value.strip())
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = value / 1000 if abs(value) > _MAX_SECONDS else float(value)
    except OverflowError:
        return None
    return found if 0 < found < _MAX_SECONDS else None
