"""Inbox: what `memcairn review` walks, one proposal at a time, with its evidence side by side."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from memcairn.root import review
from memcairn.root.inbox import CONSENTS
from memcairn.settings import project
from memcairn.ui import TEXT, markdown
from memcairn.ui.site import Shown, address
from memcairn.vault.diff import unified

if TYPE_CHECKING:
    from collections.abc import Iterator

    from memcairn.root.inbox import Proposal
    from memcairn.ui.site import Ask

MAX_DECIDED = 10
MAX_DIFF_BYTES = 50_000
# The keys of the decisions; those that need two notes or a text are offered only with them.
KEYS = {
    "keep": "x", "edit": "e", "merge": "m", "supersede": "s", "archive": "v", "forget": "d", "add": "w",
}  # fmt: skip


def count_waiting(ask: Ask) -> int:
    """How many proposals wait."""
    return sum(1 for _ in _all(ask))


def _all(ask: Ask, *, decided: bool = False) -> Iterator[tuple[str, Proposal]]:
    """The proposals of the roots that have an inbox, each with its root."""
    top = os.path.join(ask.memory.home, "inbox")
    for folder in ask.roots:
        if os.path.isdir(os.path.join(top, project.key(folder))):
            with ask.opened(folder) as root:
                yield from ((folder, one) for one in review.proposals(root, decided=decided))


def page(ask: Ask) -> Shown:
    """One proposal, by default the oldest; `edit` shows its text to edit."""
    listed = sorted(_all(ask), key=lambda one: (one[1].made, one[1].id))
    decided = sorted(_all(ask, decided=True), key=lambda one: one[1].decided, reverse=True)
    wanted = ask.query.get("id", "")
    at = next((n for n, (_, one) in enumerate(listed) if one.id == wanted), 0)
    consents = []
    for folder in ask.roots:
        with ask.opened(folder) as root:
            consents.append((folder, root.inbox.consent))
    values: dict[str, object] = {
        "total": len(listed),
        "at": at,
        "one": None,
        "decided": decided[:MAX_DECIDED],
        "consents": consents,
        "words": CONSENTS,
        "previous": listed[at - 1][1].id if at > 0 else "",
        "next": listed[at + 1][1].id if at + 1 < len(listed) else "",
    }
    if not listed:
        return Shown("inbox", values)
    folder, one = listed[at]
    with ask.opened(folder) as root:
        evidence = review.evidence(root, one)
    before = evidence[0].text if evidence and one.action == "edit" else ""
    names = (one.paths[0], TEXT.proposed) if before else ("", "")
    values |= {
        "one": one,
        "root": folder,
        "evidence": [(note, markdown.render(note.text, lambda _: None)) for note in evidence],
        "diff": before and unified(before, one.text, names=names, max_bytes=MAX_DIFF_BYTES).text,
        "actions": [(action, KEYS[action]) for action in KEYS if _fits(action, one)],
        "text": one.text or (evidence[0].text if evidence else ""),
    }
    return Shown("inbox", values)


def _fits(action: str, one: Proposal) -> bool:
    """Whether a decision is offered beside the proposed one."""
    if action == one.action or not one.paths:
        return action == "keep"
    needs = {"merge": len(one.paths) > 1, "supersede": len(one.paths) == 2, "add": False}
    return needs.get(action, action != "edit" or len(one.paths) == 1)


def decide(ask: Ask) -> str:
    """Decide a proposal, as proposed or otherwise, and go on to the next one."""
    action, text = ask.form.get("action", ""), ask.form.get("text")
    with ask.opened() as root:
        text = text and text.replace("\r\n", "\n")
        review.decide(root, ask.form.get("id", ""), action, text=text)
    place = address("/inbox", id=ask.form.get("next", ""))
    return ask.done(place, TEXT.decided, action=TEXT.decisions.get(action, action))


def undo(ask: Ask) -> str:
    """Undo a decision: the proposal waits again."""
    with ask.opened() as root:
        review.undo(root, ask.form.get("id", ""))
    return ask.done(address("/inbox", id=ask.form.get("id", "")), TEXT.decision_undone)


def look(ask: Ask) -> str:
    """Ask about the notes that agents wrote, or about what the rules of `memcairn tidy` find."""
    with ask.opened() as root:
        before = len(review.proposals(root))
        is_written = ask.form.get("do") == "written"
        review.ask_about_written(root) if is_written else review.tidy(root)
        return ask.done("/inbox", TEXT.looked, number=len(review.proposals(root)) - before)


def consent(ask: Ask) -> str:
    """Set what agents may write without asking."""
    with ask.opened() as root:
        root.inbox.set_consent(ask.form.get("consent", ""))
    return ask.done("/inbox", TEXT.saved)
