"""The file tools of one root: each change is recorded, indexed and listed in MEMORY.md."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from memcairn import paths
from memcairn.errors import (
    NoteChanged,
    NoteError,
    SchemaTooNew,
    StateDamaged,
    StateError,
    UsageError,
)
from memcairn.history import Bounds, Journal, Snapshots
from memcairn.indexing import away_roots
from memcairn.root import correct, inbox, links, observe
from memcairn.root.current_session import PREFIX, CurrentSession
from memcairn.root.forget import ForgetPlans
from memcairn.safety import secrets
from memcairn.search import citations
from memcairn.settings import project
from memcairn.sqlite import SQLiteError
from memcairn.store import catalogue, roots
from memcairn.vault import Vault, VaultLimits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from contextlib import AbstractContextManager

    from memcairn.engine import Engine, Opened
    from memcairn.history import Recording, Restoration
    from memcairn.indexing.report import IndexReport
    from memcairn.root.observe import Observation
    from memcairn.store.database import Database
    from memcairn.vault.diff import Diff
    from memcairn.vault.find import Listing, Matches
    from memcairn.vault.trash import Trashed
    from memcairn.vault.values import Moved, Restored, Window, WrittenFile

T = TypeVar("T")
# A note may change while it is corrected; then it is read again.
_MAX_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class WriteResult:
    """A file that was written.

    Attributes:
        path: relative to the root.
        size_bytes: the new size of the file.
        sha256: of the new content; `if_match` compares it.
        created: whether the file is new.
        line: the line where the change begins, 1-based.
        searchable: whether the file is a note and is in the index.
        notice: why it is not in the index yet although it is saved, or MEMORY.md is not current.
    """

    path: str
    size_bytes: int
    sha256: str
    created: bool
    line: int
    searchable: bool
    notice: str | None = None


@dataclass(frozen=True, slots=True)
class Observed:
    """What became of a memory.

    Attributes:
        path: the note that says it, relative to the root; "" if it waits in the inbox.
        created: whether the note is new.
        relation: what it was taken for: new, repetition, correction or addition; "stale" if a note says that
            it does not hold any more; "proposal" if the user wants to decide.
        was: what the corrected note said before, or what the repeated note says.
        undo: how to undo it, or to decide otherwise.
        proposal: the proposal in the inbox that a person may decide; None if there is none.
        notice: why it is not searchable yet.
        revision: in the history; None if nothing was written.
    """

    path: str
    created: bool
    relation: str = "new"
    was: str = ""
    undo: str = ""
    proposal: str | None = None
    notice: str | None = None
    revision: int | None = None

    def account(self, root: str = "") -> str:
        """What became of the memory, in one line for a person or a model.

        Args:
            root: the root, for absolute paths.
        """
        path = os.path.join(root, self.path)
        was = " ".join(self.was.split())
        was = was if len(was) <= _MAX_SHOWN else f"{was[:_MAX_SHOWN]}…"
        text = {
            "repetition": f"{path} says nearly the same already; nothing was written",
            "correction": f"corrects {path} (was: {was})",
            "stale": f"{path} says that this does not hold any more ({was}); nothing was written",
            "proposal": "waits for the user's decision in `memcairn review`; nothing was written",
        }.get(self.relation, f"saved in {path}")
        if self.proposal is not None and self.relation in ("new", "addition"):
            text += f"; it may contradict another note, which `memcairn review` shows (was: {was})"
        return f"{text}; undo: {self.undo}" if self.undo and self.relation == "correction" else text


_MAX_SHOWN = 120


class OpenRoot:
    """The files of one root; usable from several threads.

    Paths are relative to the root; those below `scratch/` are in the scratch folder of the session.
    The methods raise what memcairn.vault.Vault raises. Methods that write raise SecretFound for a text
    with a secret, before they write anything.

    Args:
        engine: the databases that index the notes.
        root: a folder.
        starts_session: start a session if no host has started one. Without a session, there is no scratch
            folder, and the history has no session ids.
        create: create the folder if it does not exist, unless it is a known root: then it is away.

    Raises:
        UsageError: the root is not a folder, or cannot be created.
    """

    def __init__(
        self,
        engine: Engine,
        root: str | os.PathLike[str],
        *,
        starts_session: bool = False,
        create: bool = False,
    ) -> None:
        self.engine = engine
        self.root = paths.real(os.fspath(root))
        self.key = project.key(self.root)
        if not os.path.isdir(self.root):
            self._create_folder(allowed=create)
        settings = engine.config
        self._limits = VaultLimits(
            int(settings["tools.max_read_bytes"]),
            int(settings["tools.max_write_bytes"]),
            int(settings["tools.max_append_bytes"]),
        )
        self._trash = os.path.join(engine.home, "trash", self.key)
        self.vault = self._vault(self.root, self._trash)
        self.history = Journal(
            Path(engine.home, "history", self.key),
            Path(self.root),
            bounds=Bounds(
                int(settings["history.max_bytes"]),
                int(settings["history.max_revisions"]),
                float(settings["history.max_days"]),
            ),
        )
        self.snapshots = Snapshots(
            self.history.database,
            Path(self.root),
            keep=int(settings["snapshots.keep"]),
            max_days=float(settings["snapshots.max_days"]),
        )
        self.inbox = inbox.Inbox(os.path.join(engine.home, "inbox", self.key))
        self.session = CurrentSession(engine.home, self.root, self.key, starts=starts_session)
        self.forget_plans = ForgetPlans(self)
        self._of_thread = threading.local()

    def _create_folder(self, *, allowed: bool) -> None:
        if os.path.lexists(self.root):
            raise UsageError("is not a folder", path=self.root)
        self.require_present()
        if not allowed:
            raise UsageError(
                "the notes folder does not exist",
                path=self.root,
                hint="create it, or name another one",
            )
        try:
            paths.make_private_folder(self.root)
        except OSError as error:
            raise UsageError(f"cannot be created: {error.strerror}", path=self.root) from error

    def require_present(self) -> None:
        """Refuse to work with a known root that is away; see `memcairn.indexing.away_roots`.

        Raises:
            UsageError: it is away.
        """

        def work(opened: Opened) -> tuple[str, str] | None:
            for root in roots.roots(opened.db):
                if root.path == self.root and (why := away_roots.missing(opened.db, root)):
                    return why, away_roots.hint(root)
            return None

        found = None
        # Without a readable index, nobody knows the roots, and the note itself can still be written.
        with contextlib.suppress(StateError, SQLiteError):
            found = self.engine.databases.run(work)
        if found:
            raise UsageError(f"is away: {found[0]}", path=self.root, hint=found[1])

    def _vault(self, root: str, trash: str) -> Vault:
        return Vault(Path(root), trash=Path(trash), limits=self._limits)

    def close(self) -> None:
        """End the session that this object started, and close the history."""
        self.session.end()
        self.history.close()

    def adopt(self) -> None:
        """Register the folder as a root with a MEMORY.md, if necessary, and index it then.

        In a root that is known, changes are noticed as before a search: each file of a large root is
        checked by `refresh`.
        """

        def work(opened: Opened) -> bool:
            known = {root.path: root for root in roots.roots(opened.db)}
            root = known.get(self.root)
            is_new = root is None
            root = root or roots.add(opened.db, self.root)
            if root.memory_md is None:
                roots.update(opened.db, root.id, memory_md=True)
            return is_new

        if self.engine.databases.run(work):
            self.refresh()
        else:
            self.engine.check()

    def relative(self, path: str) -> str:
        """Convert an absolute path below the root to the form that the tools take."""
        below = paths.path_in_root(path, self.root) or "."
        return os.fsencode(below).decode("utf-8", "replace")

    def title(self, path: str) -> str:
        """The title of a note, or the path of another file."""
        real = os.path.join(self.root, path)
        found = self.engine.databases.run(lambda opened: catalogue.at(opened.db, [real]))
        return found[0].title if found else path

    def record_found(self, path: str) -> None:
        """Record in the history what other programs did to a file, if the history can be written."""
        try:
            self.history.keep([path])
        except (SchemaTooNew, StateDamaged):
            raise
        except StateError as error:
            self.engine.notice(f"{error}; the latest changes of other programs are not listed")

    def read_index(self, work: Callable[[Database], T]) -> T:
        """See `Engine.read`."""
        return self.engine.read(work)

    def refresh(self) -> IndexReport:
        """Check every file of the root, index what changed, and refresh MEMORY.md."""
        report = self.engine.index(self.root)
        self.engine.refresh_memory_md()
        return report

    # ── the session's scratch folder ─────────────────────────────────────────────────────────────

    def _place(self, path: str) -> tuple[Vault, str, str]:
        """The vault of a path, the path inside it, and the prefix of paths in results."""
        if not path.startswith(PREFIX) and path != PREFIX.rstrip("/"):
            return self.vault, path, ""
        session = self.session.get()
        if session is None:
            raise UsageError("there is no scratch folder without a session", path=path)
        vault = self._vault(session.scratch, os.path.join(session.folder, "trash"))
        return vault, path[len(PREFIX) :], PREFIX

    def promote(self, session_path: str, store_path: str) -> WriteResult:
        """Copy a file from the scratch folder to a path in the root that must not exist."""
        path = session_path if session_path.startswith(PREFIX) else PREFIX + session_path
        if self._place(store_path)[2]:
            raise UsageError("is also in the scratch folder", path=store_path)
        window = self.read(path)
        if window.truncated:
            raise UsageError("is larger than one call may read", path=path)
        return self.write(store_path, window.text)

    # ── reading ──────────────────────────────────────────────────────────────────────────────────

    def read(
        self, path: str, *, start_line: int | None = None, end_line: int | None = None
    ) -> Window:
        """Read lines of a file, up to the size limit of a call."""
        vault, inner, prefix = self._place(path)
        window = vault.read(inner, start_line=start_line, end_line=end_line)
        return replace(window, path=prefix + window.path)

    def note_used(self, paths: Iterable[str]) -> None:
        """Record that these files were shown to a model that asked; see `Memory.note_used`."""
        self.engine.note_used(os.path.join(self.root, path) for path in paths)

    def read_bytes(self, path: str) -> bytes:
        """Read a whole file, up to the size limit of a write."""
        vault, inner, _ = self._place(path)
        return vault.read_bytes(inner)

    def list(
        self,
        folder: str = "",
        *,
        recursive: bool = False,
        glob: str | None = None,
        limit: int = 1000,
        after: str | None = None,
    ) -> Listing:
        """List a page of a folder."""
        vault, inner, prefix = self._place(folder)
        after = after and after.removeprefix(prefix)
        page = vault.list(inner, recursive=recursive, glob=glob, limit=limit, after=after)
        entries = tuple(replace(entry, path=prefix + entry.path) for entry in page.entries)
        return replace(page, entries=entries)

    def grep(
        self,
        pattern: str,
        folder: str = "",
        *,
        glob: str | None = None,
        limit: int = 100,
        ignore_case: bool = False,
        context: int = 0,
    ) -> Matches:
        """Find the lines below a folder that match a regular expression."""
        vault, inner, prefix = self._place(folder)
        found = vault.grep(
            pattern, inner, glob=glob, limit=limit, ignore_case=ignore_case, context=context
        )
        matches = tuple(replace(match, path=prefix + match.path) for match in found.matches)
        return replace(found, matches=matches)

    def diff(self, before: str, after: str) -> Diff:
        """A unified diff of two files."""
        return self.vault.diff(before, after)

    # ── writing ──────────────────────────────────────────────────────────────────────────────────

    def recording(self, tool: str, *changing: str) -> AbstractContextManager[Recording]:
        """Record the changes that the block makes to these paths."""
        self.require_present()
        session = self.session.get()
        return self.history.recording(
            tool, changing, session=None if session is None else session.id
        )

    def write(
        self, path: str, content: str, *, overwrite: bool = False, if_match: str | None = None
    ) -> WriteResult:
        """Create a file or replace its content."""
        self._refuse_secrets(path, content)
        vault, inner, prefix = self._place(path)
        if prefix:
            return _scratch_result(
                vault.write(inner, content, overwrite=overwrite, if_match=if_match)
            )
        with self.recording("write", path):
            written = vault.write(path, content, overwrite=overwrite, if_match=if_match)
        return self._indexed(written)

    def write_bytes(self, path: str, data: bytes) -> WriteResult:
        """Create a file with these bytes."""
        vault, inner, prefix = self._place(path)
        if prefix:
            return _scratch_result(vault.write(inner, data))
        with self.recording("write", path):
            written = vault.write(path, data)
        return self._indexed(written)

    @staticmethod
    def _refuse_secrets(*texts: str) -> None:
        for text in texts:
            secrets.refuse_secrets(text, allow=False)

    def _text(self, vault: Vault, path: str) -> str:
        """The text of a file before a change; "" if the change will report that it cannot be read."""
        try:
            return vault.read_bytes(path).decode("utf-8", "replace")
        except NoteError:
            return ""

    def append(self, path: str, content: str) -> WriteResult:
        """Append text to a file, on a new line."""
        self._refuse_secrets(path, content)
        vault, inner, prefix = self._place(path)
        before = self._text(vault, inner)
        secrets.refuse_new_secrets(before, f"{before.rstrip()}\n{content}")
        if prefix:
            return _scratch_result(vault.append(inner, content))
        with self.recording("append", path):
            written = vault.append(path, content)
        return self._indexed(written)

    def edit(self, path: str, old: str, new: str) -> WriteResult:
        """Replace the only occurrence of `old`."""
        secrets.refuse_secrets(new, allow=False)
        vault, inner, prefix = self._place(path)
        before = self._text(vault, inner)
        secrets.refuse_new_secrets(before, before.replace(old, new, 1))
        if prefix:
            return _scratch_result(vault.edit(inner, old, new))
        with self.recording("edit", path):
            written = vault.edit(path, old, new)
        return self._indexed(written)

    def observe(  # noqa: PLR0911 - one return for each relation
        self, observation: Observation, *, replaces: str = "auto", by_agent: bool = False
    ) -> Observed:
        """Save a memory without choosing a path: in a new note, or in the note that it corrects.

        Args:
            observation: a result of `memcairn.root.observe.validated`.
            replaces: the path of the note to correct; "auto" finds one; "none" writes a new note.
            by_agent: an agent says it: the user's consent decides what may be written.

        Raises:
            NoteError: the note cannot be written, or the one to replace cannot be read.
        """
        sources = citations.with_hashes(self.root, observation.sources)
        observation = replace(observation, sources=sources)
        if by_agent and self.inbox.consent == "nothing":
            return self._propose(observation)
        if replaces == "none":
            return self._add(observation, None)
        for _ in range(_MAX_ATTEMPTS):
            if replaces == "auto":
                match = correct.find(self, observation)
                if match is None or not match.decides:
                    return self._add(observation, match)
            else:
                match = correct.named(self, replaces, observation)
            if match.judgement.relation == "repetition":
                self.note_used([match.path])
                return Observed(
                    match.path,
                    created=False,
                    relation="repetition",
                    was=match.said,
                    undo="`memcairn add --new` writes a second note",
                )
            if match.judgement.relation == "stale":
                return self._stale(match, observation)
            may_correct = not by_agent or match.is_written_by_tool or self.inbox.consent == "all"
            if not may_correct:
                return self._add(observation, match)
            with contextlib.suppress(NoteChanged):
                return self._correct(match, observation)
        return self._add(observation, None)

    def _add(self, observation: Observation, near: correct.Match | None) -> Observed:
        is_correction = near is not None and near.judgement.relation == "correction"
        if near is not None and is_correction and near.whole:
            observation = replace(observation, supersedes=near.path)
        with self.recording("observe") as recording:
            path = self.relative(observe.write(self.root, observation))
            recording.created([path])
        _, notice = self.index([path])
        proposal = None
        if near is not None and is_correction:
            why = f"{near.path} says otherwise than {path}: {near.said[:200]!r}"
            if near.whole:
                pair = (near.path, path)
                proposal = self._ask("contradiction", "merge", pair, why, observation.text)
            else:
                text = correct.corrected(near, observation)
                proposal = self._ask("contradiction", "edit", (near.path,), why, text)
        elif near is not None and near.judgement.doubt:
            why = f"Both are about one subject, and may contradict each other: {near.said[:200]!r}"
            proposal = self._ask("contradiction", "supersede", (near.path, path), why)
        return Observed(
            path,
            created=True,
            relation="addition" if near is not None and near.judgement.overlap else "new",
            was=near.said if near is not None and proposal else "",
            undo=f"`memcairn rm {path}`",
            proposal=proposal,
            notice=notice,
            revision=recording.revision,
        )

    def _propose(self, observation: Observation) -> Observed:
        """Put a memory into the inbox instead of a note."""
        options = {
            "title": observation.title,
            "type": observation.type or "",
            "tags": ",".join(observation.tags),
            "description": observation.description,
        }
        why = "An agent wants to remember this."
        proposal = self.inbox.add(
            "observation", "add", {}, why=why, by=observation.source, text=observation.text, options=options,
        )  # fmt: skip
        return Observed("", created=False, relation="proposal", proposal=proposal.id)

    def _stale(self, match: correct.Match, observation: Observation) -> Observed:
        """Ask a person about a memory of which a note says that it does not hold any more."""
        text = correct.corrected(match, observation)
        why = f"It was said again: {observation.text[:200]!r}; the note says that it does not hold any more."
        return Observed(
            match.path,
            created=False,
            relation="stale",
            was=match.said,
            undo=f"`memcairn add --replaces {match.path}` corrects the note",
            proposal=self._ask("said again", "edit", (match.path,), why, text),
        )

    def _ask(
        self, kind: str, action: inbox.Action, notes: tuple[str, ...], why: str, text: str = ""
    ) -> str | None:
        """Put a proposal into the inbox; its id, or None if that cannot be written."""
        try:
            hashes = {
                path: hashlib.sha256(self.vault.read_bytes(path)).hexdigest() for path in notes
            }
            return self.inbox.add(kind, action, hashes, why=why, by="observe", text=text).id
        except (NoteError, StateError) as error:
            self.engine.notice(f"the inbox could not be written: {error}")
            return None

    def _correct(self, match: correct.Match, observation: Observation) -> Observed:
        """Let a note say the observation instead, under a name that states it, and let links follow."""
        text = correct.corrected(match, observation)
        path = correct.new_path(match, observation)
        follow = links.linking(self, [match.path]) if path != match.path else []
        if paths.MEMORY_MD in follow:
            path, follow = match.path, []
        with self.recording("observe", match.path, *follow) as recording:
            self.vault.write(match.path, text, if_match=match.sha256)
            if path != match.path:
                try:
                    recording.created(self.vault.move(match.path, path).changed)
                    links.relink(self, follow, {match.path: path})
                except NoteError:  # the name is taken, or the folder cannot be written
                    path = match.path
        _, notice = self.index(dict.fromkeys((match.path, path, *follow)))
        return Observed(
            path,
            created=False,
            relation="correction",
            was=match.said,
            undo=f"`memcairn revert {path}`",
            notice=notice,
            revision=recording.revision,
        )

    def pin(self, path: str, *, pinned: bool) -> bool:
        """Set or remove `pinned: true` in a note's frontmatter; False if nothing changed.

        Raises:
            NoteError: the path is not a note of this root, or cannot be changed.
        """
        real = os.path.join(self.root, path)
        known, notice = self.index([path])
        if not known and not notice:  # an index that cannot be written now says nothing of the note
            raise NoteError("not a note", path=real)
        with self.recording("pin" if pinned else "unpin", path):
            changed = observe.set_pinned(self.root, real, pinned=pinned)
        if changed:
            self.index([path])
        return changed

    def mkdir(self, path: str) -> None:
        """Create a folder and its parents."""
        secrets.refuse_secrets(path, allow=False)
        vault, inner, prefix = self._place(path)
        if not prefix:
            self.require_present()
        vault.mkdir(inner)

    def move(self, path: str, target: str) -> Moved:
        """Move or rename a file or folder."""
        secrets.refuse_secrets(target, allow=False)
        if self._place(path)[2] or self._place(target)[2]:
            raise UsageError(
                "files cannot be moved from or to the scratch folder", hint="use mem_promote"
            )
        with self.recording("move", path) as recording:
            moved = self.vault.move(path, target)
            recording.created(moved.changed)
        self.index(moved.changed)
        return moved

    def remove(self, path: str, *, recursive: bool = False, if_match: str | None = None) -> Trashed:
        """Move a file or folder to the trash."""
        vault, inner, prefix = self._place(path)
        if prefix:
            return replace(vault.remove(inner, recursive=recursive), path=path)
        with self.recording("remove", path):
            trashed = vault.remove(path, recursive=recursive, if_match=if_match)
        self.index([file.path for file in trashed.files])
        return trashed

    def trash(self) -> tuple[Trashed, ...]:
        """The removed files that `restore` can restore, latest first."""
        return self.vault.trash()

    def restore(self, trashed_id: str, *, target: str | None = None) -> Restored:
        """Restore a removed file or folder to its old path or to another one."""
        with self.recording("restore") as recording:
            restored = self.vault.restore(trashed_id, target=target)
            recording.created(restored.changed)
        self.index(restored.changed)
        return restored

    def empty_trash(self, days: float) -> tuple[str, ...]:
        """Delete for good what was removed more than `days` ago; returns the ids."""
        return self.vault.purge_trash(keep=sys.maxsize, max_age_days=days)

    def restore_snapshot(
        self, snapshot_id: str, *, paths: Sequence[str] | None = None, dry_run: bool = False
    ) -> Restoration:
        """Restore the root, or some of its paths, to the state in a snapshot."""
        plan = self.snapshots.restore(snapshot_id, paths, dry_run=True)
        if dry_run or not plan.changed:
            return plan
        with self.recording("restore", *plan.changed) as recording:
            done = self.snapshots.restore(snapshot_id, paths)
            recording.changed(done.changed)
        self.index(done.changed)
        return done

    def _indexed(self, written: WrittenFile) -> WriteResult:
        searchable, notice = self.index(written.changed)
        return _write_result(written, searchable=written.path in searchable, notice=notice)

    def take_notice(self) -> str | None:
        """The last notice of `index` in this thread, once."""
        notice: str | None = self._of_thread.__dict__.pop("notice", None)
        return notice

    def index(self, changed: Iterable[str]) -> tuple[set[str], str | None]:
        """Index files that were changed, and refresh MEMORY.md.

        The change is done, so an error does not raise: it becomes a notice, and the files are queued.

        Returns:
            The files that are in the index now, and the notice.
        """
        real = {os.path.join(self.root, path): path for path in changed}
        known: set[str] = set()
        try:
            found, error = self.engine.index_files(real)
            known = {real[path] for path in found}
            if error is not None:
                raise error
        except (StateError, SQLiteError, OSError) as error:
            what = "MEMORY.md is not current" if known else "not searchable yet"
            notice = f"the change is saved, but {what}: {error}"
            self.engine.notice(notice)
            self._of_thread.notice = notice
            with contextlib.suppress(StateError, SQLiteError, OSError):
                self.engine.databases.run(lambda opened: opened.queue.enqueue(list(real)))
            return known, notice
        return known, None


def _write_result(
    written: WrittenFile, *, searchable: bool, notice: str | None = None
) -> WriteResult:
    return WriteResult(
        written.path,
        written.size_bytes,
        written.sha256,
        written.created,
        written.line,
        searchable,
        notice,
    )


def _scratch_result(written: WrittenFile) -> WriteResult:
    return _write_result(replace(written, path=PREFIX + written.path), searchable=False)
