"""YAML frontmatter: find, read and change it without touching any other byte.

    ---                      the first line of the file (a BOM before it is allowed)
    title: Rollout           YAML
    ---                      the next line that is `---` or `...`
    body                     body_first_line points here

Broken frontmatter is a normal input: the result is no values, and a `Problem` with its line.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from memcairn.notes import plain_yaml
from memcairn.notes.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

BOM = "\ufeff"
_FENCED = re.compile(
    r"\ufeff?---[ \t]*\r?\n(?P<raw>(?:.*\n)*?)(?:---|\.\.\.)[ \t]*\r?(?:\n|\Z)",
)
_UNCLOSED = re.compile(r"\ufeff?---[ \t]*\r?\n[A-Za-z_][\w-]*:(?:\s|\Z)")


def split(text: str) -> tuple[str | None, int]:
    """The YAML between the fences or None, and the body's first line (1-based)."""
    match = _FENCED.match(text) if text.startswith(("---", BOM)) else None
    if match is None:
        return None, 1
    return match["raw"], 3 + match["raw"].count("\n")


def parse(text: str) -> tuple[dict[str, Any], int, list[Problem]]:
    """The values of the frontmatter, the body's first line (1-based), and problems.

    Values are those of `yaml.safe_load`. Never raises; `yaml_mapping` documents what it refuses.
    """
    raw, body_first_line = split(text)
    if raw is None:
        problems = [Problem(1, "frontmatter is opened by --- and never closed")]
        return {}, body_first_line, problems if _UNCLOSED.match(text) else []
    values, problems = read(raw)
    if not values and not problems and raw.strip():
        return {}, 1, []  # a heading between two thematic breaks, which YAML reads as a comment
    return values, body_first_line, problems


def read(raw: str) -> tuple[dict[str, Any], list[Problem]]:
    """The values and problems of the YAML between the fences, which begins at the file's second line."""
    values = plain_yaml.read(raw.replace("\r\n", "\n") if "\r" in raw else raw)
    if values is not None:
        return values, []
    from memcairn.notes import yaml_mapping  # noqa: PLC0415 - it loads PyYAML, which few notes need

    return yaml_mapping.read(raw, 2)


def update(text: str, changes: Mapping[str, Any]) -> str:
    """Set these keys in a note's text, or remove those whose value is None.

    Everything else stays, byte for byte: comments, order, BOM, line ends. New keys are appended.
    Frontmatter is created if there is none, and removed when it becomes empty.

    Raises:
        NoteError: the frontmatter is broken, or has a form that cannot be edited safely.
    """
    from memcairn.notes import yaml_edit  # noqa: PLC0415 - as above

    newline = "\r\n" if re.match(r"[^\n]*\r\n", text) else "\n"
    match = _FENCED.match(text)
    if match is not None:
        raw = yaml_edit.change(match["raw"], changes, newline)
        body = text[match.end() :]
        # Without the frontmatter, a body that begins with a fence would be read as frontmatter.
        if match["raw"] and not raw and not body.startswith("---"):
            return (BOM if text.startswith(BOM) else "") + body
        return text[: match.start("raw")] + raw + text[match.end("raw") :]
    raw = yaml_edit.change("", changes, newline)
    if not raw:
        return text
    bom = BOM if text.startswith(BOM) else ""
    return f"{bom}---{newline}{raw}---{newline}{text[len(bom) :]}"
