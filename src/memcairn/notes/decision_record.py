"""The status of a decision record: its successor, and decisions that it replaces, amends or is amended by.

## Status                                    - Status: superseded by ADR-0009
Superseded by [9](0009-no-cache.md)          **Status:** Deprecated
Supersedes [4](0004-cache.md)                Amends [5](0005-names.md)
Amended by [7](0007-more-names.md)
"""

from __future__ import annotations

import re
from typing import NamedTuple

MAX_LINES = 40
"""The status is among the first lines."""

DEPRECATED = "nothing: it is deprecated"
"""The successor of a decision that has none."""

_FIELD = re.compile(
    r"\s*(?:[-*+|]\s+)?[*_]*status[*_]*\s*[:|][*_]*\s*(?P<value>\S.*)", re.IGNORECASE
)
STATUS_HEADING = re.compile(r"#{0,6}\s*status\s*#*\s*\Z", re.IGNORECASE)
_HEADING = re.compile(r"\s{0,3}#{1,6}\s")
_OUTDATED = re.compile(
    r"[\W_]*(?:~~[^~]*~~[\W_]*|accepted\W+(?:\w+\W+)?)?"
    r"(?P<word>super[sc]eded|replaced(?=[\W_]+by\b)|deprecated|obsoleted?)[\W_]*(?P<rest>.*)",
    re.IGNORECASE,
)
_LINK = re.compile(r"\[[^\[\]]*\]\(\s*<?([^()\s<>]+)")
_WIKI_LINK = re.compile(r"\[\[[^\[\]]+\]\]")
_BY = re.compile(r"\bby\b[\s:]*(.*)", re.IGNORECASE)


def successor(lines: list[str]) -> str | None:
    """The path or name of what replaced the decision in these lines; None if it stands."""
    inside = False
    for line in lines[:MAX_LINES]:
        if _HEADING.match(line):
            inside = STATUS_HEADING.match(line.strip()) is not None
        elif inside and line.strip():
            found = replaced_by(line)
            if found is not None:
                return found
        elif (field := _FIELD.match(line)) is not None:
            return replaced_by(field["value"])
    return None


def replaced_by(status: str) -> str | None:
    """The path or name in a status such as `Superseded by [9](0009.md)`; None if the decision stands."""
    match = _OUTDATED.match(status)
    if match is None:
        return None
    rest = match["rest"]
    link = _LINK.search(rest)
    if link is not None:
        return link[1]
    wiki = _WIKI_LINK.search(rest)
    if wiki is not None:
        return wiki[0]
    by = _BY.match(rest)
    name = " ".join(by[1].split()).strip("*_|. ")[:200] if by else ""
    return name or DEPRECATED


_NAMES_OTHERS = re.compile(
    r"[\W_]*(?:accepted[\W_]+)?(?P<word>super[sc]edes|replaces|amends|clarifies|(?:amended|clarified)\s+by)\b"
    r"[\s:*_]*(?P<rest>.+)",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?:ADR[-_ ]?)?\d{1,5}\b", re.IGNORECASE)
_NUMBER_OF_FILE = re.compile(r"(?:adr[-_ ]?)?0*(\d{1,5})(?!\d)", re.IGNORECASE)


class Others(NamedTuple):
    """The paths or numbers of other decisions, by what they are to this one."""

    supersedes: tuple[str, ...]
    amends: tuple[str, ...]
    amended_by: tuple[str, ...]


def others(lines: list[str]) -> Others:
    """The other decisions that the status of a decision names, besides its successor.

    Only lines of the status count, in either form of `successor`, and lines such as `* Supersedes: ...`.
    """
    found: tuple[dict[str, None], ...] = ({}, {}, {})
    inside = False
    for line in lines[:MAX_LINES]:
        if _HEADING.match(line):
            inside = STATUS_HEADING.match(line.strip()) is not None
            continue
        field = _FIELD.match(line)
        is_listed = line.lstrip().startswith(("-", "*", "|"))
        if not (inside or field is not None or is_listed):
            continue
        match = _NAMES_OTHERS.match(field["value"] if field is not None else line)
        if match is None:
            continue
        names = _LINK.findall(match["rest"]) or _WIKI_LINK.findall(match["rest"])
        names = names or _NAME.findall(match["rest"])
        word = match["word"].lower()
        kind = 0 if word.startswith(("super", "replace")) else 2 if word.endswith("by") else 1
        found[kind].update(dict.fromkeys(names))
    return Others(*map(tuple, found))


def number_of(name: str) -> str | None:
    """The number of a decision by its file's name or its name in a text: 4 for 0004-cache.md and ADR-4."""
    match = _NUMBER_OF_FILE.match(name)
    return None if match is None else match[1]
