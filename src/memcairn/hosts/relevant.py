"""What is relevant to a prompt or an error, among the notes that concern a project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memcairn.search.relevance import RELEVANT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from memcairn.hosts.scopes import Scope
    from memcairn.search.passages import Passage

    # Text, the most passages, and the root that they are to be in, if it is to be one.
    Search = Callable[[str, int, str | None], Sequence[Passage]]

# Looked at; the budget decides how many are shown.
MAX_PASSAGES = 10
MAX_QUERY_CHARS = 2_000


def relevant(search: Search, scope: Scope, query: str) -> list[Passage]:
    """The passages that are relevant enough to be shown unasked, best first."""
    query = _shortened(query)
    if not query or not scope.roots:
        return []
    found = search(query, MAX_PASSAGES, None)
    concerning = [passage for passage in found if scope.holds(passage.path)]
    if len(found) == MAX_PASSAGES and len(concerning) < len(found):
        # Other projects crowd the answer: ask root by root.
        concerning = _root_by_root(search, scope, query)
    return [passage for passage in concerning if passage.score >= RELEVANT]


def _root_by_root(search: Search, scope: Scope, query: str) -> list[Passage]:
    found = {
        (passage.path, passage.start_line): passage
        for root in scope.roots
        for passage in search(query, MAX_PASSAGES, root)
        if scope.holds(passage.path)
    }
    return sorted(found.values(), key=lambda passage: -passage.score)


def _shortened(query: str) -> str:
    """A query of a length that is searched for: the beginning and the end of a longer one."""
    query = query.strip()
    if len(query) <= MAX_QUERY_CHARS:
        return query
    half = MAX_QUERY_CHARS // 2
    return f"{query[:half]} {query[-half:]}"
