"""`Memory`: everything that memcairn can do, for the surfaces and for Python programs.

It composes the parts below, which do not know each other: what a drain indexed goes on to MEMORY.md,
a search first looks whether files changed.
"""

from __future__ import annotations

import os
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

from memcairn import paths
from memcairn.embedding import backlog as unembedded
from memcairn.embedding.backlog import EmbedReport
from memcairn.engine import Databases
from memcairn.errors import EmbeddingError, MemcairnError, MemoryMdError, NoteError, UsageError
from memcairn.indexing import drain
from memcairn.indexing.report import IndexReport
from memcairn.memory_md import current
from memcairn.search import freshness, pipeline
from memcairn.search.model import Model
from memcairn.search.query import Query
from memcairn.settings import config
from memcairn.store import memory_md, notes, overview, roots, uses

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Sequence

    from memcairn.doctor import Finding
    from memcairn.engine import Opened
    from memcairn.memory_md import findings as memory_md_findings
    from memcairn.memory_md.check import Explanation, Loaded
    from memcairn.memory_md.refresh import Refreshed
    from memcairn.queue import QueueEntry, QueueStatus
    from memcairn.search.passages import Passage, Source
    from memcairn.status import Status
    from memcairn.store.roots import Root

    Progress = Callable[[int, int], None]

# A note may change while a search is under way; after this many rounds the answer leaves it out.
FRESH_ROUNDS = 3


class Memory:
    """Long-term memory over folders of notes; usable from several threads.

    Args:
        home: the folder of caches and state; None is the platform's, or MEMCAIRN_HOME.

    Raises:
        ConfigError: config.toml cannot be understood.
        StateError: a database cannot be opened.
    """

    def __init__(self, home: str | os.PathLike[str] | None = None) -> None:
        self.home = paths.real(os.fspath(home)) if home is not None else paths.home()
        self.config = config.load()
        # What a user should be told, though nothing failed: a database was set aside, say.
        self.notices: list[str] = []
        self.databases = Databases(self.home, self.config, self.notices)
        self.model = Model(self.config, self.notices)

    def __enter__(self) -> Self:
        """Nothing to do: databases are opened when they are needed."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close all databases."""
        self.close()

    def close(self) -> None:
        """Close all databases, of all threads. The object can still be used: it opens them again."""
        self.databases.close()

    # ── indexing ─────────────────────────────────────────────────────────────────────────────────

    def index(
        self,
        path: str | os.PathLike[str],
        *,
        namespace: str | None = None,
        force: bool = False,
        embed: bool = True,
        progress: Progress | None = None,
    ) -> IndexReport:
        """Index a file or a folder; a folder that is in no root becomes one.

        Args:
            path: what to index.
            namespace: the label that its notes get from now on; "" takes an earlier one back.
            force: read and write anew even what looks unchanged.
            embed: give all that is indexed its embedding, too, which takes longer than the rest; without,
                it is found by its words until `embed` is called.
            progress: called with (done, total).

        Raises:
            NoteUnreadable: there is nothing at `path`.
        """
        real = paths.real(os.fspath(path))
        if os.path.basename(real) == paths.MEMORY_MD and not os.path.isdir(real):
            # It may have been edited, which concerns itself, and no note.
            return self._finish(IndexReport(left_out={real: "is an index of notes, and no note"}))

        def work(opened: Opened) -> IndexReport:
            opened.indexer.progress = progress
            return opened.indexer.index(real, namespace=namespace, force=force)

        report = self._finish(self.databases.run(work))
        if embed and self.unembedded():
            try:
                self.embed()
            except MemcairnError as error:
                self.model.failed(error)
        return report

    def embed(
        self,
        *,
        wait: bool = True,
        batch: int | None = None,
        progress: Progress | None = None,
        deadline: float | None = None,
        stop: threading.Event | None = None,
    ) -> EmbedReport:
        """Give the chunks that wait for it their embedding; all do after a change of model.

        What is done is kept whenever it stops.

        Args:
            wait: if another process or thread embeds already, wait for it; else leave it to that one.
            batch: so many texts at a time; the fewer, the sooner it stops.
            progress: called with (done, total).
            deadline: stop when `time.monotonic()` is past it.
            stop: stop when it is set.

        Raises:
            ConfigError: the settings of the model are incomplete.
            EmbeddingError: the model is not installed, or cannot be loaded or reached.
            StateError: the index cannot be written.
        """
        if not self.model.wanted:
            return EmbedReport()
        from memcairn.embedding import backfill as embed  # noqa: PLC0415 - it brings NumPy

        return self.databases.run(
            lambda opened: embed.Backfill(
                opened.db,
                self.model.load,
                unembedded.model_key(self.config),
                batch=batch,
                progress=progress,
                deadline=deadline,
                stop=stop,
            ).run(wait=wait)
        )

    def embed_in_background(self) -> int:
        """Start a process that embeds what waits, if something does; the call does not wait for it.

        Returns:
            How many chunks it has before it; 0 if none was started, because nothing waits, the setting
            embedding.background forbids it, or the model failed less than a minute ago.
        """
        return self.databases.run(
            lambda opened: unembedded.start_process(opened.db, self.config, self.home)
        )

    def unembedded(self) -> int:
        """How many chunks wait for an embedding; 0 if no model is wanted."""
        return self.databases.run(lambda opened: unembedded.count(opened.db, self.config))

    def enqueue(
        self,
        changed: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
        *,
        namespace: str | None = None,
        force: bool = False,
    ) -> None:
        """Record that a file or folder (or several) changed; a drain indexes it once it is quiet."""
        if isinstance(changed, str | os.PathLike):
            changed = [changed]
        real = [paths.real(os.fspath(path)) for path in changed]
        self.databases.run(
            lambda opened: opened.queue.enqueue(real, namespace=namespace, force=force)
        )

    def drain(
        self,
        window: float | None = None,
        *,
        limit: int | None = None,
        deadline: float | None = None,
    ) -> IndexReport:
        """Index the queue's entries that have been silent for `window` seconds.

        Args:
            window: None is the setting queue.window_s.
            limit: stop after this many entries.
            deadline: stop when `time.monotonic()` is past it.
        """
        window_s = self.config.seconds("queue.window_s") if window is None else window

        def work(opened: Opened) -> IndexReport:
            opened.indexer.progress = None
            return drain.drain(
                opened.queue, opened.indexer, window_s=window_s, limit=limit, deadline=deadline
            )

        return self._timed(work)

    def flush(
        self,
        changed: Sequence[str | os.PathLike[str]] | None = None,
        *,
        progress: Progress | None = None,
        deadline: float | None = None,
    ) -> IndexReport:
        """Index everything that is queued (or just these paths), and return when that is done.

        Returns:
            The report; `failed` names what stays queued with an error.
        """
        only = None if changed is None else [paths.real(os.fspath(path)) for path in changed]

        def work(opened: Opened) -> IndexReport:
            opened.indexer.progress = None
            return drain.flush(
                opened.queue, opened.indexer, only=only, progress=progress, deadline=deadline
            )

        return self._timed(work)

    def discard_failed(self) -> list[QueueEntry]:
        """Drop the queue's entries that have an error, and return them."""
        return self.databases.run(lambda opened: opened.queue.discard_failed())

    def queue_status(self) -> QueueStatus:
        """How many entries wait, are ready, claimed, failing; the oldest and its age."""
        window_s = self.config.seconds("queue.window_s")
        return self.databases.run(lambda opened: opened.queue.status(window_s=window_s))

    def _timed(self, work: Callable[[Opened], IndexReport]) -> IndexReport:
        started = time.perf_counter()
        report = self.databases.run(work)
        report.took_s = time.perf_counter() - started
        return self._finish(report)

    def _finish(self, report: IndexReport) -> IndexReport:
        """What was indexed goes on to MEMORY.md."""
        self.keep_memory_md()
        return report

    # ── MEMORY.md ────────────────────────────────────────────────────────────────────────────────

    def keep_memory_md(self) -> None:
        """Bring each MEMORY.md up to date that is not; every call that indexes does so by itself."""
        self.databases.run(
            lambda opened: current.bring_up_to_date(opened.db, self.config, self.home, self.notices)
        )

    def memory_md_root(self, path: str | os.PathLike[str] | None = None) -> Root:
        """The root whose MEMORY.md is meant.

        Args:
            path: the root or anything below it; None is the only root that has a MEMORY.md, else the
                root that encloses the working folder.

        Raises:
            UsageError: there is no such root.
        """
        all_roots = [root for root in self.roots() if not os.path.isfile(root.path)]
        real = None if path is None else paths.real(os.fspath(path))
        if real is None:
            states = self.databases.run(lambda opened: memory_md.states(opened.db))
            having = [root for root in all_roots if current.is_managed(root, states)]
            if len(having) == 1:
                return having[0]
            real = os.getcwd()
        enclosing = [root for root in all_roots if paths.is_inside(real, root.path)]
        if enclosing:
            return max(enclosing, key=lambda root: len(root.path))
        known = ", ".join(root.path for root in all_roots) or "none"
        raise UsageError(
            "is in no root that can have a MEMORY.md", path=real, hint=f"roots: {known}"
        )

    def refresh_memory_md(self, path: str | os.PathLike[str] | None = None) -> Refreshed:
        """Rebuild a root's MEMORY.md and its pages from the notes; it is kept current from now on.

        Args:
            path: see `memory_md_root`; a folder that is in no root becomes one.

        Raises:
            MemoryMdError: it cannot be read or written; the notes are safe.
            UsageError: no root is meant.
        """
        if path is not None and os.path.isdir(path):
            real = paths.real(os.fspath(path))
            if not any(paths.is_inside(real, root.path) for root in self.roots()):
                self._index_only(real)
        root = self.memory_md_root(path)
        self._index_only(root.path)

        def work(opened: Opened) -> Refreshed:
            if root.memory_md is not True:
                roots.update(opened.db, root.id, memory_md=True)
            return current.refresh(
                opened.db, root, self.config, self.home, self.notices, rebuild=True
            )

        return self.databases.run(work)

    def stop_memory_md(self, path: str | os.PathLike[str] | None = None) -> Root:
        """Keep a root's MEMORY.md no longer; the file stays as it is."""
        root = self.memory_md_root(path)

        def work(opened: Opened) -> None:
            roots.update(opened.db, root.id, memory_md=False)
            memory_md.end(opened.db, root.id)

        self.databases.run(work)
        return root

    def check_memory_md(
        self, path: str | os.PathLike[str] | None = None
    ) -> list[memory_md_findings.MemoryMdFinding]:
        """What is wrong with a root's MEMORY.md and its pages, by what the files say now.

        Raises:
            MemoryMdError: it cannot be read.
            UsageError: no root is meant, or its MEMORY.md is not kept.
        """
        from memcairn.memory_md import refresh  # noqa: PLC0415 - as above

        root = self._kept_root(path)
        self._index_only(root.path)
        return self.databases.run(
            lambda opened: refresh.check(opened.db, root, current.limits(self.config))
        )

    def explain_memory_md(self, path: str | os.PathLike[str]) -> Explanation:
        """Why a note stands in MEMORY.md where it stands.

        Raises:
            UsageError: `path` is no note of a root whose MEMORY.md is kept.
        """
        from memcairn.memory_md import refresh  # noqa: PLC0415 - as above

        real = paths.real(os.fspath(path))
        root = self._kept_root(real)
        self.index(real)
        found = self.databases.run(
            lambda opened: refresh.explain(opened.db, root, real, current.limits(self.config))
        )
        if found is None:
            raise UsageError("is no note", path=real, hint=f"of the root {root.path}")
        return found

    def show_memory_md(self, path: str | os.PathLike[str] | None = None) -> Loaded:
        """A root's MEMORY.md as a host loads it, and what it cuts.

        Raises:
            MemoryMdError: there is none, or it cannot be read.
        """
        from memcairn.memory_md import check, root_files  # noqa: PLC0415 - as above

        root = self.memory_md_root(path)
        self._finish(IndexReport())
        present = root_files.read(root.path)
        if present is None:
            raise MemoryMdError(
                "is not there",
                path=os.path.join(root.path, paths.MEMORY_MD),
                hint="`memcairn memory-md refresh ROOT` makes one",
            )
        return check.as_loaded(present, current.limits(self.config))

    def _kept_root(self, path: str | os.PathLike[str] | None) -> Root:
        root = self.memory_md_root(path)
        if not current.is_managed(
            root, self.databases.run(lambda opened: memory_md.states(opened.db))
        ):
            there = os.path.exists(os.path.join(root.path, paths.MEMORY_MD))
            raise UsageError(
                "its MEMORY.md is not kept current" if there else "has no MEMORY.md",
                path=root.path,
                hint="`memcairn memory-md refresh ROOT` makes one, and keeps it current",
            )
        return root

    def _index_only(self, real: str) -> IndexReport:
        """Index, and leave MEMORY.md as it is."""

        def work(opened: Opened) -> IndexReport:
            opened.indexer.progress = None
            return opened.indexer.index(real)

        return self.databases.run(work)

    # ── observations ─────────────────────────────────────────────────────────────────────────────

    def observe(
        self,
        text: str,
        *,
        title: str = "",
        type: str | None = None,  # noqa: A002 - the word that frontmatter has
        tags: Iterable[str] = (),
        namespace: str | None = None,
        root: str | os.PathLike[str] | None = None,
        new: bool = False,
        allow_secret: bool = False,
    ) -> Path:
        """Remember something, without choosing a path.

        A note that says nearly the same is brought up to date instead, and a notice says so.

        Args:
            text: what to remember, Markdown.
            title: "" makes one from the text.
            type: user, feedback, project, reference, or a word of your own.
            tags: words to find it by.
            namespace: its label.
            root: the folder to write to; None is the setting memory.root, else `<home>/memory`. It
                becomes a root with a MEMORY.md.
            new: write a new note even if one says nearly the same.
            allow_secret: write it even if it holds what looks like a secret; that is logged.

        Returns:
            The note.

        Raises:
            SecretFound: the text holds what looks like a secret.
            NoteError: it cannot be written.
            UsageError: the text is empty.
        """
        from memcairn.root import observe  # noqa: PLC0415 - of no use to a search

        said = observe.Observation(text, title, type, tuple(tags), namespace)
        said = observe.checked(said, allow_secret=allow_secret)
        folder = self._observed_root(root)
        passages = [] if new else self.search(said.text, limit=5, root=folder)
        older = observe.same(folder, dict.fromkeys(p.path for p in passages), said)
        if older is not None:
            observe.renew(folder, older, said)
            self.notices.append(f"{older} says nearly the same; it was brought up to date instead")
        path = observe.write(folder, said) if older is None else older
        self._finish(self._index_only(path))
        return Path(path)

    def _observed_root(self, given: str | os.PathLike[str] | None) -> str:
        """Where `observe` writes: a root with a MEMORY.md, made if need be."""
        folder = os.fspath(given) if given is not None else self.config["memory.root"]
        if folder:
            real = paths.real(folder)
            if not os.path.isdir(real):
                raise UsageError("is no folder", path=real, hint="make it, or name another")
        else:
            real = paths.real(os.path.join(self.home, "memory"))
            paths.make_private_folder(real)

        def work(opened: Opened) -> None:
            if not any(root.path == real for root in roots.roots(opened.db)):
                roots.add(opened.db, real)
                opened.indexer.index(real)
            root = next(root for root in roots.roots(opened.db) if root.path == real)
            if root.memory_md is None:
                roots.update(opened.db, root.id, memory_md=True)

        self.databases.run(work)
        return real

    def pin(self, path: str | os.PathLike[str], *, pinned: bool = True) -> bool:
        """Put a note at the top of MEMORY.md, by `pinned: true` in its frontmatter; or take it back.

        Returns:
            False if it was so already.

        Raises:
            NoteError: it is no note, or cannot be changed.
        """
        from memcairn.root import observe  # noqa: PLC0415 - as above

        real = paths.real(os.fspath(path))
        enclosing = [root for root in self.roots() if paths.is_inside(real, root.path)]
        if not enclosing or os.path.isdir(real):
            hint = "`memcairn index FOLDER` makes notes of what is in it"
            raise NoteError("is no note of a root", path=real, hint=hint)
        self.index(real, embed=False)
        if not self.databases.run(lambda opened: _is_note(opened, real)):
            raise NoteError("is no note", path=real)
        root = max(enclosing, key=lambda root: len(root.path))
        changed = observe.set_pinned(root.path, real, pinned=pinned)
        if changed:
            self.index(real, embed=False)
        return changed

    def unpin(self, path: str | os.PathLike[str]) -> bool:
        """Take back a pin: `pin(path, pinned=False)`."""
        return self.pin(path, pinned=False)

    # ── search ───────────────────────────────────────────────────────────────────────────────────

    def search(
        self,
        query: str,
        *,
        limit: int = 10,
        namespace: str | None = None,
        root: str | os.PathLike[str] | None = None,
        budget_words: int | None = None,
        type: str | None = None,  # noqa: A002 - the word that frontmatter has
        since: str | None = None,
        until: str | None = None,
        as_of: str | None = None,
    ) -> list[Passage]:
        """Find what is remembered, best first.

        What changed on disk since it was indexed is indexed first, so that the answer never shows text
        that is no longer there.

        Args:
            query: words, a question, an error message: anything.
            limit: the most passages.
            namespace: only notes with this label; one that does not exist finds nothing.
            root: only notes below this folder.
            budget_words: the most words in all passages together.
            type: only notes of this type: user, feedback, project, reference, or a word of your own.
            since: only notes of this date or later. A date is 2026, 2026-06, 2026-06-03, a moment, or
                words like "last week"; that of a note is its own, else when its file was changed.
            until: only notes of this date or earlier: all of the year, month or day counts.
            as_of: what was known at the end of this date: without later notes, and with notes that have
                expired or been superseded since.

        Raises:
            UsageError: `limit` or `budget_words` is below 1, or a date is none.
        """
        if limit < 1:
            raise UsageError(f"the limit is {limit}, but it must be at least 1")
        if budget_words is not None and budget_words < 1:
            raise UsageError(f"the budget is {budget_words} words, but it must be at least 1")
        below = None if root is None else paths.real(os.fspath(root))
        asked = Query(query, limit, namespace, below, budget_words, type)
        if since or until or as_of:
            from memcairn.search import dates  # noqa: PLC0415 - few searches have one

            asked = dates.between(asked, since, until, as_of)
        return self.databases.run(lambda opened: self._search(opened, asked))

    def _search(self, opened: Opened, asked: Query) -> list[Passage]:
        opened.indexer.progress = None
        report = freshness.look_at_folders(opened.db, opened.indexer)
        edited, opened.looked_at = freshness.look_at_some(
            opened.db, opened.indexer, opened.looked_at
        )
        report.add(edited)
        self._finish(report)
        passages: list[Passage] = []
        for _ in range(FRESH_ROUNDS):
            passages, sources = self._found(opened, asked)
            changed = freshness.look_at_notes(opened.indexer, sources)
            if not (changed.indexed or changed.removed or changed.failed):
                return passages
            self._finish(changed)
        restless = {*changed.indexed, *changed.removed, *changed.failed}
        return [passage for passage in passages if passage.path not in restless]

    def _found(self, opened: Opened, asked: Query) -> tuple[list[Passage], dict[str, Source]]:
        try:
            return pipeline.search(opened.db, asked, self.model.meaning(opened.db))
        except EmbeddingError as error:
            self.model.failed(error)
            return pipeline.search(opened.db, asked)

    def note_used(self, used: Iterable[str | os.PathLike[str]]) -> None:
        """Notes were read, or shown to a model: from tomorrow on they matter more in MEMORY.md.

        Surfaces say so, since a search alone does not know what becomes of its answer. A note counts once
        a day; what is no note, not at all.
        """
        real = [paths.real(os.fspath(path)) for path in used]
        today = current.this_day().toordinal()
        self.databases.run(lambda opened: uses.note_used(opened.db, real, today))

    def namespaces(self) -> dict[str, int]:
        """How many notes each namespace has, by name."""
        return self.databases.run(lambda opened: overview.namespaces(opened.db))

    # ── upkeep ───────────────────────────────────────────────────────────────────────────────────

    def roots(self) -> list[Root]:
        """The folders and files that are kept current."""
        return self.databases.run(lambda opened: roots.roots(opened.db))

    def forget_root(self, path: str | os.PathLike[str]) -> int:
        """Take a root out of the index; its files stay. Returns how many notes it had.

        Raises:
            UsageError: `path` is no root.
        """
        real = paths.real(os.fspath(path))
        for root in self.roots():
            if root.path == real:
                return self.databases.run(partial(_forget, root))
        known = ", ".join(root.path for root in self.roots()) or "none"
        raise UsageError("is no root", path=real, hint=f"roots: {known}")

    def status(self) -> Status:
        """What there is, and what is wrong with it."""
        # As with doctor: of no use to any other call.
        from memcairn.status import status  # noqa: PLC0415

        return self.databases.run(
            lambda opened: status(self.home, opened.db, opened.queue, self.config)
        )

    def doctor(self, *, fix: bool = False) -> list[Finding]:
        """What is wrong and how to mend it; with `fix`, what is safe to mend is mended."""
        from memcairn import doctor  # noqa: PLC0415 - of no use to any other call

        return self.databases.run(
            lambda opened: list(
                doctor.examine(
                    self.home, opened.db, opened.queue, opened.indexer, self.config, fix=fix
                )
            )
        )


def _forget(root: Root, opened: Opened) -> int:
    return roots.forget(opened.db, root)


def _is_note(opened: Opened, path: str) -> bool:
    return notes.known(opened.db, path) is not None
