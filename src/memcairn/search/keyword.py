"""Chunks that hold the words of a query, ranked by BM25.

FTS5 ranks every row that matches, at some 0.7 µs a row and word: eight everyday words over 500,000
chunks would take most of a second. So words are taken from the rarest on, while the rows that they match
stay within `BUDGET_ROWS`; the common ones add little to a rank, and decide only where nothing else does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from memcairn.search.query import Filter, match

if TYPE_CHECKING:
    from collections.abc import Sequence

    from memcairn.store.database import Database

BUDGET_ROWS = 5_000
# title, heading path, tags, date, text
WEIGHTS = "1.5, 1.0, 1.0, 1.0, 1.0"


class Candidate(NamedTuple):
    """A chunk that may be part of the answer. Scores compare within one search only."""

    chunk: int
    note: int
    position: int
    section: int
    score: float


def candidates(db: Database, words: Sequence[str], where: Filter, *, limit: int) -> list[Candidate]:
    """The chunks that match best, best first; scores are 1 for the best and above 0 for all.

    Args:
        db: index.db.
        words: as `notes.words.query_words` gives them.
        where: which notes may answer.
        limit: the most that are returned.
    """
    counted = frequencies(db, words)
    rare = _within_budget(counted)
    found = (
        _ranked(db, match(rare), where, limit)
        if rare
        else _common_only(db, list(counted), where, limit)
    )
    best = max((candidate.score for candidate in found), default=0.0) or 1.0
    return [c._replace(score=c.score / best) for c in found]


def frequencies(db: Database, words: Sequence[str]) -> dict[str, int]:
    """How many chunks hold each word, rarest first, counted up to just over `BUDGET_ROWS`.

    Words that no chunk holds are left out.
    """
    sql = "SELECT COUNT(*) FROM (SELECT 1 FROM fulltext WHERE fulltext MATCH ? LIMIT ?)"
    counted = {}
    for word in words:
        (count,) = db.execute(sql, (match([word]), BUDGET_ROWS + 1)).fetchone()
        if count:
            counted[word] = count
    return dict(sorted(counted.items(), key=lambda item: item[1]))


def _within_budget(counted: dict[str, int]) -> list[str]:
    total, taken = 0, []
    for word, count in counted.items():
        total += count
        if total > BUDGET_ROWS:
            break
        taken.append(word)
    return taken


def _ranked(db: Database, expression: str, where: Filter, limit: int) -> list[Candidate]:
    # Joined to `chunk` after the limit where that is possible: a chunk's row is large, and most
    # matches are not among the best.
    filtered = f"""
        JOIN chunk ON chunk.id = fulltext.rowid JOIN note ON note.id = chunk.note AND {where.sql}
    """
    sql = f"""
        SELECT found.id, chunk.note, chunk.position, chunk.section, found.score
        FROM (
            SELECT fulltext.rowid AS id, -bm25(fulltext, {WEIGHTS}) AS score
            FROM fulltext {filtered if where.sql else ""}
            WHERE fulltext MATCH :match
            ORDER BY score DESC, fulltext.rowid LIMIT :limit
        ) AS found
        CROSS JOIN chunk ON chunk.id = found.id
    """
    rows = db.execute(sql, {**where.row, "match": expression, "limit": limit})
    return [Candidate(*row) for row in rows]


def _common_only(db: Database, words: Sequence[str], where: Filter, limit: int) -> list[Candidate]:
    """Chunks that hold all of these words, which are all common, or name one in a title or heading.

    Newest first: a rank would cost more than it says.
    """
    if not words:
        return []
    for expression in (
        match(words, join=" AND "),
        match(words, columns="{title heading_path} : "),
        match(words[:1]),
    ):
        # CROSS JOIN keeps the order of the tables: rows are read, newest first, until enough pass.
        sql = f"""
            SELECT chunk.id, chunk.note, chunk.position, chunk.section, 1.0
            FROM fulltext CROSS JOIN chunk ON chunk.id = fulltext.rowid
            {"CROSS JOIN note ON note.id = chunk.note AND " + where.sql if where.sql else ""}
            WHERE fulltext MATCH :match ORDER BY fulltext.rowid DESC LIMIT :limit
        """
        row = {**where.row, "match": expression, "limit": limit}
        found = [Candidate(*values) for values in db.execute(sql, row)]
        if found:
            return found
    return []
