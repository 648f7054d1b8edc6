"""Chunks that hold the words of a query, ranked by BM25.

FTS5 ranks every row that matches, at some 0.7 µs a row and word: eight everyday words over 500,000
chunks would take most of a second. So words are taken from the rarest on, while the rows that they match
stay within `BUDGET_ROWS`; the common ones add little to a rank, and decide only where nothing else does.

Each word is ranked by itself, since BM25 of several words is the sum of theirs: so it is known which of
them a chunk holds, and its neighbours can add the others (structure.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from memcairn.search.query import Filter, match

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from memcairn.store.database import Database

BUDGET_ROWS = 4_000
# title, heading path, tags, date, text
WEIGHTS = "1.5, 1.0, 1.0, 0.5, 1.0"
_AT_ONCE = 500


class Candidate(NamedTuple):
    """A chunk that may be part of the answer. Scores compare within one search only.

    Args:
        chunk: its id.
        note: the id of its note.
        position: its place in the note, from 0.
        score: above 0; the best of a search is 1 or more.
        words: BM25 of each word of the query that was ranked, 0 if the chunk does not hold it.
    """

    chunk: int
    note: int
    position: int
    score: float
    words: tuple[float, ...] = ()


def frequencies(db: Database, words: Sequence[str]) -> dict[str, int]:
    """How many chunks hold each word, rarest first, counted up to just over `BUDGET_ROWS`."""
    sql = "SELECT COUNT(*) FROM (SELECT 1 FROM fulltext WHERE fulltext MATCH ? LIMIT ?)"
    counted = {}
    for word in words:
        (counted[word],) = db.execute(sql, (match([word]), BUDGET_ROWS + 1)).fetchone()
    return dict(sorted(counted.items(), key=lambda item: item[1]))


def candidates(
    db: Database, counted: Mapping[str, int], where: Filter, *, limit: int
) -> list[Candidate]:
    """The chunks that match best, best first; scores are 1 for the best and above 0 for all.

    Args:
        db: index.db.
        counted: the query's words, as `frequencies` counted them.
        where: which notes may answer.
        limit: the most that are returned.
    """
    known = [word for word, count in counted.items() if count]
    rare = _within_budget(counted)
    if not rare:
        return _common_only(db, known, where, limit)
    by_word = [_ranked(db, word, where) for word in rare]
    *others, commonest = by_word
    totals = dict(commonest)
    for ranked in others:
        for chunk, score in ranked.items():
            totals[chunk] = totals.get(chunk, 0.0) + score
    best = _best(totals, limit)
    places = dict(_places(db, [chunk for chunk, _ in best]))
    most = best[0][1] if best else 1.0
    return [
        Candidate(
            chunk,
            *places[chunk],
            score / most,
            tuple([ranked.get(chunk, 0.0) for ranked in by_word]),
        )
        for chunk, score in best
    ]


def _best(scores: Mapping[int, float], limit: int) -> list[tuple[int, float]]:
    """The `limit` best of some thousand, best first; of equals, the smaller number."""
    # Floats alone are sorted in a fraction of the time.
    least = sorted(scores.values(), reverse=True)[limit - 1 : limit]
    able = [item for item in scores.items() if not least or item[1] >= least[0]]
    return sorted(able, key=lambda item: (-item[1], item[0]))[:limit]


def _within_budget(counted: Mapping[str, int]) -> list[str]:
    total, taken = 0, []
    for word, count in counted.items():
        total += count
        if total > BUDGET_ROWS:
            break
        if count:
            taken.append(word)
    return taken


def _ranked(db: Database, word: str, where: Filter) -> dict[int, float]:
    """Chunk -> BM25 of one word, for the chunks that hold it."""
    filtered = f"""
        JOIN chunk ON chunk.id = fulltext.rowid JOIN note ON note.id = chunk.note AND {where.sql}
    """
    sql = f"""
        SELECT fulltext.rowid, -bm25(fulltext, {WEIGHTS})
        FROM fulltext {filtered if where.sql else ""} WHERE fulltext MATCH :match
    """
    return dict(db.execute(sql, {**where.row, "match": match([word])}).fetchall())


def _places(db: Database, chunks: Sequence[int]) -> list[tuple[int, tuple[int, int]]]:
    found: list[tuple[int, tuple[int, int]]] = []
    for start in range(0, len(chunks), _AT_ONCE):
        some = chunks[start : start + _AT_ONCE]
        sql = f"SELECT id, note, position FROM chunk WHERE id IN ({', '.join('?' * len(some))})"
        found += ((id_, (note, at)) for id_, note, at in db.execute(sql, some))
    return found


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
            SELECT chunk.id, chunk.note, chunk.position
            FROM fulltext CROSS JOIN chunk ON chunk.id = fulltext.rowid
            {"CROSS JOIN note ON note.id = chunk.note AND " + where.sql if where.sql else ""}
            WHERE fulltext MATCH :match ORDER BY fulltext.rowid DESC LIMIT :limit
        """
        row = {**where.row, "match": expression, "limit": limit}
        found = [
            Candidate(chunk, note, position, 1.0, (1.0,))
            for chunk, note, position in db.execute(sql, row)
        ]
        if found:
            return found
    return []
