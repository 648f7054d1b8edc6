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

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from memcairn.search.index import Lexicon, SearchIndex
    from memcairn.store.search_values import NoteFilter

MAX_RANKED_ROWS = 4_000
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


def known_forms(index: Lexicon, words: Sequence[str], language: str) -> list[str]:
    """The words of a query in the forms that the notes have.

    Args:
        index: the words of the notes.
        words: of a query.
        language: its language; a word that no note has is replaced by the most common one that has the same
            stem in this language.
    """
    stems = {
        word: stem
        for word in words
        if len(stem := stem_in(word, language)) >= _MIN_STEM and word.isalpha()
    }
    for word in index.existing(list(stems)):
        del stems[word]
    return list(
        dict.fromkeys(_known_form(index, word, stems.get(word), language) for word in words)
    )


def _known_form(index: Lexicon, word: str, stem: str | None, language: str) -> str:
    if stem is None:
        return word
    forms = index.words_beginning(stem, _MAX_FORMS)
    same = (form for form in forms if form.isalpha() and stem_in(form, language) == stem)
    return next(same, word)


def word_frequencies(index: Lexicon, words: Sequence[str]) -> dict[str, int]:
    """The number of chunks that contain each word, rarest first, counted to `MAX_RANKED_ROWS` + 1."""
    counted = index.frequencies(words, MAX_RANKED_ROWS + 1)
    return dict(sorted(counted.items(), key=lambda item: item[1]))


def find_candidates(
    index: SearchIndex, frequencies: Mapping[str, int], where: NoteFilter, *, limit: int
) -> list[Candidate]:
    """The chunks that match best, best first; the best has the score 1.

    Args:
        index: what is searched.
        frequencies: the words of the query, as `word_frequencies` returns them.
        where: the notes that may be found.
        limit: the maximum number of candidates.
    """
    indexed = [word for word, count in frequencies.items() if count]
    rare = _within_budget(frequencies)
    if not rare:
        newest = index.newest(indexed, where, limit) if indexed else []
        return [Candidate(*place, 1.0, (1.0,)) for place in newest]
    by_word = index.bm25(rare, where)
    *others, most_common = by_word
    totals = dict(most_common)
    for ranked in others:
        for chunk, score in ranked.items():
            totals[chunk] = totals.get(chunk, 0.0) + score
    best = _best(totals, limit)
    places = {place[0]: place for place in index.places([chunk for chunk, _ in best])}
    highest = best[0][1] if best else 1.0
    return [
        Candidate(
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
