"""Forget notes in two steps: a preview, then a confirmation that removes exactly the previewed notes.

    preview(topic | paths) ──► notes, token ──► confirm(token): to the trash, if none has changed

A token identifies the notes and the hashes of their contents, works once, and expires.
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
# Limits the previews that a server keeps without a confirmation.
_MAX_PLANS = 100
_MAX_NOTES = 50


@dataclass(frozen=True, slots=True)
class ForgetCandidate:
    """A note that would be forgotten, in its current state."""

    path: str
    title: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Preview:
    """The notes that a confirmation would forget.

    Attributes:
        notes: exactly these notes.
        confirm_token: confirms the preview, and is valid for ten minutes; None if there are no notes.
    """

    notes: tuple[ForgetCandidate, ...]
    confirm_token: str | None


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The notes that were moved to the trash."""

    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Plan:
    notes: tuple[ForgetCandidate, ...]
    expires_at: float


class ForgetPlans:
    """The unconfirmed previews of one root; usable from several threads.

    Args:
        files: the root.
        clock: monotonic seconds.
    """

    def __init__(self, root: OpenRoot, clock: Callable[[], float] = time.monotonic) -> None:
        self._root = root
        self._clock = clock
        self._plans: dict[str, _Plan] = {}
        self._lock = threading.Lock()

    def preview(self, *, topic: str | None = None, paths: Sequence[str] = ()) -> Preview:
        """Preview the notes that contain every word of a topic, or the notes at these paths.

        Raises:
            UsageError: neither or both were given.
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
        wanted = set(query_words(topic))
        for passage in search.passages(self._root, Query(topic, _MAX_NOTES)):
            matched.setdefault(self._root.relative(passage.path), set()).update(passage.matched)
        return [path for path, words in matched.items() if wanted and words >= wanted]

    def _candidate(self, path: str) -> ForgetCandidate:
        window = self._root.read(path, end_line=1)
        return ForgetCandidate(window.path, self._root.title(window.path), window.sha256)

    def confirm(self, token: str) -> Forgotten:
        """Move the notes of a preview to the trash.

        Raises:
            UsageError: the token is unknown, was used, or has expired.
            NoteChanged: a note has changed since the preview; nothing is forgotten.
        """
        with self._lock:
            plan = self._plans.pop(token, None)
        if plan is None or plan.expires_at < self._clock():
            raise UsageError(
                "the token is unknown, was used, or has expired",
                hint="request a new preview and confirm it within ten minutes",
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
                "has changed since the preview; nothing was forgotten",
                path=note.path,
                hint="request a new preview",
            )
