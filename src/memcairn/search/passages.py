"""Build passages from ranked chunks: merge adjacent chunks, and trim the answer to its budget."""

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
from memcairn.search.trimming import trim

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from memcairn.search.keyword import Candidate
    from memcairn.search.relevance import ScoreBreakdown, ScoringContext
    from memcairn.search.validity import Outdated
    from memcairn.store.database import Database

# The maximum length of a merged passage: a longer one spends the budget on chunks that rank low.
MAX_CHUNKS = 4
# A chunk joins the adjacent passage if its score is at least this share of the passage's score. The scores of
# a semantic search lie closer together.
MIN_JOIN_SHARE = 0.6
MIN_JOIN_SHARE_SEMANTIC = 0.8
# An answer ends when less of its budget is left: part of a sentence is of no use.
MIN_WORDS = 12


class Source(NamedTuple):
    """The signature and hash of a note's file in the index when an answer was read from it."""

    signature: Signature
    hash: bytes


class Passage(NamedTuple):
    """A part of a note, as a search returns it.

    Args:
        path: absolute path of the note.
        start_line: the first line, 1-based.
        end_line: the last line, inclusive.
        text: the text of these lines, without leading headings.
        title: of the note.
        heading_path: the headings above the text, outermost first.
        date: the note's own date, ISO 8601, if it has one.
        score: the probability that it is relevant, 0 to 1, comparable between queries. Passages are ordered
            by `why.rank`, which also depends on the chunks around it.
        namespace: the note's label.
        matched: the words of the query that are in the text, its headings or the title.
        why: the values that the score and the rank come from.
        expired: the last day on which the note was valid, if that has passed.
        superseded_by: the path of the note that replaced it, or its name if there is no such note.
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
    """Chunks `first` to `last` of one note, which become one passage."""

    __slots__ = ("chunk", "first", "last", "note", "score")

    def __init__(self, candidate: Candidate) -> None:
        self.chunk = candidate.chunk
        self.note = candidate.note
        self.first = self.last = candidate.position
        self.score = candidate.score

    def accepts(self, candidate: Candidate, min_join_share: float) -> bool:
        """Whether an adjacent candidate may join."""
        short = self.last - self.first + 1 < MAX_CHUNKS
        return short and candidate.score >= min_join_share * self.score


def join_adjacent(
    candidates: Iterable[Candidate], limit: int, min_join_share: float
) -> list[ChunkSpan]:
    """Join adjacent candidates with similar scores, best first; the best candidate gives the score."""
    joined: list[ChunkSpan] = []
    by_edge: dict[tuple[int, int], ChunkSpan] = {}
    for c in candidates:
        beside = (by_edge.get((c.note, c.position + step)) for step in (-1, 1))
        span = next((s for s in beside if s and s.accepts(c, min_join_share)), None)
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
    context: ScoringContext,
    outdated: Mapping[int, Outdated],
    *,
    limit: int,
    budget_words: int | None,
    min_join_share: float,
) -> tuple[list[Passage], dict[str, Source]]:
    """Build the passages of an answer.

    Args:
        db: index.db.
        candidates: ranked chunks.
        context: intermediate results of the search.
        outdated: the outdated notes.
        limit: the maximum number of passages.
        budget_words: the maximum number of words in all; the first passage that exceeds it is trimmed and
            ends the answer.
        min_join_share: see `MIN_JOIN_SHARE`.

    Returns:
        The passages, best first, and the files that they were read from, by path.
    """
    passages: list[Passage] = []
    sources: dict[str, Source] = {}
    left = budget_words
    for span in join_adjacent(candidates, limit, min_join_share):
        path, title, date, namespace, digest, *signature = db.execute(
            _NOTE, (span.note,)
        ).fetchone()
        rows = db.execute(_CHUNKS, (span.note, span.first, span.last)).fetchall()
        if not rows:
            continue
        start, (text, last) = rows[0][0], _joined(rows)
        if len(rows) > 1:
            text = _lines(paths.from_db(path), start, last) or text
        body = _below_headings(text)
        text, heading_lines = body or (text, 0)
        start += heading_lines
        if left is not None:
            words_in = size(text)
            if words_in > left:
                if passages and left < MIN_WORDS:
                    break
                text, first_line, last_line = trim(text, left, context.word_weights)
                start, last = start + first_line, start + last_line
            left -= min(left, words_in)
        above = next(path for first, _, path, _ in reversed(rows) if first <= start)
        heading_path = tuple(json_text.loads(above))
        inside = set(words(" ".join((text, title, *heading_path))))
        matched = tuple(word for word in context.word_weights if word in inside)
        if body is None and not matched:
            continue  # headings that have no text below them and do not match
        why = context.explain(span.chunk, span.score, inside)
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
    """The text of consecutive chunks, and its last line.

    Blank lines stand for the lines between chunks, which are not indexed: rules, and memcairn's markers.
    """
    start, last, _, text = rows[0]
    for start, end, _, more in rows[1:]:
        text += "\n" * (start - last) + more if start > last else " " + more
        last = max(last, end)
    return text, last


def _below_headings(text: str) -> tuple[str, int] | None:
    """The text after its leading headings, and the number of lines before it; None if nothing follows.

    The heading path has these headings.
    """
    lines = text.split("\n")
    first = 0
    while first < len(lines) and (not lines[first].strip() or _HEADING.match(lines[first])):
        first += 1
    return ("\n".join(lines[first:]), first) if first < len(lines) else None


def _lines(path: str, first: int, last: int) -> str | None:
    """These lines of the file; None if it cannot be read: the caller then searches again."""
    try:
        with os.fdopen(safe_open.open_nofollow(path), encoding="utf-8-sig", newline="") as file:
            if safe_open.has_other_names(os.fstat(file.fileno())):
                return None
            lines = file.read().split("\n")[first - 1 : last]
    except (OSError, UnicodeDecodeError):
        return None
    return "\n".join(line.removesuffix("\r") for line in lines)
