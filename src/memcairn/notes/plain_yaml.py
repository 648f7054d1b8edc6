"""Read simple frontmatter, which most notes have, without a YAML parser.

    title: Blue-green rollout        key: plain or quoted text, a number, a date, true or false
    tags: [deploy, ops]              a flow list of plain words
    aliases:                         a block list of plain words
      - green

`read` returns exactly the result of `yaml.safe_load`, or None if the text needs the real parser. Anything
that YAML might read in another way (escapes, comments, anchors, nesting, a word such as `no` in a list)
is left to it. A property test compares the two.

It takes about a tenth of the time of PyYAML's C parser, and in most folders PyYAML need not be imported.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

# Words that YAML 1.1 does not read as text.
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

# Plain text on one line. A colon must not end a word, and a number sign must not begin one.
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
    """The text needs a YAML parser."""


def read(raw: str) -> dict[str, Any] | None:
    r"""The mapping in `raw`, which has "\n" line ends; None if it needs a YAML parser."""
    try:
        return _read(raw)
    except _NotPlainError:
        return None


def _read(raw: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    items: list[str] = []  # of the current block list
    indent: str | None = None  # of its items; None if no list may begin or continue here
    for line in raw.split("\n"):
        if not line:
            continue
        # YAML accepts every character that Python calls printable, and none of them ends a line.
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


def _value(kind: str | None, match: re.Match[str]) -> object:  # noqa: PLR0911 - one for each form
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
    # In YAML 1.1 a time without seconds is text. A date that does not exist is text here.
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
    """Text in a list; a word that YAML reads as a value needs the parser."""
    word = text.rstrip(" ")
    if word in _CASES:
        raise _NotPlainError
    return word
