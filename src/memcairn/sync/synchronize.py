"""Synchronize scopes: commit what changed here, take what changed there, and send."""

from __future__ import annotations

import contextlib
import json
import os
import time
from typing import TYPE_CHECKING, NamedTuple

from memcairn import paths
from memcairn.errors import MemcairnError, SyncError, UsageError
from memcairn.formats.utc import utc_text
from memcairn.fs import atomic, lock
from memcairn.settings import project, shared_scopes
from memcairn.settings.shared_scopes import SharedScope
from memcairn.sync import checkout, git

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from memcairn.engine import Engine
    from memcairn.root import OpenRoot
    from memcairn.settings.shared_scopes import Kind
    from memcairn.sync.git import Repository

_BATCH_SIZE = 256
# In the state of a scope: the commit of the checkout, and the one that is applied to it.
_APPLYING = "applying"
MAX_ATTEMPTS = 8
"""Somebody else may push between fetch and push; then the sync begins again."""


class Synced(NamedTuple):
    """What one sync of a scope did, or with `dry_run` will do.

    `sent` and `taken` are files relative to the root, `conflicts` notes with our text beside them,
    `suspicious` notes that wait in the inbox. `left`: why it is not done, "" if it is.
    """

    scope: str
    root: str
    sent: list[str]
    taken: list[str]
    conflicts: list[tuple[str, str]]
    suspicious: list[str]
    left: str = ""
    hint: str | None = None


class ScopeState(NamedTuple):
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
    from memcairn.root import OpenRoot  # noqa: PLC0415 - takes longer to import than most syncs take
    from memcairn.sync import users_repository  # noqa: PLC0415 - as above

    git.check_version()
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
        users_repository.branch_and_remote(repository)
        users_repository.ignore_memory_md(repository)
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
    from memcairn.settings import moved_repositories  # noqa: PLC0415 - as above

    remote = moved_repositories.identity(project.folder_of(folder)).get("remote", "")
    return shared_scopes.normalized_url(remote) if remote else os.path.basename(folder) or "project"


# ── sync ─────────────────────────────────────────────────────────────────────────────────────────


def synchronize(
    home: str, scope: SharedScope, engine: Callable[[], Engine], *, dry_run: bool = False
) -> Synced:
    """Synchronize one scope. Errors that a later sync may not have are in `left`.

    Args:
        home: the folder of caches and state.
        scope: the scope.
        engine: creates the engine of the home; called only if notes arrive.
        dry_run: only find what would be sent and taken.
    """
    done = Synced(scope.name, scope.root, [], [], [], [])
    state = os.path.join(home, "sync", f"{scope.key}.json")
    with contextlib.ExitStack() as held:
        try:
            paths.make_private_folder(os.path.dirname(state))
            acquired = held.enter_context(lock.attempt(state.removesuffix(".json") + ".lock"))
        except OSError as error:
            return done._replace(left=f"{error.filename}: {error.strerror}")
        if not acquired:
            return done._replace(left="another sync of this scope is running")
        try:
            run = _Sync(home, scope, engine, done, state)
            if not os.path.isdir(scope.root):
                hint = "mount the disk or restore the folder; or `memcairn scope leave` it"
                raise SyncError("is away: the folder does not exist", path=scope.root, hint=hint)
            if dry_run:
                run.preview()
            elif scope.own:
                run.own()
            else:
                run.users_repository()
        except MemcairnError as error:
            done = done._replace(left=str(error), hint=error.hint)
        except OSError as error:
            left = ": ".join(filter(None, (error.filename, error.strerror or str(error))))
            done = done._replace(left=left, hint="the notes are safe; sync again")
        if not dry_run:
            known: dict[str, object] = {
                "last": utc_text(time.time()).replace("+00:00", "Z"),
                "left": done.left,
            }
            if done.left:
                before = _state(state)
                known["last"] = str(before.get("last", ""))
                known |= {_APPLYING: before[_APPLYING]} if _APPLYING in before else {}
            with contextlib.suppress(OSError):  # the next sync writes it again
                atomic.replace(state, json.dumps(known).encode(), durable=False)
    return done


class _Sync:
    """One sync of one scope."""

    def __init__(
        self, home: str, scope: SharedScope, engine: Callable[[], Engine], done: Synced, state: str
    ) -> None:
        self._scope, self._engine, self._done = scope, engine, done
        self._repository = checkout.repository_of(scope, home)
        self._nested = checkout.nested_roots(home, scope.root)
        self._state = state

    def own(self) -> None:
        """Synchronize a root whose repository is in the home."""
        repository, branch = self._repository, self._scope.branch
        message = f"memcairn: notes of {checkout.who()}"
        checkout.remove_locks(repository, branch)
        before = repository.commit_of(f"refs/heads/{branch}")
        if (begun := self._applying(before)) is not None:
            self._take(checkout.changes(repository, before, begun))
            checkout.move_branch(repository, branch, begun)
        for _ in range(MAX_ATTEMPTS):
            with self._fetching() as fetched:
                head = checkout.commit(repository, branch, self._nested, message, self._check_there)
                theirs = fetched()
            if not self._scope.url or head == theirs:
                return
            new = checkout.merged(repository, head, theirs)
            if new != head:
                self._will_apply(head, new)
                self._take(checkout.changes(repository, head, new))
                checkout.move_branch(repository, branch, new)
            checkout.maintain(repository)
            if new == theirs or self._send(checkout.REMOTE, branch, new, theirs):
                return
        raise SyncError("others send all the time", hint="sync again later; the notes are safe")

    def _will_apply(self, head: str, new: str) -> None:
        """Remember which commit is applied to the checkout from now on.

        A sync that is stopped leaves a part of it. Taken for changes of this machine, a note that the commit
        renames, and that has its old name no more, would be deleted here.
        """
        values = {**_state(self._state), _APPLYING: [head, new]}
        atomic.replace(self._state, json.dumps(values).encode())

    def _applying(self, head: str) -> str | None:
        """The commit of which a sync that was stopped has applied a part to the checkout of `head`."""
        found = _state(self._state).get(_APPLYING)
        is_of_head = isinstance(found, list) and found[:1] == [head]
        return str(found[-1]) if is_of_head else None  # type: ignore[index]

    def _check_there(self) -> None:
        """Do not remove all notes everywhere because a disk is not mounted here."""
        from memcairn.indexing import away_roots  # noqa: PLC0415 - takes longer to import than most syncs take

        found = self._engine().databases.run(lambda opened: away_roots.roots_away(opened.db))
        for root, why in found.items():
            if root.path == self._scope.root:
                raise SyncError(f"is away: {why}", path=root.path)

    def _fetching(self) -> contextlib.AbstractContextManager[Callable[[], str]]:
        if not self._scope.url:
            return contextlib.nullcontext(str)
        return checkout.fetching(self._repository, checkout.REMOTE, self._scope.branch)

    def _send(self, remote: str, branch: str, new: str, theirs: str) -> bool:
        if not checkout.push(self._repository, remote, branch, new):
            return False
        self._done.sent[:] = [change.path for change in self._changes(theirs, new)]
        return True

    def _take(self, coming: Sequence[checkout.TreeChange]) -> None:
        if not coming:
            return
        done = checkout.Applied([], [])
        with self._root() as root:
            root.require_present()
            with root.recording("sync", *(change.path for change in coming)) as recording:
                for first in range(0, len(coming), _BATCH_SIZE):
                    batch = coming[first : first + _BATCH_SIZE]
                    checkout.apply(self._repository, batch, self._scanned(root, batch), done)
                recording.changed(done.changed)
            self._arrived(root, done.changed)
        _require_applied(done, self._scope.root)

    def _take_back(self, coming: Sequence[checkout.TreeChange]) -> None:
        """Undo what a git that was stopped had written: whole files, and a part of one."""
        done = checkout.Applied([], [])
        found = checkout.contents(self._repository, coming)
        with self._root() as root, root.recording("sync", *(change.path for change in coming)):
            checkout.finish_partial(self._repository, coming)
            checkout.apply(self._repository, coming, found, done)
        _require_applied(done, self._scope.root)

    def _scanned(self, root: OpenRoot, coming: Sequence[checkout.TreeChange]) -> dict[str, bytes]:
        """The contents that come; what is suspicious among them waits for a person from now on."""
        from memcairn.sync import arrival  # noqa: PLC0415 - most syncs change no file

        found = checkout.contents(self._repository, coming)
        texts = ((change.path, found[change.new]) for change in coming if change.new)
        suspicious = arrival.scan(root, texts, self._scope.name)
        self._done.suspicious.extend(one for one in suspicious if one not in self._done.suspicious)
        return found

    def _arrived(self, root: OpenRoot, changed: Sequence[str]) -> None:
        from memcairn.sync import arrival  # noqa: PLC0415 - as above

        root.index(changed)
        self._done.conflicts.extend(arrival.report_conflicts(root, changed))
        self._done.taken.extend(path for path in changed if path not in self._done.taken)

    def _root(self) -> contextlib.closing[OpenRoot]:
        from memcairn.root import OpenRoot  # noqa: PLC0415 - takes longer to import than most syncs take

        return contextlib.closing(OpenRoot(self._engine(), self._scope.root))

    def users_repository(self) -> None:
        """Synchronize a root in a person's repository."""
        from memcairn.sync import users_repository  # noqa: PLC0415 - most roots are not

        git.check_version()
        repository, root = self._repository, self._scope.root
        spec = users_repository.pathspec(root, self._nested)
        branch, remote = users_repository.branch_and_remote(repository)
        before = repository.commit_of("HEAD")
        if (begun := self._applying(before)) is not None:
            self._take_back(self._changes(begun, before))
        for _ in range(MAX_ATTEMPTS):
            head = users_repository.commit(repository, spec)
            theirs = checkout.fetch(repository, remote, branch)
            new = users_repository.merged(repository, spec, head, theirs) if theirs else head
            if new != head:
                coming = self._changes(head, new)
                names = [change.path for change in coming]
                self._will_apply(head, new)
                with self._root() as opened:
                    self._scanned(opened, coming)
                    with opened.recording("sync", *names) as recording:
                        repository.run("merge", "--quiet", "--ff-only", new)
                        recording.changed(names)
                    self._arrived(opened, names)
            if new == theirs:
                return
            users_repository.refuse_to_push_others(repository, new, theirs)
            if self._send(remote, branch, new, theirs):
                return
        raise SyncError("others send all the time", hint="sync again later; the notes are safe")

    def _changes(self, old: str, new: str) -> list[checkout.TreeChange]:
        """The changes in the root, with paths relative to it."""
        changes = checkout.changes(self._repository, old, new)
        if self._scope.own:
            return changes
        prefix = self._repository.line("rev-parse", "--show-prefix")
        return [
            change._replace(path=change.path.removeprefix(prefix))
            for change in changes
            if change.path.startswith(prefix)
        ]

    def preview(self) -> None:
        """What will be sent and taken: nothing but the fetched objects changes."""
        branch, remote, changed = _where(self._repository, self._scope, self._nested)
        head = self._repository.commit_of(f"refs/heads/{branch}")
        is_shared = self._scope.url or not self._scope.own
        theirs = checkout.fetch(self._repository, remote, branch) if is_shared else ""
        base = self._repository.line("merge-base", head, theirs, ok=1) if head and theirs else ""
        self._done.taken[:] = [one.path for one in self._changes(base, theirs)] if theirs else []
        sent = [one.path for one in self._changes(base, head)] if head else []
        self._done.sent[:] = sorted({*sent, *changed})


def _require_applied(done: checkout.Applied, root: str) -> None:
    if done.failed:
        error = done.failed[0]
        more = f" (and {len(done.failed) - 1} more)" if len(done.failed) > 1 else ""
        hint = error.hint or "move what is in its place away, then sync again"
        raise SyncError(f"cannot be written: {error}{more}", path=root, hint=hint)


def _where(
    repository: Repository, scope: SharedScope, nested: Sequence[str]
) -> tuple[str, str, list[str]]:
    """The branch of a scope, the name of its remote, and the files that are not committed."""
    if scope.own:
        return scope.branch, checkout.REMOTE, checkout.pending(repository, nested)
    from memcairn.sync import users_repository  # noqa: PLC0415 - most roots are not in one

    branch, remote = users_repository.branch_and_remote(repository)
    return (
        branch,
        remote,
        users_repository.pending(repository, users_repository.pathspec(scope.root, nested)),
    )


# ── status and leaving ───────────────────────────────────────────────────────────────────────────


def status(engine: Engine, scope: SharedScope) -> ScopeState:
    """The state of a scope as this machine knows it."""
    from memcairn.sync import merge  # noqa: PLC0415 - not for a sync

    known = _state(os.path.join(engine.home, "sync", f"{scope.key}.json"))
    ahead = behind = changed = conflicts = 0
    left = str(known.get("left", ""))
    try:
        repository = checkout.repository_of(scope, engine.home)
        nested = checkout.nested_roots(engine.home, scope.root)
        branch, remote, files = _where(repository, scope, nested)
        head, theirs = (
            repository.commit_of(name)
            for name in (f"refs/heads/{branch}", f"refs/remotes/{remote}/{branch}")
        )
        if head and theirs:
            counts = repository.line("rev-list", "--left-right", "--count", f"{head}...{theirs}")
            ahead, behind = map(int, counts.split())
        elif head:
            ahead = int(repository.line("rev-list", "--count", head))
        changed = len(files)
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
