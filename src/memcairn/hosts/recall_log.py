"""The recalls of hooks: those that sessions had, and what one would show now.

Session logs contain no prompts. The resident process remembers the latest ones in memory.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from memcairn.fs import json_lines
from memcairn.hosts import recall, recall_text
from memcairn.search.query import Query
from memcairn.search.relevance import LIKELY, RELEVANT
from memcairn.sessions import Sessions
from memcairn.sessions.session import LOG, LOG_KEEP

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from memcairn.hosts.scopes import Scope
    from memcairn.memory import Memory
    from memcairn.search.passages import Passage
    from memcairn.sessions import Session

Outcome = Literal["shown", "pointer", "left out", "below"]

# `latest` looks for recalls in this many sessions.
MAX_SESSIONS = 50
_RECALL = f'"{recall_text.RECALL}'.encode()
# The log line of a recall is written within this time after the search; in seconds.
_MAX_APART_S = 60.0
# Logs have milliseconds.
_ROUNDED_S = 0.001


class ShownPlace(NamedTuple):
    """A passage that was shown: the file, its first and last line, and the score."""

    path: str
    first: int
    last: int
    score: float


@dataclass(frozen=True, slots=True)
class Recall:
    """One recall: the event, the passages shown, and the prompt if this process remembers it.

    `candidates`: None if unknown.
    """

    session: Session
    time: float
    event: str
    shown: tuple[ShownPlace, ...]
    query: str | None = None
    candidates: Sequence[Passage] | None = None


def outcome(score: float, *, is_shown: bool) -> Outcome:
    """What became of a candidate: its text was shown, or only its title, or neither."""
    if score < LIKELY:
        return "below"
    if not is_shown:
        return "left out"
    return "shown" if score >= RELEVANT else "pointer"


def try_out(
    memory: Memory, scope: Scope, prompt: str
) -> tuple[list[Passage], list[tuple[ShownPlace, str]]]:
    """What a prompt finds, and what a new session would be shown: places with their blocks of text."""
    found = recall.candidates(
        lambda text, limit, root: memory.search(Query(text, limit, root=root)), scope, prompt
    )
    likely = [passage for passage in found if passage.score >= LIKELY]
    likely = recall.without_held(likely, scope, memory.home)
    blocks = recall_text.blocks(likely, None, scope, int(memory.config["recall.budget_words"]))
    return found, [
        (ShownPlace(place.path, place.first, place.last, score), block)
        for place, score, block in blocks
    ]


def latest(home: str) -> Iterator[Recall]:
    """The recalls of the latest sessions that showed something, the latest session first."""
    sessions = Sessions(home).latest(MAX_SESSIONS)
    for session in sorted(sessions, key=lambda one: one.last_active_at(), reverse=True):
        yield from (one for one in of_session(session) if one.shown)


def of_session(session: Session) -> list[Recall]:
    """The recalls of a session, the latest first; also those that showed nothing, if remembered."""
    remembered = [one for one in recall.RECENT if one.session == session.id]
    found: list[Recall] = []
    for lines in _logged(session.folder):
        time = seconds(str(lines[0].get("time")))
        event = str(lines[0].get("tool")).removeprefix(recall_text.RECALL)
        shown = tuple(_place(line) for line in lines if line.get("outcome") == "shown")
        match = next((one for one in reversed(remembered) if _is_of(one, event, time)), None)
        if match is None:
            found.append(Recall(session, time, event, shown))
        else:
            remembered.remove(match)
            found.append(Recall(session, time, event, shown, match.query, match.candidates))
    found += [
        Recall(session, one.time, one.event, (), one.query, one.candidates) for one in remembered
    ]
    return sorted(found, key=lambda one: one.time, reverse=True)


def counts(session: Session) -> tuple[int, int]:
    """The number of a session's recalls, and of the passages that they showed."""
    if any(one.session == session.id for one in recall.RECENT):
        found = of_session(session)
        return len(found), sum(len(one.shown) for one in found)
    log = os.path.join(session.folder, LOG)
    return _counts(session.folder, os.stat(log).st_mtime_ns if os.path.exists(log) else 0)


@lru_cache(maxsize=256)
def _counts(folder: str, _: int) -> tuple[int, int]:
    outcomes = [[line.get("outcome") for line in lines] for lines in _logged(folder)]
    return len(outcomes), sum(one.count("shown") for one in outcomes)


def _is_of(one: recall.Recalled, event: str, time: float) -> bool:
    """Whether the log line of an event was written for a remembered search."""
    is_shown = any(passage.score >= LIKELY for passage in one.candidates)
    return is_shown and one.event == event and -_ROUNDED_S <= time - one.time < _MAX_APART_S


def _logged(folder: str) -> Iterator[list[dict[str, Any]]]:
    """The lines of each recall in a log. "found" begins one; see recall_text.render."""
    number = 0

    def of(line: dict[str, Any]) -> int:
        nonlocal number
        number += line.get("outcome") == "found"
        return number

    lines = json_lines.read(os.path.join(folder, LOG), keep=LOG_KEEP, containing=_RECALL)
    for _, group in groupby(lines, of):
        yield list(group)


def _place(line: dict[str, Any]) -> ShownPlace:
    first, _, last = str(line.get("lines", "1-1")).partition("-")
    start, end = (int(one) if one.isdigit() else 1 for one in (first, last))
    return ShownPlace(str(line.get("path")), start, end, float(line.get("score") or 0.0))


def seconds(time: str) -> float:
    """Seconds since 1970 of a time in a log; 0 if it is damaged."""
    try:
        return datetime.fromisoformat(time).timestamp()
    except ValueError:
        return 0.0
