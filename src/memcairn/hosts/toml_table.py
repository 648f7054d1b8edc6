"""Add a table to a TOML file that a person wrote, and remove it again; the rest of the text stays.

The table goes to the end of the file, after a blank line. Each edit is parsed again, and only the table may
differ.
"""

from __future__ import annotations

import itertools
import json
import re
from datetime import date, time
from typing import TYPE_CHECKING, Any

from memcairn.formats import toml_text

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEADER = re.compile(r"[ \t]*\[")
# Strings and comments, as long as they are, and what opens and closes arrays.
_TOKEN = re.compile(
    r"""\"{3}(?:\\.|[^\\])*?\"{3,5}|'{3}.*?'{3,5}|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|\#[^\n]*|[\[\]{}\n]""",
    re.DOTALL,
)
_WHERE = re.compile(r"\(at (?:line (\d+), column \d+|end of document)\)")


class NotToml(ValueError):  # noqa: N818 - reads as what it says
    """The text is invalid, or has no place for the table. `line` is 1-based."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


def read(text: str) -> dict[str, Any]:
    """What the text says.

    Raises:
        NotToml: it cannot be understood.
    """
    try:
        return toml_text.loads(text.removeprefix("\ufeff"))
    except ValueError as error:
        found = _WHERE.search(str(error))
        end = text.count("\n") + 1
        line = int(found[1]) if found is not None and found[1] else end
        raise NotToml(_WHERE.sub("", str(error)).strip(), line) from error


def put(text: str, path: tuple[str, ...], table: dict[str, Any]) -> str:
    """The text with a table at `path` that says this; what tables below it say stays.

    Raises:
        NotToml: the text cannot be understood, or the table is written in a form that is not edited
            here: inline, or by dotted keys.
    """
    found = _at(read(text), path)
    if found is not None and not isinstance(found, dict):
        raise NotToml(f"{'.'.join(path)} is no table", 1)
    if found == table:
        return text
    for start, end in _headers(text, path, below=False):
        text = _joined(text[:start], text[end:])
    rest = _at(read(text), path) or {}
    whole = {key: value for key, value in table.items() if key not in rest}
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = [f"[{'.'.join(path)}]", *(f"{key} = {_value(value)}" for key, value in whole.items())]
    if not text.strip("\ufeff"):
        lead = ""
    else:
        lead = newline if text.endswith("\n") else newline * 2
    changed = f"{text}{lead}{newline.join(lines)}{newline}"
    if not _says(changed, _with(read(text), path, {**rest, **whole})):
        raise NotToml(f"has no place for [{'.'.join(path)}]: {path[0]} is written inline", 1)
    return changed


def remove(text: str, path: tuple[str, ...]) -> str:
    """The text without the table at `path` and the tables below it; unchanged if there is none.

    Raises:
        NotToml: as in `put`.
    """
    before = read(text)
    if _at(before, path) is None:
        return text
    for start, end in _headers(text, path, below=True):
        text = _joined(text[:start], text[end:])
    if not _says(text, _without(before, path), path):
        raise NotToml(f"{'.'.join(path)} is written in a form that is not edited here", 1)
    return text


def _headers(text: str, path: tuple[str, ...], *, below: bool) -> list[tuple[int, int]]:
    """Where the table begins and ends, and with `below`, each table below it; the last one first."""
    names = [
        "|".join(map(re.escape, (key, f'"{key}"', f"'{key}'", json.dumps(key)))) for key in path
    ]
    name = r"[ \t]*\.[ \t]*".join(f"(?:{alternatives})" for alternatives in names)
    more = r"(?:[ \t]*\.[^\]\n]*)?" if below else ""
    pattern = re.compile(rf"[ \t]*\[[ \t]*{name}{more}[ \t]*\][ \t]*(?:#[^\n]*)?\r?(?=\n|\Z)")
    starts = [start for start in _statements(text) if _HEADER.match(text, start)]
    return [
        (start, _end_of_table(text, header.end(), end))
        for start, end in reversed(list(itertools.pairwise([*starts, len(text)])))
        if (header := pattern.match(text, start))
    ]


def _statements(text: str) -> Iterator[int]:
    """Where lines begin, apart from those inside strings and arrays of several lines."""
    yield 0
    depth = 0
    for token in _TOKEN.finditer(text):
        if token[0] in "[{":
            depth += 1
        elif token[0] in "]}":
            depth -= 1
        elif token[0] == "\n" and not depth:
            yield token.end()


def _end_of_table(text: str, start: int, end: int) -> int:
    """Where the last line with a value ends; comments below it belong to what follows."""
    at = last = start
    for line in text[start:end].splitlines(keepends=True):
        at += len(line)
        if line.strip() and not line.lstrip().startswith("#"):
            last = at
    return max(last, start + (text[start : start + 1] == "\n"))


def _joined(above: str, below: str) -> str:
    """Two parts of a text, without the blank line that `put` sets above a table."""
    for newline in ("\r\n", "\n"):
        if above.endswith(newline * 2):
            return above.removesuffix(newline) + below
    return above + below


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _with(value: dict[str, Any], path: tuple[str, ...], table: Any) -> dict[str, Any]:
    key, *rest = path
    inner = value.get(key, {})
    if rest and not isinstance(inner, dict):
        raise NotToml(f"{key} is no table", 1)
    return {**value, key: _with(inner, tuple(rest), table) if rest else table}


def _without(value: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    key, *rest = path
    if key not in value:
        return value
    if not rest:
        return {k: v for k, v in value.items() if k != key}
    return {**value, key: _without(value[key], tuple(rest))}


def _pruned(value: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    """The value without empty tables on the way to `path`: they may exist by their members only."""
    key, *rest = path
    if not rest or not isinstance(value.get(key), dict):
        return value
    inner = _pruned(value[key], tuple(rest))
    return {k: inner if k == key else v for k, v in value.items() if k != key or inner}


def _says(text: str, wanted: dict[str, Any], path: tuple[str, ...] = ("",)) -> bool:
    try:
        return _pruned(read(text), path) == _pruned(wanted, path)
    except NotToml:
        return False


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_value(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, date | time):
        return value.isoformat()
    # A JSON string is a TOML string, but for DEL, which TOML wants escaped.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
