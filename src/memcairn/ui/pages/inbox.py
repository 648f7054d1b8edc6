"""Inbox: what `memcairn review` walks, one proposal at a time, with its evidence side by side."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from memcairn.errors import UsageError
from memcairn.root import review
from memcairn.root.inbox import CONSENTS
from memcairn.settings import project
from memcairn.ui import markdown
from memcairn.ui.site import address
from memcairn.ui.strings import TEXT
from memcairn.vault.diff import unified

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from memcairn.memory import Memory
    from memcairn.root import OpenRoot
    from memcairn.root.inbox import Proposal
    from memcairn.ui.site import Ask

MAX_DECIDED = 10
MAX_DIFF_BYTES = 50_000
# The keys of the decisions; those that need two notes or a text are offered only with them.
KEYS = {
    "keep": "x", "edit": "e", "merge": "m", "supersede": "s", "archive": "v", "forget": "d", "add": "w",
}  # fmt: skip


def waiting(memory: Memory) -> int:
    """How many proposals wait."""
    return len(_waiting(memory))


def _waiting(memory: Memory) -> list[tuple[str, Proposal]]:
    """The proposals of all roots, each with its root, the oldest first."""
    found: list[tuple[str, Proposal]] = []
    for folder in _folders(memory):
        with _opened(memory, folder) as root:
            found += [(folder, one) for one in review.proposals(root)]
    return sorted(found, key=lambda one: (one[1].made, one[1].id))


def _folders(memory: Memory) -> list[str]:
    """The roots that have an inbox."""
    top = os.path.join(memory.home, "inbox")
    return [
        root.path
        for root in memory.roots()
        if os.path.isdir(root.path) and os.path.isdir(os.path.join(top, project.key(root.path)))
    ]


@contextmanager
def _opened(memory: Memory, folder: str) -> Iterator[OpenRoot]:
    if folder not in [root.path for root in memory.roots()]:
        raise UsageError(TEXT.no_root, path=folder)
    root = memory.open_root(folder)
    try:
        yield root
    finally:
        root.close()


def page(ask: Ask) -> Mapping[str, object]:
    """One proposal, by default the oldest; `edit` shows its text to edit."""
    listed = _waiting(ask.memory)
    wanted = ask.query.get("id", "")
    at = next((n for n, (_, one) in enumerate(listed) if one.id == wanted), 0)
    decided = []
    for folder in _folders(ask.memory):
        with _opened(ask.memory, folder) as root:
            decided += [(folder, one) for one in review.proposals(root, decided=True)]
    decided.sort(key=lambda one: one[1].decided, reverse=True)
    roots = [root.path for root in ask.memory.roots() if os.path.isdir(root.path)]
    values: dict[str, object] = {
        "total": len(listed),
        "at": at,
        "one": None,
        "decided": decided[:MAX_DECIDED],
        "consents": [(root, _consent(ask.memory, root)) for root in roots],
        "words": CONSENTS,
        "previous": listed[at - 1][1].id if at > 0 else "",
        "next": listed[at + 1][1].id if at + 1 < len(listed) else "",
    }
    if not listed:
        return values
    folder, one = listed[at]
    with _opened(ask.memory, folder) as root:
        evidence = review.evidence(root, one)
    before = evidence[0].text if evidence and one.action == "edit" else ""
    names = (one.paths[0], TEXT.proposed) if before else ("", "")
    return values | {
        "one": one,
        "root": folder,
        "evidence": [(note, markdown.render(note.text, lambda _: None)) for note in evidence],
        "diff": unified(before, one.text, names=names, max_bytes=MAX_DIFF_BYTES)
        if before
        else None,
        "actions": [(action, KEYS[action]) for action in KEYS if _fits(action, one)],
        "text": one.text or (evidence[0].text if evidence else ""),
        "is_edited": "edit" in ask.query,
    }


def _fits(action: str, one: Proposal) -> bool:
    """Whether a decision is offered beside the proposed one."""
    if action == one.action or not one.paths:
        return action == "keep"
    needs = {"merge": len(one.paths) > 1, "supersede": len(one.paths) == 2, "add": False}
    return needs.get(action, action != "edit" or len(one.paths) == 1)


def _consent(memory: Memory, folder: str) -> str:
    with _opened(memory, folder) as root:
        return root.inbox.consent


def decide(ask: Ask) -> str:
    """Decide a proposal, as proposed or otherwise, and go on to the next one."""
    id_, action = ask.form.get("id", ""), ask.form.get("action", "")
    text = ask.form.get("text")
    with _opened(ask.memory, ask.form.get("root", "")) as root:
        review.decide(root, id_, action, text=text and text.replace("\r\n", "\n"))
    ask.say(TEXT.decided.format(action=TEXT.decisions.get(action, action)))
    return address("/inbox", id=ask.form.get("next", ""))


def undo(ask: Ask) -> str:
    """Undo a decision: the proposal waits again."""
    id_ = ask.form.get("id", "")
    with _opened(ask.memory, ask.form.get("root", "")) as root:
        review.undo(root, id_)
    ask.say(TEXT.decision_undone)
    return address("/inbox", id=id_)


def consent(ask: Ask) -> str:
    """Set what agents may write without asking."""
    with _opened(ask.memory, ask.form.get("root", "")) as root:
        root.inbox.set_consent(ask.form.get("consent", ""))
    ask.say(TEXT.consent_saved)
    return "/inbox"
