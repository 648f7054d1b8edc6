"""Run the git command: found and checked, with time limits, without prompts, and with its own words."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import shutil
import signal
import subprocess
from dataclasses import dataclass

from memcairn.errors import SyncError

MIN_VERSION = (2, 38)
"""The first version with `git merge-tree --write-tree`."""

LOCAL_TIMEOUT_S = 300
NETWORK_TIMEOUT_S = 300
_NETWORK = frozenset({"fetch", "push", "ls-remote"})
_VERSION = re.compile(r"(\d+)\.(\d+)")
# What git says, and what the user can do. The first that matches is the hint.
_HINTS = (
    (r"could not resolve host|network is unreachable|connection (?:refused|timed out)|unable to access",
     "check the network and the URL; the notes are safe, and the next sync sends them"),
    (r"host key verification failed", "connect once by hand, `ssh HOST`, to accept the host key"),
    (r"permission denied \(publickey|authentication failed|could not read (?:user|pass)|terminal",
     "let git sign in by itself: an SSH key in the agent, or a credential helper (git help credentials)"),
    (r"permission denied|403|protected branch|not allowed|access denied|deny",
     "you may read, but not write: ask whoever owns the repository"),
    (r"not appear to be a git repository|repository .* not found|does not exist",
     "check the URL, and create the empty repository first"),
    (r"gpg|signing|sign the data|ssh-keygen", "make `git commit` by hand work with signing, then sync again"),
    (r"hook", "a hook of the repository refused; see its words, then sync again"),
)  # fmt: skip


@functools.cache
def program() -> str:
    """The path of the git command.

    Raises:
        SyncError: there is none, or it is too old.
    """
    found = shutil.which("git")
    wanted = ".".join(map(str, MIN_VERSION))
    if found is None:
        raise SyncError("git is not installed", hint=f"install git {wanted} or later")
    done = subprocess.run(  # noqa: S603 - the git command
        [found, "--version"], capture_output=True, text=True, check=False
    )
    version = _VERSION.search(done.stdout)
    if version is None or (int(version[1]), int(version[2])) < MIN_VERSION:
        raise SyncError(
            f"git is too old: {done.stdout.strip() or found}", hint=f"install git {wanted} or later"
        )
    return found


@dataclass(frozen=True, slots=True)
class Repository:
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
        where: list[str] = []
        if self.own:
            where = [f"--git-dir={self.git_dir}", f"--work-tree={self.work_tree}"]
            # Settings of the user that change contents or ask are for repositories of code.
            off = ("core.autocrlf=false", "core.fileMode=false", "core.hooksPath=/dev/null",
                   "commit.gpgSign=false", "core.symlinks=true", "core.fsmonitor=false")  # fmt: skip
            where += [part for setting in off for part in ("-c", setting)]
        return run(*where, *arguments, cwd=self.work_tree, data=data, env=env, ok=ok)

    def line(self, *arguments: str, ok: int = 0) -> str:
        """The output of git without its line end, as text."""
        return os.fsdecode(self.run(*arguments, ok=ok)).strip()

    def commit_of(self, name: str) -> str:
        """The id of the commit that a name means; "" if there is none."""
        return self.line("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", ok=1)


def run(
    *arguments: str,
    cwd: str,
    data: bytes = b"",
    env: dict[str, str] | None = None,
    ok: int = 0,
) -> bytes:
    """Run git in a folder; see `Repository.run`."""
    command = next((word for word in arguments if not word.startswith("-") and "=" not in word), "")
    timeout_s = NETWORK_TIMEOUT_S if command in _NETWORK else LOCAL_TIMEOUT_S
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("GIT_INDEX")},
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "LC_ALL": "C",
        **(env or {}),
    }
    for name in ("GIT_DIR", "GIT_WORK_TREE"):
        environment.pop(name, None)
    # In another session, ssh finds no terminal to ask on, and everything that git starts ends with it.
    process = subprocess.Popen(  # noqa: S603 - as above
        [program(), *arguments], cwd=cwd, env=environment, start_new_session=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        output, errors = process.communicate(data, timeout=timeout_s)
    except subprocess.TimeoutExpired:
        _end(process)
        raise SyncError(
            f"git {command} took longer than {timeout_s} s and was stopped",
            hint="check the network; the notes are safe, and the next sync goes on",
        ) from None
    except BaseException:  # Ctrl-C
        _end(process)
        raise
    if process.returncode > ok or process.returncode < 0:
        said = (errors or output).decode("utf-8", "replace").strip()
        hint = next((hint for form, hint in _HINTS if re.search(form, said, re.IGNORECASE)), None)
        raise SyncError(f"git {command} failed: {said}", hint=hint)
    return output


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError):
        if os.name == "nt":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
