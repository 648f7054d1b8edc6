"""Injected: what hooks have shown to agents, and why. Search: the same for a question of a person."""

from __future__ import annotations

import os
from itertools import groupby
from typing import TYPE_CHECKING, Any

from memcairn.cli.passages import matching
from memcairn.errors import UsageError
from memcairn.evaluate import evaluation
from memcairn.hosts import events, payload, recall_log
from memcairn.hosts.recall_log import Recall, ShownPlace
from memcairn.search.query import Query
from memcairn.search.relevance import RELEVANT
from memcairn.sessions import Sessions
from memcairn.settings import project
from memcairn.ui import TEXT
from memcairn.ui.site import PAGE_SIZE, Pages, Shown, address

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from memcairn.sessions import Session
    from memcairn.ui.site import Ask

MAX_PASSAGES = 20


def page(ask: Ask) -> Shown:
    """The sessions, or one of them and its recalls; or the answer to a question."""
    sessions = Sessions(ask.memory.home)
    given = ask.query.get("session", "")
    if not given:
        pages = Pages(ask.number("page"), sessions.count(), PAGE_SIZE // 2)
        found = sessions.latest(pages.size, pages.part.start)
        rows = [(one, *recall_log.counts(one)) for one in found]
        return Shown("sessions", {"sessions": rows, "pages": pages})
    session = sessions.get(given)
    if session is None:
        raise UsageError(TEXT.no_session)
    query = ask.query.get("q", "").strip()
    listed = recall_log.of_session(session)
    pages = Pages(ask.number("page"), len(listed), PAGE_SIZE // 5)
    asked = [_asked(ask, session, query)] if query else []
    values = {
        "session": session,
        "asked": [(one, _explained(one)) for one in asked],
        "recalls": [(one, _explained(one)) for one in listed[pages.part]],
        "pages": pages,
        "q": query,
        "gate": RELEVANT,
        "back": address("/injected", session=session.id, page=pages.number),
    }
    return Shown("injected", values)


def _asked(ask: Ask, session: Session, query: str) -> Recall:
    """What a prompt would find in this session now; nothing is logged."""
    event = payload.from_fields("user-prompt", session.host, {"cwd": ask.memory.home})
    scope = events.scope_of(ask.memory, event)
    if session.root:
        roots = tuple(dict.fromkeys((session.root, *scope.roots)))
        others = tuple(root for root in scope.others if root not in roots)
        scope = scope._replace(own=session.root, roots=roots, others=others)
    found, shown = recall_log.try_out(ask.memory, scope, query)
    return Recall(session, 0.0, event.name, tuple(place for place, _ in shown), query, found)


def _explained(one: Recall) -> list[dict[str, Any]]:
    """A row for each passage: those shown, then the other candidates, with words and score."""
    known = {(found.path, found.start_line): found for found in one.candidates or ()}
    rows = [(place, True, known.pop((place.path, place.first), None)) for place in one.shown]
    rows += [
        (ShownPlace(found.path, found.start_line, found.end_line, found.score), False, found)
        for found in known.values()
    ]
    explained = []
    for place, is_shown, passage in rows:
        parts = marked(one.query or "", passage.matched if passage else ())
        explained.append(
            {
                **place._asdict(),
                "outcome": recall_log.outcome(place.score, is_shown=is_shown),
                "passage": passage,
                "words": list(dict.fromkeys(part for is_word, part in parts if is_word)),
            }
        )
    return explained


def marked(text: str, words: Sequence[str]) -> Iterator[tuple[bool, str]]:
    """The parts of a text, each with whether it is a word of the query."""
    for line in text.strip("\n").split("\n"):
        positions = matching(line, words) if words else set()
        for is_word, group in groupby(range(len(line)), positions.__contains__):
            yield is_word, "".join(line[position] for position in group)
        yield False, "\n"


def search(ask: Ask) -> Shown:
    """The passages that a question finds, with the parts of each score."""
    query, root = ask.query.get("q", "").strip(), ask.query.get("root", "")
    found = ask.memory.search(Query(query, MAX_PASSAGES, root=root or None)) if query else []
    above = sum(one.score >= RELEVANT for one in found)
    passages = [(one, list(marked(one.text, one.matched))) for one in found]
    values = {"q": query, "root": root, "passages": passages, "above": above, "gate": RELEVANT}
    return Shown("search", values)


def question(ask: Ask) -> str:
    """Save what should, or should not, have been found, as a question for `memcairn eval`."""
    text, path = ask.form.get("question", "").strip(), ask.form.get("path", "")
    if not text:
        raise UsageError(TEXT.question_missing)
    root = ask.root_of(path)
    first, last = (int(ask.form.get(name, "1")) for name in ("first", "last"))
    place = (os.path.relpath(path, root), first, last)
    file = os.path.join(ask.memory.home, "questions", f"{project.key(root)}.json")
    is_wanted = ask.form.get("verdict") == "should have"
    number = evaluation.add(file, text, place, is_wanted=is_wanted)
    return ask.done(ask.back, TEXT.question_saved, number=number, file=file, root=root)
