"""Injected: what hooks have shown to agents, why, and what stayed below the gate.

Session logs contain no prompts. The resident process remembers the latest ones in memory; for an older
one, the page can ask again.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

from memcairn.cli.passages import matching
from memcairn.errors import UsageError
from memcairn.evaluate import evaluation
from memcairn.hosts import events, payload, recall_text
from memcairn.hosts import recall as recalling
from memcairn.search.query import Query
from memcairn.search.relevance import RELEVANT
from memcairn.sessions import Sessions
from memcairn.settings import project
from memcairn.ui.pages.notes import root_of
from memcairn.ui.site import PAGE_SIZE, Pages, address
from memcairn.ui.strings import TEXT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from memcairn.memory import Memory
    from memcairn.search.passages import Passage
    from memcairn.sessions import Session
    from memcairn.ui.site import Ask

_RECALL = f'"{recall_text.RECALL}'.encode()
# The first page looks for the last recalls in this many sessions.
MAX_SESSIONS = 50
# The log line of a recall is written within this time after the search; in seconds.
_MAX_APART_S = 60.0
# Logs have milliseconds.
_ROUNDED_S = 0.001


@dataclass(frozen=True, slots=True)
class Recall:
    """One recall: the event, the passages shown, and the prompt if this process remembers it.

    `shown`: (path, first line, last line, score). `candidates`: None if unknown.
    """

    session: Session
    time: float
    event: str
    shown: tuple[tuple[str, int, int, float], ...]
    query: str | None = None
    candidates: Sequence[Passage] | None = None


def latest(home: str) -> Iterator[Recall]:
    """The recalls of the latest sessions that showed something, the latest session first."""
    sessions = sorted(
        Sessions(home).latest(MAX_SESSIONS), key=lambda one: one.last_active_at(), reverse=True
    )
    for session in sessions:
        yield from (one for one in recalls(session) if one.shown)


def recalls(session: Session) -> list[Recall]:
    """The recalls of a session, the latest first; also those that showed nothing, if remembered."""
    remembered = [one for one in recalling.RECENT if one.session == session.id]
    found: list[Recall] = []
    for time, event, shown in _logged(session.lines(_RECALL)):
        match = next(
            (
                one
                for one in reversed(remembered)
                if one.event == event
                and one.time <= time + _ROUNDED_S
                and time - one.time < _MAX_APART_S
                and any(found.score >= RELEVANT for found in one.candidates)
            ),
            None,
        )
        if match is None:
            found.append(Recall(session, time, event, shown))
        else:
            remembered.remove(match)
            found.append(Recall(session, time, event, shown, match.query, match.candidates))
    found += [
        Recall(session, one.time, one.event, (), one.query, one.candidates) for one in remembered
    ]
    return sorted(found, key=lambda one: one.time, reverse=True)


def _logged(
    lines: Sequence[dict[str, Any]],
) -> Iterator[tuple[float, str, tuple[tuple[str, int, int, float], ...]]]:
    """Each recall in a log: its time, event and passages. "found" begins one; see recall_text.render."""
    number = 0

    def of(line: dict[str, Any]) -> int:
        nonlocal number
        number += line.get("outcome") == "found"
        return number

    for _, group in groupby(lines, of):
        one = list(group)
        event = str(one[0].get("tool")).removeprefix(recall_text.RECALL)
        shown = tuple(_place(line) for line in one if line.get("outcome") == "shown")
        yield seconds(str(one[0].get("time"))), event, shown


def _place(line: dict[str, Any]) -> tuple[str, int, int, float]:
    first, _, last = str(line.get("lines", "1-1")).partition("-")
    numbers = [int(one) if one.isdigit() else 1 for one in (first, last)]
    return str(line.get("path")), numbers[0], numbers[1], float(line.get("score") or 0.0)


def seconds(time: str) -> float:
    """Seconds since 1970 of a time in a log; 0 if it is damaged."""
    try:
        return datetime.fromisoformat(time).timestamp()
    except ValueError:
        return 0.0


def page(ask: Ask) -> Mapping[str, object]:
    """The sessions, or one of them and its recalls; or the answer to a question."""
    home = ask.memory.home
    sessions = Sessions(home)
    given = ask.query.get("session", "")
    session = sessions.get(given) if given else None
    if given and session is None:
        raise UsageError(TEXT.no_session)
    if session is None:
        pages = Pages(ask.number("page"), sessions.count(), PAGE_SIZE // 2)
        found = sessions.latest(pages.size, pages.number * pages.size)
        rows = [(one, recalls(one)) for one in found]
        return {"session": None, "sessions": rows, "pages": pages}
    query = ask.query.get("q", "").strip()
    asked = _asked(ask.memory, session, query) if query else None
    listed = recalls(session)
    return {
        "session": session,
        "recalls": [(one, _explained(one)) for one in listed],
        "q": query,
        "asked": asked and (asked, _explained(asked)),
        "gate": RELEVANT,
        "back": address("/injected", session=session.id),
    }


def _asked(memory: Memory, session: Session, query: str) -> Recall:
    """What a prompt would find in this session now; nothing is logged."""
    event = payload.from_fields("user-prompt", session.host, {"cwd": memory.home, "prompt": query})
    scope = events.scope_of(memory, event)
    if session.root:
        roots = tuple(dict.fromkeys((session.root, *scope.roots)))
        others = tuple(root for root in scope.others if root not in roots)
        scope = scope._replace(own=session.root, roots=roots, others=others)

    def search(text: str, limit: int, root: str | None) -> list[Passage]:
        return memory.search(Query(text, limit, root=root))

    found = recalling.candidates(search, scope, query)
    relevant = [one for one in found if one.score >= RELEVANT]
    relevant = recalling.without_held(relevant, scope, memory.home)
    budget = int(memory.config["recall.budget_words"])
    shown = tuple(
        (place.path, place.first, place.last, score)
        for place, score, _ in recall_text.blocks(relevant, None, scope, budget)
    )
    return Recall(session, 0.0, "user-prompt", shown, query, found)


def _explained(one: Recall) -> list[dict[str, Any]]:
    """A row for each passage: those shown, then the other candidates, with words and score."""
    known = {(found.path, found.start_line): found for found in one.candidates or ()}
    rows: list[dict[str, Any]] = [
        {
            "path": path, "first": first, "last": last, "score": score, "outcome": "shown",
            "passage": known.pop((path, first), None),
        }
        for path, first, last, score in one.shown
    ]  # fmt: skip
    for found in known.values():
        outcome = "left out" if found.score >= RELEVANT else "below"
        rows.append(
            {
                "path": found.path, "first": found.start_line, "last": found.end_line,
                "score": found.score, "outcome": outcome, "passage": found,
            }
        )  # fmt: skip
    for row in rows:
        matched = row["passage"].matched if row["passage"] else ()
        parts = marked(one.query or "", matched)
        row["words"] = list(dict.fromkeys(part for is_word, part in parts if is_word))
    return rows


def marked(text: str, words: Sequence[str]) -> Iterator[tuple[bool, str]]:
    """The parts of a text, each with whether it is a word of the query."""
    for line in text.strip("\n").split("\n"):
        positions = matching(line, words) if words else set()
        for is_word, group in groupby(range(len(line)), positions.__contains__):
            yield is_word, "".join(line[position] for position in group)
        yield False, "\n"


def question(ask: Ask) -> str:
    """Save what should, or should not, have been found, as a question for `memcairn eval`."""
    text = ask.form.get("question", "").strip()
    if not text:
        raise UsageError(TEXT.question_missing)
    path = ask.form.get("path", "")
    root = root_of(ask.memory, path)
    relative = os.path.relpath(path, root)
    place = (relative, int(ask.form.get("first", "1")), int(ask.form.get("last", "1")))
    file = os.path.join(ask.memory.home, "questions", f"{project.key(root)}.json")
    is_wanted = ask.form.get("verdict") == "should have"
    number = evaluation.add(file, text, place, is_wanted=is_wanted)
    ask.say(TEXT.question_saved.format(number=number, file=file, root=root))
    return ask.form.get("back", "/injected")
