"""The export of ANOLISA agent-memory: JSON of the format "anolisa-memory-archive", version 1.0.

    {"memories": [{"path", "frontmatter": {key: text}, "content"}], "tasks": [the same], …}

Its frontmatter is flat. A value is the raw text after the colon, which no YAML parser has read; a list
is the JSON of its items. This module turns it into equivalent YAML.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from memcairn.errors import ArchiveRefused
from memcairn.notes import plain_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

FORMAT = "anolisa-memory-archive"
VERSION = "1.0"

_KEY = re.compile(r"[A-Za-z_][\w.-]*")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}
_TIMES = ("updated_at", "modified", "updated", "created_at", "created", "date")


def files(archive: dict[str, Any]) -> Iterator[tuple[str, str, int | None]]:
    """Yield the notes of an export: path, text, and time of writing (seconds since 1970) if known.

    Raises:
        ArchiveRefused: the export is damaged, or of a later version.
    """
    if archive.get("version") != VERSION:
        raise ArchiveRefused(
            f"is an agent-memory export of version {str(archive.get('version'))[:20]!r}; "
            f"only version {VERSION} is supported"
        )
    for part in ("memories", "tasks"):
        entries = archive.get(part, [])
        if not isinstance(entries, list):
            raise ArchiveRefused(f"is damaged: {part} is not a list")
        for entry in entries:
            yield _file(entry)


def _file(entry: Any) -> tuple[str, str, int | None]:
    match entry:
        case {"path": str(path), "frontmatter": dict(values), "content": str(content)}:
            pass
        case _:
            raise ArchiveRefused("is damaged: a memory lacks its path, frontmatter or content")
    if not all(isinstance(value, str) for value in values.values()):
        raise ArchiveRefused("is damaged: a frontmatter value is not text", path=path[:200])
    return path, _text(values, content), _written_at(values)


def _text(values: dict[str, str], content: str) -> str:
    if not values:
        return content
    lines = [line for key in sorted(values) for line in _lines(key, values[key])]
    # Earlier versions left the blank line after the frontmatter in the content.
    body = content.removeprefix("\n")
    end = "" if not body or body.endswith("\n") else "\n"
    return "\n".join(["---", *lines, "---", "", body]) + end


def _lines(key: str, value: str) -> list[str]:
    name = key if _KEY.fullmatch(key) else _quoted(key)
    if value.startswith("["):
        try:
            items = json.loads(value)
        except (ValueError, RecursionError):
            items = None
        if isinstance(items, list) and all(isinstance(item, str) for item in items):
            return [f"{name}:", *(f"  - {_scalar(item)}" for item in items)]
    return [f"{name}: {_scalar(value)}".rstrip()]


def _scalar(value: str) -> str:
    """The value as YAML: unchanged if YAML reads it as the same text, else in double quotes."""
    if not value:
        return ""
    read = plain_yaml.read(f"k: {value}\n") if value.isprintable() else None
    if read is not None:
        found = read.get("k")
        # Quotes are kept: without them, YAML would cut "fix #12" at the comment sign.
        if not isinstance(found, str) or found == value or value[0] == value[-1] == '"':
            return value
    if re.fullmatch(r"\d{4}-\d\d-\d\d([T ][\d:.]+(Z|[+-]\d\d:\d\d)?)?", value):
        return value
    return _quoted(value)


def _quoted(value: str) -> str:
    """The text as a double-quoted YAML scalar on one line."""
    return '"' + "".join(_ESCAPES.get(c) or _escaped(c) for c in value) + '"'


def _escaped(character: str) -> str:
    return character if character.isprintable() else f"\\U{ord(character):08x}"


def _written_at(values: dict[str, str]) -> int | None:
    for key in _TIMES:
        try:
            time = datetime.fromisoformat(values[key].strip("\"'"))
        except (KeyError, ValueError):
            continue
        return int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp())
    return None
