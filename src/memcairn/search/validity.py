"""Outdated notes: their `valid_until` has passed, or `superseded_by` is set.

A search still returns them, below valid notes, and reports why they are outdated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from memcairn.search.index import Notes, SearchIndex
    from memcairn.search.keyword import Candidate
    from memcairn.search.query import Query
    from memcairn.store.search_values import NoteFilter

# An outdated note keeps this share of its score: it ranks below valid notes that are half as relevant, and
# above less relevant ones.
OUTDATED_FACTOR = 0.5
# A note that was replaced keeps at most this share of the score of its successor, if that was found, too.
BELOW_SUCCESSOR = 0.99


class Outdated(NamedTuple):
    """Why a note is outdated.

    Attributes:
        expired: the last day on which it was valid, if that has passed.
        superseded_by: the path of the note that replaced it, or the name it gives; None if there is none.
    """

    expired: str | None
    superseded_by: str | None


def find_outdated(index: Notes, candidates: Iterable[int], query: Query) -> dict[int, Outdated]:
    """The outdated ones among some notes, on the day that the search is about."""
    ids = list(dict.fromkeys(candidates))
    found: dict[int, Outdated] = {}
    for id_, path, root, valid_until, name in index.ends(ids):
        expired = valid_until if valid_until and valid_until[:10] < query.day else None
        successor = name and _successor(index, path, root, name, query)
        if expired or successor:
            found[id_] = Outdated(expired and expired[:10], successor or None)
    current = [id_ for id_ in ids if found.get(id_, _CURRENT).superseded_by is None]
    for id_, (path, date, mtime_ns) in index.newer(current):
        before = found.get(id_, _CURRENT)
        if before.superseded_by is None and not _is_later(date, mtime_ns, query):
            found[id_] = Outdated(before.expired, path)
    return found


_CURRENT = Outdated(None, None)


def _is_later(date: str | None, mtime_ns: int, query: Query) -> bool:
    """Whether a note came only after the time that the search is about."""
    as_of = query.date_span("as_of")
    if as_of is None:
        return False
    end = as_of.end
    return date >= end.text if date else mtime_ns == 0 or mtime_ns >= end.mtime_ns


def demote_outdated(
    index: Notes, ranked: Sequence[Candidate], outdated: Mapping[int, Outdated]
) -> list[Candidate]:
    """The candidates, best first, after outdated notes have been demoted below what replaced them."""
    if not outdated:
        return list(ranked)
    demoted = [
        c._replace(score=c.score * OUTDATED_FACTOR) if c.note in outdated else c for c in ranked
    ]
    best: dict[int, float] = {}
    for c in demoted:
        best[c.note] = max(best.get(c.note, 0.0), c.score)
    newer = _successors(index, outdated)
    last = {note: _last(note, newer) for note in newer}
    below = {
        note: best[end] * BELOW_SUCCESSOR
        for note, end in last.items()
        if end in best and end not in outdated
    }
    capped = [c._replace(score=min(c.score, below.get(c.note, c.score))) for c in demoted]
    return sorted(capped, key=lambda c: -c.score)


def add_successors(
    index: SearchIndex, ranked: Sequence[Candidate], query: Query, where: NoteFilter
) -> tuple[list[Candidate], dict[int, Outdated]]:
    """The candidates, and for a note that was replaced the one that replaced it; and the outdated ones.

    The newer note may have none of the words of a query that asks for the older one.
    """
    found = list(ranked)
    outdated = find_outdated(index, (c.note for c in found), query)
    for _ in range(_MAX_CHAIN):
        best = {c.note: c for c in reversed(found)}
        missing = {
            new: best[old]
            for old, new in _successors(index, outdated).items()
            if new not in best and old in best
        }
        added = [
            missing[note]._replace(chunk=chunk, note=note, position=position, words=())
            for chunk, note, position in index.first_chunks(list(missing), where)
        ]
        if not added:
            break
        found += added
        outdated |= find_outdated(index, (c.note for c in added), query)
    return found, outdated


_MAX_CHAIN = 10


def _last(note: int, newer: Mapping[int, int]) -> int:
    """The end of a chain of notes that replaced each other."""
    for _ in range(_MAX_CHAIN):
        if note not in newer:
            break
        note = newer[note]
    return note


def _successors(index: Notes, outdated: Mapping[int, Outdated]) -> dict[int, int]:
    """The ids of the notes that replaced outdated ones."""
    ids = index.ids(why.superseded_by for why in outdated.values() if why.superseded_by)
    return {
        note: ids[why.superseded_by]
        for note, why in outdated.items()
        if why.superseded_by is not None and why.superseded_by in ids
    }


def _successor(index: Notes, path: str, root: int, name: str, query: Query) -> str | None:
    """The note that replaced another; None if it did so only after the time that the search is about."""
    named = index.named(path, root, name)
    if named is None:
        return name
    found, date, mtime_ns = named
    return None if found == path or _is_later(date, mtime_ns, query) else found
