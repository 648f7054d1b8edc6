"""Rules that make proposals from the index; no note is changed.

contradicting pairs and near-duplicates, notes past their date, notes that cite code which changed or is
gone, and long notes with several subjects
"""

from __future__ import annotations

import os
import re
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from memcairn.errors import MemcairnError
from memcairn.notes import statement
from memcairn.notes.correction import have_same_values, relation
from memcairn.notes.words import words
from memcairn.root import observe
from memcairn.root.review.decisions import propose
from memcairn.search import citations
from memcairn.store import catalogue
from memcairn.store.local_index import LocalIndex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from memcairn.root import OpenRoot
    from memcairn.root.inbox import Proposal
    from memcairn.store.catalogue import NoteText
    from memcairn.store.database import Database

_HEADING = re.compile(r"^#{1,6} .*$", re.MULTILINE)
MIN_COMMON = 3
# A longer text is not one statement, and is compared with no other.
MAX_STATEMENT_CHARS = 600
MIN_SIMILARITY = 0.35
# Notes whose vectors are this similar say the same if their values are equal: of 448 pairs in English, 82 of
# 114 repetitions and none of 180 additions.
MIN_COSINE = 0.88
# Words of more notes than this say nothing about a pair.
MAX_NOTES_OF_WORD = 40
MAX_PAIRS_OF_NOTE = 2
# More than a person decides at a time; the next run finds the rest.
MAX_PROPOSALS = 100
LONG_WORDS = 600
MAX_SHOWN_CHARS = 120
MIN_SECTIONS = 5


@dataclass(frozen=True, slots=True)
class _Found:
    kind: str
    action: str
    paths: tuple[str, ...]
    why: str


def tidy(root: OpenRoot) -> list[Proposal]:
    """Make the proposals that the rules find, at most MAX_PROPOSALS; decided ones are left out."""
    notes = root.read_index(lambda db: catalogue.texts(db, root.root))
    made: list[Proposal] = []
    for found in _all(root, notes):
        if len(made) == MAX_PROPOSALS:
            break
        try:
            one = propose(
                root, found.action, found.paths, why=found.why, kind=found.kind, by="tidy"
            )
        except MemcairnError:
            continue  # the note is gone by now, or cannot be read
        if not one.decision:
            made.append(one)
    return made


def _all(root: OpenRoot, notes: list[NoteText]) -> Iterator[_Found]:
    today = time.strftime("%Y-%m-%d")
    current = []
    for note in notes:
        path = root.relative(note.path)
        if note.valid_until and note.valid_until[:10] < today:
            why = f"It was valid until {note.valid_until[:10]}."
            yield _Found("past its date", "archive", (path,), why)
        elif not note.superseded_by:
            current.append(note)
            yield from _long(note, path)
        for one in citations.check(root.root, note.sources):
            kind = "missing code" if one.is_gone else "changed code"
            yield _Found(kind, "archive" if one.is_gone else "keep", (path,), f"{one.said}.")
    yield from _pairs(root, current)


def _long(note: NoteText, path: str) -> Iterator[_Found]:
    if note.sections >= MIN_SECTIONS and len(note.text.split()) >= LONG_WORDS:
        size = f"{len(note.text.split()):,} words in {note.sections} sections"
        why = f"It has {size}; several notes are found better."
        yield _Found("several subjects", "keep", (path,), why)


def _pairs(root: OpenRoot, notes: list[NoteText]) -> Iterator[_Found]:
    """Pairs of short notes that say the same, or otherwise of the same subject; the older note first."""
    short = [note for note in notes if 0 < len(note.text) <= MAX_STATEMENT_CHARS]
    short.sort(key=lambda note: note.date or "")
    bags = [frozenset(words(note.text)) for note in short]
    with_word = defaultdict(list)
    for at, bag in enumerate(bags):
        for word in bag:
            with_word[word].append(at)
    seen: set[tuple[int, int]] = set()
    for at, bag in enumerate(bags):
        shared = Counter(
            other
            for word in bag
            if len(with_word[word]) <= MAX_NOTES_OF_WORD
            for other in with_word[word]
            if other > at
        )
        for other, _ in shared.most_common(MAX_PAIRS_OF_NOTE):
            both = len(bag & bags[other])
            if both / (len(bag) + len(bags[other]) - both) < MIN_SIMILARITY:
                continue
            seen.add((at, other))
            yield from _pair(root, short[at], short[other])
    places = {note.id: at for at, note in enumerate(short)}
    for one, two in _near(root, list(places)):
        at, other = sorted((places[one], places[two]))
        if (at, other) not in seen:
            yield from _pair(root, short[at], short[other], is_near=True)


def _near(root: OpenRoot, notes: list[int]) -> list[tuple[int, int]]:
    """Pairs of notes with similar vectors, the most similar first; none without embeddings."""
    from memcairn.store import vector_scan, vector_state  # noqa: PLC0415 - NumPy, for tidy only

    def work(db: Database) -> list[tuple[int, int, float]]:
        is_embedded = vector_state.model(db) is not None and vector_state.count_embedded(db) > 0
        return (
            vector_scan.VectorScan().pairs(LocalIndex(db), notes, MIN_COSINE) if is_embedded else []
        )

    found = sorted(root.read_index(work), key=lambda pair: -pair[2])
    taken: Counter[int] = Counter()
    pairs = []
    for one, two, _ in found:
        if max(taken[one], taken[two]) < MAX_PAIRS_OF_NOTE:
            taken.update((one, two))
            pairs.append((one, two))
    return pairs


def _pair(
    root: OpenRoot, older: NoteText, newer: NoteText, *, is_near: bool = False
) -> Iterator[_Found]:
    names = (root.relative(older.path), root.relative(newer.path))
    judged = relation(older.text, newer.text)
    if judged.relation == "addition" and not judged.doubt and _have_alike_titles(older, newer):
        said = [_HEADING.sub("", note.text).strip() for note in (older, newer)]
        # Less would not say of what it is: "port 5433".
        if len(set(words(said[0])) & set(words(said[1]))) >= MIN_COMMON:
            judged = relation(*said)
    one, other = (_shown(note.text) for note in (older, newer))
    is_same = is_near and judged.relation == "addition" and have_same_values(older.text, newer.text)
    if judged.relation == "repetition" or is_same:
        why = f"Both say the same: {one!r} and {other!r}."
        yield _Found("duplicate", "merge", names[::-1], why)
    elif judged.relation != "addition" or judged.doubt:
        why = f"They say different things of one subject: {one!r} and {other!r}."
        yield _Found("contradiction", "supersede", names, why)


def _have_alike_titles(one: NoteText, other: NoteText) -> bool:
    """Whether no title limits what its note is about to something else: staging and production."""
    first, second = (statement.read(note.title).scopes for note in (one, other))
    return all(first[name] & second[name] for name in first.keys() & second.keys())


def _shown(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= MAX_SHOWN_CHARS else f"{text[:MAX_SHOWN_CHARS]}…"


@dataclass(frozen=True, slots=True)
class WrittenNote:
    """A note that a tool wrote without a person.

    Attributes:
        path: relative to the root.
        time: of its last change, in ISO 8601.
        source: the tool, the host and the session, as the note says.
    """

    path: str
    title: str
    time: str
    source: str


def written_by_agents(root: OpenRoot, *, since: str = "") -> list[WrittenNote]:
    """The notes that agents wrote, latest first.

    Args:
        root: the root.
        since: only notes that were written on this day or later, in ISO 8601.
    """
    notes = root.read_index(lambda db: catalogue.texts(db, root.root))
    found = []
    for note in notes:
        is_by_agent = note.source.startswith(observe.BY_AGENT)
        at = note.date or ""
        if is_by_agent and at[: len(since)] >= since:
            found.append(WrittenNote(root.relative(note.path), note.title, at, note.source))
    return sorted(found, key=lambda one: one.time, reverse=True)


def ask_about_written(root: OpenRoot, *, since: str = "") -> list[Proposal]:
    """Put the notes that agents wrote into the inbox, each once, so that a person looks at them."""
    for note in written_by_agents(root, since=since):
        if os.path.exists(os.path.join(root.root, note.path)):
            why = f"An agent wrote it on {note.time[:10]} ({note.source})."
            propose(root, "keep", [note.path], why=why, kind="written", by="review")
    return [one for one in root.inbox.all() if one.kind == "written" and not one.decision]
