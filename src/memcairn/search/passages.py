"""Build passages from ranked chunks: merge adjacent chunks, and trim the answer to its budget."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from memcairn.notes.sizes import size
from memcairn.notes.words import words
from memcairn.search.copies import copies
from memcairn.search.relevance import NoteWords, coverage, relevance
from memcairn.search.trimming import trim
from memcairn.search.validity import Outdated

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from memcairn.fs.signature import Signature
    from memcairn.search.index import Chunks, Notes, SearchIndex
    from memcairn.search.keyword import Candidate
    from memcairn.search.relevance import ScoreBreakdown, ScoringContext
    from memcairn.store.search_values import ChunkLines, NoteDetails

# The maximum length of a merged passage: a longer one spends the budget on chunks that rank low.
MAX_CHUNKS = 4
# A chunk joins the adjacent passage if its score is at least this share of the passage's score. The scores of
# a semantic search lie closer together.
MIN_JOIN_SHARE = 0.6
MIN_JOIN_SHARE_SEMANTIC = 0.8
# The maximum number of words of an answer without a budget.
MAX_WORDS = 5_000
_CURRENT = Outdated(None, None)
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
        text: the text of these lines, without leading headings; before it the note's description, if that
            has words of the query that the lines have not.
        title: of the note.
        heading_path: the headings above the text, outermost first.
        date: the note's own date, ISO 8601, if it has one.
        score: the probability that it is relevant, 0 to 1, comparable between queries. Passages are ordered
            by `why.rank`, which also depends on the chunks around it.
        namespace: the note's label.
        matched: the words of the query that are in the text, its headings, the title, or what the
            frontmatter says of the note.
        why: the values that the score and the rank come from.
        expired: the last day on which the note was valid, if that has passed.
        superseded_by: the path of the note that replaced it, or its name if there is no such note.
        language: of the note, as an ISO 639-1 code; "" if it is not clear.
        scope: the name of the scope that the note belongs to; "" for none.
        remarks: what else a reader should know: cited lines changed, or it amends, or is amended by, others.
        description: what the note is about, in a sentence; "" if it has neither text nor frontmatter.
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
    language: str = ""
    scope: str = ""
    remarks: tuple[str, ...] = ()
    description: str = ""


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

    def move_to_start(self) -> None:
        """Take the first chunks of the note instead, as many as there are."""
        self.first, self.last = 0, self.last - self.first

    def overlaps(self, other: ChunkSpan) -> bool:
        """Whether both have a chunk in common."""
        return self.note == other.note and self.first <= other.last and other.first <= self.last


def without_copies(index: Notes, candidates: Sequence[Candidate]) -> list[Candidate]:
    """The candidates without those of copies; the notes stay that they are copies of."""
    notes = index.contents(list(dict.fromkeys(c.note for c in candidates)))
    by_path = {path: (root, digest, note) for root, digest, path, note in notes}
    found = copies((root, digest, path) for path, (root, digest, _) in by_path.items())
    left_out = {by_path[path][2] for path in found}
    return [c for c in candidates if c.note not in left_out]


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


def build(
    index: SearchIndex,
    spans: Iterable[ChunkSpan],
    context: ScoringContext,
    outdated: Mapping[int, Outdated],
    *,
    budget_words: int | None,
) -> tuple[list[Passage], dict[str, Source]]:
    """Build the passages of an answer.

    Args:
        index: what was searched.
        spans: ranked chunks, as `join_adjacent` returns them.
        context: intermediate results of the search.
        outdated: the outdated notes.
        budget_words: the maximum number of words in all; the first passage that exceeds it is trimmed and
            ends the answer. None: `MAX_WORDS`.

    Returns:
        The passages, best first, and the files that they were read from, by path.
    """
    passages: list[Passage] = []
    sources: dict[str, Source] = {}
    left = MAX_WORDS if budget_words is None else budget_words
    described: set[int] = set()
    weights = context.word_weights
    for span in spans:
        note = index.note(span.note)
        of_note = set(words(" ".join((note.title, *note.about))))
        lines = _lines_of(index, span, note.path)
        if lines is None:
            continue
        shown = ""
        if note.description in note.about and _is_found_by(of_note, lines, weights):
            own = set(words(lines.text))
            if span.note in described and own.isdisjoint(weights):
                continue  # found by what the note is about, as the passage before it
            if span.note not in described:
                shown = f"{note.description}\n\n"
                if own.isdisjoint(weights) and span.chunk not in context.similarities:
                    span.move_to_start()
                    lines = _lines_of(index, span, note.path) or lines
            described.add(span.note)
        words_in = size(shown + lines.text)
        if words_in > left:
            if passages and left < MIN_WORDS:
                break
            shown, lines = lines.trimmed(shown, left, weights)
        left -= min(left, words_in)
        inside = lines.words("") | of_note
        matched = tuple(word for word in weights if word in inside)
        if not lines.has_body and not matched:
            continue  # headings that have no text below them and do not match
        is_described = note.description in note.about
        about = NoteWords(
            of_note, note.type, is_described, note.language, note.signature.size_bytes
        )
        why = context.explain(span.chunk, span.score, lines.text, lines.heading_path, about)
        state = outdated.get(span.note, _CURRENT)
        passage = Passage(
            path=note.path,
            start_line=lines.start,
            end_line=lines.last,
            text=shown + lines.text,
            title=note.title,
            heading_path=lines.heading_path,
            date=note.date,
            score=round(relevance(why), 4),
            namespace=note.namespace,
            matched=matched,
            why=why,
            expired=state.expired,
            superseded_by=state.superseded_by,
            language=note.language,
            remarks=_remarks(note),
            description=note.description,
        )
        passages.append(passage)
        sources[note.path] = Source(note.signature, note.hash)
    return passages, sources


def _remarks(note: NoteDetails) -> tuple[str, ...]:
    remarks = list(note.amendments)
    if note.sources and note.root is not None:
        from memcairn.search import citations  # noqa: PLC0415 - few notes have sources

        remarks += [change.said for change in citations.check(note.root, note.sources)]
    return tuple(remarks)


def _is_found_by(of_note: set[str], lines: _Lines, weights: Mapping[str, float]) -> bool:
    """Whether what is said of the note adds as much of the query as the lines and their headings have."""
    inside = lines.words("")
    return coverage(weights, of_note - inside) > 0.0 and (
        coverage(weights, of_note - inside) >= coverage(weights, inside)
    )


class _Lines(NamedTuple):
    """The lines of a passage; `heading_paths` are those of its chunks, with the first line of each."""

    start: int
    last: int
    text: str
    has_body: bool
    heading_paths: tuple[tuple[int, tuple[str, ...]], ...]

    @property
    def heading_path(self) -> tuple[str, ...]:
        """The headings above the first line."""
        return next(path for first, path in reversed(self.heading_paths) if first <= self.start)

    def words(self, title: str) -> set[str]:
        """The words of the text, its headings and the note's title."""
        return set(words(" ".join((self.text, title, *self.heading_path))))

    def trimmed(
        self, shown: str, most_words: int, weights: Mapping[str, float]
    ) -> tuple[str, _Lines]:
        """The description, unless there is no room for it, and the best lines that fit."""
        if shown:
            most_words -= size(shown)
            if most_words < MIN_WORDS:
                shown, most_words = "", most_words + size(shown)
        text, first, last = trim(self.text, most_words, weights)
        return shown, self._replace(text=text, start=self.start + first, last=self.start + last)


def _lines_of(index: Chunks, span: ChunkSpan, path: str) -> _Lines | None:
    """The lines of these chunks; None if they are gone."""
    rows = index.chunk_lines(span.note, span.first, span.last)
    if not rows:
        return None
    start, (text, last) = rows[0][0], _joined(rows)
    if len(rows) > 1:
        text = index.note_lines(path, start, last) or text
    body = _below_headings(text)
    text, heading_lines = body or (text, 0)
    heading_paths = tuple((first, above) for first, _, above, _ in rows)
    return _Lines(start + heading_lines, last, text, body is not None, heading_paths)


def _joined(rows: Sequence[ChunkLines]) -> tuple[str, int]:
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
