"""Chunks become passages: adjacent ones merge, and all of them stay within the budget."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from memcairn import json_text, paths
from memcairn.fs import safe_open
from memcairn.fs.signature import Signature
from memcairn.notes.sizes import size
from memcairn.notes.words import words
from memcairn.search.relevance import relevance
from memcairn.search.trimming import trimmed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from memcairn.search.keyword import Candidate
    from memcairn.search.relevance import ScoreBreakdown, ScoringContext
    from memcairn.search.validity import Outdated
    from memcairn.store.database import Database

# A passage does not grow beyond this by merging: a long one spends a reader's budget on what ranks low.
MAX_CHUNKS = 4
# A chunk joins the passage beside it if its score is this share of the passage's: where meaning counts,
# scores lie closer together.
JOIN_WORDS = 0.6
JOIN_MEANT = 0.8


# With less of the budget left, an answer ends: a part of a sentence tells nothing.
MIN_WORDS = 12


class Source(NamedTuple):
    """What the index held of a note's file when an answer was read from it."""

    signature: Signature
    hash: bytes


class Passage(NamedTuple):
    """A part of a note that answers.

    Args:
        path: absolute path of the note.
        start_line: the first line, 1-based.
        end_line: the last line, inclusive.
        text: what these lines say, without the headings above it.
        title: of the note.
        heading_path: the headings above, outermost first.
        date: the note's own date, ISO 8601, if it has one.
        score: how likely it is what was asked for, 0 to 1, and means the same for every query; the order
            is that of `why.rank`, which knows what stands beside it, too (search/relevance.py).
        namespace: the note's label.
        matched: the words of the query that are in the text, its headings or the title.
        why: what its score and its place in the answer come from.
        expired: the last day that the note was valid, if that is over.
        superseded_by: the path of the note that took its place, or its name if it is not there.
    """

    path: str
    start_line: int
    end_line: int
    text: str
    title: str
    heading_path: tuple[str, ...]
    date: str | None
    score: float
    namespace: str
    matched: tuple[str, ...]
    why: ScoreBreakdown
    expired: str | None = None
    superseded_by: str | None = None


class ChunkSpan:
    """Chunks `first` to `last` of one note, which stand together in the answer."""

    __slots__ = ("chunk", "first", "last", "note", "score")

    def __init__(self, candidate: Candidate) -> None:
        self.chunk = candidate.chunk
        self.note = candidate.note
        self.first = self.last = candidate.position
        self.score = candidate.score

    def takes(self, candidate: Candidate, join_from: float) -> bool:
        """Whether a candidate beside it may join."""
        short = self.last - self.first + 1 < MAX_CHUNKS
        return short and candidate.score >= join_from * self.score


def spans(candidates: Iterable[Candidate], limit: int, join_from: float) -> list[ChunkSpan]:
    """Join candidates that follow one another in a note and are about as good; the better rank counts."""
    joined: list[ChunkSpan] = []
    by_edge: dict[tuple[int, int], ChunkSpan] = {}
    for c in candidates:
        beside = (by_edge.get((c.note, c.position + step)) for step in (-1, 1))
        span = next((s for s in beside if s and s.takes(c, join_from)), None)
        if span is None:
            if len(joined) == limit:
                break
            span = ChunkSpan(c)
            joined.append(span)
        span.first, span.last = min(span.first, c.position), max(span.last, c.position)
        by_edge[c.note, c.position] = span
    return joined


_HEADING = re.compile(r" {0,3}#{1,6}(?:[ \t]|$)")
_CHUNKS = """
SELECT start_line, end_line, heading_path, text FROM chunk
WHERE note = ? AND position BETWEEN ? AND ? ORDER BY position
"""
_NOTE = """
SELECT path, title, date, namespace, hash, size_bytes, mtime_ns, inode FROM note WHERE id = ?
"""


def build(
    db: Database,
    candidates: Sequence[Candidate],
    known: ScoringContext,
    outdated: Mapping[int, Outdated],
    *,
    limit: int,
    budget_words: int | None,
    join_from: float,
) -> tuple[list[Passage], dict[str, Source]]:
    """The passages of an answer, best first, and what they are from, by path.

    Args:
        db: index.db.
        candidates: ranked chunks.
        known: what is known of the query and of the candidates.
        outdated: notes that no longer hold.
        limit: the most passages.
        budget_words: the most words in all; what does not fit is trimmed to the sentences that say most,
            and ends the answer.
        join_from: see `JOIN_WORDS`.
    """
    passages: list[Passage] = []
    sources: dict[str, Source] = {}
    left = budget_words
    for span in spans(candidates, limit, join_from):
        path, title, date, namespace, digest, *signature = db.execute(
            _NOTE, (span.note,)
        ).fetchone()
        rows = db.execute(_CHUNKS, (span.note, span.first, span.last)).fetchall()
        if not rows:
            continue
        start, (text, last) = rows[0][0], _joined(rows)
        if len(rows) > 1:
            text = _lines(paths.from_db(path), start, last) or text
        below = _below_headings(text)
        text, above_it = below or (text, 0)
        start += above_it
        if left is not None:
            words_in = size(text)
            if words_in > left:
                if passages and left < MIN_WORDS:
                    break
                text, first_line, last_line = trimmed(text, left, known.weighed)
                start, last = start + first_line, start + last_line
            left -= min(left, words_in)
        above = next(path for first, _, path, _ in reversed(rows) if first <= start)
        heading_path = tuple(json_text.loads(above))
        inside = set(words(" ".join((text, title, *heading_path))))
        matched = tuple(word for word in known.weighed if word in inside)
        if below is None and not matched:
            continue  # headings with nothing below them, and not those that were asked for
        why = known.why(span.chunk, span.score, inside)
        passage = Passage(
            path=paths.from_db(path),
            start_line=start,
            end_line=last,
            text=text,
            title=title,
            heading_path=heading_path,
            date=date,
            score=round(relevance(why, len(matched)), 4),
            namespace=namespace,
            matched=matched,
            why=why,
        )
        if span.note in outdated:
            passage = passage._replace(**outdated[span.note]._asdict())
        passages.append(passage)
        sources[passage.path] = Source(Signature(*signature), digest)
    return passages, sources


def _joined(rows: Sequence[tuple[Any, ...]]) -> tuple[str, int]:
    """The text of chunks in a row, and its last line.

    Between chunks stand blank lines, and what is not indexed: rules, and markers of ours.
    """
    start, last, _, text = rows[0]
    for start, end, _, more in rows[1:]:
        text += "\n" * (start - last) + more if start > last else " " + more
        last = max(last, end)
    return text, last


def _below_headings(text: str) -> tuple[str, int] | None:
    """The text without headings that it begins with, which the heading path has; and their lines.

    None if it has nothing else.
    """
    lines = text.split("\n")
    first = 0
    while first < len(lines) and (not lines[first].strip() or _HEADING.match(lines[first])):
        first += 1
    return ("\n".join(lines[first:]), first) if first < len(lines) else None


def _lines(path: str, first: int, last: int) -> str | None:
    """What the file says there, or None: it is gone, and the answer is looked at again anyway."""
    try:
        with os.fdopen(safe_open.open_nofollow(path), encoding="utf-8-sig", newline="") as file:
            if os.fstat(file.fileno()).st_nlink > 1:
                return None
            lines = file.read().split("\n")[first - 1 : last]
    except (OSError, UnicodeDecodeError):
        return None
    return "\n".join(line.removesuffix("\r") for line in lines)
