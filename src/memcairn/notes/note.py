"""Parse a note: its metadata, its title and description, and its chunks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from memcairn.notes import decision_record, frontmatter, prose
from memcairn.notes.blocks import Block, Blocks, markdown_blocks, plain_blocks
from memcairn.notes.chunks import Chunk, chunk
from memcairn.notes.language import language
from memcairn.notes.noise import without_noise, without_preamble
from memcairn.notes.problem import Problem

__all__ = ["Chunk", "Note", "Parsed", "Problem", "parse"]

# The language of a note is that of these lines.
MAX_LANGUAGE_LINES = 100

_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0", ""})
_DATE_IN_STEM = re.compile(r"(?<!\d)(\d{4})[-_.](\d{2})[-_.](\d{2})(?!\d)")
_COMPACT_DATE = re.compile(r"(?<!\d)((?:19|20)\d{2})([01]\d)([0-3]\d)(?:\d{4}|\d{6})?(?!\d)")
_PLACEHOLDER = re.compile(r"\{\{.*\}\}|<%.*%>")
_SEPARATORS = re.compile(r"[_\-\s]+")
_DAY = re.compile(r"\d{4}([-/.])\d{1,2}\1\d{1,2}", re.ASCII)

_NAMES = ("title", "name", "aliases", "alias", "keywords")
_SUMMARIES = ("description", "hint", "summary")
_TAG_NAMES = frozenset({"name", "tag", "title", "label", "id", "value"})
# The keys whose values are indexed elsewhere.
_DATES = ("date", "created", "modified", "valid_until", "valid_from")
_LINKS = ("superseded_by", "supersedes", "amends", "amended_by", "sources", "source")
_READ = frozenset(
    (*_NAMES, *_SUMMARIES, *_DATES, *_LINKS, "tags", "tag", "type", "namespace", "pinned")
)


@dataclass(frozen=True, slots=True)
class Note:
    """The metadata of a note.

    Dates are ISO 8601 text: a day (`2026-03-01`) or a moment (`2026-03-01T10:00:00+02:00`).
    `date` is the note's own: `date`, else `modified`, else `created`, else the day in its file's name.
    `about` has what its frontmatter says of the whole note: description and summaries, then name,
    aliases and keywords; `other` has the other values. `language` is an ISO 639-1 code; "" if it is not
    clear. `supersedes` and `amends` name older notes, `amended_by` newer ones. `sources` are the places that
    the note is based on, and `source` is what wrote it.
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
    about: tuple[str, ...] = ()
    other: tuple[str, ...] = ()
    language: str = ""
    valid_from: str | None = None
    supersedes: tuple[str, ...] = ()
    amends: tuple[str, ...] = ()
    amended_by: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    source: str = ""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A note, its chunks in order, and its problems."""

    note: Note
    chunks: tuple[Chunk, ...]
    problems: tuple[Problem, ...]


def parse(text: str, *, stem: str, markdown: bool = True) -> Parsed:
    """Parse a note; `stem` is its file's name without folder and suffix.

    Never raises. What cannot be read of the frontmatter is reported as a problem and indexed as text. A
    note with an empty body has one chunk, which covers the frontmatter and has the description or title
    as text.
    """
    text = text.removeprefix(frontmatter.BOM)
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    text = without_noise(text)
    lines = text.split("\n")
    head = frontmatter.parse(text) if markdown else frontmatter.Frontmatter({}, 1, [])
    values, first_line, problems = head
    body_lines = lines[first_line - 1 :] if first_line > 1 else lines
    fields = _Fields(values, lines[: first_line - 1], problems)
    title = fields.text("title", "name") or ""
    if markdown:
        whole, body_lines = body_lines, without_preamble(body_lines)
        body = text if first_line == 1 and body_lines is whole else "\n".join(body_lines)
        outline = markdown_blocks(body, body_lines, title)
    else:
        outline = plain_blocks(body_lines)
    chunks = chunk(outline.blocks, body_lines, first_line)
    start = "\n".join(body_lines[:MAX_LANGUAGE_LINES])
    status = body_lines if markdown else []
    note = _note(fields, title, outline, start, stem=stem, body=status)
    lost = {problem.line for problem in problems if problem.lost or not values}
    if lost and first_line > 1:
        unread = lines[: first_line - 2]
        if values:
            unread = [line if n in lost else "" for n, line in enumerate(unread, 1)]
        chunks = (*chunk(plain_blocks(unread[1:]).blocks, unread[1:], 2), *chunks)
    if not chunks and values:
        chunks = (Chunk(note.description or note.title, 1, first_line - 1, (), 0),)
    return Parsed(note, chunks, tuple(problems))


def _note(
    fields: _Fields, given: str, outline: Blocks, start: str, *, stem: str, body: list[str]
) -> Note:
    successor = decision_record.successor(body)
    others = decision_record.others(body)
    created = fields.moment("created")
    modified = fields.moment("modified")
    date = fields.moment("date") or modified or created or _day_in(stem)
    kind = fields.text("type", "category", inside="metadata")
    title = (prose.clean_title(given) if given else _title(outline.blocks)) or readable(stem)
    description = fields.text("description", "hint", "summary")
    if description is None or description.casefold() == title.casefold():
        description = prose.description(outline.paragraphs, title) or description or ""
    about = dict.fromkeys((*fields.texts(*_SUMMARIES), *fields.texts(*_NAMES)))
    status = fields.text("status")
    return Note(
        title=title,
        description=description,
        type=kind.lower() if kind else None,
        tags=fields.tags(),
        namespace=fields.text("namespace"),
        pinned=fields.truth("pinned"),
        date=date,
        created=created,
        modified=modified,
        valid_until=fields.moment("valid_until"),
        superseded_by=fields.text("superseded_by")
        or (decision_record.replaced_by(status) if status else None)
        or successor,
        about=tuple(text for text in about if text != given),
        other=fields.other(),
        language=language(f"{title} {description} {start}"),
        valid_from=fields.moment("valid_from"),
        supersedes=tuple(dict.fromkeys((*fields.names("supersedes"), *others.supersedes))),
        amends=tuple(dict.fromkeys((*fields.names("amends"), *others.amends))),
        amended_by=tuple(dict.fromkeys((*fields.names("amended_by"), *others.amended_by))),
        sources=tuple(fields.texts("sources")),
        source=", ".join(fields.texts("source")),
    )


def _title(blocks: list[Block]) -> str | None:
    """The first heading of level 1, else a heading that opens the body; a later one is a section's."""
    opening = next((block for block in blocks if block.kind != "break"), None)
    headings = [block for block in blocks if block.level == 1]
    texts = (block.text for block in (*headings, *filter(None, (opening,))))
    return next((text for text in texts if text and prose.is_title(text)), None)


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
    """The day in a file's name, as journal pages and timestamps have it."""
    match = _DATE_IN_STEM.search(stem) or _COMPACT_DATE.search(stem)
    return None if match is None else _iso("-".join(match.groups()))


class _Fields:
    """The values of frontmatter, converted to the types that notes need; the case of keys does not matter.

    Args:
        values: of the frontmatter.
        head: the lines of the file before its body.
        problems: new ones are added.
    """

    def __init__(self, values: dict[str, Any], head: list[str], problems: list[Problem]) -> None:
        self._values: dict[str, Any] = {}
        for key, value in values.items():
            if key.islower() or key.lower() not in self._values:
                self._values[key.lower()] = value
        self._head, self._problems = head, problems

    def text(self, *keys: str, inside: str = "") -> str | None:
        """The text of the first of these keys that has any, on one line; None if none has.

        Args:
            keys: in order of preference.
            inside: a mapping that may have the first key, too; Claude Code writes some into `metadata`.
        """
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
            if text and not _PLACEHOLDER.fullmatch(text):
                return text
        nested = self._nested(inside, keys[0]) if inside else None
        return " ".join(nested.split()) or None if isinstance(nested, str) else None

    def texts(self, *keys: str) -> list[str]:
        """All texts of these keys, each on one line; a list gives several."""
        found = (text for key in keys for text in _flat(self._values.get(key)))
        return [text for part in found if (text := " ".join(part.split()))]

    def names(self, key: str) -> list[str]:
        """The notes that a key names; YAML reads [[a wiki link]] as a list in a list."""
        value = self._values.get(key)
        if isinstance(value, list) and len(value) == 1 and isinstance(value[0], list):
            return ["".join(_flat(value))]
        return self.texts(key)

    def other(self) -> tuple[str, ...]:
        """The texts of all keys that have no meaning here, at any depth, each once."""
        texts = (
            " ".join(text.split())
            for key, value in self._values.items()
            if key not in _READ
            for text in _scalars(value)
        )
        return tuple(dict.fromkeys(text for text in texts if text and not _PLACEHOLDER.match(text)))

    def tags(self) -> tuple[str, ...]:
        """The tags of a list, a mapping or comma-separated text, each once, without number signs."""
        parts: list[str] = []
        for key in ("tags", "tag"):
            value = self._values.get(key)
            parts += value.split(",") if isinstance(value, str) else _tags(value)
        tags = (" ".join(part.split()).lstrip("#").strip() for part in parts)
        return tuple(dict.fromkeys(tag for tag in tags if tag))

    def _nested(self, outer: str, key: str) -> Any:
        """The value of a key in a mapping; None if there is none."""
        value = self._values.get(outer)
        return value.get(key) if isinstance(value, dict) else None

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
            value = self._nested("metadata", key)
            if not isinstance(value, date):
                return _iso(value) if isinstance(value, str) else None
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
        pattern = re.compile(
            rf"[ \t]*[\"']?{re.escape(key)}[\"']?[ \t]*(?:::?|=)(.*)", re.IGNORECASE
        )
        for number, line in enumerate(self._head, 1):
            match = pattern.match(line)
            if match is not None:
                return number, match[1]
        return 1, ""


def _flat(value: Any) -> list[str]:
    """The scalars in nested lists, as text."""
    if isinstance(value, list | set | tuple):
        return [text for part in value for text in _flat(part)]
    return [] if value is None or isinstance(value, dict) else [_plain(value)]


def _scalars(value: Any) -> list[str]:
    """The scalars in nested lists and mappings, as text; not the words for true and false."""
    if isinstance(value, dict):
        return [text for part in value.values() for text in _scalars(part)]
    if isinstance(value, list | set | tuple):
        return [text for part in value for text in _scalars(part)]
    return [] if value is None or isinstance(value, bool) else [_plain(value)]


def _tags(value: Any) -> list[str]:
    """The tags in lists and mappings: `{area: db}` is area/db, `{db: true}` and `{name: db}` are db."""
    if isinstance(value, dict):
        found = []
        for key, inner in value.items():
            below = [] if inner is None or isinstance(inner, bool) else _tags(inner)
            alone = str(key).lower() in _TAG_NAMES and below
            found += [*below] if alone else [f"{key}/{tag}" for tag in below] or [str(key)]
        return found
    if isinstance(value, list | set | tuple):
        return [tag for part in value for tag in _tags(part)]
    return [] if value is None else [_plain(value)]


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
