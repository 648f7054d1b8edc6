"""What a history takes and returns. Paths are relative to the root; times are in UTC."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

# The tool of a revision that nobody made through a tool: the files were found as they are.
FOUND = "found"


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much a journal keeps: the oldest revisions go first, the latest one never.

    Attributes:
        max_bytes: of the compressed contents.
        max_revisions: their number; `max_days`: their age.
    """

    max_bytes: int = 128 << 20
    max_revisions: int = 10_000
    max_days: float = 365.0


@dataclass(frozen=True, slots=True)
class FileChange:
    """What happened to one file.

    Attributes:
        path: relative to the root.
        kind: "added", "changed" or "removed"; "found" if nobody looked at the file before.
        size_before: bytes; None if there was no file, or nobody knows.
        size_after: bytes; None if there is no file, or it could not be read.
    """

    path: str
    kind: str
    size_before: int | None
    size_after: int | None


@dataclass(frozen=True, slots=True)
class Revision:
    """One change through a tool, or what was found to have changed without one.

    Attributes:
        id: goes up with time, never used again.
        time: when.
        tool: "write", "move" ...; "found" for what was done outside the tools.
        session: whose it was, if that is known.
        changes: every file that changed, by path.
    """

    id: int
    time: datetime
    tool: str
    session: str | None
    changes: tuple[FileChange, ...]

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths that changed."""
        return tuple(change.path for change in self.changes)


@dataclass(slots=True)
class Recording:
    """What the block of `History.recording` has to say about the files that it changed."""

    touched: list[str] = field(default_factory=list)
    made: list[str] = field(default_factory=list)

    def changed(self, paths: Iterable[str]) -> None:
        """Files that may have changed, whatever they were before."""
        self.touched.extend(paths)

    def created(self, paths: Iterable[str]) -> None:
        """Files of which none was there before, but for the paths given to `recording`.

        What `move` and `restore` changed, as they refuse a target that exists.
        """
        self.made.extend(paths)


class History(Protocol):
    """The earlier states of the files of one root; usable from several threads and processes.

    Every method raises StateError if the history itself cannot be read or written.
    """

    def keep(self, paths: Sequence[str]) -> Revision | None:
        """Keep what these files hold now, where that is not the state that was known.

        Args:
            paths: files and folders; a folder stands for every file that is, or was known to be,
                below it. "" is the root.

        Returns:
            What was found, as a revision of the tool "found"; None if all of it was known.
        """

    def recording(
        self, tool: str, paths: Sequence[str], *, session: str | None = None
    ) -> AbstractContextManager[Recording]:
        """Keep what is there now, and after the block record what it changed.

        Only the change itself belongs into the block: other changes of this root wait for its end,
        and a second recording inside it waits in vain. It is recorded, too, if the block raises.
        What cannot be recorded after the block is logged, and found by the next call.

        Args:
            tool: what the change is: "write", "edit", "append", "move", "remove", "restore" ...
            paths: the files and folders that the block is going to change, as far as known.
            session: whose change it is.

        Raises:
            OutsideRoot, UsageError: as memcairn.fs.names.parts; the block does not run.
            StateError: what is there now cannot be kept; the block does not run.
        """

    def log(
        self, limit: int = 50, *, path: str | None = None, before: int | None = None
    ) -> list[Revision]:
        """Revisions, newest first.

        Args:
            limit: the most to return.
            path: of this file only, under the names that it had before it was moved, too.
            before: only those older than this revision: the last one of the page before.
        """

    def content(self, path: str, revision: int) -> bytes | None:
        """What a file held right after a revision.

        If nothing had this path then, and the file got it by a move later, it is the content that
        it had under its earlier path.

        Returns:
            The bytes, or None if there was no such file.

        Raises:
            UsageError: there is no such revision, or it is not kept any more.
            NoteUnreadable: nothing is known of the file, or it could not be kept.
        """

    def before(self, revision: int) -> dict[str, bytes | None]:
        """What the files of a revision held before it: writing that back undoes the revision.

        A file is left out if nobody looked at it before, or if it could not be kept.

        Raises:
            UsageError: as `content`.
        """

    def close(self) -> None:
        """Finish what is pending, and close the files."""
