"""Recall: what notes say about a prompt or an error, for a model that did not ask."""

from __future__ import annotations

import os
import time
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from memcairn.search.relevance import LIKELY

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from memcairn.hosts.payload import HookEvent
    from memcairn.hosts.scopes import Scope
    from memcairn.search.passages import Passage
    from memcairn.sessions import Session
    from memcairn.settings.config import Config

    # Text, maximum number of passages, and the root to search, None for all.
    Search = Callable[[str, int, str | None], Sequence[Passage]]

# Candidates; the budget decides how many are shown.
MAX_PASSAGES = 10
MAX_QUERY_CHARS = 2_000


class Recalled(NamedTuple):
    """What was found for a prompt or an error; `time` in seconds since the epoch, candidates best first."""

    time: float
    session: str
    event: str
    query: str
    candidates: Sequence[Passage]


# The latest, for `memcairn ui`. Only in this process, since what somebody asked is not written to a file.
RECENT: deque[Recalled] = deque(maxlen=100)


def recall(
    search: Search,
    event: HookEvent,
    scope: Scope,
    settings: Config,
    home: str,
    session: Session | None,
) -> str:
    """Text for the model about a prompt or an error, "" for none.

    Args:
        search: searches all roots, or one.
        event: with the prompt or the error.
        scope: the project.
        settings: the user's settings.
        home: the folder of caches and state.
        session: what it was shown is not repeated.
    """
    asked_at, query = time.time(), event.prompt or event.error
    found = candidates(search, scope, query)
    if query and session is not None:
        RECENT.append(Recalled(asked_at, session.id, event.name, query[:MAX_QUERY_CHARS], found))
    passages = [passage for passage in found if passage.score >= LIKELY]
    if passages:
        passages = without_held(passages, scope, home)
    if not passages:
        return ""
    from memcairn.hosts import recall_text  # noqa: PLC0415 - mostly nothing is relevant

    return recall_text.render(passages, event, scope, settings, home, session)


def without_held(passages: list[Passage], scope: Scope, home: str) -> list[Passage]:
    """Without the notes that came from elsewhere and wait until a person has looked at them."""
    if not os.path.isdir(os.path.join(home, "inbox")):
        return passages
    from memcairn.root import inbox  # noqa: PLC0415 - mostly nothing waits

    held = inbox.held(home, scope.roots)
    return [passage for passage in passages if passage.path not in held]


def candidates(search: Search, scope: Scope, query: str) -> list[Passage]:
    """The passages that concern a project, best first; those below `LIKELY` are not shown unasked."""
    query = _shortened(query)
    if not query or not scope.roots:
        return []
    passages = search(query, MAX_PASSAGES, None)
    concerning = [passage for passage in passages if scope.holds(passage.path)]
    if len(passages) == MAX_PASSAGES and len(concerning) < len(passages):
        # Passages of other projects took places: search root by root.
        concerning = _root_by_root(search, scope, query)
    return concerning


def _root_by_root(search: Search, scope: Scope, query: str) -> list[Passage]:
    found = {
        (passage.path, passage.start_line): passage
        for root in scope.roots
        for passage in search(query, MAX_PASSAGES, root)
        if scope.holds(passage.path)
    }
    return sorted(found.values(), key=lambda passage: -passage.score)


def _shortened(query: str) -> str:
    """A query that is not too long for a search: the beginning and the end of a longer one."""
    query = query.strip()
    if len(query) <= MAX_QUERY_CHARS:
        return query
    half = MAX_QUERY_CHARS // 2
    return f"{query[:half]} {query[-half:]}"
