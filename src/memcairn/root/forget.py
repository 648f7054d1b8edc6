"""Forget notes: first a preview, then exactly what it showed.

    preview(topic | paths) ──► notes, token ──► confirm(token): into the trash, if none has changed

A token stands for those very notes as they were: it names their contents by hash, works once, and
expires.
"""

from __future__ import annotations

import secrets
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from memcairn.errors import NoteChanged, NoteError, UsageError
from memcairn.notes.words import query_words
from memcairn.root import search
from memcairn.search.query import Query

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from memcairn.root.open_root import OpenRoot

EXPIRES_S = 600
# Previews that nobody confirms must not pile up in a server.
_MAX_PLANS = 100
_MAX_NOTES = 50


@dataclass(frozen=True, slots=True)
class ForgetCandidate:
    """A note that would be forgotten, as it is now."""

    path: str
    title: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be forgotten.

    Attributes:
        notes: these, and no others.
        confirm_token: forgets them; None if there is nothing to forget. Valid for ten minutes.
    """

    notes: tuple[ForgetCandidate, ...]
    confirm_token: str | None


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What is in the trash now."""

    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Plan:
    notes: tuple[ForgetCandidate, ...]
    expires_at: float


class ForgetPlans:
    """The previews of one root that wait to be confirmed; usable from several threads.

    Args:
        files: the root.
        clock: seconds that only grow.
    """

    def __init__(self, root: OpenRoot, clock: Callable[[], float] = time.monotonic) -> None:
        self._root = root
        self._clock = clock
        self._plans: dict[str, _Plan] = {}
        self._lock = threading.Lock()

    def preview(self, *, topic: str | None = None, paths: Sequence[str] = ()) -> Preview:
        """The notes about a topic (that have each of its words), or those at these paths.

        Raises:
            UsageError: neither or both are given.
            NoteError: there is no such note.
        """
        if bool(topic) == bool(paths):
            raise UsageError("give either a topic or paths")
        wanted = dict.fromkeys(paths) if paths else self._about(topic or "")
        notes = tuple(self._candidate(path) for path in wanted)
        if not notes:
            return Preview((), None)
        token = secrets.token_hex(8)
        with self._lock:
            while len(self._plans) >= _MAX_PLANS:
                del self._plans[next(iter(self._plans))]
            self._plans[token] = _Plan(notes, self._clock() + EXPIRES_S)
        return Preview(notes, token)

    def _about(self, topic: str) -> list[str]:
        matched: dict[str, set[str]] = {}
        asked = set(query_words(topic))
        for passage in search.passages(self._root, Query(topic, _MAX_NOTES)):
            matched.setdefault(self._root.relative(passage.path), set()).update(passage.matched)
        return [path for path, words in matched.items() if asked and words >= asked]

    def _candidate(self, path: str) -> ForgetCandidate:
        window = self._root.read(path, end_line=1)
        return ForgetCandidate(window.path, self._root.title(window.path), window.sha256)

    def confirm(self, token: str) -> Forgotten:
        """Move the notes of a preview into the trash.

        Raises:
            UsageError: the token is not of a preview, was used, or has expired.
            NoteChanged: a note is not what the preview showed; nothing is forgotten then.
        """
        with self._lock:
            plan = self._plans.pop(token, None)
        if plan is None or plan.expires_at < self._clock():
            raise UsageError(
                "the token is unknown, was used, or has expired",
                hint="ask for a preview again, and confirm it within ten minutes",
            )
        for note in plan.notes:
            self._require_unchanged(note)
        for note in plan.notes:
            self._root.remove(note.path, if_match=note.sha256)
        return Forgotten(tuple(note.path for note in plan.notes))

    def _require_unchanged(self, note: ForgetCandidate) -> None:
        try:
            now = self._root.read(note.path, end_line=1).sha256
        except NoteError:
            now = ""
        if now != note.sha256:
            raise NoteChanged(
                "was changed since the preview; nothing was forgotten",
                path=note.path,
                hint="ask for a preview again",
            )
