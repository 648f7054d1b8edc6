"""The repository of a scope in the home, and its checkout: commit, merge, apply, push.

The checkout has no `.git`. It is changed file by file, each atomically, and only then the branch moves: a
sync that is killed leaves files that the next one finds, and loses nothing.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from typing import TYPE_CHECKING, NamedTuple

from memcairn import paths
from memcairn.errors import (
    NoteChanged,
    NoteError,
    NoteExists,
    NoteMissing,
    NoteUnreadable,
    SyncError,
)
from memcairn.fs import atomic
from memcairn.settings import roots_json
from memcairn.sync import git
from memcairn.sync.git import Repository

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from memcairn.fs.sandbox import FileContent, Folder
    from memcairn.settings.shared_scopes import SharedScope

SCOPE_FILE = ".memcairn-scope.json"
"""In the repository only: the kind, the name and the project of the scope."""

REMOTE = "origin"
_MAX_BYTES = 1 << 30
# An editor may write a file while it is merged.
_MAX_ATTEMPTS = 3
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


class Applied(NamedTuple):
    """The files that were changed, and why others could not be written."""

    changed: list[str]
    failed: list[NoteError]


def who() -> str:
    """The name of this machine, for the names of files and for commits."""
    # `socket` and `platform` take longer to import than git takes to start.
    name = os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")
    return re.sub(r"[^a-z0-9]+", "-", name.split(".")[0].lower()).strip("-") or "here"


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
        atomic.replace(os.path.join(info, "attributes"), b"* -text -filter -ident\n")
    if url:
        repository.run("config", f"remote.{REMOTE}.url", url)


def remove_locks(repository: Repository, branch: str) -> None:
    """Remove the locks of a sync that was killed: only this one uses the repository."""
    names = (
        "index",
        "HEAD",
        "config",
        "packed-refs",
        f"refs/heads/{branch}",
        f"refs/remotes/{REMOTE}/{branch}",
    )
    for name in names:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(repository.git_dir, f"{name}.lock"))


# ── commit ───────────────────────────────────────────────────────────────────────────────────────


def nested_roots(home: str, root: str) -> list[str]:
    """The roots inside a root, which are synchronized by themselves or not at all."""
    found = roots_json.roots(home)
    return [one for one in found if one != root and paths.is_inside(one, root)]


def _leave_out(repository: Repository, nested: Iterable[str]) -> None:
    """Have git ignore what is not synchronized, so that it finds nothing to do when that changes."""
    root = repository.work_tree
    ignored = [paths.MEMORY_MD, ".*"]
    ignored += [
        "/" + re.sub(r"([\\*?\[\]!# ])", r"\\\1", os.path.relpath(one, root)) for one in nested
    ]
    ignored += [f"/{page}" for page in index_pages(root)]
    content = os.fsencode("".join(f"{line}\n" for line in ignored))
    file = os.path.join(repository.git_dir, "info", "exclude")
    with contextlib.suppress(OSError), open(file, "rb") as stream:
        if stream.read() == content:
            return
    atomic.replace(file, content)


def is_synchronized(path: str) -> bool:
    """Whether a file of a commit may be written into a checkout."""
    parts = path.split("/")
    return parts[-1] != paths.MEMORY_MD and not any(part.startswith(".") for part in parts)


def index_pages(root: str) -> Iterator[str]:
    """The generated index pages of a root."""
    folder = os.path.join(root, paths.PAGES_FOLDER)
    marker = paths.PAGE_MARKER.encode()
    with contextlib.suppress(OSError):
        for name in sorted(os.listdir(folder)):
            with contextlib.suppress(OSError), open(os.path.join(folder, name), "rb") as file:
                if file.read(len(marker)) == marker:
                    yield f"{paths.PAGES_FOLDER}/{name}"


def commit(
    repository: Repository,
    branch: str,
    nested: Sequence[str],
    message: str,
    before_removals: Callable[[], None] = lambda: None,
) -> str:
    """Commit what changed in the checkout; returns the id of the branch's commit, "" if there is none.

    Args:
        repository: the repository.
        branch: its branch.
        nested: the roots inside the root.
        message: of the commit.
        before_removals: called before files that are gone are committed; an error stops it.
    """
    head = repository.commit_of(f"refs/heads/{branch}")
    changed, is_staged = _pending(repository, nested)
    if head and not changed and not is_staged:
        return head
    data = b"".join(os.fsencode(path) + b"\0" for path in changed)
    repository.run("update-index", "-z", "--add", "--remove", "--replace", "--stdin", data=data)
    tree = repository.line("write-tree")
    before = repository.line("rev-parse", f"{head}^{{tree}}") if head else empty_tree(repository)
    if tree == before:
        return head
    if repository.run("diff-tree", "-r", "--name-only", "--diff-filter=D", before, tree):
        before_removals()
    new = commit_tree(repository, tree, [head] if head else [], message)
    repository.run("update-ref", f"refs/heads/{branch}", new, head or "0" * len(new))
    return new


def pending(repository: Repository, nested: Sequence[str]) -> list[str]:
    """The synchronized files of the checkout that changed since the last commit."""
    return _pending(repository, nested)[0]


def _pending(repository: Repository, nested: Sequence[str]) -> tuple[list[str], bool]:
    """The changed files, and whether a sync that was killed left changes in the index."""
    _leave_out(repository, nested)
    # git remembers which folders have no new files, if it may write its index.
    said = repository.run(
        "-c", "core.untrackedCache=true", "-c", "status.showUntrackedFiles=all",
        "status", "--porcelain", "-z", "--no-renames", "--ignore-submodules=all",
        env={"GIT_OPTIONAL_LOCKS": "1"},
    )  # fmt: skip
    lines = [os.fsdecode(line) for line in said.split(b"\0") if line]
    root = repository.work_tree
    changed = [
        path
        for path in (line[3:] for line in lines)
        if is_synchronized(path)
        and not path.endswith("/")  # a repository
        and not os.path.islink(os.path.join(root, path))
        and not any(paths.is_inside(os.path.join(root, path), one) for one in nested)
    ]
    return changed, any(line[0] not in " ?" for line in lines)


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
    git.check_version()
    found = repository.run(
        "-c", "merge.directoryRenames=false", "merge-tree", "--write-tree", "-z", "--no-messages",
        "--allow-unrelated-histories", ours, theirs, ok=1,
    ).split(b"\0")  # fmt: skip
    tree, entries = os.fsdecode(found[0]).strip(), [os.fsdecode(one) for one in found[1:] if one]
    if entries:
        with _index_file(repository) as env:
            if _has_markers(repository, entries):
                # Where renames meet, git gives texts with markers as the sides: merge path by path.
                base = repository.line("merge-base", ours, theirs, ok=1) or empty_tree(repository)
                repository.run("read-tree", "-i", "-m", "--aggressive", base, ours, theirs, env=env)
                unmerged = repository.run("ls-files", "-u", "-z", "--full-name", ":/", env=env)
                entries = [os.fsdecode(one) for one in unmerged.split(b"\0") if one]
            else:
                repository.run("read-tree", tree, env=env)
            tree = _resolved(repository, env, entries)
    return commit_tree(repository, tree, [ours, theirs], f"memcairn: merge on {who()}", *options)


@contextlib.contextmanager
def _index_file(repository: Repository) -> Iterator[dict[str, str]]:
    """The environment for a temporary index."""
    folder = repository.line("rev-parse", "--absolute-git-dir")
    index = os.path.join(folder, f"memcairn-{os.getpid()}.index")
    try:
        yield {"GIT_INDEX_FILE": index}
    finally:
        for name in (index, f"{index}.lock"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name)


def _has_markers(repository: Repository, entries: Sequence[str]) -> bool:
    oids = (entry.partition("\t")[0].split(" ")[1] for entry in entries)
    sides = contents(repository, (TreeChange("", "", oid) for oid in oids))
    return any(b"<<<<<<<" in content for content in sides.values())


def _resolved(repository: Repository, env: dict[str, str], entries: Sequence[str]) -> str:
    """The tree without conflicts: notes are merged by their parts, and of the rest both sides stay."""
    from memcairn.sync import merge  # noqa: PLC0415 - few syncs meet a conflict

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
    data = b"".join(os.fsencode(line) + b"\0" for line in lines)
    repository.run("update-index", "-z", "--replace", "--index-info", data=data, env=env)
    return os.fsdecode(repository.run("write-tree", env=env)).strip()


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


def contents(repository: Repository, changed: Iterable[TreeChange]) -> dict[str, bytes]:
    """The new contents of files, by the id of the object."""
    oids = list(dict.fromkeys(change.new for change in changed if change.new))
    if not oids:
        return {}
    data, found = repository.run("cat-file", "--batch", data="\n".join(oids).encode() + b"\n"), {}
    at = 0
    for oid in oids:  # <oid> blob <size>, a line end, the content, a line end
        head = data[at : data.find(b"\n", at) + 1]
        if not head.startswith(f"{oid} blob ".encode()):  # "<oid> missing": git's exit code is 0
            raise SyncError(
                f"an object of the repository cannot be read: {oid}",
                path=repository.git_dir or repository.work_tree,
                hint="sync again; if it says the same, look at the disk, then at `git fsck`",
            )
        begin = at + len(head)
        at = begin + int(head.split()[2]) + 1
        found[oid] = data[begin : at - 1]
    return found


def apply(
    repository: Repository,
    changed: Sequence[TreeChange],
    found: Mapping[str, bytes],
    done: Applied,
) -> None:
    """Bring the files of the checkout to their new contents.

    A file that was edited since it was committed is merged once more; nothing is overwritten.

    Args:
        repository: the repository.
        changed: the files.
        found: the new contents, by the id of the object.
        done: is added to.
    """
    from pathlib import Path  # noqa: PLC0415 - most syncs change no file

    from memcairn.fs.sandbox import open_root  # noqa: PLC0415 - as above

    with open_root(Path(repository.work_tree)) as top, top.lock():
        # First what is removed: the new name may differ from the old one in case only.
        for change in sorted(changed, key=lambda change: bool(change.new)):
            for attempt in range(_MAX_ATTEMPTS):
                try:
                    _apply(repository, top, change, found.get(change.new, b""), done)
                    break
                except (NoteChanged, NoteExists, NoteMissing) as error:  # an editor was faster
                    if attempt == _MAX_ATTEMPTS - 1:
                        done.failed.append(error)
                except NoteError as error:  # a folder where the file belongs, or a symlink above it
                    done.failed.append(error)
                    break


def finish_partial(repository: Repository, changed: Iterable[TreeChange]) -> None:
    """Write the whole old content of files of which a git that was stopped has written a part."""
    for change in changed:
        if change.old:
            file = os.path.join(repository.work_tree, change.path)
            whole = _blob(repository, change.old)
            with contextlib.suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
                with open(file, "rb") as stream:
                    present = stream.read(len(whole) + 1)
                if whole.startswith(present) and present != whole:
                    atomic.replace(file, whole)


def _apply(
    repository: Repository, top: Folder, change: TreeChange, content: bytes, done: Applied
) -> None:
    *parents, name = change.path.split("/")
    place = os.path.join(repository.work_tree, *parents)
    try:
        found = top.folder(tuple(parents), create=bool(change.new))
    except NoteUnreadable:
        if change.new:
            raise
        return  # the folder is gone, and the file with it
    with found as folder:
        status = folder.status(name)
        is_there = status is not None
        if is_there and name not in os.listdir(place):
            if not change.new:
                return
            raise NoteError(
                "differs from another file in case only, and this file system cannot hold both",
                path=change.path, hint="rename one of them on another machine, then sync again",
            )  # fmt: skip
        if status is not None and not change.new and stat.S_ISLNK(status.st_mode):
            return
        present = folder.read(name, _MAX_BYTES) if is_there else None
        present_oid = "" if present is None else _oid(present.data, change.new or change.old)
        if present_oid == change.new:
            return
        if change.new:
            _write(repository, folder, change, content, present, done)
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
    content: bytes,
    present: FileContent | None,
    done: Applied,
) -> None:
    """Write the new content of a file, merged with what was edited since the commit."""
    from memcairn.sync import merge  # noqa: PLC0415 - most syncs change no file

    place, _, name = change.path.rpartition("/")
    if present is None:
        folder.write_new(name, content)
    else:
        if _oid(present.data, change.new) != change.old:
            base = _blob(repository, change.old) if change.old else b""
            result = merge.merge(base, present.data, content)
            content = result.content
            if result.ours is not None:
                beside = os.path.basename(merge.conflict_path(name, who(), result.ours))
                with contextlib.suppress(NoteExists):  # it is there already
                    folder.write_new(beside, merge.conflict_note(name, result.ours))
                done.changed.append(f"{place}/{beside}" if place else beside)
        folder.write(name, content, expected=present.status)
    done.changed.append(change.path)


def _oid(content: bytes, like: str) -> str:
    """The id of a content as git computes it, with the hash of the repository."""
    import hashlib  # noqa: PLC0415 - most syncs change no file

    new = hashlib.sha256 if len(like) == 64 else hashlib.sha1
    return new(b"blob %d\0" % len(content) + content).hexdigest()


def move_branch(repository: Repository, branch: str, commit_id: str) -> None:
    """Make a commit the branch's, after its files were applied."""
    repository.run("symbolic-ref", "HEAD", f"refs/heads/{branch}")
    repository.run("reset", "--quiet", "--no-refresh", commit_id)


# ── the remote ───────────────────────────────────────────────────────────────────────────────────


def fetch(repository: Repository, remote: str, branch: str) -> str:
    """Fetch a branch; returns its commit, "" if the remote has no such branch."""
    with fetching(repository, remote, branch) as fetched:
        return fetched()


@contextlib.contextmanager
def fetching(repository: Repository, remote: str, branch: str) -> Iterator[Callable[[], str]]:
    """Fetch a branch while the block does something else; the function waits and returns its commit."""
    name = f"refs/remotes/{remote}/{branch}"
    # Of a repository that only memcairn uses, `maintain` is called when something has changed.
    arguments = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head"]
    arguments += ["--no-auto-maintenance"] if repository.own else []
    command = repository.command(*arguments, remote, f"+refs/heads/{branch}:{name}")
    with git.started(*command, cwd=repository.work_tree) as output:

        def fetched() -> str:
            try:
                output()
            except SyncError as error:
                if "couldn't find remote ref" not in error.message:
                    raise
                return ""
            return repository.commit_of(name)

        yield fetched


def maintain(repository: Repository) -> None:
    """Let git pack what has become many files."""
    with contextlib.suppress(SyncError):
        repository.run("maintenance", "run", "--auto", "--quiet")


def push(repository: Repository, remote: str, branch: str, commit_id: str) -> bool:
    """Push a commit; False if somebody else pushed meanwhile."""
    try:
        repository.run("push", "--quiet", "--porcelain", remote, f"{commit_id}:refs/heads/{branch}")
    except SyncError as error:
        if _REJECTED.search(error.message) and "hook declined" not in error.message:
            return False
        raise
    if repository.own:  # it has no rule by which git would do this
        repository.run("update-ref", f"refs/remotes/{remote}/{branch}", commit_id)
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
