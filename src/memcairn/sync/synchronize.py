"""Synchronize scopes: commit what changed here, take what changed there, and send."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from memcairn import paths
from memcairn.errors import MemcairnError, SyncError, UsageError
from memcairn.fs import atomic, lock
from memcairn.root import OpenRoot
from memcairn.settings import moved, project, shared_scopes
from memcairn.settings.shared_scopes import SharedScope
from memcairn.store import roots
from memcairn.sync import arrival, checkout, merge, person

if TYPE_CHECKING:
    from collections.abc import Sequence

    from memcairn.engine import Engine
    from memcairn.settings.shared_scopes import Kind
    from memcairn.sync.git import Repository

MAX_ATTEMPTS = 8
"""Somebody else may push between fetch and push; then the sync begins again."""


@dataclass(slots=True)
class Synced:
    """What one sync of a scope did, or with `dry_run` will do.

    `sent` and `taken` are files relative to the root, `conflicts` notes with our text beside them,
    `suspicious` notes that wait in the inbox. `left`: why it is not done, "" if it is.
    """

    scope: str
    root: str
    sent: list[str] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    conflicts: list[tuple[str, str]] = field(default_factory=list)
    suspicious: list[str] = field(default_factory=list)
    left: str = ""
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class ScopeState:
    """The state of a scope without asking the network: counts of commits and files."""

    name: str
    kind: str
    url: str
    root: str
    ahead: int
    behind: int
    changed: int
    conflicts: int
    last: str
    left: str


# ── init and join ────────────────────────────────────────────────────────────────────────────────


def initialize(
    engine: Engine, url: str, kind: Kind, name: str, root: str
) -> tuple[SharedScope, bool]:
    """Make a root the checkout of a scope; returns it, and whether the remote had it already.

    Nothing is overwritten: what both have is merged by the first sync.

    Raises:
        SyncError: git or the remote cannot be used.
        UsageError: the remote belongs to another scope.
    """
    root = paths.real(root)
    OpenRoot(engine, root, create=True).adopt()
    is_own = project.repository_of(root) is None
    branch, joined = checkout.remote_branch(url, root) if url else ("main", False)
    scope = SharedScope(name, kind, url, branch, root, own=is_own)
    for other in shared_scopes.load(engine.home):
        if url and other.url == url and other.root != root:
            raise UsageError(f"is the remote of the scope {other.name!r} already", path=url)
    if is_own:
        repository = checkout.repository_of(scope, engine.home)
        checkout.create(repository, url, branch)
        if joined:
            _check_scope(repository, scope, checkout.fetch(repository, checkout.REMOTE, branch))
    else:
        repository = checkout.repository_of(scope, engine.home)
        person.branch_and_remote(repository)
        person.ignore_memory_md(repository)
    shared_scopes.add(engine.home, scope)
    if is_own and not joined and not repository.commit_of(f"refs/heads/{branch}"):
        checkout.add_scope_file(
            repository, branch, json.dumps(_description(scope), indent=1) + "\n"
        )
    return scope, joined


def _description(scope: SharedScope) -> dict[str, str]:
    return {"kind": scope.kind, "name": "" if scope.kind == "user" else scope.name}


def _check_scope(repository: Repository, scope: SharedScope, commit: str) -> None:
    """Refuse to mix two scopes; a remote without a description may be any."""
    try:
        text = repository.run("cat-file", "blob", f"{commit}:{checkout.SCOPE_FILE}")
        found = json.loads(text)
    except (SyncError, ValueError):
        return
    mine = _description(scope)
    if isinstance(found, dict) and found.get("kind") and found != mine:
        label = " ".join(filter(None, (str(found.get("kind")), str(found.get("name", "")))))
        raise UsageError(
            f"is the remote of another scope ({label}), not of {mine['kind']} {mine['name']}".rstrip(),
            path=scope.url,
            hint="use another repository, or name the scope as it is named there",
        )


def project_name(folder: str) -> str:
    """The name of a project's scope: its remote's URL, the same on every machine."""
    remote = moved.identity(project.folder_of(folder)).get("remote", "")
    return shared_scopes.normalized_url(remote) if remote else os.path.basename(folder) or "project"


# ── sync ─────────────────────────────────────────────────────────────────────────────────────────


def synchronize(engine: Engine, scope: SharedScope, *, dry_run: bool = False) -> Synced:
    """Synchronize one scope. Errors that a later sync may not have are in `left`."""
    done = Synced(scope.name, scope.root)
    os.makedirs(os.path.join(engine.home, "sync"), mode=0o700, exist_ok=True)
    state = os.path.join(engine.home, "sync", f"{scope.key}.json")
    with lock.attempt(state.removesuffix(".json") + ".lock") as acquired:
        if not acquired:
            done.left = "another sync of this scope is running"
            return done
        root = OpenRoot(engine, scope.root)
        try:
            root.require_present()
            step = _preview if dry_run else _own if scope.own else _person
            step(root, scope, done)
        except MemcairnError as error:
            done.left, done.hint = str(error), error.hint
        finally:
            root.close()
        if not dry_run:
            known = {"last": _now(), "left": done.left}
            if done.left:
                known["last"] = str(_state(state).get("last", ""))
            atomic.replace(state, json.dumps(known).encode())
    return done


def pathspec(root: OpenRoot) -> list[str]:
    """Which files of a root are synchronized."""
    nested = root.engine.databases.run(
        lambda opened: [
            one.path
            for one in roots.roots(opened.db)
            if one.path != root.root and paths.is_inside(one.path, root.root)
        ]
    )
    return checkout.pathspec(root.root, nested)


def _own(root: OpenRoot, scope: SharedScope, done: Synced) -> None:
    repository, spec = checkout.repository_of(scope, root.engine.home), pathspec(root)
    for _ in range(MAX_ATTEMPTS):
        head = checkout.commit(
            repository, scope.branch, spec, f"memcairn: notes of {checkout.who()}"
        )
        if not scope.url:
            return
        theirs = checkout.fetch(repository, checkout.REMOTE, scope.branch)
        new = checkout.merged(repository, head, theirs)
        _take(
            root,
            scope,
            repository,
            checkout.changes(repository, head, new) if new != head else [],
            done,
        )
        if new != head:
            checkout.move_branch(repository, scope.branch, new)
        if new == theirs:
            return
        sent = checkout.changes(repository, theirs, new)
        if checkout.push(repository, checkout.REMOTE, scope.branch, new):
            done.sent = [change.path for change in sent]
            return
    raise SyncError("others send all the time", hint="sync again later; the notes are safe")


def _take(
    root: OpenRoot,
    scope: SharedScope,
    repository: Repository,
    coming: Sequence[checkout.TreeChange],
    done: Synced,
) -> None:
    if not coming:
        return
    with root.recording("sync", *(change.path for change in coming)) as recording:
        applied = checkout.apply(repository, coming)
        recording.changed(applied.changed)
    root.index(applied.changed)
    done.taken += [path for path in applied.changed if path not in done.taken]
    _after(root, scope, applied.changed, applied.arrived, done)


def _after(
    root: OpenRoot,
    scope: SharedScope,
    changed: Sequence[str],
    arrived: Sequence[str],
    done: Synced,
) -> None:
    done.suspicious += arrival.scan(root, arrived, scope.name)
    done.conflicts += arrival.report_conflicts(root, changed)


def _person(root: OpenRoot, scope: SharedScope, done: Synced) -> None:
    repository, spec = checkout.repository_of(scope, root.engine.home), pathspec(root)
    branch, remote = person.branch_and_remote(repository)
    for _ in range(MAX_ATTEMPTS):
        head = person.commit(repository, spec)
        theirs = checkout.fetch(repository, remote, branch)
        new = person.update(repository, spec, head, theirs) if theirs else head
        if new != head:
            coming = [change.path for change in _in_root(repository, head, new)]
            root.index(coming)
            done.taken += coming
            _after(root, scope, coming, coming, done)
        if new == theirs:
            return
        person.refuse_to_push_others(repository, new, theirs)
        if checkout.push(repository, remote, branch, new):
            done.sent = [change.path for change in _in_root(repository, theirs, new)]
            return
    raise SyncError("others send all the time", hint="sync again later; the notes are safe")


def _in_root(repository: Repository, old: str, new: str) -> list[checkout.TreeChange]:
    """The changes in a root, with paths relative to it."""
    prefix = repository.line("rev-parse", "--show-prefix")
    return [
        change._replace(path=change.path.removeprefix(prefix))
        for change in checkout.changes(repository, old, new)
        if change.path.startswith(prefix)
    ]


def _preview(root: OpenRoot, scope: SharedScope, done: Synced) -> None:
    """What will be sent and taken: nothing but the fetched objects changes."""
    repository, spec = checkout.repository_of(scope, root.engine.home), pathspec(root)
    branch, remote = scope.branch, checkout.REMOTE
    if not scope.own:
        branch, remote = person.branch_and_remote(repository)
    head = repository.commit_of(f"refs/heads/{branch}")
    theirs = checkout.fetch(repository, remote, branch) if scope.url or not scope.own else ""
    base = repository.line("merge-base", head, theirs, ok=1) if head and theirs else ""
    done.taken = (
        [change.path for change in checkout.changes(repository, base, theirs)] if theirs else []
    )
    sent = [change.path for change in checkout.changes(repository, base, head)] if head else []
    done.sent = sorted({*sent, *changed_files(repository, spec)})


def changed_files(repository: Repository, spec: Sequence[str]) -> list[str]:
    """The files of the checkout that are not committed."""
    arguments = ("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all")
    lines = repository.run(*arguments, "--", *spec).split(b"\0")
    return [os.fsdecode(line[3:]) for line in lines if line]


# ── status and leaving ───────────────────────────────────────────────────────────────────────────


def status(engine: Engine, scope: SharedScope) -> ScopeState:
    """The state of a scope as this machine knows it."""
    known = _state(os.path.join(engine.home, "sync", f"{scope.key}.json"))
    ahead = behind = changed = conflicts = 0
    left = str(known.get("left", ""))
    try:
        root = OpenRoot(engine, scope.root)
        repository, spec = checkout.repository_of(scope, engine.home), pathspec(root)
        branch, remote = scope.branch, checkout.REMOTE
        if not scope.own:
            branch, remote = person.branch_and_remote(repository)
        head, theirs = (
            repository.commit_of(name)
            for name in (f"refs/heads/{branch}", f"refs/remotes/{remote}/{branch}")
        )
        if head and theirs:
            counts = repository.line("rev-list", "--left-right", "--count", f"{head}...{theirs}")
            ahead, behind = map(int, counts.split())
        elif head:
            ahead = int(repository.line("rev-list", "--count", head))
        changed = len(changed_files(repository, spec))
        conflicts = sum(
            bool(merge.CONFLICT.search(name))
            for _, _, names in os.walk(scope.root)
            for name in names
        )
    except MemcairnError as error:
        left = str(error)
    return ScopeState(
        scope.name, scope.kind, scope.url, scope.root,
        ahead, behind, changed, conflicts, str(known.get("last", "")), left,
    )  # fmt: skip


def leave(engine: Engine, scope: SharedScope) -> None:
    """Stop synchronizing; every note stays where it is."""
    rest = [one for one in shared_scopes.load(engine.home) if one.root != scope.root]
    shared_scopes.save(engine.home, rest)
    for suffix in (".json", ".lock"):
        with contextlib.suppress(OSError):
            os.unlink(os.path.join(engine.home, "sync", scope.key + suffix))


def _state(file: str) -> dict[str, object]:
    try:
        with open(file, encoding="utf-8") as stream:
            found = json.load(stream)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
