"""Run the git command: found and checked, with time limits, without prompts, and with its own words."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import signal
import subprocess
import time
from typing import IO, TYPE_CHECKING, NamedTuple

from memcairn.errors import SyncError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MIN_VERSION = (2, 38)
"""The first version with `git merge-tree --write-tree`."""

LOCAL_TIMEOUT_S = 300
NETWORK_TIMEOUT_S = 300
# While git works, and for the rest of its output.
_POLL_S, _LAST_S = 0.5, 2.0
_NETWORK = frozenset({"fetch", "push", "ls-remote"})
_VERSION = re.compile(r"(\d+)\.(\d+)")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
# What git says, and what the user can do. The first that matches is the hint.
_HINTS = (
    (r"could not resolve host|network is unreachable|connection (?:refused|timed out)|unable to access",
     "check the network and the URL; the notes are safe, and the next sync sends them"),
    (r"host key verification failed", "connect once by hand, `ssh HOST`, to accept the host key"),
    (r"permission denied \(publickey|authentication failed|could not read (?:user|pass)|terminal",
     "let git sign in by itself: an SSH key in the agent, or a credential helper (git help credentials)"),
    (r"permission denied|403|protected branch|not allowed|access denied|deny",
     "you may read, but not write: ask whoever owns the repository"),
    (r"not appear to be a git repository|repository (?:.* )?not found|does not exist",
     "check the URL, and create the empty repository first"),
    (r"gpg|signing|sign the data|ssh-keygen", "make `git commit` by hand work with signing, then sync again"),
    (r"hook", "a hook of the repository refused; see its words, then sync again"),
)  # fmt: skip


@functools.cache
def program() -> str:
    """The path of the git command.

    Raises:
        SyncError: there is none.
    """
    # shutil.which takes as long to import as git takes to start.
    for folder in os.get_exec_path():
        for name in ("git", "git.exe"):
            file = os.path.join(folder, name)
            if os.path.isfile(file) and os.access(file, os.X_OK):
                return file
    wanted = ".".join(map(str, MIN_VERSION))
    raise SyncError("git is not installed", hint=f"install git {wanted} or later")


@functools.cache
def check_version() -> None:
    """Refuse a git that cannot merge without a checkout.

    Raises:
        SyncError: there is no git, or it is too old.
    """
    said = os.fsdecode(run("--version", cwd=os.sep)).strip()
    version = _VERSION.search(said)
    if version is None or (int(version[1]), int(version[2])) < MIN_VERSION:
        wanted = ".".join(map(str, MIN_VERSION))
        raise SyncError(
            f"git is too old: {said or program()}", hint=f"install git {wanted} or later"
        )


class Repository(NamedTuple):
    """A repository and its checkout.

    `git_dir`: of a repository in memcairn's home, which nobody else uses; "" for a person's, which git
    finds around the checkout.
    """

    git_dir: str
    work_tree: str

    @property
    def own(self) -> bool:
        """Whether it is in memcairn's home."""
        return bool(self.git_dir)

    def command(self, *arguments: str) -> list[str]:
        """The arguments of git in this repository."""
        if not self.own:
            return [*arguments]
        # Settings of the user that change contents or ask are for repositories of code.
        off = ("core.autocrlf=false", "core.fileMode=false", "core.hooksPath=/dev/null",
               "commit.gpgSign=false", "core.symlinks=true", "core.fsmonitor=false",
               "core.excludesFile=/dev/null")  # fmt: skip
        settings = [part for setting in off for part in ("-c", setting)]
        return [f"--git-dir={self.git_dir}", f"--work-tree={self.work_tree}", *settings, *arguments]

    def run(
        self, *arguments: str, data: bytes = b"", env: dict[str, str] | None = None, ok: int = 0
    ) -> bytes:
        """Run git in the repository; returns its standard output.

        Args:
            arguments: of git.
            data: standard input.
            env: more environment variables.
            ok: the greatest exit code that is not an error.

        Raises:
            SyncError: it failed, with what it said, or took longer than its limit.
        """
        return run(*self.command(*arguments), cwd=self.work_tree, data=data, env=env, ok=ok)

    def line(self, *arguments: str, ok: int = 0) -> str:
        """The output of git without its line end, as text."""
        return os.fsdecode(self.run(*arguments, ok=ok)).strip()

    def commit_of(self, name: str) -> str:
        """The id of the commit that a name means; "" if there is none."""
        # Of a repository that only memcairn uses, a reference is nearly always a file.
        if self.own and name.startswith("refs/"):
            with contextlib.suppress(OSError), open(os.path.join(self.git_dir, name)) as file:
                if _COMMIT.fullmatch(found := file.read().strip()):
                    return found
        return self.line("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", ok=1)


def run(
    *arguments: str,
    cwd: str,
    data: bytes = b"",
    env: dict[str, str] | None = None,
    ok: int = 0,
) -> bytes:
    """Run git in a folder; see `Repository.run`."""
    with started(*arguments, cwd=cwd, data=data, env=env, ok=ok) as output:
        return output()


@contextlib.contextmanager
def started(
    *arguments: str, cwd: str, data: bytes = b"", env: dict[str, str] | None = None, ok: int = 0
) -> Iterator[Callable[[], bytes]]:
    """Start git; the function waits for its end and returns its output, as `Repository.run` does.

    git does not outlive the block.
    """
    command = next((word for word in arguments if not word.startswith("-") and "=" not in word), "")
    timeout_s = NETWORK_TIMEOUT_S if command in _NETWORK else LOCAL_TIMEOUT_S
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("GIT_INDEX")},
        # Nobody answers a question, neither in the terminal nor in a window.
        "GIT_TERMINAL_PROMPT": "0",
        "SSH_ASKPASS_REQUIRE": "never",
        "GCM_INTERACTIVE": "never",
        "GIT_OPTIONAL_LOCKS": "0",
        "LC_ALL": "C",
        **(env or {}),
    }
    for name in ("GIT_DIR", "GIT_WORK_TREE"):
        environment.pop(name, None)
    # In another session, ssh finds no terminal to ask on, and everything that git starts ends with it.
    with _input(data) as stdin:
        process = subprocess.Popen(  # noqa: S603 - the git command
            [program(), *arguments], cwd=cwd, env=environment, start_new_session=True,
            stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def output() -> bytes:
        found, errors = _communicate(process, timeout_s, command)
        if process.returncode > ok or process.returncode < 0:
            said = (errors or found).decode("utf-8", "replace").strip()
            hint = next(
                (hint for form, hint in _HINTS if re.search(form, said, re.IGNORECASE)), None
            )
            raise SyncError(f"git {command} failed: {said}", hint=hint)
        return found

    try:
        yield output
    finally:
        if process.returncode is None:  # Ctrl-C, a limit, or another failure
            with contextlib.suppress(OSError):
                if os.name == "nt":
                    process.kill()
                else:
                    os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        for pipe in (process.stdout, process.stderr):
            with contextlib.suppress(OSError):
                pipe.close()  # type: ignore[union-attr]


@contextlib.contextmanager
def _input(data: bytes) -> Iterator[IO[bytes] | int]:
    """Standard input of a process: a file, since a pipe can be filled while the process writes."""
    if not data:
        yield subprocess.DEVNULL
        return
    import tempfile  # noqa: PLC0415 - a sync with nothing to do has no input

    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        yield file


def _communicate(
    process: subprocess.Popen[bytes], timeout_s: float, command: str
) -> tuple[bytes, bytes]:
    deadline, has_ended = time.monotonic() + timeout_s, False
    while True:
        try:
            return process.communicate(timeout=_LAST_S if has_ended else _POLL_S)
        except subprocess.TimeoutExpired as late:
            # A connection that ssh keeps for later holds the pipe open after git has ended.
            if has_ended:
                return late.output or b"", late.stderr or b""
            has_ended = process.poll() is not None
            if time.monotonic() >= deadline:
                raise SyncError(
                    f"git {command} took longer than {timeout_s} s and was stopped",
                    hint="check the network; the notes are safe, and the next sync goes on",
                ) from None
