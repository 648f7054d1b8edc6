"""The notes of sessions in the home: one for each session, and a page for each older month.

    <home>/sessions/<id>/activity.json                   what the note is made from
    <home>/session-notes/<project>/2026-11-30/<id>.md    the note
                                   recent.json           the last sessions of each branch: recent
                                   2026-10.md            what is older than 30 days, shortened: pages

Each update reads what the host appended to its transcript since the last one. If the session was killed in
the middle of a turn, whoever asks for its note reads the rest. A crash leaves the last state: every file is
replaced as a whole, and activity.json, which says how far the transcript was read, is written last.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, NamedTuple

from memcairn import paths
from memcairn.formats.utc import utc_text
from memcairn.fs import atomic, lock
from memcairn.sessions import note, pages, recent
from memcairn.sessions.activity import Activity
from memcairn.sessions.sessions import Sessions, folder_name
from memcairn.sessions.transcripts import reading
from memcairn.settings import project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from memcairn.sessions.note import Handoff
    from memcairn.sessions.session import Session
    from memcairn.sessions.transcripts.reading import Item
    from memcairn.settings.config import Config

FOLDER = "session-notes"
ACTIVITY = "activity.json"
KEEP_DAYS = 30
_DAY_S = 86_400.0
# How many old notes one call shortens; each session starts one note at most.
MAX_FOLDED = 8
# Of a longer rest of a transcript, only the end is read.
MAX_TAIL_BYTES = 16 << 20
# What is older than the session was copied into its transcript, for example by a fork.
_CLOCK_SKEW_S = 60.0


class _State(NamedTuple):
    """The content of activity.json.

    Attributes:
        activity: what the session did.
        transcript: the path of the host's transcript; "" if it has none that is known.
        offset: how far it was read.
    """

    activity: Activity
    transcript: str
    offset: int


def is_readable(host: str, transcript: str) -> bool:
    """Whether a note can be made from the transcript of a host, so that hooks need not report each step."""
    return host in reading.SOURCES and transcript.endswith(".jsonl")


class Notes:
    """The notes of the sessions of a home; usable from several threads and processes.

    Args:
        home: the folder of caches and state.
        settings: whether notes are written, and what they contain.
        clock: seconds since the epoch; tests pass their own.
    """

    def __init__(
        self, home: str, settings: Config, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._folder = os.path.join(home, FOLDER)
        self._sessions = Sessions(home, clock=clock)
        self._clock = clock
        self.are_written = bool(settings["sessions.notes"])
        self._keep_prompts = bool(settings["sessions.keep_prompts"])
        self._keep_outputs = bool(settings["sessions.keep_outputs"])

    # ── writing ──────────────────────────────────────────────────────────────────────────────────

    def begin(self, session: Session, *, cwd: str, transcript: str = "") -> None:
        """Remember that a session works in a folder, so that its note survives a crash of its first turn.

        Raises:
            OSError: the home cannot be written.
        """
        if not self.are_written:
            return
        with lock.folder(session.folder):
            state = self._load(session)
            branch = project.place_of(cwd)
            if state is None:
                folder = project.folder_of(cwd)
                base = project.work_tree_of(cwd) or folder
                activity = Activity(
                    session.id, session.host, folder, base, branch, session.started_at
                )
                activity.updated = self._clock()
                state = _State(
                    activity, transcript if is_readable(session.host, transcript) else "", 0
                )
            elif branch != state.activity.branch:
                state = self._read_rest(state)
                state.activity.switch(branch)
            elif transcript == state.transcript or not is_readable(session.host, transcript):
                return
            else:
                state = state._replace(transcript=transcript, offset=0)
            self._save(session, state)
            self._remember(state.activity)

    def follows_transcript(self, session: Session) -> bool:
        """Whether the note is made from a transcript, so that hooks need not report each step."""
        state = self._load(session)
        return state is not None and bool(state.transcript)

    def update(
        self,
        session: Session,
        items: Iterable[Item] = (),
        *,
        files: Iterable[str] = (),
        reply: str = "",
        branch: str | None = None,
        ended_turn: bool = False,
        is_paused: bool = False,
        write_note: bool = True,
        at: float | None = None,
    ) -> None:
        """Add what happened since the last call.

        Args:
            session: a session that has begun; nothing happens for another one.
            items: what hooks saw, if the host has no transcript.
            files: files that were written, which the transcript does not say.
            reply: the last words of the agent.
            branch: the branch now.
            ended_turn: the agent has finished its turn.
            is_paused: skip what happened, since the user paused memcairn.
            write_note: write the note, not only what it is made from.
            at: when it happened; None is now.

        Raises:
            OSError: the home cannot be written; the last state stays.
        """
        if not self.are_written:
            return
        with lock.folder(session.folder):
            before = self._load(session)
            if before is None:
                return
            state = self._read_rest(before, skip=is_paused)
            activity = state.activity
            if not is_paused:
                for item in items:
                    self._add(activity, item)
                for path in files:
                    activity.add_file(path)
                if branch is not None:
                    activity.switch(branch)
                if reply:
                    activity.add_reply(reply)
            if ended_turn:
                activity.end_turn()
            activity.updated = self._clock() if at is None else at
            if write_note:
                self._write_note(activity)
            self._save(session, state)

    def _add(self, activity: Activity, item: Item) -> None:
        activity.add(item, keep_prompts=self._keep_prompts, keep_outputs=self._keep_outputs)

    def _read_rest(self, state: _State, *, skip: bool = False) -> _State:
        """Read what the host appended to the transcript."""
        activity = state.activity
        try:
            file = open(state.transcript, "rb") if state.transcript else None  # noqa: SIM115 - closed below
        except OSError:
            file = None
        if file is None:
            return state
        reader = reading.Transcript(activity.host, branch=activity.branch)
        oldest = utc_text(activity.started - _CLOCK_SKEW_S)[:19]
        # On a detached HEAD, and while a branch is rebased, Claude Code writes "HEAD".
        place = project.place_of(activity.base)
        start = state.offset
        with file:
            size = os.fstat(file.fileno()).st_size
            if skip or size < start:  # it was replaced
                return state._replace(offset=size)
            if size - start > MAX_TAIL_BYTES:
                file.seek(size - MAX_TAIL_BYTES)
                file.readline()
                start = file.tell()
            state = state._replace(offset=start)
            for end, line in reading.read_lines(file, start):
                state = state._replace(offset=end)
                found = reader.items(line)
                if found and activity.host == "claude-code":
                    activity.follow(place if reader.branch == "HEAD" else reader.branch)
                for item in found:
                    if not item.time or item.time[:19] >= oldest:
                        self._add(activity, item)
        return state

    def _write_note(self, activity: Activity) -> None:
        if activity.is_empty:
            if not (activity.in_turn or activity.pending):
                # A session in which nothing happened does not hide the one before it.
                recent.forget(self._of_project(activity.project), activity.session)
            return
        path = self._path(activity)
        paths.make_private_folder(os.path.dirname(path))
        _replace(path, note.render(activity))
        self._remember(activity)

    def _path(self, activity: Activity) -> str:
        day = utc_text(activity.started)[:10]
        return os.path.join(
            self._of_project(activity.project), day, folder_name(activity.session) + ".md"
        )

    def _of_project(self, folder: str) -> str:
        return os.path.join(self._folder, project.key(folder))

    def _load(self, session: Session) -> _State | None:
        record = _json(os.path.join(session.folder, ACTIVITY))
        try:
            activity = Activity.from_record(record["activity"])
            return _State(activity, str(record["transcript"]), int(record["offset"]))
        except (KeyError, TypeError, ValueError, AttributeError):
            return None

    def _save(self, session: Session, state: _State) -> None:
        record = {
            "activity": state.activity.to_record(),
            "transcript": state.transcript,
            "offset": state.offset,
        }
        _replace(os.path.join(session.folder, ACTIVITY), json.dumps(record))

    # ── the last sessions of a branch ────────────────────────────────────────────────────────────

    def _remember(self, activity: Activity) -> None:
        folder = self._of_project(activity.project)
        paths.make_private_folder(self._folder)
        paths.make_private_folder(folder)
        recent.remember(
            folder, [utc_text(activity.started)[:10], activity.session, activity.branch]
        )

    def last(self, folder: str, branch: str, *, besides: str = "") -> Handoff | None:
        """The handoff of the last session on a branch; None if no session did anything there.

        Args:
            folder: the folder of the project.
            branch: the branch.
            besides: the id of a session that does not count.
        """
        entries = recent.of_branch(self._of_project(folder), branch)
        found = (self._handoff(folder, entry, branch) for entry in entries if entry[1] != besides)
        return next((one for one in found if one is not None), None)

    def recent(self, folder: str, limit: int) -> list[Handoff]:
        """The handoffs of the last sessions of a project on any branch, latest first."""
        entries = recent.of_project(self._of_project(folder))
        found = (self._handoff(folder, entry, None) for entry in entries)
        return list(islice((one for one in found if one is not None), limit))

    def _handoff(self, folder: str, entry: list[str], branch: str | None) -> Handoff | None:
        day, id_, _ = entry
        self.catch_up(id_)
        top = self._of_project(folder)
        text = pages.read(os.path.join(top, day, folder_name(id_) + ".md"))
        if text is None:
            return pages.handoff(top, day[:7], id_, branch)
        return note.read(text, branch)

    def catch_up(self, id_: str) -> None:
        """Read what a session did after its last hook: it may have been killed."""
        session = self._sessions.get(id_)
        state = self._load(session) if session is not None else None
        if session is None or state is None or session.is_paused:
            return
        try:
            status = os.stat(state.transcript)
        except OSError:
            return
        if status.st_size > state.offset:
            with contextlib.suppress(OSError, TimeoutError):
                self.update(session, at=max(state.activity.updated, status.st_mtime))

    def activity(self, session: Session) -> Activity | None:
        """What a session has done; None if no note is made of it, or its folder is gone."""
        self.catch_up(session.id)
        state = self._load(session)
        return None if state is None else state.activity

    def of_session(self, id_: str) -> str | None:
        """The note of a session, or what the page of its month has of it; None if there is nothing."""
        self.catch_up(id_)
        session = self._sessions.get(id_)
        state = self._load(session) if session is not None else None
        text = None if state is None else pages.read(self._path(state.activity))
        if text is not None:
            return text
        name = folder_name(id_) + ".md"
        tops = _listed(self._folder)
        days = (day for top in tops for day in _listed(top) if pages.DAY.fullmatch(day[-10:]))
        texts = chain(
            (pages.read(os.path.join(day, name)) for day in days),
            (pages.find(top, id_) for top in tops),
        )
        return next((text for text in texts if text is not None), None)

    # ── old notes ────────────────────────────────────────────────────────────────────────────────

    def fold(self, folder: str) -> int:
        """Shorten some notes of a project that are older than `KEEP_DAYS`; returns their number.

        Raises:
            OSError: a page cannot be written; its notes stay.
        """
        oldest = utc_text(self._clock() - KEEP_DAYS * _DAY_S)[:10]
        return pages.fold(self._of_project(folder), oldest, max_notes=MAX_FOLDED)


def _replace(path: str, text: str) -> None:
    # The agent waits for this at the end of each turn, and a busy disk takes longer than the rest. A power
    # failure may lose the last turn; a crash of the process does not.
    atomic.replace(path, text.encode("utf-8", "replace"), durable=False)


def _json(path: str) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            found = json.loads(file.read())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _listed(folder: str) -> list[str]:
    try:
        return [os.path.join(folder, name) for name in os.listdir(folder)]
    except OSError:
        return []
