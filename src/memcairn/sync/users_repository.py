"""A root in a person's repository: commit the notes only, in their way, and touch nothing else.

Their hooks run, their signing holds, and what they staged, changed or have not pushed stays theirs. Where
the repository is in the middle of something, the sync waits and says for what.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from memcairn.errors import SyncError
from memcairn.paths import MEMORY_MD
from memcairn.sync import checkout

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from memcairn.sync.git import Repository

MESSAGE = "memcairn: notes of"
_UNDER_WAY = {
    "rebase-merge": "a rebase is under way",
    "rebase-apply": "a rebase is under way",
    "MERGE_HEAD": "a merge is under way",
    "CHERRY_PICK_HEAD": "a cherry-pick is under way",
    "REVERT_HEAD": "a revert is under way",
    "BISECT_LOG": "a bisect is under way",
    "index.lock": "another git command is running (index.lock)",
}


def pathspec(root: str, nested: Iterable[str]) -> list[str]:
    """Which files of a root are synchronized: not MEMORY.md, index pages, hidden files and nested roots."""
    left_out = [":(exclude,glob)**/MEMORY.md", ":(exclude,glob)**/.*", ":(exclude,glob)**/.*/**"]
    left_out += [f":(exclude,literal){os.path.relpath(one, root)}" for one in nested]
    left_out += [f":(exclude,literal){page}" for page in checkout.index_pages(root)]
    return [".", *left_out]


def pending(repository: Repository, spec: Sequence[str]) -> list[str]:
    """The files that are not committed, relative to the root; none of repositories in it."""
    arguments = ("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all")
    lines = repository.run(*arguments, "--ignore-submodules=all", "--", *spec).split(b"\0")
    prefix = repository.line("rev-parse", "--show-prefix")
    # A repository that is no submodule is listed as a folder.
    files = (os.fsdecode(line[3:]) for line in lines if line and not line.endswith(b"/"))
    return [file.removeprefix(prefix) for file in files]


def branch_and_remote(repository: Repository) -> tuple[str, str]:
    """The branch that is checked out, and the name of its remote.

    Raises:
        SyncError: the repository is in the middle of something.
    """
    git_dir = repository.line("rev-parse", "--absolute-git-dir")
    for name, what in _UNDER_WAY.items():
        if os.path.lexists(os.path.join(git_dir, name)):
            hint = f"finish it, or end it, then sync again; if no git runs, delete {git_dir}/{name}"
            is_lock = name.endswith(".lock")
            raise _wait(
                repository, what, hint if is_lock else "finish it, or end it, then sync again"
            )
    branch = repository.line("symbolic-ref", "--quiet", "--short", "HEAD", ok=1)
    if not branch:
        raise _wait(repository, "the head is detached", "check out a branch, then sync again")
    if repository.commit_of("HEAD") and repository.run("diff", "--cached", "--name-only"):
        raise _wait(repository, "changes are staged", "commit or unstage them, then sync again")
    remote = repository.line("config", f"branch.{branch}.remote", ok=1) or checkout.REMOTE
    if not repository.line("config", f"remote.{remote}.url", ok=1):
        raise _wait(repository, f"there is no remote {remote}", f"git remote add {remote} URL")
    return branch, remote


def ignore_memory_md(repository: Repository) -> None:
    """Have git ignore MEMORY.md, which each machine renders, in this clone only."""
    file = os.path.join(
        repository.work_tree, repository.line("rev-parse", "--git-path", "info/exclude")
    )
    line = f"/{repository.line('rev-parse', '--show-prefix')}{MEMORY_MD}"
    os.makedirs(os.path.dirname(file), exist_ok=True)
    with open(file, "a+", encoding="utf-8") as stream:
        stream.seek(0)
        if line not in stream.read().splitlines():
            stream.write(f"{line}\n")


def commit(repository: Repository, spec: Sequence[str]) -> str:
    """Commit the changed notes with the person's hooks and signing; returns the id of the head.

    What a sync that was killed leaves in the index are names of new notes without content, which git does
    not count as staged.

    Raises:
        SyncError: a hook or signing refused; the index is unchanged.
    """
    changed = pending(repository, spec)
    if not changed:
        return repository.commit_of("HEAD")
    new = [path for path in changed if os.path.lexists(os.path.join(repository.work_tree, path))]
    _with_paths(repository, new, "add", "--intent-to-add")
    try:
        message = f"{MESSAGE} {checkout.who()}"
        _with_paths(repository, changed, "commit", "--quiet", "--only", "-m", message)
    except SyncError as error:
        _with_paths(repository, changed, "reset", "--quiet")
        hint = "a hook or git refused the commit: do what it says, then sync again"
        raise SyncError(
            error.message, path=repository.work_tree, hint=error.hint or hint
        ) from error
    except BaseException:  # Ctrl-C
        _with_paths(repository, changed, "reset", "--quiet")
        raise
    return repository.commit_of("HEAD")


def _with_paths(repository: Repository, paths: Sequence[str], *arguments: str) -> None:
    if paths:
        data = b"".join(os.fsencode(path) + b"\0" for path in paths)
        where = ("--pathspec-from-file=-", "--pathspec-file-nul")
        repository.run(*arguments, *where, data=data, env={"GIT_LITERAL_PATHSPECS": "1"})


def merged(repository: Repository, spec: Sequence[str], head: str, theirs: str) -> str:
    """The commit to which the branch and the checkout can be moved forward.

    Raises:
        SyncError: what comes is not only notes, or the clone is too shallow to merge.
    """
    if checkout.is_ancestor(repository, theirs, head):
        return head
    base = repository.line("merge-base", head, theirs, ok=1)
    if not base:
        raise _wait(
            repository,
            "the clone is too shallow to merge",
            "git fetch --unshallow, then sync again",
        )
    arguments = ("diff", "--name-only", "-z", base, theirs)
    coming = set(repository.run(*arguments).split(b"\0"))
    if coming - set(repository.run(*arguments, "--", *spec).split(b"\0")):
        raise _wait(
            repository, "the remote has changes beyond the notes", "git pull, then sync again"
        )
    sign = repository.line("config", "--type=bool", "commit.gpgSign", ok=1) == "true"
    return checkout.merged(repository, head, theirs, *(("-S",) if sign else ()))


def refuse_to_push_others(repository: Repository, head: str, theirs: str) -> None:
    """Never publish commits that the person has not pushed.

    Raises:
        SyncError: there are some.
    """
    span = f"{theirs}..{head}" if theirs else head
    lines = repository.line("log", "--format=%s", span).splitlines()
    others = [line for line in lines if not line.startswith("memcairn: ")]
    if others:
        raise _wait(
            repository,
            f"{len(others)} commits are not pushed yet, which are not memcairn's",
            "git push, then sync again",
        )


def _wait(repository: Repository, why: str, hint: str) -> SyncError:
    return SyncError(f"is left alone: {why}", path=repository.work_tree, hint=hint)
