"""What is asked: words, and which notes may answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from memcairn import paths

if TYPE_CHECKING:
    from collections.abc import Sequence


class Query(NamedTuple):
    """A search.

    Args:
        text: words, a question, an error message: anything.
        limit: the most passages that are wanted.
        namespace: only notes with this label.
        root: only notes below this folder (real path).
        budget_words: the most words that all passages together may have.
    """

    text: str
    limit: int = 10
    namespace: str | None = None
    root: str | None = None
    budget_words: int | None = None


class Filter(NamedTuple):
    """A condition on the table `note`, as SQL with named parameters; "" lets every note pass."""

    sql: str
    row: dict[str, Any]


def note_filter(query: Query) -> Filter:
    """Which notes may answer. An unknown namespace lets none pass."""
    terms: list[str] = []
    row: dict[str, Any] = {}
    if query.namespace is not None:
        terms.append("note.namespace = :namespace")
        row["namespace"] = query.namespace
    if query.root is not None:
        terms.append("(note.path = :root OR note.path > :root_low AND note.path < :root_high)")
        low, high = paths.bounds_below(query.root)
        row |= {"root": paths.to_db(query.root), "root_low": low, "root_high": high}
    return Filter(" AND ".join(terms), row)


def match(words: Sequence[str], *, join: str = " OR ", columns: str = "") -> str:
    """A MATCH expression for these words. Quoted, so that none of them can be an operator."""
    quoted = ('"' + word.replace('"', '""') + '"' for word in words)
    return columns + "(" + join.join(quoted) + ")"
