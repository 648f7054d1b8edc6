"""The repository of a scope in the home, and its checkout: commit, merge, apply, push.

The checkout has no `.git`. It is changed file by file, each atomically, and only then the branch moves: a
sync that is killed leaves files that the next one finds, and loses nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from memcairn import paths
from memcairn.errors import NoteError, SyncError
from memcairn.fs.sandbox import open_root
from memcairn.sync import git, merge
from memcairn.sync.git import Repository

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from memcairn.fs.sandbox import Folder
    from memcairn.settings.shared_scopes import SharedScope

SCOPE_FILE = ".memcairn-scope.json"
"""In the repository only: the kind, the name and the project of the scope."""

REMOTE = "origin"
_MAX_BYTES = 1 << 30
_REGULAR = ("100644", "100755")
_REJECTED = re.compile(
    r"\[rejected\]|non-fast-forward|fetch first|cannot lock ref|failed to update ref|incorrect old value",
    re.IGNORECASE,
)


class TreeChange(NamedTuple):
    """A file that differs between two commits: its new object, "" if it is gone."""

    path: str
    old: str
    new: str


@dataclass(slots=True)
class Applied:
    """The files that were changed, and the conflicts: the note, and where our text is kept."""

    changed: list[str] = field(default_factory=list)
    arrived: list[str] = field(default_factory=list)


def who() -> str:
    """The name of this machine, for the names of files and for commits."""
    return (
        re.sub(r"[^a-z0-9]+", "-", socket.gethostname().split(".")[0].lower()).strip("-") or "here"
    )


def repository_of(scope: SharedScope, home: str) -> Repository:
    """The repository of a scope: in the home, or the person's around its root."""
    own = os.path.join(home, "sync", f"{scope.key}.git") if scope.own else ""
    return Repository(own, scope.root)


# ── making it ────────────────────────────────────────────────────────────────────────────────────


def create(repository: Repository, url: str, branch: str) -> None:
    """Create the repository of a scope, or give it another remote."""
    if not os.path.isdir(os.path.join(repository.git_dir, "objects")):
        os.makedirs(os.path.dirname(repository.git_dir), mode=0o700, exist_ok=True)
        arguments = ("init", "--quiet", "--bare", f"--initial-branch={branch}", repository.git_dir)
        git.run(*arguments, cwd=repository.work_tree)
        repository.run("config", "core.bare", "false")
        # Contents are stored byte for byte, whatever the user's attributes say.
        info = os.path.join(repository.git_dir, "info")
        os.makedirs(info, exist_ok=True)
        Path(info, "attributes").write_text("* -text -filter -ident\n", encoding="utf-8")
    if url:
        repository.run("config", f"remote.{REMOTE}.url", url)


# ── commit ───────────────────────────────────────────────────────────────────────────────────────


def pathspec(root: str, nested: Iterable[str] = ()) -> list[str]:
    """Which files of a root are synchronized: not MEMORY.md, index pages, hidden files and nested roots."""
    left_out = [":(exclude,glob)**/MEMORY.md", ":(exclude,glob)**/.*", ":(exclude,glob)**/.*/**"]
    left_out += [f":(exclude,literal){os.path.relpath(one, root)}" for one in nested]
    left_out += [f":(exclude,literal){path}" for path in _index_pages(root)]
    return [".", *left_out]


def is_synchronized(path: str) -> bool:
    """Whether a file of a commit may be written into a checkout."""
    parts = path.split("/")
    return parts[-1] != paths.MEMORY_MD and not any(part.startswith(".") for part in parts)


def _index_pages(root: str) -> Iterator[str]:
    folder = os.path.join(root, paths.PAGES_FOLDER)
    marker = paths.PAGE_MARKER.encode()
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            with contextlib.suppress(OSError), open(os.path.join(folder, name), "rb") as file:
                if file.read(len(marker)) == marker:
                    yield f"{paths.PAGES_FOLDER}/{name}"


def commit(repository: Repository, branch: str, spec: Sequence[str], message: str) -> str:
    """Commit what changed in the checkout; returns the id of the branch's commit, "" if there is none."""
    # Only this sync uses the index, so a lock is left by one that was killed.
    with contextlib.suppress(FileNotFoundError):
        os.unlink(os.path.join(repository.git_dir, "index.lock"))
    head = repository.commit_of(f"refs/heads/{branch}")
    repository.run("add", "--all", "--", *spec)
    tree = repository.line("write-tree")
    before = repository.line("rev-parse", f"{head}^{{tree}}") if head else empty_tree(repository)
    if tree == before:
        return head
    new = commit_tree(repository, tree, [head] if head else [], message)
    repository.run("update-ref", f"refs/heads/{branch}", new, head or "0" * len(new))
    return new


def empty_tree(repository: Repository) -> str:
    """The id of the tree without files."""
    return os.fsdecode(repository.run("mktree", data=b"")).strip()


def commit_tree(
    repository: Repository, tree: str, parents: Sequence[str], message: str, *options: str
) -> str:
    """Make a commit; without a configured author, the machine is its author."""
    arguments = [part for parent in parents for part in ("-p", parent)]
    env = {}
    if repository.own and not repository.line("config", "user.email", ok=1):
        env = dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"), f"memcairn on {who()}")
        env |= dict.fromkeys(("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"), f"memcairn@{who()}")
    made = repository.run("commit-tree", tree, *arguments, *options, "-m", message, env=env)
    return os.fsdecode(made).strip()


def add_scope_file(repository: Repository, branch: str, content: str) -> None:
    """Commit the description of the scope, which only the repository has."""
    oid = os.fsdecode(repository.run("hash-object", "-w", "--stdin", data=content.encode())).strip()
    repository.run("update-index", "--add", "--cacheinfo", f"100644,{oid},{SCOPE_FILE}")
    head = repository.commit_of(f"refs/heads/{branch}")
    tree = repository.line("write-tree")
    new = commit_tree(repository, tree, [head] if head else [], "memcairn: describe the scope")
    repository.run("update-ref", f"refs/heads/{branch}", new)


# ── merge ────────────────────────────────────────────────────────────────────────────────────────


def is_ancestor(repository: Repository, one: str, other: str) -> bool:
    """Whether the commit `other` contains the commit `one`."""
    return one == other or repository.line("merge-base", one, other, ok=1) == one


def merged(repository: Repository, ours: str, theirs: str, *options: str) -> str:
    """The commit that has both; one of them if it contains the other. The checkout stays as it is."""
    if not ours or not theirs or is_ancestor(repository, ours, theirs):
        return theirs or ours
    if is_ancestor(repository, theirs, ours):
        return ours
    found = repository.run(
        "-c", "merge.directoryRenames=false", "merge-tree", "--write-tree", "-z", "--no-messages",
        "--allow-unrelated-histories", ours, theirs, ok=1,
    ).split(b"\0")  # fmt: skip
    tree, entries = os.fsdecode(found[0]).strip(), [os.fsdecode(one) for one in found[1:] if one]
    if entries:
        tree = _resolved(repository, tree, entries)
    return commit_tree(repository, tree, [ours, theirs], f"memcairn: merge on {who()}", *options)


def _resolved(repository: Repository, tree: str, entries: Sequence[str]) -> str:
    """The tree without conflicts: notes are merged by their parts, and of the rest both sides stay."""
    stages: dict[str, dict[str, tuple[str, str]]] = {}
    for entry in entries:
        fact, _, path = entry.partition("\t")
        mode, oid, stage = fact.split(" ")
        stages.setdefault(path, {})[stage] = (mode, oid)
    lines: list[str] = []
    for path, found in stages.items():
        zero = "0" * len(next(iter(found.values()))[1])
        lines.append(f"0 {zero}\t{path}")
        ours, theirs = found.get("2"), found.get("3")
        if ours and theirs and ours[0] in _REGULAR and theirs[0] in _REGULAR:
            base = _blob(repository, found["1"][1]) if "1" in found else b""
            result = merge.merge(base, _blob(repository, ours[1]), _blob(repository, theirs[1]))
            lines.append(f"{theirs[0]} {_stored(repository, result.content)}\t{path}")
            if result.ours is not None:
                beside = merge.conflict_path(path, who(), result.ours)
                content = merge.conflict_note(path, result.ours)
                lines.append(f"100644 {_stored(repository, content)}\t{beside}")
        elif ours or theirs:  # deleted on one side, changed on the other: kept
            mode, oid = theirs or ours or ("", "")
            lines.append(f"{mode} {oid}\t{path}")
    index = os.path.join(
        repository.line("rev-parse", "--absolute-git-dir"), f"memcairn-{os.getpid()}.index"
    )
    env = {"GIT_INDEX_FILE": index}
    try:
        repository.run("read-tree", tree, env=env)
        data = b"".join(os.fsencode(line) + b"\0" for line in lines)
        repository.run("update-index", "-z", "--index-info", data=data, env=env)
        return os.fsdecode(repository.run("write-tree", env=env)).strip()
    finally:
        for name in (index, f"{index}.lock"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name)


def _blob(repository: Repository, oid: str) -> bytes:
    return repository.run("cat-file", "blob", oid)


def _stored(repository: Repository, content: bytes) -> str:
    return os.fsdecode(repository.run("hash-object", "-w", "--stdin", data=content)).strip()


# ── apply ────────────────────────────────────────────────────────────────────────────────────────


def changes(repository: Repository, old: str, new: str) -> list[TreeChange]:
    """The regular files that differ between two commits; "" is the commit without files."""
    old = old or empty_tree(repository)
    fields = repository.run("diff-tree", "-r", "-z", "--raw", "--no-renames", old, new).split(b"\0")
    found = []
    for fact, name in zip(fields[::2], fields[1::2], strict=False):
        _, mode, before, after, _ = fact.decode().split(" ")
        path = os.fsdecode(name)
        if is_synchronized(path) and (mode in _REGULAR or not int(after, 16)):
            oids = [oid if int(oid, 16) else "" for oid in (before, after)]
            found.append(TreeChange(path, *oids))
    return found


def apply(repository: Repository, changed: Sequence[TreeChange]) -> Applied:
    """Bring the files of the checkout to their new contents.

    A file that was edited since it was committed is merged once more; nothing is overwritten.
    """
    done = Applied()
    with open_root(Path(repository.work_tree)) as top, top.lock():
        for change in changed:
            with contextlib.suppress(
                NoteError
            ):  # a folder where the file belongs, or a symlink above it
                _apply(repository, top, change, done)
    return done


def _apply(repository: Repository, top: Folder, change: TreeChange, done: Applied) -> None:
    *parents, name = change.path.split("/")
    if not change.new and not os.path.isdir(os.path.join(repository.work_tree, *parents)):
        return
    with top.folder(tuple(parents), create=bool(change.new)) as folder:
        is_there = os.path.lexists(os.path.join(repository.work_tree, change.path))
        present = folder.read(name, _MAX_BYTES).data if is_there else None
        present_oid = "" if present is None else _oid(present, change.new or change.old)
        if present_oid == change.new:
            return
        if change.new:
            _write(repository, folder, change, present, present_oid, done)
            return
        if present_oid != change.old:
            return  # deleted there, changed here: kept
        folder.unlink(name)
        done.changed.append(change.path)
    for depth in range(len(parents), 0, -1):
        with contextlib.suppress(OSError):
            os.rmdir(os.path.join(repository.work_tree, *parents[:depth]))


def _write(
    repository: Repository,
    folder: Folder,
    change: TreeChange,
    present: bytes | None,
    present_oid: str,
    done: Applied,
) -> None:
    """Write the new content of a file, merged with what was edited since the commit."""
    place, _, name = change.path.rpartition("/")
    content = _blob(repository, change.new)
    if present is None:
        folder.write_new(name, content)
    else:
        if present_oid != change.old:
            base = _blob(repository, change.old) if change.old else b""
            result = merge.merge(base, present, content)
            content = result.content
            if result.ours is not None:
                beside = os.path.basename(merge.conflict_path(name, who(), result.ours))
                with contextlib.suppress(NoteError):  # it is there already
                    folder.write_new(beside, merge.conflict_note(name, result.ours))
                done.changed.append(f"{place}/{beside}" if place else beside)
        folder.write(name, content)
    done.changed.append(change.path)
    done.arrived.append(change.path)


def _oid(content: bytes, like: str) -> str:
    """The id of a content as git computes it, with the hash of the repository."""
    new = hashlib.sha256 if len(like) == 64 else hashlib.sha1
    return new(b"blob %d\0" % len(content) + content).hexdigest()


def move_branch(repository: Repository, branch: str, commit_id: str) -> None:
    """Make a commit the branch's, after its files were applied."""
    repository.run("symbolic-ref", "HEAD", f"refs/heads/{branch}")
    repository.run("reset", "--quiet", "--no-refresh", commit_id)


# ── the remote ───────────────────────────────────────────────────────────────────────────────────


def fetch(repository: Repository, remote: str, branch: str) -> str:
    """Fetch a branch; returns its commit, "" if the remote has no such branch."""
    name = f"refs/remotes/{remote}/{branch}"
    arguments = ("--quiet", "--no-tags", "--no-write-fetch-head", remote)
    try:
        repository.run("fetch", *arguments, f"+refs/heads/{branch}:{name}")
    except SyncError as error:
        if "couldn't find remote ref" not in error.message:
            raise
        return ""
    return repository.commit_of(name)


def push(repository: Repository, remote: str, branch: str, commit_id: str) -> bool:
    """Push a commit; False if somebody else pushed meanwhile."""
    try:
        repository.run("push", "--quiet", "--porcelain", remote, f"{commit_id}:refs/heads/{branch}")
    except SyncError as error:
        if _REJECTED.search(error.message) and "hook declined" not in error.message:
            return False
        raise
    return True


def remote_branch(url: str, cwd: str) -> tuple[str, bool]:
    """The branch that a remote shows first, and whether the remote has any.

    Raises:
        SyncError: the remote cannot be reached.
    """
    said = git.run("ls-remote", "--symref", "--", url, cwd=cwd).decode("utf-8", "replace")
    found = re.search(r"^ref: refs/heads/(\S+)\tHEAD$", said, re.MULTILINE)
    heads = re.findall(r"\trefs/heads/(\S+)$", said, re.MULTILINE)
    if found and (found[1] in heads or not heads):
        return found[1], bool(heads)
    return (heads[0], True) if heads else ("main", False)
