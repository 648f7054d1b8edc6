"""Today: whether it works, what was said, what was learned, what waits."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from memcairn.store import catalogue
from memcairn.ui.pages import inbox, injected

if TYPE_CHECKING:
    from collections.abc import Mapping

    from memcairn.hosts.check import HostState
    from memcairn.ui.site import Ask

MAX_RECALLS = 6
MAX_NOTES = 8


def page(ask: Ask) -> Mapping[str, object]:
    """The values of the page."""
    states = ask.site.agents.states()
    since = yesterday()
    learned, notes = ask.read(
        lambda db: catalogue.find(db, os.sep, since=since, by_time=True, limit=MAX_NOTES)
    )
    return {
        "agents": None
        if states is None
        else [_agent(state) for state in states if _is_here(state)],
        "recalls": list(islice(injected.latest(ask.memory.home), MAX_RECALLS)),
        "learned": learned,
        "notes": notes,
        "waiting": inbox.waiting(ask.memory),
        "queue": ask.memory.queue_status(),
        "embedding": ask.memory.unembedded(),
    }


def yesterday() -> float:
    """The beginning of yesterday, local time, in seconds since 1970."""
    now = datetime.now().astimezone()
    return (now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)).timestamp()


def _is_here(state: HostState) -> bool:
    return state.is_present or bool(state.installations)


def _agent(state: HostState) -> dict[str, Any]:
    """How an agent is: "good", "bad", "todo" or "absent", and the reasons."""
    reasons = [text for one in state.installations for text in (*one.problems, *one.todo)]
    if not state.installations:
        how = "absent"
    elif not state.is_good:
        how = "bad"
    else:
        how = "todo" if reasons else "good"
    return {"name": state.name, "title": state.title, "how": how, "reasons": reasons}
