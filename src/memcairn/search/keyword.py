"""Keyword search: the chunks that contain the words of a query, ranked by BM25.

FTS5 ranks every matching row, at about 0.7 µs a row and word: eight common words over 500,000 chunks would
take most of a second. Therefore words are ranked from the rarest to the most common, as long as the matching
rows stay within `MAX_RANKED_ROWS`. Common words change a rank little, and are used only if all are common.

Each word is ranked separately; BM25 of several words is the sum over the words. The separate values show
which words a chunk contains, so that neighbors can contribute the others (structure.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from memcairn.notes.stems import stem_in
from memcairn.search.query import Filter, match

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from memcairn.store.database import Database

MAX_RANKED_ROWS = 4_000
# BM25 weights of the columns title, about, heading path, tags, date, other, text
WEIGHTS = "1.5, 1.0, 1.0, 1.0, 0.5, 0.3, 1.0"
_BATCH_SIZE = 500
# The least length of a stem by which words are compared, and the maximum number of words compared.
_MIN_STEM = 4
_MAX_FORMS = 50


class Candidate(NamedTuple):
    """A chunk that may be part of the answer. Scores are comparable within one search only.

    Args:
        chunk: its id.
        note: the id of its note.
        position: its position in the note, from 0.
        score: above 0; the best of a search is 1 or more.
        words: BM25 of each ranked word of the query; 0 if the chunk does not contain it.
    """

    chunk: int
    note: int
    position: int
    score: float
    words: tuple[float, ...] = ()


def known_forms(db: Database, words: Sequence[str], language: str) -> list[str]:
    """The words of a query in the forms that the notes have.

    Args:
        db: index.db.
        words: of a query.
        language: its language; a word that no note has is replaced by the most common one that has the same
            stem in this language.
    """
    return list(dict.fromkeys(_known_form(db, word, language) for word in words))


def _known_form(db: Database, word: str, language: str) -> str:
    stem = stem_in(word, language)
    if len(stem) < _MIN_STEM or not word.isalpha():
        return word
    (exists,) = db.execute(
        "SELECT EXISTS (SELECT 1 FROM fulltext WHERE fulltext MATCH ?)", (match([word]),)
    ).fetchone()
    if exists:
        return word
    db.execute(
        "CREATE VIRTUAL TABLE IF NOT EXISTS temp.vocabulary USING fts5vocab(main, fulltext, row)"
    )
    sql = "SELECT term FROM vocabulary WHERE term >= ? AND term < ? ORDER BY doc DESC LIMIT ?"
    terms = db.execute(sql, (stem, stem + "\U0010ffff", _MAX_FORMS))
    same = (term for (term,) in terms if term.isalpha() and stem_in(term, language) == stem)
    return next(same, word)


def word_frequencies(db: Database, words: Sequence[str]) -> dict[str, int]:
    """The number of chunks that contain each word, rarest first, counted to `MAX_RANKED_ROWS` + 1."""
    sql = "SELECT COUNT(*) FROM (SELECT 1 FROM fulltext WHERE fulltext MATCH ? LIMIT ?)"
    counted = {}
    for word in words:
        (counted[word],) = db.execute(sql, (match([word]), MAX_RANKED_ROWS + 1)).fetchone()
    return dict(sorted(counted.items(), key=lambda item: item[1]))


def find_candidates(
    db: Database, frequencies: Mapping[str, int], where: Filter, *, limit: int
) -> list[Candidate]:
    """The chunks that match best, best first; the best has the score 1.

    Args:
        db: index.db.
        frequencies: the words of the query, as `word_frequencies` returns them.
        where: the condition for notes.
        limit: the maximum number of candidates.
    """
    indexed = [word for word, count in frequencies.items() if count]
    rare = _within_budget(frequencies)
    if not rare:
        return _common_words_only(db, indexed, where, limit)
    by_word = [_bm25_scores(db, word, where) for word in rare]
    *others, most_common = by_word
    totals = dict(most_common)
    for ranked in others:
        for chunk, score in ranked.items():
            totals[chunk] = totals.get(chunk, 0.0) + score
    best = _best(totals, limit)
    places = dict(_places(db, [chunk for chunk, _ in best]))
    highest = best[0][1] if best else 1.0
    return [
        Candidate(
            chunk,
            *places[chunk],
            score / highest,
            tuple([ranked.get(chunk, 0.0) for ranked in by_word]),
        )
        for chunk, score in best
    ]


def ranked_words(frequencies: Mapping[str, int]) -> list[str]:
    """The words of a query to rank by, if there is one pass: the rare ones, else the rarest of all."""
    indexed = [word for word, count in frequencies.items() if count]
    return _within_budget(frequencies) or indexed[:1]


def held_share(
    found: Sequence[Candidate], frequencies: Mapping[str, int], weights: Mapping[str, float]
) -> float:
    """The share of a query, by weight, that the best candidate and its neighbors hold.

    Words that are too common to be ranked do not count.
    """
    best = next((c for c in found if c.words), None)
    if best is None:
        return 0.0
    ranked = [word for word, count in frequencies.items() if count][: len(best.words)]
    missing = sum(weights[word] for word, count in frequencies.items() if not count)
    near = [c for c in found if c.note == best.note and abs(c.position - best.position) <= 2]
    held = sum(
        weights[word]
        for number, word in enumerate(ranked)
        if any(c.words[number] for c in near if c.words)
    )
    return held / (missing + sum(weights[word] for word in ranked))


def _best(scores: Mapping[int, float], limit: int) -> list[tuple[int, float]]:
    """The `limit` best chunks, best first; equal scores are ordered by chunk."""
    # Sorting thousands of floats to find the lowest score is much faster than sorting all items.
    lowest = sorted(scores.values(), reverse=True)[limit - 1 : limit]
    high = [item for item in scores.items() if not lowest or item[1] >= lowest[0]]
    return sorted(high, key=lambda item: (-item[1], item[0]))[:limit]


def _within_budget(frequencies: Mapping[str, int]) -> list[str]:
    """The rarest words that together match at most `MAX_RANKED_ROWS` rows."""
    total, taken = 0, []
    for word, count in frequencies.items():
        total += count
        if total > MAX_RANKED_ROWS:
            break
        if count:
            taken.append(word)
    return taken


def _bm25_scores(db: Database, word: str, where: Filter) -> dict[int, float]:
    """Chunk -> BM25 of one word, for the chunks that contain it."""
    # CROSS JOIN keeps the order of the tables: read from the notes first, the full text would be searched
    # once for each note.
    filtered = f"""
        CROSS JOIN chunk ON chunk.id = fulltext.rowid
        CROSS JOIN note ON note.id = chunk.note AND {where.sql}
    """
    sql = f"""
        SELECT fulltext.rowid, -bm25(fulltext, {WEIGHTS})
        FROM fulltext {filtered if where.sql else ""} WHERE fulltext MATCH :match
    """
    return dict(db.execute(sql, {**where.row, "match": match([word])}).fetchall())


def _places(db: Database, chunks: Sequence[int]) -> list[tuple[int, tuple[int, int]]]:
    """Chunk, and its note and position."""
    found: list[tuple[int, tuple[int, int]]] = []
    for start in range(0, len(chunks), _BATCH_SIZE):
        batch = chunks[start : start + _BATCH_SIZE]
        sql = f"SELECT id, note, position FROM chunk WHERE id IN ({', '.join('?' * len(batch))})"
        found += ((id_, (note, at)) for id_, note, at in db.execute(sql, batch))
    return found


def _common_words_only(
    db: Database, words: Sequence[str], where: Filter, limit: int
) -> list[Candidate]:
    """The newest chunks for words that are all common: ranking them would take too long.

    The first of these that exist: chunks with all words, with a word in a title or heading, with the rarest
    word.
    """
    if not words:
        return []
    for expression in (
        match(words, join=" AND "),
        match(words, columns="{title about heading_path} : "),
        match(words[:1]),
    ):
        # CROSS JOIN keeps the order of the tables: SQLite reads the newest rows first until the limit.
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
