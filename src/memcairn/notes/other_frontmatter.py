"""Frontmatter that is not YAML: TOML between `+++` and JSON, as site generators have, and Logseq properties.

    +++                          {                           title:: Rollout
    title = "Rollout"              "title": "Rollout"        tags:: deploy, [[ops]]
    +++                          }
    body                         body                        - body

TOML and properties can be changed; JSON is only read.
"""

from __future__ import annotations

import json
import re
from datetime import date
from typing import TYPE_CHECKING, Any

from memcairn.errors import NoteError
from memcairn.formats import toml_text
from memcairn.notes.frontmatter import BOM, KNOWN_KEYS, Frontmatter
from memcairn.notes.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_CHARACTERS = 64 * 1024
"""Longer frontmatter is not read."""

_TOML = re.compile(
    r"\ufeff?\+\+\+[ \t]*\r?\n(?P<raw>(?:.*\n)*?)\+\+\+[ \t]*\r?(?:\n|\Z)",
)
_TOML_ENTRY = re.compile(r"[ \t]*[\"']?(?P<key>[\w-]+)[\"']?[ \t]*=")
_TOML_TABLE = re.compile(r"[ \t]*\[")
_JSON_REST = re.compile(r"[ \t]*\r?(?:\n|\Z)")
_LIKE_JSON = re.compile(r"\ufeff?\{\s*\"[\w-]+\"\s*:")
_PROPERTIES = re.compile(
    r"\ufeff?(?P<raw>(?:[A-Za-z][\w./-]*::(?:[ \t][^\n]*)?(?:\n|\Z))+)(?:[ \t]*\r?\n)*"
)
_LISTS = frozenset({"tags", "tag", "alias", "aliases", "keywords"})
_WIKI_LINK = re.compile(r"\[\[([^\[\]]*)\]\]")
_DIGITS = re.compile(r"line (\d+)")


def read(text: str) -> Frontmatter | None:
    """The frontmatter of a note in one of these forms; None if it has none. Never raises."""
    start = text.removeprefix(BOM)
    if start.startswith("+++"):
        match = _TOML.match(text)
        return None if match is None else _read_toml(text, match)
    if start.startswith("{"):
        return _read_json(text)
    return _read_properties(text)


def update(text: str, changes: Mapping[str, Any], newline: str) -> str | None:
    """Set keys in TOML or in properties, or remove those whose value is None.

    Returns:
        The changed text; None if the text has no frontmatter of these forms.

    Raises:
        NoteError: it is JSON, broken, or has a form that cannot be edited safely.
    """
    if text.removeprefix(BOM).startswith("+++"):
        match = _TOML.match(text)
        if match is None:
            return None
        raw = _change_toml(match["raw"], changes, newline)
        return text[: match.start("raw")] + raw + text[match.end("raw") :]
    if _LIKE_JSON.match(text):
        raise NoteError(
            "has JSON frontmatter, which memcairn does not change",
            hint='edit it by hand, for example add "pinned": true',
        )
    found = _read_properties(text)
    match = _PROPERTIES.match(text)
    if found is None or match is None:
        return None
    raw = _change_properties(match["raw"], changes, newline)
    return text[: match.start("raw")] + raw + text[match.end("raw") :]


# ── TOML ─────────────────────────────────────────────────────────────────────────────────────────


def _read_toml(text: str, match: re.Match[str]) -> Frontmatter:
    raw = match["raw"]
    first = 1 + text.count("\n", 0, match.end()) + (0 if match[0].endswith("\n") else 1)
    values, problem = _toml(raw)
    if problem is None:
        terms = values.get("taxonomies")  # Zola keeps tags there
        return Frontmatter({**terms, **values} if isinstance(terms, dict) else values, first, [])
    lost: list[Problem] = []
    for number, line in enumerate(raw.split("\n"), 2):
        if _TOML_TABLE.match(line):
            break
        one, broken = _toml(line)
        values |= one
        if broken is not None:
            lost.append(Problem(number, broken.message, lost=True))
    return Frontmatter(values, first, lost or [problem])


def _toml(raw: str) -> tuple[dict[str, Any], Problem | None]:
    """The values of TOML that begins at the file's second line, or why it cannot be read."""
    if len(raw) > MAX_CHARACTERS:
        return {}, Problem(2, f"frontmatter is longer than {MAX_CHARACTERS // 1024} KiB")
    try:
        return toml_text.loads(raw.replace("\r\n", "\n")), None
    except ValueError as error:
        at = _DIGITS.search(str(error))
        line = 1 + min(int(at[1]), raw.count("\n") or 1) if at else 2
        return {}, Problem(line, f"frontmatter is not valid TOML: {str(error)[:200]}")


def _change_toml(raw: str, changes: Mapping[str, Any], newline: str) -> str:
    before, problem = _toml(raw)
    if problem is not None:
        raise NoteError(problem.message, hint="edit the lines between the +++ by hand")
    after = dict(before)
    lines = raw.splitlines(keepends=True)
    for key, value in changes.items():
        top = next((n for n, line in enumerate(lines) if _TOML_TABLE.match(line)), len(lines))
        places = (n for n in range(top) if (m := _TOML_ENTRY.match(lines[n])) and m["key"] == key)
        place = next(places, None)
        if place is not None:
            del lines[place]
        after.pop(key, None)
        if value is not None:
            after[key] = _toml(f"value = {_toml_value(value)}")[0].get("value")
            lines.insert(top if place is None else place, f"{key} = {_toml_value(value)}{newline}")
    changed = "".join(lines)
    if _toml(changed) != (after, None):
        raise NoteError(
            "has frontmatter in a form that cannot be edited safely",
            hint="edit the lines between the +++ by hand",
        )
    return changed


def _toml_value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml_value, value))}]"
    return str(value) if isinstance(value, int | float) else json.dumps(str(value))


# ── JSON ─────────────────────────────────────────────────────────────────────────────────────────


def _read_json(text: str) -> Frontmatter | None:
    start = 1 if text.startswith(BOM) else 0
    try:
        values, end = json.JSONDecoder().raw_decode(text[start : start + MAX_CHARACTERS])
    except (ValueError, RecursionError) as error:
        if not _LIKE_JSON.match(text):
            return None
        line = getattr(error, "lineno", 1)
        return Frontmatter({}, 1, [Problem(line, "frontmatter is not valid JSON")])
    if toml_text.is_deep(values):
        return Frontmatter({}, 1, [Problem(1, "frontmatter nests too deeply")])
    rest = _JSON_REST.match(text, start + end)
    if rest is None or KNOWN_KEYS.isdisjoint(key.lower() for key in values):
        return None
    ends_line = rest[0].endswith("\n")
    return Frontmatter(values, 1 + text.count("\n", 0, rest.end()) + (0 if ends_line else 1), [])


# ── Logseq properties ────────────────────────────────────────────────────────────────────────────


def _read_properties(text: str) -> Frontmatter | None:
    match = _PROPERTIES.match(text)
    if match is None:
        return None
    values: dict[str, Any] = {}
    for line in match["raw"].splitlines():
        key, _, value = line.partition("::")
        value = _WIKI_LINK.sub(r"\1", value).strip()
        if key.lower() in _LISTS:
            values[key] = [part for part in map(str.strip, value.split(",")) if part]
        else:
            values[key] = value or None
    if KNOWN_KEYS.isdisjoint(key.lower() for key in values):
        return None
    ends_line = match[0].endswith("\n")
    return Frontmatter(values, 1 + text.count("\n", 0, match.end()) + (0 if ends_line else 1), [])


def _change_properties(raw: str, changes: Mapping[str, Any], newline: str) -> str:
    lines = raw.splitlines(keepends=True)
    for key, value in changes.items():
        place = next((n for n, line in enumerate(lines) if line.startswith(f"{key}::")), None)
        if place is not None:
            del lines[place]
        if value is not None:
            if lines and not lines[-1].endswith("\n"):
                lines[-1] += newline
            shown = ", ".join(value) if isinstance(value, list) else _plain(value)
            at = len(lines) if place is None else place
            lines.insert(at, f"{key}:: {shown}{newline}")
    return "".join(lines)


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else " ".join(str(value).split())
