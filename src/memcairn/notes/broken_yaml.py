"""Read and change YAML frontmatter that is not valid YAML, entry by entry.

    name: fb                                            read
    description: Hit a real database: mocks hid a bug   not valid YAML: read as text, and a problem
    tags: [db, ci                                       not valid YAML: read as a list, and a problem
    keywords [c                                         not `key: value`: lost, and a problem

An entry is a line that begins with a key, and the lines after it that are indented or list items.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from memcairn.errors import NoteError
from memcairn.notes import plain_yaml, yaml_edit, yaml_mapping
from memcairn.notes.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_PROBLEMS = 100
"""After these, the YAML parser is not asked about an entry that cannot be plain."""

_MAX_DEPTH = 3
_HINT = "edit the lines between the --- by hand"
_KEY = re.compile(r"\t*[\"']?(?P<key>[^\W\d][\w .-]{0,60}?)[\"']?[ \t]*:(?:[ \t]+(?P<rest>.*)|)\Z")
_CONTINUED = re.compile(r"[ \t]|-(?:[ \t]|\Z)|#|\r?\Z")
_ITEM = re.compile(r"[ \t]*-[ \t]+(.*)")
_PLACEHOLDER = re.compile(r"\{\{.*\}\}\Z")
_NOT_AN_ENTRY = "frontmatter has a line that is not `key: value`"


@dataclass(slots=True)
class _Entry:
    """An entry: `lines`, of which the first is the line `first` of the text, 0-based."""

    key: str
    rest: str
    first: int
    lines: list[str]


def read(
    raw: str, first_line: int, problems: Sequence[Problem], depth: int = 0
) -> tuple[dict[str, Any], list[Problem]]:
    r"""What can be read of `raw`, whose first line is the file's line `first_line`. Never raises.

    Args:
        raw: the text between the fences, with "\n" line ends.
        first_line: the file's line of its first line.
        problems: why it is not valid as a whole.
        depth: the number of mappings around it.

    Returns:
        The values and the problems; `problems` if nothing can be read.
    """
    if len(raw) > yaml_mapping.MAX_CHARACTERS:
        return {}, list(problems)
    values: dict[str, Any] = {}
    found: list[Problem] = []
    for entry in _entries(raw):
        line = first_line + entry.first
        if not entry.key:
            found.append(Problem(line, _NOT_AN_ENTRY, lost=True))
            continue
        value, entry_problems = _value(entry, line, depth, plain_only=len(found) > MAX_PROBLEMS)
        found += entry_problems
        values.pop(entry.key, None)
        if value is not None:
            values[entry.key] = value
    if not values:
        return {}, list(problems)
    return values, found or list(problems)


def change(raw: str, changes: Mapping[str, Any], newline: str) -> str:
    """Set these keys in `raw`, or remove those whose value is None; all other lines stay as they are.

    Raises:
        NoteError: nothing of `raw` can be read, or one of the keys is broken itself.
    """
    entries = _entries(raw)
    if not any(entry.key for entry in entries):
        problems = yaml_mapping.read(raw, 2)[1]
        raise NoteError(problems[0].message, hint=_HINT)
    lines = raw.split("\n")
    added = ""
    for key, value in changes.items():
        same = [entry for entry in entries if entry.key == key]
        rendered = None if value is None else f"{key}: {yaml_edit.render(value)}"
        if not same:
            added += "" if rendered is None else rendered + newline
            continue
        entry = same[0]
        source = "\n".join(entry.lines).rstrip() + "\n"
        own = [line for line in entry.lines if line.strip() and not line.startswith("#")]
        if len(same) > 1 or len(own) > 1 or yaml_mapping.read(source, 2)[1]:
            raise NoteError(f"has frontmatter whose key {key!r} cannot be read", hint=_HINT)
        end = "\r" if lines[entry.first].endswith("\r") else ""
        lines[entry.first] = "\0" if rendered is None else rendered + end
    return "\n".join(line for line in lines if line != "\0") + added


def _entries(raw: str) -> list[_Entry]:
    """The entries in order; a line that belongs to none is an entry with the key ""."""
    entries: list[_Entry] = []
    for number, line in enumerate(raw.split("\n")):
        entry = entries[-1] if entries and entries[-1].key else None
        match = _KEY.match(line.rstrip("\r"))
        # After a key without a value, a tab is the indentation of a mapping.
        if match is not None and (not line.startswith("\t") or entry is None or entry.rest):
            entries.append(_Entry(match["key"], (match["rest"] or "").strip(), number, [line]))
        elif entry is not None and _CONTINUED.match(line):
            entry.lines.append(line)
        elif line.strip() and not line.startswith("#"):
            entries.append(_Entry("", "", number, [line]))
    return entries


def _value(entry: _Entry, line: int, depth: int, *, plain_only: bool) -> tuple[Any, list[Problem]]:
    """The value of an entry as far as it can be read, and its problems."""
    source = "\n".join(entry.lines).rstrip("\n") + "\n"
    plain = plain_yaml.read(source)
    if plain is not None and len(plain) == 1:
        return next(iter(plain.values())), []
    problems: list[Problem] = []
    if not plain_only:
        values, problems = yaml_mapping.read(source.lstrip("\t"), line)
        if len(values) == 1 and not problems:
            if source.startswith("\t"):
                problems = [Problem(line, "frontmatter has a tab before a key")]
            return next(iter(values.values())), problems
    below = [text for text in entry.lines[1:] if text.strip() and not text.startswith("#")]
    if not entry.rest and below:
        items = [_ITEM.match(text) for text in below]
        if all(items):
            return [_text(item[1]) for item in items if item], problems
        if depth < _MAX_DEPTH:
            inner = textwrap.dedent("\n".join(entry.lines[1:]).replace("\t", "    "))
            values, more = read(inner, line + 1, problems, depth + 1)
            return values or None, more
    if entry.rest.startswith("[") and not entry.rest.startswith("[["):
        parts = " ".join([entry.rest, *below]).strip("[] ").split(",")
        return [text for part in parts if (text := _text(part))], problems
    text = _text(" ".join([entry.rest, *below]))
    return None if not text or _PLACEHOLDER.match(text) else text, problems


def _text(source: str) -> str:
    """A value as text: on one line, without quotes around it and without control characters."""
    text = " ".join(source.split())
    if not text.isprintable():
        text = "".join(sign for sign in text if sign.isprintable())
    if text[:1] in {'"', "'"}:
        text = text[1:].removesuffix(text[0])
    return text.strip()
