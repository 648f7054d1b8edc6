"""Today: whether it works, what was said, what was learned, what waits."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from memcairn.hosts import recall_log
from memcairn.store import catalogue
from memcairn.ui.site import Shown

if TYPE_CHECKING:
    from memcairn.hosts.check import HostState
    from memcairn.ui.site import Ask

MAX_RECALLS = 6
MAX_NOTES = 8


def page(ask: Ask) -> Shown:
    """The page."""
    states = ask.site.agents.states()
    now = datetime.now().astimezone()
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    since = (today - timedelta(days=1)).timestamp()
    learned, notes = ask.read(
        lambda db: catalogue.find(db, os.sep, since=since, by_time=True, limit=MAX_NOTES)
    )
    values: dict[str, object] = {
        "agents": states and [_agent(one) for one in states if one.is_present or one.installations],
        "recalls": list(islice(recall_log.latest(ask.memory.home), MAX_RECALLS)),
        "learned": learned,
        "notes": notes,
        "queue": ask.memory.queue_status(),
        "embedding": ask.memory.unembedded(),
    }
    return Shown("today", values)


def _agent(state: HostState) -> dict[str, Any]:
    """How an agent is: "good", "bad", "todo" or "absent", and the reasons."""
    reasons = [text for one in state.installations for text in (*one.problems, *one.todo)]
    how = "bad" if not state.is_good else "todo" if reasons else "good"
    how = how if state.installations else "absent"
    return {"name": state.name, "title": state.title, "how": how, "reasons": reasons}
