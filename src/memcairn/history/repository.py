"""A bare git repository of our own, driven by the git command.

    fast_import(stream)      commits with the contents in the stream: no index, no work tree, no hooks
    commits, changes, blob   what stands in it

It is apart from any repository that the root is in: nothing of the user's is read or changed, not
even their settings, and no environment variable of a surrounding git leads elsewhere.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from memcairn import paths
from memcairn.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Iterator

BRANCH = "refs/heads/main"
# How lines of a commit's message begin.
REVISION, TOOL = "Memcairn-Revision: ", "Memcairn-Tool: "
SESSION, NOT_KEPT = "Memcairn-Session: ", "Memcairn-Not-Kept: "
_TIMEOUT_S = 600.0
_PACKS = 30
_SETTINGS = (
    # A note may have a name that git holds to be dangerous on another system.
    "core.protectNTFS=false",
    "core.protectHFS=false",
    # One file to wait for the disk for, instead of three for each commit.
    "fastimport.unpackLimit=1",
    "core.fsync=all",
)


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit of one revision; `not_kept` are paths whose content it could not have."""

    id: str
    revision: int
    at: int
    tool: str
    session: str | None
    not_kept: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Blob:
    """What a commit changed: the blobs of a path before and after it, None where there is none."""

    path: str
    before: str | None
    after: str | None


class Repository:
    """The repository in a folder, which is made when it is needed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def exists(self) -> bool:
        """Whether there is one."""
        return (self.folder / "HEAD").is_file()

    def make(self) -> None:
        """Make it, unless there is one.

        Raises:
            StateError: git is not installed, or cannot make it.
        """
        if self.exists():
            return
        try:
            paths.make_private_folder(str(self.folder.parent))
            # Another process may be at it, too: it gets its name when it is whole.
            new = Repository(Path(tempfile.mkdtemp(prefix="git-", dir=self.folder.parent)))
        except OSError as error:
            raise StateError(f"cannot be made: {error.strerror}", path=self.folder) from error
        try:
            new.run("init", "--quiet", "--bare", "--template=", str(new.folder))
            new.run("symbolic-ref", "HEAD", BRANCH)
            os.rename(new.folder, self.folder)
        except OSError as error:
            # A folder that is not empty cannot be replaced: somebody was faster.
            if not self.exists():
                raise StateError(f"cannot be made: {error.strerror}", path=self.folder) from error
        finally:
            shutil.rmtree(new.folder, ignore_errors=True)

    def run(self, *arguments: str, data: bytes | None = None) -> bytes:
        """Run a git command in it and return what it prints.

        Raises:
            StateError: git is not installed, or the command failed.
        """
        options = [argument for setting in _SETTINGS for argument in ("-c", setting)]
        try:
            done = subprocess.run(  # noqa: S603
                ["git", f"--git-dir={self.folder}", *options, *arguments],  # noqa: S607
                input=data if data is not None else b"",
                capture_output=True,
                env=_environment(),
                cwd=self.folder,
                timeout=_TIMEOUT_S,
                check=False,
            )
        except FileNotFoundError as error:
            if error.filename != "git":
                raise StateError("does not exist", path=self.folder) from error
            raise StateError(
                "git is not installed", hint='install it, or set history.kind = "journal"'
            ) from error
        except (OSError, subprocess.TimeoutExpired) as error:
            raise StateError(f"git failed: {error}", path=self.folder) from error
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().splitlines()
            raise StateError(
                f"git failed: {said[0] if said else done.returncode}", path=self.folder
            )
        return done.stdout

    def fast_import(self, stream: bytes) -> None:
        """Add commits, all of them or none.

        Raises:
            StateError: as for `run`.
        """
        self.run("fast-import", "--quiet", "--done", data=stream + b"done\n")

    def newest(self) -> int:
        """The revision of the last commit; 0 if there is none."""
        if not self.exists() or not self._has_commits():
            return 0
        for commit in self.commits(limit=1):
            return commit.revision
        return 0

    def _has_commits(self) -> bool:
        try:
            self.run("rev-parse", "--quiet", "--verify", BRANCH)
        except StateError:
            return False
        return True

    def commits(
        self, *, until: str = BRANCH, path: str | None = None, limit: int | None = None
    ) -> Iterator[Commit]:
        """The commits, newest first.

        Args:
            until: the newest one.
            path: only those that changed it.
            limit: the most.
        """
        form = "%H%x00%ct%x00%B%x00%x01"
        arguments = ["log", f"--format={form}", *([f"-n{limit}"] if limit is not None else [])]
        where = [] if path is None else ["--", path]
        for record in self.run(*arguments, until, *where).split(b"\x01"):
            fields = record.strip(b"\n").split(b"\0")
            if len(fields) == 4:
                yield _commit(*(field.decode(errors="replace") for field in fields[:3]))

    def changes(self, commit: str) -> list[Blob]:
        """What a commit changed, by path."""
        out = self.run(
            *("diff-tree", "-r", "-z", "--root", "--no-commit-id", "--no-renames", commit)
        )
        fields = out.split(b"\0")
        found = []
        for status, path in zip(fields[::2], fields[1::2], strict=False):
            _, _, before, after, _ = status.decode().split(" ")
            found.append(Blob(path.decode(), _blob(before), _blob(after)))
        return sorted(found, key=lambda blob: blob.path)

    def sizes(self, blobs: list[str]) -> dict[str, int]:
        """The sizes of blobs, in bytes."""
        asked = "".join(f"{blob}\n" for blob in blobs).encode()
        lines = self.run("cat-file", "--batch-check=%(objectname) %(objectsize)", data=asked)
        return {
            blob: int(size) for blob, size in (line.split() for line in lines.decode().splitlines())
        }

    def blob_at(self, commit: str, path: str) -> str | None:
        """The blob that a path has in a commit."""
        out = self.run("ls-tree", "-z", "--full-tree", commit, "--", path)
        for entry in out.split(b"\0"):
            status, _, name = entry.partition(b"\t")
            if name == path.encode() and status.split()[1] == b"blob":
                return status.split()[2].decode()
        return None

    def blob(self, blob: str) -> bytes:
        """The content of a blob."""
        return self.run("cat-file", "blob", blob)

    def tidy(self) -> None:
        """Join the small packs that imports leave, once there are many."""
        if len(list((self.folder / "objects" / "pack").glob("*.pack"))) < _PACKS:
            return
        try:
            # Each object is copied a few times in its life, not at every call.
            self.run("repack", "--geometric=2", "-d", "--quiet")
        except StateError:  # git before 2.32
            with contextlib.suppress(StateError):
                self.run("repack", "-a", "-d", "--quiet")


def message(tool: str, paths_: list[str], revision: int, session: str | None) -> str:
    """The message of a commit, without what could not be kept."""
    shown = ", ".join(_line(path) for path in paths_[:3])
    more = f" and {len(paths_) - 3} more" if len(paths_) > 3 else ""
    lines = [f"{_line(tool)} {shown}{more}", "", f"{REVISION}{revision}", TOOL + _line(tool)]
    if session:
        lines.append(SESSION + _line(session))
    return "\n".join(lines) + "\n"


def quoted(path: str) -> bytes:
    """A path as fast-import reads it."""
    return (
        b'"' + path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").encode() + b'"'
    )


def _line(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)


def _commit(commit: str, at: str, text: str) -> Commit:
    lines = text.splitlines()

    def values(key: str) -> list[str]:
        return [line.removeprefix(key) for line in lines if line.startswith(key)]

    revisions, sessions = values(REVISION), values(SESSION)
    return Commit(
        commit,
        int(revisions[-1]) if revisions and revisions[-1].isdecimal() else 0,
        int(at),
        (values(TOOL) or [""])[-1],
        sessions[-1] if sessions else None,
        tuple(values(NOT_KEPT)),
    )


def _blob(name: str) -> str | None:
    return None if set(name) == {"0"} else name


def _environment() -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    return kept | {
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
    }
