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
    "yes": True,
    "no": False,
    "true": True,
    "false": False,
    "on": True,
    "off": False,
    "null": None,
}
_CASES = {
    spelled: value
    for word, value in _SPECIAL.items()
    for spelled in (word, word.capitalize(), word.upper())
}

# Characters of plain text in one line: no control characters or line ends in YAML's sense, and no
# character that PyYAML refuses.
_TEXT = r" -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff"
# A colon must not end a word and a number sign must not begin one.
_PLAIN = rf"[^\W\d_](?:(?![:#])[{_TEXT}]|:(?=[^\s\ufeff])|(?<=[!-~])\#)*"
_LINE = re.compile(
    rf"""
    (?P<key>[A-Za-z_][A-Za-z0-9_-]*):
    (?:
        [ ]+
        (?:
            (?P<plain>{_PLAIN})
          | "(?P<double>(?:(?!["\\])[{_TEXT}])*)"
          | '(?P<single>(?:(?!')[{_TEXT}])*)'
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
_WORD = re.compile(r"[ ]*([^\W\d_][\w ./+-]*)")


def read(raw: str) -> dict[str, Any] | None:
    """The mapping that `raw` (with "\\n" line ends) is, or None if only a YAML parser can tell."""
    values: dict[str, Any] = {}
    open_key: str | None = None  # a key without a value yet: a block list may follow
    indent = ""
    for line in raw.split("\n"):
        if not line:
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            return None
        kind = match.lastgroup
        if kind == "item":
            item = match["item"].rstrip(" ")
            if open_key is None or item in _CASES:
                return None
            items = values[open_key]
            if items is None:
                values[open_key] = [item]
                indent = match["indent"]
            elif match["indent"] == indent:
                items.append(item)
            else:
                return None
            continue
        key = match["key"]
        if key in values or key in _CASES:
            return None
        open_key = None
        text = match[kind] if kind else ""
        if kind == "plain":
            text = text.rstrip(" ")
            values[key] = _CASES[text] if text in _CASES else text
        elif kind == "key":
            values[key] = None
            open_key = key
        elif kind == "flow":
            words = _flow(text)
            if words is None:
                return None
            values[key] = words
        elif kind == "number":
            values[key] = int(text)
        elif kind in {"date", "time"}:
            try:
                values[key] = _moment(text, whole_seconds=match["second"] is not None)
            except ValueError:
                return None
        else:
            values[key] = text
    return values


def _flow(text: str) -> list[str] | None:
    """The words of a flow list, given what stands between its brackets."""
    if not text.strip(" "):
        return []
    words = []
    for part in text.split(","):
        match = _WORD.fullmatch(part)
        word = match[1].rstrip(" ") if match else ""
        if not word or word in _CASES:
            return None
        words.append(word)
    return words


def _moment(text: str, *, whole_seconds: bool) -> date | datetime | str:
    """A date, a time, or, as in YAML 1.1, the text of a time that has no seconds."""
    if len(text) == len("2026-03-01"):
        return date.fromisoformat(text)
    return datetime.fromisoformat(text) if whole_seconds else text
