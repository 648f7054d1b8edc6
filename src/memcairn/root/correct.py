"""Find the note that a new memory repeats or corrects, and let a corrected note say the new text alone.

search by words and meaning ──► statements of the notes found ──► repetition, correction or addition
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from memcairn import paths
from memcairn.errors import NoteError, NoteUnreadable
from memcairn.fs.names import parts
from memcairn.notes import frontmatter, statement
from memcairn.notes.correction import Judgement, relation
from memcairn.notes.note import parse
from memcairn.notes.words import words
from memcairn.root import observe
from memcairn.safety.private import without_private
from memcairn.search.query import Query

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from memcairn.root.observe import Observation
    from memcairn.root.open_root import OpenRoot

# Notes that are compared with a new memory, and the characters that they are searched by.
MAX_CANDIDATES = 12
MAX_QUERY_CHARS = 1_500
MAX_UNITS = 200
# Longer texts are compared by their words only, and never sentence by sentence.
MAX_STATEMENT_CHARS = 1_200
MIN_SIMILARITY = 0.75

_PARAGRAPH = re.compile(r"(?:[^\n]*\S[^\n]*(?:\n|\Z))+")
_ITEM = re.compile(r"[ \t]*(?:[-*+]|\d+[.)])[ \t]+")
_SENTENCE_END = re.compile(r"(?<=[.!?])[ \t\n]+(?=\S)|(?<=[。！？])")
_GENERATED = re.compile(r"\A\d{4}-\d\d-\d\d-|-[0-9a-f]{4}\Z")
_UNTIL = re.compile(r"\n+Until \d{4}-\d\d-\d\d: [^\n]*(?=\n|\Z)")
_SKIPPED = re.compile(r"\s*(?:Until \d{4}-\d\d-\d\d: |#{1,6}\s|```|~~~|\||>|<|---\s*$|\[[^\]]+\]:)")


@dataclass(frozen=True, slots=True)
class Match:
    """A part of a note that a new memory repeats, corrects or comes close to.

    Attributes:
        path: relative to the root.
        text: the whole file when it was read.
        start: where the part begins in the file.
        end: where it ends.
        whole: whether the part is everything that the note says.
    """

    path: str
    text: str
    start: int
    end: int
    whole: bool
    judgement: Judgement

    @property
    def said(self) -> str:
        """The part."""
        return self.text[self.start : self.end].strip()

    @property
    def sha256(self) -> str:
        """The hash of the file when it was read."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def decides(self) -> bool:
        """Whether the note is repeated or corrected, and not only one of several things that it says.

        A part of a note is corrected if memcairn wrote the note; a person decides about other notes.
        """
        relation = self.judgement.relation
        return relation != "addition" and (
            self.whole or (relation != "repetition" and self.is_written_by_tool)
        )

    @property
    def is_written_by_tool(self) -> bool:
        """Whether memcairn wrote the note."""
        source = str(frontmatter.parse(self.text).values.get("source") or "")
        return source.startswith(observe.SOURCES) or self.path.startswith(f"{observe.FOLDER}/")


def find(root: OpenRoot, observation: Observation) -> Match | None:
    """The best match among the notes of a root; None if none has the subject of the observation."""
    text = without_private(observation.text, "")[:MAX_QUERY_CHARS]
    found = root.engine.search(Query(text, MAX_CANDIDATES, root=root.root))
    current = [p.path for p in found if p.superseded_by is None and p.expired is None]
    matches = (match_in(root, root.relative(path), observation) for path in dict.fromkeys(current))
    return max(filter(None, matches), key=_rank, default=None)


def named(root: OpenRoot, path: str, observation: Observation) -> Match:
    """The part of a note that an observation replaces because the caller says so.

    It is everything that the note says; of a note that says several things, the one that the observation
    corrects; else the end of the note, where the observation is added.

    Raises:
        NoteError: the note cannot be read, or has frontmatter that cannot be changed.
    """
    path = "/".join(parts(path))
    try:
        text = root.vault.read_bytes(path).decode()
    except UnicodeDecodeError as error:
        raise NoteUnreadable("is not UTF-8 text", path=path) from error
    if frontmatter.parse(text).problems:
        raise NoteError("has broken frontmatter, so it cannot be corrected", path=path)
    sure = Judgement("correction", 1.0)
    whole = next(((start, end) for start, end, whole in _units(text) if whole), None)
    if whole is not None:
        return Match(path, text, *whole, whole=True, judgement=sure)
    found = match_in(root, path, observation)
    if found is not None and found.judgement.relation != "addition":
        return replace(found, judgement=sure)
    end = len(text.rstrip())
    return Match(path, text, end, end, whole=False, judgement=sure)


def _rank(match: Match) -> tuple[bool, bool, float, bool]:
    judged = match.judgement
    is_decided = judged.relation != "addition"
    return match.decides, is_decided, judged.overlap, judged.relation == "repetition"


def match_in(root: OpenRoot, path: str, observation: Observation) -> Match | None:
    """The part of a note that an observation repeats or corrects, or comes closest to.

    None if the note cannot be read, or nothing in it has a word in common with the observation.
    """
    try:
        text = root.vault.read_bytes(path).decode()
        # What is private must stay in its file, so such a note is corrected by a person.
        if frontmatter.parse(text).problems or without_private(text) != text:
            return None
    except (NoteError, UnicodeDecodeError):
        return None
    matches = [
        Match(
            path,
            text,
            start,
            end,
            whole,
            _judge(text[start:end], without_private(observation.text, "")),
        )
        for start, end, whole in _units(text)
    ]
    decided = [match for match in matches if match.judgement.relation != "addition"]
    if decided and decided[0].whole:
        return decided[0]
    best = max(decided or matches, key=_rank, default=None)
    return best if best and best.judgement.overlap > 0 else None


def _judge(old: str, new: str) -> Judgement:
    one, other = frozenset(words(old)), frozenset(words(new))
    if one == other and one and old.split() == new.split():
        return Judgement("repetition", 1.0)
    if max(len(old), len(new)) <= MAX_STATEMENT_CHARS:
        return relation(old, new)
    both = len(one & other)
    similarity = both / max(1, len(one) + len(other) - both)
    if similarity < MIN_SIMILARITY:
        return Judgement("addition", similarity)
    return Judgement("repetition" if other <= one else "correction", similarity)


def _units(text: str) -> Iterator[tuple[int, int, bool]]:
    """What a note says: everything, then each paragraph and list item, then each of their sentences."""
    _, first_line = frontmatter.split(text)
    start = sum(map(len, text.splitlines(keepends=True)[: first_line - 1]))
    parts = [(a, b) for a, b in _paragraphs(text, start) if not _SKIPPED.match(text, a, b)][
        :MAX_UNITS
    ]
    for a, b in parts:
        yield a, b, len(parts) == 1
    for a, b in parts:
        ends = [match.start() for match in _SENTENCE_END.finditer(text, a, b)]
        edges = [a, *(end for end in ends if text[end:b].strip()), b]
        if edges != [a, b]:
            for one, other in pairwise(edges):
                yield one, other, False


def _paragraphs(text: str, start: int) -> Iterator[tuple[int, int]]:
    in_code = False
    for match in _PARAGRAPH.finditer(text, start):
        fences = sum(line.lstrip().startswith(("```", "~~~")) for line in match[0].splitlines())
        if in_code or fences:
            in_code ^= fences % 2 == 1
            continue
        at = match.start()
        begin = at
        for line in match[0].splitlines(keepends=True):
            is_item = _ITEM.match(line)
            if is_item or _SKIPPED.match(line):
                if at > begin:
                    yield begin, at
                begin = at + (len(is_item[0]) if is_item else len(line))
            at += len(line)
        if at > begin:
            yield begin, at


def corrected(match: Match, observation: Observation) -> str:
    """The file with the observation in place of the part; title and description follow."""
    text = match.text
    newline = "\r\n" if "\r\n" in text else "\n"
    said = observation.text.replace("\r\n", "\n").replace("\n", newline)
    if not match.whole and "\n" not in observation.text.strip():
        said = observation.text.strip()
    if match.start == match.end:
        said = newline * 2 + said
    old = text[match.start : match.end]
    after = old[len(old.rstrip()) :] or ("" if match.end < len(text) else newline)
    before = old[: len(old) - len(old.lstrip())]
    changed = text[: match.start] + before + said + after + text[match.end :]
    old = match.said
    if observation.keep_old and old:
        changed = _UNTIL.sub("", changed).rstrip()
        changed += f"{newline * 2}Until {observe.local_day()}: {' '.join(old.split())}{newline}"
    changed = _heading_follows(changed, old, observation)
    if os.path.splitext(match.path)[1].lower() in paths.PLAIN_SUFFIXES:
        return changed
    fields = _fields(text, old, observation)
    if match.whole:
        fields["valid_from"] = observation.valid_from or observe.local_day().isoformat()
    return frontmatter.update(changed, fields)


def replaced_keys(old: str, new: str) -> frozenset[str]:
    """The words and values of an old statement that the new one does not have."""
    language = statement.language(old, new)
    before, after = (statement.read(text, language) for text in (old, new))
    return (before.keys - after.keys) | (after.contrasted & before.keys)


def states(text: str, keys: Iterable[str]) -> bool:
    """Whether a title or a name has one of these words or values."""
    text = re.sub(r"[-_]+", " ", text)
    languages = {"", "de", statement.language(text)}
    return any(not statement.read(text, one).keys.isdisjoint(keys) for one in languages)


def _is_outdated(line: str, old: str, observation: Observation) -> bool:
    """Whether a title or a description says what the old statement said, and the new one does not."""
    if states(line, replaced_keys(old, observation.text)):
        return True
    plain, before, after = (
        " ".join(re.sub(r"[\W_]+", " ", t).split()).casefold()
        for t in (line, old, observation.text)
    )
    return (plain in before and plain not in after) or (
        relation(line, observation.text).relation == "correction"
    )


def _fields(text: str, old: str, observation: Observation) -> dict[str, Any]:
    values = frontmatter.parse(text).values
    fields: dict[str, Any] = {}
    for key in ("title", "name", "description", "hint", "summary"):
        value = values.get(key)
        if isinstance(value, str) and _is_outdated(value, old, observation):
            is_title = key in ("title", "name")
            fields[key] = observation.title if is_title else observation.description or None
    if observation.description:
        fields["description"] = observation.description
    if observation.type:
        fields["type"] = observation.type
    tags = parse(text, stem="").note.tags
    gone = replaced_keys(old, observation.text)
    kept = [tag for tag in tags if not states(tag, gone)]
    merged = list(dict.fromkeys((*kept, *observation.tags)))
    if merged != list(tags):
        fields["tags"] = merged or None
    if observation.sources or "sources" in values:
        fields["sources"] = list(observation.sources) or None
    if observation.valid_until or "valid_until" in values:
        fields["valid_until"] = observation.valid_until
    if "source" in values:
        fields["source"] = observation.source
    fields["modified"] = observe.moment(datetime.now(UTC))
    return fields


def _heading_follows(text: str, old: str, observation: Observation) -> str:
    def changed(match: re.Match[str]) -> str:
        is_outdated = _is_outdated(match[2], old, observation)
        return match[1] + observation.title if is_outdated else match[0]

    return re.sub(r"^(#{1,6}[ \t]+)([^\n]*\S)", changed, text, count=1, flags=re.MULTILINE)


def new_path(match: Match, observation: Observation) -> str:
    """The path of a corrected note: another one if its name states what does not hold any more."""
    folder, name = os.path.split(match.path)
    stem, suffix = os.path.splitext(name)
    is_generated = match.path.startswith(f"{observe.FOLDER}/")
    words_in_name = _GENERATED.sub("", stem) if is_generated else stem
    if not _is_outdated(words_in_name, match.said, observation):
        return match.path
    return os.path.join(folder, observe.file_name(observation) + suffix)
