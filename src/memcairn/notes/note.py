"""Parse a note: its metadata, its title and description, and its chunks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from memcairn.notes import frontmatter
from memcairn.notes.blocks import markdown_blocks, plain_blocks
from memcairn.notes.chunks import Chunk, chunk
from memcairn.notes.problem import Problem

__all__ = ["Chunk", "Note", "Parsed", "Problem", "parse"]

MAX_DESCRIPTION = 300
"""A longer first sentence is cut at a word; in characters."""

_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0", ""})
# A full stop after these does not end a sentence.
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:[A-Za-z]|e\.g|i\.e|etc|vs|cf|resp|approx|incl|no|fig|eq|sec|dr|mr|mrs|ms|prof|st)"
    r"\.$",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"[.!?…]+[)\]\"'”’]*(?=\s)|[。！？]+[」』）”’]*|[।؟]")
_DATE_IN_STEM = re.compile(r"(?<!\d)(\d{4})[-_](\d{2})[-_](\d{2})(?!\d)")
_SEPARATORS = re.compile(r"[_\-\s]+")
_DAY = re.compile(r"\d{4}([-/.])\d{1,2}\1\d{1,2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Note:
    """The metadata of a note.

    Dates are ISO 8601 text: a day (`2026-03-01`) or a moment (`2026-03-01T10:00:00+02:00`).
    `date` is the note's own: `date`, else `modified`, else `created`, else the day in its file's name.
    """

    title: str
    description: str
    type: str | None
    tags: tuple[str, ...]
    namespace: str | None
    pinned: bool
    date: str | None
    created: str | None
    modified: str | None
    valid_until: str | None
    superseded_by: str | None


@dataclass(frozen=True, slots=True)
class Parsed:
    """A note, its chunks in order, and its problems."""

    note: Note
    chunks: tuple[Chunk, ...]
    problems: tuple[Problem, ...]


def parse(text: str, *, stem: str, markdown: bool = True) -> Parsed:
    """Parse a note; `stem` is its file's name without folder and suffix.

    Never raises. Frontmatter that cannot be parsed is reported as a problem and indexed as text. A note
    with an empty body has one chunk, which covers the frontmatter and has the description or title as
    text.
    """
    text = text.removeprefix(frontmatter.BOM)
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    lines = text.split("\n")
    values, body_first_line, problems = frontmatter.parse(text) if markdown else ({}, 1, [])
    head = lines[1 : body_first_line - 2]  # the lines between the fences
    body_lines = lines[body_first_line - 1 :] if body_first_line > 1 else lines
    if markdown:
        body = "\n".join(body_lines) if body_first_line > 1 else text
        outline = markdown_blocks(body, body_lines)
    else:
        outline = plain_blocks(body_lines)
    chunks = chunk(outline.blocks, body_lines, body_first_line)
    fields = _Fields(values, head, problems)
    heading = next((block.text for block in outline.blocks if block.text), "")
    note = _note(fields, heading=heading, paragraph=outline.paragraph, stem=stem)
    if problems and not values and any(line.strip() for line in head):
        broken = chunk(plain_blocks(head).blocks, head, 2)
        chunks = (*broken, *chunks)
    elif not chunks and values:
        summary = note.description or note.title
        chunks = (Chunk(summary, 1, body_first_line - 1, (), 0),)
    return Parsed(note, chunks, tuple(problems))


def _note(fields: _Fields, *, heading: str, paragraph: str, stem: str) -> Note:
    created = fields.moment("created")
    modified = fields.moment("modified")
    kind = fields.text("type", "category") or fields.type_in_metadata()
    return Note(
        title=fields.text("title", "name") or heading or readable(stem),
        description=fields.text("description", "hint", "summary") or first_sentence(paragraph),
        type=kind.lower() if kind else None,
        tags=fields.tags(),
        namespace=fields.text("namespace"),
        pinned=fields.truth("pinned"),
        date=fields.moment("date") or modified or created or _day_in(stem),
        created=created,
        modified=modified,
        valid_until=fields.moment("valid_until"),
        superseded_by=fields.text("superseded_by"),
    )


def readable(stem: str) -> str:
    """The title for a file's stem: `2026-03-01-blue_rollout` becomes `2026-03-01 blue rollout`."""
    words = []
    start = 0
    for match in _DATE_IN_STEM.finditer(stem):
        words += [_SEPARATORS.sub(" ", stem[start : match.start()]), "-".join(match.groups())]
        start = match.end()
    words.append(_SEPARATORS.sub(" ", stem[start:]))
    return " ".join(" ".join(words).split()) or stem


def _day_in(stem: str) -> str | None:
    """The day in a file's name, as journal pages have it."""
    match = _DATE_IN_STEM.search(stem)
    return None if match is None else _iso("-".join(match.groups()))


def first_sentence(text: str) -> str:
    """The first sentence of a text without markup, in any script, at most MAX_DESCRIPTION long."""
    head = text[: MAX_DESCRIPTION + 1]
    for match in _SENTENCE_END.finditer(head):
        if not _ABBREVIATION.search(head[: match.end()]):
            return head[: match.end()]
    if len(text) <= MAX_DESCRIPTION:
        return text
    return head[: MAX_DESCRIPTION - 1].rpartition(" ")[0] + "…" if " " in head else head[:-2] + "…"


class _Fields:
    """The values of frontmatter, converted to the types that notes need."""

    def __init__(self, values: dict[str, Any], head: list[str], problems: list[Problem]) -> None:
        self._values, self._head, self._problems = values, head, problems

    def text(self, *keys: str) -> str | None:
        """The text of the first of these keys that has any, on one line; None if none has."""
        for key in keys:
            value = self._values.get(key)
            if value is None:
                continue
            if isinstance(value, dict | set) or (isinstance(value, list) and len(_flat(value)) > 1):
                self._problem(key, "is not text")
                continue
            if isinstance(value, list):  # YAML reads [[a wiki link]] as a list in a list
                value = "".join(_flat(value))
            elif not isinstance(value, str):
                value = self._source(key) or _plain(value)  # a title 1.10 is not a number
            text = " ".join(value.split())
            if text:
                return text
        return None

    def type_in_metadata(self) -> str | None:
        """The `type` in the mapping `metadata`, where Claude Code writes it."""
        metadata = self._values.get("metadata")
        found = metadata.get("type") if isinstance(metadata, dict) else None
        return " ".join(found.split()) or None if isinstance(found, str) else None

    def tags(self) -> tuple[str, ...]:
        """The tags of a list or of comma-separated text, each once, without leading number signs."""
        value = self._values.get("tags")
        if value is None:
            return ()
        if isinstance(value, dict):
            self._problem("tags", "is neither text nor a list")
            return ()
        parts = value.split(",") if isinstance(value, str) else _flat(value)
        tags = (" ".join(part.split()).lstrip("#").strip() for part in parts)
        return tuple(dict.fromkeys(tag for tag in tags if tag))

    def truth(self, key: str) -> bool:
        """A value as a Boolean; adds a problem and returns False if it is neither true nor false."""
        value = self._values.get(key)
        word = "" if value is None else _plain(value).strip().lower()
        if word not in _TRUE and word not in _FALSE:
            self._problem(key, "is neither true nor false")
        return word in _TRUE

    def moment(self, key: str) -> str | None:
        """A date or a time as ISO 8601 text; adds a problem and returns None if it is neither."""
        value = self._values.get(key)
        if value is None or value == "":
            return None
        if isinstance(value, date):
            return value.isoformat()
        moment = _iso(_plain(value))
        if moment is None:
            self._problem(key, "is not a date such as 2026-03-01 or 2026-03-01T10:00")
        return moment

    def _problem(self, key: str, message: str) -> None:
        self._problems.append(Problem(self._find(key)[0], f"{key} {message}"))

    def _source(self, key: str) -> str:
        """The source text after `key:`, without a comment."""
        return re.sub(r"\s+#.*", "", self._find(key)[1]).strip().strip("'\"")

    def _find(self, key: str) -> tuple[int, str]:
        """The file's line with this key, and the text after its colon."""
        for number, line in enumerate(self._head):
            name, colon, rest = line.partition(":")
            if colon and name.strip().strip("'\"") == key:
                return number + 2, rest
        return 1, ""


def _flat(value: Any) -> list[str]:
    """The scalars in nested lists, as text."""
    if isinstance(value, list | set | tuple):
        return [text for part in value for text in _flat(part)]
    return [] if value is None or isinstance(value, dict) else [_plain(value)]


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()
    return value if isinstance(value, str) else "" if isinstance(value, list | dict) else str(value)


def _iso(text: str) -> str | None:
    """The date or time in `text` in ISO 8601; None if there is none."""
    text = text.strip()
    if _DAY.fullmatch(text):
        text = "-".join(f"{int(part):02}" for part in re.split(r"[-/.]", text))
    try:
        if "T" in text or " " in text or ":" in text:
            return datetime.fromisoformat(text).isoformat()
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return None
