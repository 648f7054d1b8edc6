"""Reads the frontmatter that most notes have, without a YAML parser.

    title: Blue-green rollout        key: plain or quoted text, a number, a date, true or false
    tags: [deploy, ops]              a flow list of plain words
    aliases:                         a block list of plain words
      - green

`read` either answers exactly what `yaml.safe_load` answers, or None: then the text is for the real
parser. Anything that YAML might understand in another way (escapes, comments, anchors, nesting,
a word such as `no` in a list) is left to it. A property test holds the two against each other.

It is worth having because notes are many: it takes about a tenth of the time of the C parser of
PyYAML, and in most folders it saves the import of PyYAML as well.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

# What YAML 1.1 reads as something else than text, although it looks like a word.
_SPECIAL = {
    **dict.fromkeys(("true", "yes", "on"), True),
    **dict.fromkeys(("false", "no", "off"), False),
    "null": None,
}
_CASES = {
    spelled: value
    for word, value in _SPECIAL.items()
    for spelled in (word, word.capitalize(), word.upper())
}

# Plain text in one line. A colon must not end a word, and a number sign must not begin one.
_PLAIN = r"[^\W\d_](?:[^:#]|:(?=\S)|(?<=\S)\#)*"
_LINE = re.compile(
    rf"""
    (?P<key>[A-Za-z_][A-Za-z0-9_-]*):
    (?:
        [ ]+
        (?:
            (?P<plain>{_PLAIN})
          | "(?P<double>[^"\\]*)"
          | '(?P<single>[^']*)'
          | \[(?P<flow>[^\[\]]*)\]
          | (?P<date>[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})
          | (?P<time>[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[T ][0-9]{{2}}:[0-9]{{2}}
              (?P<second>:[0-9]{{2}}(?:Z|[+-][0-9]{{2}}:[0-9]{{2}})?)?)
          | (?P<number>0|[1-9][0-9]{{0,8}})
        )
    )?[ ]*
  | (?P<indent>[ ]*)-[ ](?P<item>{_PLAIN})
    """,
    re.VERBOSE,
)
_FLOW_WORD = re.compile(r"[ ]*([^\W\d_][\w ./+-]*)")


class _NotPlainError(Exception):
    """Only a YAML parser can tell what this is."""


def read(raw: str) -> dict[str, Any] | None:
    r"""The mapping that `raw` (with "\n" line ends) is, or None if only a YAML parser can tell."""
    try:
        return _read(raw)
    except _NotPlainError:
        return None


def _read(raw: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    items: list[str] = []  # of the block list that is being read
    indent: str | None = None  # of its items; None if no list may begin or go on here
    for line in raw.split("\n"):
        if not line:
            continue
        # All that Python calls printable is printable to YAML and no line end.
        match = _LINE.fullmatch(line) if line.isprintable() else None
        if match is None:
            raise _NotPlainError
        kind = match.lastgroup
        if kind != "item":
            key = match["key"]
            if key in values or key in _CASES:
                raise _NotPlainError
            values[key] = _value(kind, match)
            items = []
            indent = "" if kind == "key" else None
            continue
        if indent is None or (items and match["indent"] != indent):
            raise _NotPlainError
        indent = match["indent"]
        items.append(_word(match["item"]))
        values[key] = items
    return values


def _value(kind: str | None, match: re.Match[str]) -> object:  # noqa: PLR0911 - one a form
    if kind == "key":  # without a value yet: a block list may follow
        return None
    text = match[kind or 0]
    if kind == "plain":
        text = text.rstrip(" ")
        return _CASES.get(text, text)
    if kind == "flow":
        return [_flow_word(part) for part in text.split(",")] if text.strip(" ") else []
    if kind == "number":
        return int(text)
    # As in YAML 1.1, a time without seconds is text; and so is, here, a day that does not exist.
    if kind == "date" or (kind == "time" and match["second"]):
        try:
            return (date if kind == "date" else datetime).fromisoformat(text)
        except ValueError:
            return text
    return text


def _flow_word(part: str) -> str:
    match = _FLOW_WORD.fullmatch(part)
    if match is None:
        raise _NotPlainError
    return _word(match[1])


def _word(text: str) -> str:
    """Text in a list, where a word that means a value is left to the parser."""
    word = text.rstrip(" ")
    if word in _CASES:
        raise _NotPlainError
    return word
