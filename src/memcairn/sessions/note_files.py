"""The notes of sessions in the home: one for each session, and a page for each older month.

    <home>/sessions/<id>/work.json                       what the note is made from
    <home>/session-notes/<project>/2026-11-30/<id>.md    the note
                                   recent.json           the last sessions of each branch
                                   2026-10.md            what is older than 30 days, shortened

Each update reads what the host appended to its transcript since the last one. If the session was killed in
the middle of a turn, whoever asks for its note reads the rest. A crash leaves the last state: every file is
replaced as a whole, and work.json, which says how far the transcript was read, is written last.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from memcairn import paths
from memcairn.formats import json_text
from memcairn.formats.utc import utc_text
from memcairn.fs import atomic, lock
from memcairn.sessions import note
from memcairn.sessions.sessions import Sessions, folder_name
from memcairn.sessions.transcripts import reading
from memcairn.sessions.work import Work
from memcairn.settings import project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from memcairn.sessions.note import Handoff
    from memcairn.sessions.session import Session
    from memcairn.sessions.transcripts.reading import Item
    from memcairn.settings.config import Config

FOLDER = "session-notes"
WORK = "work.json"
RECENT = "recent.json"
KEEP_DAYS = 30
_DAY_S = 86_400.0
# The last sessions that are known of each branch, and of the project.
_MAX_OF_BRANCH = 8
_MAX_OF_PROJECT = 20
_MAX_BRANCHES = 200
# Of a longer rest of a transcript, only the end is read.
MAX_TAIL_BYTES = 16 << 20
# What is older than the session was copied into its transcript, for example by a fork.
_CLOCK_SKEW_S = 60.0
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_MAX_PAGE_BYTES = 64 << 20


class _State(NamedTuple):
    """The content of work.json.

    Attributes:
        work: what the session did.
        transcript: the path of the host's transcript; "" if it has none that is known.
        offset: how far it was read.
    """

    work: Work
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
        with _locked(session.folder):
            state = self._load(session)
            branch = project.branch_of(cwd)
            if state is None:
                folder = project.folder_of(cwd)
                base = project.work_tree_of(cwd) or folder
                work = Work(session.id, session.host, folder, base, branch, session.started_at)
                work.updated = self._clock()
                state = _State(work, transcript if is_readable(session.host, transcript) else "", 0)
            elif branch != state.work.branch:
                state = self._read_rest(state)
                state.work.switch(branch)
            elif transcript == state.transcript or not is_readable(session.host, transcript):
                return
            else:
                state = state._replace(transcript=transcript, offset=0)
            self._save(session, state)
            self._remember(state.work)

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
        with _locked(session.folder):
            before = self._load(session)
            if before is None:
                return
            state = self._read_rest(before, skip=is_paused)
            work = state.work
            if not is_paused:
                for item in items:
                    self._add(work, item)
                for path in files:
                    work.add_file(path)
                if branch is not None:
                    work.switch(branch)
                if reply:
                    work.add_reply(reply)
            if ended_turn:
                work.end_turn()
            work.updated = self._clock() if at is None else at
            if write_note:
                self._write_note(work)
            self._save(session, state)

    def _add(self, work: Work, item: Item) -> None:
        work.add(item, keep_prompts=self._keep_prompts, keep_outputs=self._keep_outputs)

    def _read_rest(self, state: _State, *, skip: bool = False) -> _State:
        """Read what the host appended to the transcript."""
        work = state.work
        try:
            file = open(state.transcript, "rb") if state.transcript else None  # noqa: SIM115 - closed below
        except OSError:
            file = None
        if file is None:
            return state
        reader = reading.Transcript(work.host, branch=work.branch)
        oldest = utc_text(work.started - _CLOCK_SKEW_S)[:19]
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
                if found and work.host == "claude-code":
                    work.switch("" if reader.branch == "HEAD" else reader.branch)
                for item in found:
                    if not item.time or item.time[:19] >= oldest:
                        self._add(work, item)
        return state

    def _write_note(self, work: Work) -> None:
        if work.is_empty:
            if not work.in_turn:
                self._forget(work)
            return
        path = self._path(work)
        paths.make_private_folder(os.path.dirname(path))
        _replace(path, note.render(work))
        self._remember(work)

    def _path(self, work: Work) -> str:
        day = utc_text(work.started)[:10]
        return os.path.join(self._of_project(work.project), day, folder_name(work.session) + ".md")

    def _of_project(self, folder: str) -> str:
        return os.path.join(self._folder, project.key(folder))

    def _load(self, session: Session) -> _State | None:
        record = _json(os.path.join(session.folder, WORK))
        try:
            work = Work.from_record(record["work"])
            return _State(work, str(record["transcript"]), int(record["offset"]))
        except (KeyError, TypeError, ValueError, AttributeError):
            return None

    def _save(self, session: Session, state: _State) -> None:
        record = {
            "work": state.work.to_record(),
            "transcript": state.transcript,
            "offset": state.offset,
        }
        _replace(os.path.join(session.folder, WORK), json_text.dumps(record))

    # ── the last sessions of a branch ────────────────────────────────────────────────────────────

    def _remember(self, work: Work) -> None:
        """Put a session first among the last ones of its branch, and of its project."""
        entry = [utc_text(work.started)[:10], work.session, work.branch]
        folder = self._of_project(work.project)
        paths.make_private_folder(self._folder)
        paths.make_private_folder(folder)
        with _locked(folder):
            recent = _recent(folder)
            of_branch = recent["branches"].pop(work.branch, [])
            if of_branch[:1] == [entry] and recent["all"][:1] == [entry]:
                return
            recent["branches"][work.branch] = _first(entry, of_branch)[:_MAX_OF_BRANCH]
            recent["all"] = _first(entry, recent["all"])[:_MAX_OF_PROJECT]
            while len(recent["branches"]) > _MAX_BRANCHES:
                recent["branches"].pop(next(iter(recent["branches"])))
            _write_recent(folder, recent)

    def _forget(self, work: Work) -> None:
        """A session in which nothing happened does not hide the one before it."""
        folder = self._of_project(work.project)
        if not os.path.isdir(folder):
            return
        with _locked(folder):
            recent = _recent(folder)
            lists = [recent["all"], *recent["branches"].values()]
            if not any(entry[1] == work.session for entries in lists for entry in entries):
                return
            for entries in lists:
                entries[:] = [entry for entry in entries if entry[1] != work.session]
            _write_recent(folder, recent)

    def last(self, folder: str, branch: str, *, besides: str = "") -> Handoff | None:
        """The handoff of the last session on a branch; None if no session did anything there.

        Args:
            folder: the folder of the project.
            branch: the branch.
            besides: the id of a session that does not count.
        """
        entries = _recent(self._of_project(folder))["branches"].get(branch, [])
        found = (self._handoff(folder, entry, branch) for entry in entries if entry[1] != besides)
        return next((one for one in found if one is not None), None)

    def recent(self, folder: str, limit: int) -> list[Handoff]:
        """The handoffs of the last sessions of a project on any branch, latest first."""
        entries = _recent(self._of_project(folder))["all"]
        seen = dict.fromkeys(entry[1] for entry in entries)
        latest = (next(entry for entry in entries if entry[1] == id_) for id_ in seen)
        found = (self._handoff(folder, entry, None) for entry in latest)
        return [one for one in found if one is not None][:limit]

    def _handoff(self, folder: str, entry: list[str], branch: str | None) -> Handoff | None:
        day, id_, _ = entry
        self.catch_up(id_)
        top = self._of_project(folder)
        text = _text(os.path.join(top, day, folder_name(id_) + ".md"))
        if text is None:
            return _on_page(os.path.join(top, day[:7] + ".md"), id_, branch)
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
                self.update(session, at=max(state.work.updated, status.st_mtime))

    def work(self, session: Session) -> Work | None:
        """What a session has done; None if no note is made of it, or its folder is gone."""
        self.catch_up(session.id)
        state = self._load(session)
        return None if state is None else state.work

    def of_session(self, id_: str) -> str | None:
        """The note of a session; None if it has none, or only a page of its month is left."""
        self.catch_up(id_)
        name = folder_name(id_) + ".md"
        for top in _listed(self._folder):
            for day in _listed(top):
                if _DAY.fullmatch(os.path.basename(day)):
                    text = _text(os.path.join(day, name))
                    if text is not None:
                        return text
        return None

    # ── old notes ────────────────────────────────────────────────────────────────────────────────

    def fold(self, folder: str, *, most_days: int = 400) -> int:
        """Shorten the notes of a project that are older than `KEEP_DAYS`, onto a page for each month.

        Args:
            folder: the folder of the project.
            most_days: how many days are folded at most.

        Returns:
            The number of notes.

        Raises:
            OSError: a page cannot be written; its notes stay.
        """
        top = self._of_project(folder)
        oldest = utc_text(self._clock() - KEEP_DAYS * _DAY_S)[:10]
        days = [day for day in _listed(top) if _DAY.fullmatch(os.path.basename(day))]
        old = [day for day in sorted(days) if os.path.basename(day) < oldest]
        return sum(_fold_day(top, day) for day in old[:most_days])


def _fold_day(top: str, day: str) -> int:
    month = os.path.basename(day)[:7]
    page = os.path.join(top, month + ".md")
    names = sorted(name for name in os.listdir(day) if name.endswith(".md"))
    with _locked(top):
        text = _text(page) or f"# Sessions of {month}\n"
        for name in names:
            for section in _shortened(_text(os.path.join(day, name)) or ""):
                # After a crash, some notes of the day may be on the page already.
                if section.split("\n", 1)[0] + "\n" not in text:
                    text += "\n" + section
        atomic.replace(page, text.encode("utf-8", "replace"))
    for name in names:
        os.unlink(os.path.join(day, name))
    with contextlib.suppress(OSError):
        os.rmdir(day)
    return len(names)


def _shortened(text: str) -> Iterator[str]:
    """What a page keeps of a note: the handoff of each branch."""
    found = note.read(text, None)
    if found is None:
        return
    branches = found.fields.get("branches") or [found.fields.get("branch") or ""]
    for branch in branches if isinstance(branches, list) else []:
        part = note.read(text, str(branch))
        if part is not None:
            yield f"{_title(str(found.fields.get('session')), str(branch))}\n\n{part.text}\n"


def _title(id_: str, branch: str) -> str:
    return f"## {branch or note.NO_BRANCH}, session {id_}"


def _on_page(page: str, id_: str, branch: str | None) -> Handoff | None:
    """The handoff of a session whose note was folded."""
    text = _text(page) or ""
    end = f", session {id_}\n\n"
    at = text.find(end if branch is None else f"{_title(id_, branch)}\n\n")
    if at < 0:
        return None
    body = text[text.index("\n\n", at) + 2 :]
    return note.Handoff(body.partition("\n\n## ")[0].strip(), {"session": id_})


def _first(entry: list[str], entries: list[list[str]]) -> list[list[str]]:
    return [entry, *(one for one in entries if one[1:] != entry[1:])]


def _recent(folder: str) -> dict[str, Any]:
    found = _json(os.path.join(folder, RECENT))
    branches, latest = found.get("branches"), found.get("all")
    if not isinstance(branches, dict) or not isinstance(latest, list):
        return {"branches": {}, "all": []}
    return {"branches": branches, "all": latest}


def _write_recent(folder: str, recent: dict[str, Any]) -> None:
    _replace(os.path.join(folder, RECENT), json_text.dumps(recent))


def _replace(path: str, text: str) -> None:
    # The agent waits for this at the end of each turn, and a busy disk takes longer than the rest. A power
    # failure may lose the last turn; a crash of the process does not.
    atomic.replace(path, text.encode("utf-8", "replace"), durable=False)


def _json(path: str) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            found = json_text.loads(file.read())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _text(path: str) -> str | None:
    try:
        with open(path, "rb") as file:
            return file.read(_MAX_PAGE_BYTES).decode("utf-8", "replace")
    except OSError:
        return None


def _listed(folder: str) -> list[str]:
    try:
        return [os.path.join(folder, name) for name in os.listdir(folder)]
    except OSError:
        return []


@contextlib.contextmanager
def _locked(folder: str) -> Iterator[None]:
    descriptor = None if os.name == "nt" else os.open(folder, os.O_RDONLY)
    try:
        with lock.exclusive(os.path.realpath(folder), descriptor):
            yield
    finally:
        if descriptor is not None:
            os.close(descriptor)
