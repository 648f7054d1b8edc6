"""Frontmatter: find it, read it, and change it without touching any other byte.

    ---                      the first line of the file (a BOM before it is allowed)
    title: Rollout           YAML
    ---                      the next line that is `---` or `...`
    body                     body_first_line points here

Blank lines and HTML comments may stand before the block if it begins with a known key. A second YAML block
may follow, as some tools write one above the one that is there; where both have a key, the first counts.
TOML between `+++`, JSON and Logseq properties are read, too (other_frontmatter.py).

Broken frontmatter is a normal input: what can be read is read, and the rest is a `Problem` with its line.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from memcairn.errors import NoteError
from memcairn.notes import plain_yaml
from memcairn.notes.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

BOM = "\ufeff"
_FENCED = re.compile(
    r"(?P<before>\ufeff?)---[ \t]*\r?\n(?P<raw>(?:.*\n)*?)(?:---|\.\.\.)[ \t]*\r?(?:\n|\Z)",
)
_UNCLOSED = re.compile(r"\ufeff?---[ \t]*\r?\n[A-Za-z_][\w-]*:(?:\s|\Z)")
_BEFORE = re.compile(r"\ufeff?(?:[ \t]*\r?\n|<!--(?:(?!-->).)*-->[ \t]*\r?\n)+(?=---)", re.DOTALL)
_BETWEEN = re.compile(r"(?:[ \t]*\r?\n)*(?=---)")
_LINE_OF_YAML = re.compile(r"\s*(?:#.*|-(?:\s.*)?|[\w\"'-][\w \"'-]*:(?:\s.*)?|[ \t]+\S.*)?\Z")
_KEY = re.compile(r"^[\"']?([\w-]+)[\"']?[ \t]*:(?:\s|\Z)", re.MULTILINE)

_KNOWN_KEYS = """
title name description summary hint type category tags tag alias aliases keywords date created modified
pinned namespace metadata valid_until valid_from superseded_by supersedes sources permalink status
"""
KNOWN_KEYS = frozenset(_KNOWN_KEYS.split())
"""Text without the usual fences is frontmatter if it has one of these keys."""


class Frontmatter(NamedTuple):
    """What the frontmatter of a note says.

    Args:
        values: those of `yaml.safe_load`, or of TOML or JSON.
        body_first_line: the body's first line, 1-based.
        problems: each with its line.
    """

    values: dict[str, Any]
    body_first_line: int
    problems: list[Problem]


def split(text: str) -> tuple[str | None, int]:
    """The YAML between the fences or None, and the body's first line (1-based)."""
    match = _first_block(text)
    if match is None:
        other = _other(text)
        return None, 1 if other is None else other.body_first_line
    end = (_second_block(text, match.end()) or match).end()
    return match["raw"], _line_at(text, end)


def parse(text: str) -> Frontmatter:
    """Read the frontmatter of a note. Never raises; `yaml_mapping` documents what it refuses."""
    match = _first_block(text)
    if match is None:
        other = _other(text)
        if other is not None:
            return other
        problems = [Problem(1, "frontmatter is opened by --- and never closed")]
        return Frontmatter({}, 1, problems if _UNCLOSED.match(text) else [])
    values, problems = _read(match["raw"], 1 + text.count("\n", 0, match.start("raw")))
    if not values and not problems and match["raw"].strip():
        # A heading between two thematic breaks, which YAML reads as a comment.
        return Frontmatter({}, 1, [])
    second = _second_block(text, match.end())
    if second is not None:
        first_line = 1 + text.count("\n", 0, second.start("raw"))
        more, more_problems = _read(second["raw"], first_line)
        values = {**more, **values}
        problems += more_problems
    return Frontmatter(values, _line_at(text, (second or match).end()), problems)


def _first_block(text: str) -> re.Match[str] | None:
    if text.startswith(("---", BOM)):
        match = _FENCED.match(text)
        if match is not None or text.startswith("---"):
            return match
    elif not text[:1].isspace() and not text.startswith("<!--"):
        return None
    before = _BEFORE.match(text)
    return None if before is None else _known_block(text, before.end())


def _second_block(text: str, start: int) -> re.Match[str] | None:
    between = _BETWEEN.match(text, start)
    return None if between is None else _known_block(text, between.end())


def _known_block(text: str, start: int) -> re.Match[str] | None:
    """A block at this place that is certainly YAML, not text between two thematic breaks."""
    match = _FENCED.match(text, start)
    if match is None or KNOWN_KEYS.isdisjoint(k.lower() for k in _KEY.findall(match["raw"])):
        return None
    lines = match["raw"].split("\n")
    return match if all(map(_LINE_OF_YAML.match, lines)) else None


def _line_at(text: str, end: int) -> int:
    """The line after a block that ends at this character."""
    return 1 + text.count("\n", 0, end) + (0 if text.endswith("\n", 0, end) else 1)


def _other(text: str) -> Frontmatter | None:
    first = text.removeprefix(BOM)
    if not first.startswith(("+++", "{")) and "::" not in first.partition("\n")[0]:
        return None
    from memcairn.notes import other_frontmatter  # noqa: PLC0415 - few notes need it

    return other_frontmatter.read(text)


def _read(raw: str, first_line: int) -> tuple[dict[str, Any], list[Problem]]:
    """The values and problems of the YAML between the fences."""
    raw = raw.replace("\r\n", "\n") if "\r" in raw else raw
    plain = plain_yaml.read(raw)
    if plain is not None:
        return plain, []
    from memcairn.notes import yaml_mapping  # noqa: PLC0415 - it loads PyYAML, which few notes need

    values, problems = yaml_mapping.read(raw, first_line)
    if values or not problems:
        return values, problems
    from memcairn.notes import broken_yaml  # noqa: PLC0415 - as above

    return broken_yaml.read(raw, first_line, problems)


def update(text: str, changes: Mapping[str, Any]) -> str:
    """Set these keys in a note's text, or remove those whose value is None.

    Everything else stays, byte for byte: comments, order, BOM, line ends. New keys are appended.
    Frontmatter is created if there is none, and removed when it becomes empty. TOML and Logseq
    properties are changed as they are. A key may be written in another case.

    Raises:
        NoteError: the frontmatter has a form that cannot be edited safely.
    """
    found = parse(text).values
    spelled = {key.lower(): key for key in reversed(found)}
    changes = {
        key if key in found else spelled.get(key.lower(), key): value
        for key, value in changes.items()
    }
    changed = _update(text, changes)
    after = parse(changed).values
    if any((value is None) is (key in after) for key, value in changes.items()):
        raise NoteError(
            "has frontmatter in a form that cannot be edited safely",
            hint="edit it by hand",
        )
    return changed


def _update(text: str, changes: Mapping[str, Any]) -> str:
    newline = "\r\n" if re.match(r"[^\n]*\r\n", text) else "\n"
    match = _first_block(text)
    if match is not None:
        raw = _changed(match["raw"], changes, newline)
        body = text[match.end() :]
        # Without the frontmatter, a body that begins with a fence would be read as frontmatter.
        if match["raw"] and not raw and not body.startswith("---"):
            return text[: match.end("before")] + body
        return text[: match.start("raw")] + raw + text[match.end("raw") :]
    if text.removeprefix(BOM).startswith(("+++", "{")) or _other(text) is not None:
        from memcairn.notes import other_frontmatter  # noqa: PLC0415 - as above

        changed = other_frontmatter.update(text, changes, newline)
        if changed is not None:
            return changed
    raw = _changed("", changes, newline)
    if not raw:
        return text
    bom = BOM if text.startswith(BOM) else ""
    return f"{bom}---{newline}{raw}---{newline}{text[len(bom) :]}"


def _changed(raw: str, changes: Mapping[str, Any], newline: str) -> str:
    from memcairn.notes import broken_yaml, yaml_edit, yaml_mapping  # noqa: PLC0415 - as above

    if yaml_mapping.read(raw, 2)[1]:
        return broken_yaml.change(raw, changes, newline)
    return yaml_edit.change(raw, changes, newline)
