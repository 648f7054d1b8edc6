"""Search: passages with the parts of each score, and the gate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memcairn.search.query import Query
from memcairn.search.relevance import RELEVANT
from memcairn.ui.pages.injected import marked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from memcairn.ui.site import Ask

MAX_PASSAGES = 20


def page(ask: Ask) -> Mapping[str, object]:
    """The values of the page."""
    query = ask.query.get("q", "").strip()
    root = ask.query.get("root", "")
    passages = ask.memory.search(Query(query, MAX_PASSAGES, root=root or None)) if query else []
    return {
        "q": query,
        "root": root,
        "roots": [one.path for one in ask.memory.roots()],
        "passages": [(one, list(marked(one.text, one.matched))) for one in passages],
        "above": sum(one.score >= RELEVANT for one in passages),
        "gate": RELEVANT,
    }
