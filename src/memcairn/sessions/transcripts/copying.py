"""Copy what is said in transcripts to transcripts.db, where it can be searched.

    stat of each transcript ──changed──► its new lines ──► items ──► passages of a turn ──► transcripts.db

A transcript grows at its end, so only what was added is read. Not copied: the output of tools, data such as
base64, secrets, `<private>` parts, and messages that are known, which a forked session repeats.
"""

from __future__ import annotations

import contextlib
import os
import stat
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

from memcairn import paths
from memcairn.errors import StateDamaged, UsageError
from memcairn.fs import lock, signature
from memcairn.fs.signature import Signature
from memcairn.notes.noise import without_noise
from memcairn.safety import secrets
from memcairn.safety.private import without_private
from memcairn.sessions.transcripts import reading
from memcairn.store import opencode_database, transcripts
from memcairn.store.transcripts import StoredPassage, TranscriptDatabase, TranscriptFile

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator, Mapping

    from memcairn.sessions.transcripts.reading import Item

    Progress = Callable[[int, int], None]

MAX_MESSAGE_CHARS = 100_000
MAX_COMMAND_CHARS = 500
# A passage holds one or more messages of a turn, or a piece of a long one.
MAX_PASSAGE_CHARS = 1_600
# A longer text that occurs again is one that the host or a command repeats.
MIN_REPEATED_CHARS = 400
# After this many bytes the work so far is committed.
BATCH_BYTES = 8 << 20
# More than this is copied by a process in the background.
MAX_FOREGROUND_BYTES = 2 << 20
# What a transcript costs beside its bytes.
_FILE_COST_BYTES = 16 << 10
_HEAD_BYTES = 4096


class PendingFile(NamedTuple):
    """A transcript with lines that were not read yet."""

    known: TranscriptFile
    now: Signature

    @property
    def size_bytes(self) -> int:
        """Roughly what there is to read."""
        return max(self.now.size_bytes - self.known.offset, 0)


@dataclass(slots=True)
class CopyReport:
    """What an update did. `failed` maps paths to reasons; `is_busy`: another process does the work."""

    read_bytes: int = 0
    passages: int = 0
    left_bytes: int = 0
    is_busy: bool = False
    failed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TranscriptStatus:
    """What is copied, and what waits.

    Attributes:
        is_on: whether transcripts are copied.
        sessions: how many sessions of each host are copied.
        passages: how many passages they have.
        deleted: how many of the transcripts the hosts have deleted since.
        size_bytes: of the database.
        left_files: how many transcripts have something that is not copied yet.
        left_bytes: and how much.
    """

    is_on: bool
    sessions: dict[str, int]
    passages: int
    deleted: int
    size_bytes: int
    left_files: int
    left_bytes: int


def database_path(home: str) -> str:
    """Where the copies of a home are."""
    return os.path.join(home, transcripts.FILE_NAME)


@contextlib.contextmanager
def opened(home: str) -> Iterator[TranscriptDatabase]:
    """The database of a home. A damaged one is set aside, and a new one begins.

    Raises:
        SchemaTooNew, StateError: it cannot be used.
    """
    path = database_path(home)
    try:
        db = TranscriptDatabase(path)
        db.execute("SELECT 1 FROM file, passage, message LIMIT 0")
    except StateDamaged:
        from memcairn.sqlite import quarantine  # noqa: PLC0415 - hardly ever needed

        quarantine.set_aside(path, TranscriptDatabase.create)
        db = TranscriptDatabase(path)
    with contextlib.closing(db):
        yield db


@contextlib.contextmanager
def copies(home: str) -> Iterator[TranscriptDatabase]:
    """The database of a home, for reading.

    Raises:
        UsageError: there is none.
    """
    if not os.path.exists(database_path(home)):
        raise UsageError(
            "no transcripts were copied yet", hint="turn that on: `memcairn transcripts on`"
        )
    with opened(home) as db:
        yield db


def delete(home: str) -> bool:
    """Delete all copies of a home; False if there are none."""
    is_there = os.path.exists(database_path(home))
    for suffix in ("", "-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(database_path(home) + suffix)
    return is_there


def status(home: str, environ: Mapping[str, str], *, is_on: bool) -> TranscriptStatus:
    """How many sessions are copied, and what waits."""
    if not is_on and not os.path.exists(database_path(home)):
        return TranscriptStatus(is_on, {}, 0, 0, 0, 0, 0)
    paths.make_private_folder(home)
    with opened(home) as db:
        files = pending(db, environ)
        known = transcripts.files(db).values()
        sessions = {
            host: len({file.session for file in known if file.host == host})
            for host in reading.SOURCES
        }
        return TranscriptStatus(
            is_on,
            {host: number for host, number in sessions.items() if number},
            transcripts.count_passages(db),
            sum(not reading.exists(file.path) for file in known),
            os.path.getsize(database_path(home)),
            len(files),
            sum(file.size_bytes for file in files),
        )


def pending(db: TranscriptDatabase, environ: Mapping[str, str]) -> list[PendingFile]:
    """The transcripts that changed since they were read, the latest first."""
    known = transcripts.files(db)
    found: list[PendingFile] = []
    for host, path in reading.find_files(environ, os.path.expanduser("~")):
        if host == "opencode":
            with contextlib.suppress(OSError):
                found += _pending_sessions(known, path)
            continue
        try:
            status = os.stat(path)
        except OSError:
            continue
        now = signature.signature_of(status)
        file = known.get(path) or TranscriptFile(path, host)
        if stat.S_ISREG(status.st_mode) and now != (file.size_bytes, file.mtime_ns, file.inode):
            found.append(PendingFile(file, now))
    return sorted(found, key=lambda item: item.now.mtime_ns, reverse=True)


def _pending_sessions(known: Mapping[str, TranscriptFile], path: str) -> Iterator[PendingFile]:
    """The sessions in a database of OpenCode that changed; `offset` is the number of parts that were read."""
    begin = path + reading.SESSION_MARK
    of_database = {
        name.removeprefix(begin): file for name, file in known.items() if name.startswith(begin)
    }
    times = {id_: file.mtime_ns for id_, file in of_database.items()}
    for session in opencode_database.sessions(path, times):
        file = of_database.get(session.id) or TranscriptFile(begin + session.id, "opencode")
        yield PendingFile(file, Signature(session.size_bytes, session.updated_ns, 0))


def update(
    home: str,
    environ: Mapping[str, str],
    *,
    max_bytes: int | None = None,
    stop: threading.Event | None = None,
    progress: Progress | None = None,
) -> CopyReport:
    """Copy what was added to the transcripts, unless another thread or process does that.

    Args:
        home: the home of the database.
        environ: may move the folders of hosts.
        max_bytes: do nothing if more than this is pending.
        stop: stop when it is set; the next call continues.
        progress: called with (bytes done, bytes in total).

    Raises:
        StateError: the database cannot be written.
    """
    paths.make_private_folder(home)
    report = CopyReport()
    with opened(home) as db, lock.attempt(os.path.join(home, "transcripts.lock")) as is_free:
        files = pending(db, environ)
        for path in (file.known.path for file in files if file.known.host != "opencode"):
            if not os.access(path, os.R_OK):
                report.failed[path] = "cannot be read"
        files = [file for file in files if file.known.path not in report.failed]
        total = report.left_bytes = sum(file.size_bytes for file in files)
        report.is_busy = not is_free
        if not is_free or (max_bytes is not None and total > max_bytes):
            return report
        copying = _Copying(db, report)
        files.reverse()  # the last one is the next one
        while files and not (stop is not None and stop.is_set()):
            with db.transaction():
                room = BATCH_BYTES
                while files and room > 0:
                    before = report.read_bytes
                    rest = copying.read(files.pop(), room)
                    room -= report.read_bytes - before + _FILE_COST_BYTES
                    files += [] if rest is None else [rest]
            report.left_bytes = sum(file.size_bytes for file in files)
            if progress is not None:
                progress(min(report.read_bytes, total), total)
    return report


class _Copying:
    """Reads transcripts into the database, inside a transaction."""

    def __init__(self, db: TranscriptDatabase, report: CopyReport) -> None:
        self._db = db
        self._report = report

    def read(self, pending_file: PendingFile, room: int) -> PendingFile | None:
        """Read new lines of a transcript, about `room` bytes; what is left of it, or None."""
        known, now = pending_file
        if known.host == "opencode":
            self._read_session(pending_file)
            return None
        try:
            # Without O_NONBLOCK, opening a FIFO waits for its writer.
            descriptor = os.open(known.path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
            with open(descriptor, "rb") as file:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    return None
                head = file.read(min(known.offset, _HEAD_BYTES))
                if now.size_bytes < known.offset or _hash(head) != known.head:
                    # Another file: messages that are known are not copied again.
                    known = TranscriptFile(known.path, known.host)
                turns = _Turns(known, self._is_new)
                is_whole = True
                for offset, line in reading.read_lines(file, known.offset):
                    turns.add(offset, line)
                    if offset - known.offset > room:
                        is_whole = False
                        break
                turns.flush()
                file.seek(0)
                head = file.read(min(turns.offset, _HEAD_BYTES))
        except OSError as error:
            if not isinstance(error, FileNotFoundError):
                self._report.failed[known.path] = error.strerror or str(error)
            return None
        self._report.read_bytes += turns.offset - known.offset
        self._report.passages += len(turns.passages)
        # A transcript of which more is left must look changed.
        seen = now if is_whole else Signature(-1, 0, 0)
        read = turns.state(known)._replace(
            size_bytes=seen.size_bytes,
            mtime_ns=signature.storable_ns(seen.mtime_ns),
            inode=seen.inode,
            head=_hash(head),
        )
        transcripts.add_passages(self._db, transcripts.save_file(self._db, read), turns.passages)
        return None if is_whole else PendingFile(read, now)

    def _read_session(self, pending_file: PendingFile) -> None:
        """Read the new parts of a session of OpenCode."""
        known, now = pending_file
        path, _, id_ = known.path.partition(reading.SESSION_MARK)
        turns = _Turns(known, self._is_new)
        try:
            for number, line in enumerate(
                opencode_database.lines(path, id_, known.offset), known.offset + 1
            ):
                turns.add(number, line)
                self._report.read_bytes += len(line)
        except OSError as error:
            self._report.failed[known.path] = error.strerror or str(error)
            return
        turns.flush()
        self._report.passages += len(turns.passages)
        read = turns.state(known)._replace(size_bytes=now.size_bytes, mtime_ns=now.mtime_ns)
        transcripts.add_passages(self._db, transcripts.save_file(self._db, read), turns.passages)

    def _is_new(self, *identity: str) -> bool:
        data = "\0".join(identity).encode("utf-8", "replace")
        hash_ = int.from_bytes(blake2b(data, digest_size=8).digest(), "big", signed=True)
        return transcripts.is_new_message(self._db, hash_)


class _Turns:
    """Makes passages of the lines of a transcript: the messages of one turn, joined up to a size.

    Attributes:
        offset: the end of the last line.
        passages: what was made so far.
    """

    def __init__(self, known: TranscriptFile, is_new: Callable[..., bool]) -> None:
        self._transcript = reading.Transcript(
            known.host, known.session, known.cwd, known.branch, with_results=False
        )
        self._is_new = is_new
        # Whether the last message was known: then the calls that follow are, too.
        self._is_repeated = False
        self._line = known.line
        self._turn = known.turn
        self._texts: list[str] = []
        self._chars = 0
        self._begins = (0, 0)
        self.offset = known.offset
        self.passages: list[StoredPassage] = []

    def add(self, offset: int, line: bytes) -> None:
        """Add one line, which ends at an offset."""
        self.offset = offset
        self._line += 1
        for item in self._transcript.items(line):
            if item.kind == "prompt":
                self.flush()
                self._turn += 1
            text = self._text(item)
            for piece in _pieces(text, MAX_PASSAGE_CHARS):
                if self._chars + len(piece) > MAX_PASSAGE_CHARS:
                    self.flush()
                if not self._texts:
                    self._begins = self._line, _milliseconds(item.time)
                self._texts.append(piece)
                self._chars += len(piece)

    def flush(self) -> None:
        """End the passage."""
        if self._texts:
            text = secrets.redact(without_noise("\n".join(self._texts)))
            self.passages.append(StoredPassage(max(self._turn, 1), *self._begins, text))
        self._texts, self._chars = [], 0

    def state(self, known: TranscriptFile) -> TranscriptFile:
        """How far the transcript is read."""
        said = self._transcript
        return known._replace(
            session=said.session or os.path.basename(known.path).removesuffix(".jsonl"),
            cwd=said.cwd,
            branch=said.branch,
            offset=self.offset,
            line=self._line,
            turn=self._turn,
        )

    def _text(self, item: Item) -> str:
        """What is kept of an item; "" if nothing is, or it is known."""
        if item.kind in ("prompt", "reply"):
            text = item.text
            if len(text) >= MIN_REPEATED_CHARS:
                is_new = self._is_new(text)
            else:
                is_new = self._is_new(item.id or item.time, text)
                self._is_repeated = not is_new
            label = "user" if item.kind == "prompt" else "agent"
            return f"{label}: {_shortened(text, MAX_MESSAGE_CHARS)}" if is_new else ""
        done = item.command or (" ".join(item.paths) if item.writes else "")
        if not done or self._is_repeated:
            return ""
        done = _shortened(without_private(done), MAX_COMMAND_CHARS)
        return f"$ {done}" if item.command else f"{item.tool}: {done}"


def _shortened(text: str, limit: int) -> str:
    """The text, not longer than a limit, and without the secrets that a cut could hide."""
    if len(text) > limit:
        text = text[:limit].rpartition(" ")[0] + " …"
    return secrets.redact(without_noise(text)) if len(text) > MAX_PASSAGE_CHARS else text


def _pieces(text: str, limit: int) -> Iterator[str]:
    """The text in pieces that are not longer than a limit, cut between paragraphs, lines or words."""
    at = 0
    while len(text) - at > limit:
        ends = (text.rfind(end, at + limit // 2, at + limit) for end in ("\n\n", "\n", " "))
        cut = next((end for end in ends if end > 0), at + limit)
        yield text[at:cut]
        at = cut
    if at < len(text):
        yield text[at:]


def _milliseconds(time: str) -> int:
    try:
        moment = datetime.fromisoformat(time)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return int(moment.timestamp() * 1000)
    except (ValueError, OverflowError):
        return 0


def _hash(head: bytes) -> bytes:
    return blake2b(head, digest_size=8).digest() if head else b""
