"""Search what was said in earlier sessions, apart from the notes: keyword search over transcripts.db."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from memcairn import paths
from memcairn.errors import UsageError
from memcairn.formats.utc import utc_text
from memcairn.notes.words import query_words
from memcairn.search import keyword
from memcairn.sessions.transcripts import reading
from memcairn.store import transcripts
from memcairn.store.local_index import LocalIndex, match

if TYPE_CHECKING:
    from memcairn.search.query import Query
    from memcairn.store.transcripts import StoredPassage, TranscriptDatabase, TranscriptFile


class TranscriptPassage(NamedTuple):
    """What was said in one turn of a session, or a part of it.

    Attributes:
        host: the name of the host.
        session: the id of its session.
        turn: 1 for what follows the first prompt, and so on.
        time: ISO 8601 in UTC; None if the host wrote none.
        cwd: the folder that the session works in.
        branch: the git branch there; "" if unknown.
        path: the transcript.
        line: its line where the passage begins, 1-based.
        is_deleted: whether the host has deleted the transcript: only the copy is left.
        score: BM25, comparable within one search; 0 without a search.
        text: the messages of the user and the agent, and the commands that the agent ran.
    """

    host: str
    session: str
    turn: int
    time: str | None
    cwd: str
    branch: str
    path: str
    line: int
    is_deleted: bool
    score: float
    text: str


def search(db: TranscriptDatabase, query: Query) -> list[TranscriptPassage]:
    """The passages that hold the words of a query, best first.

    Of the query, `text`, `limit`, `since`, `until` and `root` are used: the last is a folder that the
    sessions worked in, or below.

    Raises:
        UsageError: the query is wrong.
    """
    query = query.checked()
    words = keyword.ranked_words(keyword.word_frequencies(LocalIndex(db), query_words(query.text)))
    if not words:
        return []
    terms, row = [""], list[object]()
    for name, comparison in (("since", ">="), ("until", "<")):
        span = query.date_span(name)
        if span is not None:
            edge = span.start if name == "since" else span.end
            terms.append(f"passage.at_ms {comparison} ?")
            row.append(edge.mtime_ns // 1_000_000)
    if query.root is not None:
        low, high = paths.bounds_below(os.fspath(query.root))
        terms.append("(file.cwd = ? OR file.cwd > ? AND file.cwd < ?)")
        row += [query.root, low, high]
    found = transcripts.best_passages(db, match(words), " AND ".join(terms), row, limit=query.limit)
    return [passage(file, stored, score) for score, file, stored in found]


def session(db: TranscriptDatabase, beginning: str, turn: int | None) -> list[TranscriptPassage]:
    """The passages of a session, or of one turn of it, in their order.

    Raises:
        UsageError: no session, or more than one, has an id that begins so, or it has no such turn.
    """
    ids = transcripts.sessions_beginning(db, beginning, limit=4)
    if not ids:
        raise UsageError(f"there is no session whose ID begins with {beginning!r}")
    if len(ids) > 1:
        raise UsageError(
            f"several sessions begin with {beginning!r}", hint=f"such as {', '.join(ids[:3])}"
        )
    found = [passage(*row) for row in transcripts.passages_of(db, ids[0], turn)]
    if not found:
        raise UsageError(f"the session {ids[0]} has no turn {turn}")
    return found


def passage(file: TranscriptFile, stored: StoredPassage, score: float = 0.0) -> TranscriptPassage:
    """A stored passage as a search returns it."""
    return TranscriptPassage(
        file.host,
        file.session,
        stored.turn,
        utc_text(stored.at_ms / 1000) if stored.at_ms else None,
        file.cwd,
        file.branch,
        file.path,
        stored.line,
        not reading.exists(file.path),
        round(score, 3),
        stored.text,
    )
