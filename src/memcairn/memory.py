"""`Memory`: everything that memcairn can do, for the surfaces and for Python programs.

It is the view of all roots of a home. What concerns one root, such as remembering something in it,
goes through `OpenRoot`, which records every change in the history.
"""

from __future__ import annotations

import os
import time
from functools import partial
from typing import TYPE_CHECKING, Self

from memcairn import paths
from memcairn.engine import Engine
from memcairn.errors import MemcairnError, MemoryMdError, NoteError, UsageError
from memcairn.memory_md import managed_roots
from memcairn.store import memory_md, roots

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from memcairn.embedding.report import EmbedReport
    from memcairn.engine import Opened, Progress
    from memcairn.health.doctor import Finding
    from memcairn.health.status import Status
    from memcairn.indexing.report import IndexReport
    from memcairn.memory_md.check import Explanation, Loaded
    from memcairn.memory_md.refresh import Refreshed
    from memcairn.memory_md.render import MemoryMdFinding
    from memcairn.queue import QueueEntry, QueueStatus
    from memcairn.root import OpenRoot
    from memcairn.root.imports import ForeignImport
    from memcairn.root.observe import Observation
    from memcairn.search.passages import Passage
    from memcairn.search.query import Query
    from memcairn.search.transcripts import TranscriptPassage
    from memcairn.sessions.transcripts.copying import CopyReport, TranscriptStatus
    from memcairn.settings.config import Config
    from memcairn.store.roots import Root


class Memory:
    """Long-term memory over folders of notes; usable from several threads.

    Args:
        home: the folder of caches and state; None is the platform's, or MEMCAIRN_HOME.
        engine: use the databases and the model of this engine instead.
        semantic: load the embedding model when it is needed; otherwise only keywords are searched.

    Raises:
        ConfigError: config.toml cannot be understood.
        StateError: a database cannot be opened.
    """

    def __init__(
        self,
        home: str | os.PathLike[str] | None = None,
        *,
        engine: Engine | None = None,
        semantic: bool = True,
    ) -> None:
        self.engine = engine or Engine(home, semantic=semantic)

    @property
    def home(self) -> str:
        """The folder of caches and state."""
        return self.engine.home

    @property
    def config(self) -> Config:
        """The settings."""
        return self.engine.config

    @property
    def notices(self) -> list[str]:
        """What a user should know although nothing failed, such as a database set aside."""
        return self.engine.notices

    def __enter__(self) -> Self:
        """Do nothing: databases are opened when they are needed."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close all databases."""
        self.close()

    def close(self) -> None:
        """Close the databases of all threads. The object can still be used: it opens them again."""
        self.engine.close()

    def open_root(
        self,
        path: str | os.PathLike[str],
        *,
        starts_session: bool = False,
        create: bool = False,
    ) -> OpenRoot:
        """The notes of one root as files; each change is recorded, indexed and listed in MEMORY.md.

        Args:
            path: a folder.
            starts_session: see `OpenRoot`.
            create: create the folder if it does not exist, unless it is a known root.

        Raises:
            UsageError: it is not a folder, or cannot be created.
        """
        from memcairn.root import OpenRoot  # noqa: PLC0415 - a search does not need it

        return OpenRoot(self.engine, path, starts_session=starts_session, create=create)

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
        """Index a file or a folder; a folder that is in no root becomes one, a file becomes a loose file.

        Args:
            path: what to index.
            namespace: the namespace that its notes get from now on; "" removes an earlier one.
            force: also read and write what looks unchanged.
            embed: also compute the embeddings, which takes longer than the rest; without them, notes
                are found only by keyword search until `embed` is called.
            progress: called with (done, total).

        Raises:
            NoteUnreadable: nothing exists at `path`.
        """
        real = paths.real(os.fspath(path))
        if os.path.basename(real) == paths.MEMORY_MD and not os.path.isdir(real):
            # It may have been edited, which concerns itself only.
            from memcairn.indexing.report import IndexReport  # noqa: PLC0415 - a search does not need it

            report = IndexReport(left_out={real: "is a generated index, not a note"})
        else:
            report = self.engine.index(real, namespace=namespace, force=force, progress=progress)
        self.engine.refresh_memory_md()
        if embed and self.unembedded():
            try:
                self.embed()
            except MemcairnError as error:
                self.engine.model.failed(error)
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
        """Embed the chunks that wait for it; all chunks wait after a change of the model.

        What was embedded is kept whenever it stops.

        Args:
            wait: if another process or thread embeds already, wait for it; otherwise return.
            batch: the number of texts in a batch; the smaller, the sooner it stops.
            progress: called with (done, total).
            deadline: stop when `time.monotonic()` is past it.
            stop: stop when it is set.

        Raises:
            ConfigError: the settings of the model are incomplete.
            EmbeddingError: the model is not installed, or cannot be loaded or reached.
            StateError: the index cannot be written.
        """
        # A search by words needs none of this.
        from memcairn.embedding import backlog  # noqa: PLC0415
        from memcairn.embedding.report import EmbedReport  # noqa: PLC0415

        engine = self.engine
        if not engine.model.wanted:
            return EmbedReport()
        from memcairn.embedding.backfill import Backfill  # noqa: PLC0415 - it imports NumPy

        return engine.databases.run(
            lambda opened: Backfill(
                opened.db,
                engine.model.loaders(),
                backlog.model_key(engine.config),
                batch=batch,
                progress=progress,
                deadline=deadline,
                stop=stop,
            ).run(wait=wait)
        )

    def embed_in_background(self) -> int:
        """Start a process that embeds what waits, without waiting for it.

        Returns:
            How many chunks wait; 0 if no process was started, because none waits, the setting
            embedding.background forbids it, or the model failed less than a minute ago.
        """
        from memcairn.embedding import backlog  # noqa: PLC0415 - as above

        engine = self.engine
        return engine.databases.run(
            lambda opened: backlog.start_process(opened.db, engine.config, engine.home)
        )

    def unembedded(self) -> int:
        """How many chunks wait for an embedding; 0 if no model is wanted."""
        from memcairn.embedding import backlog  # noqa: PLC0415 - as above

        engine = self.engine
        return engine.databases.run(lambda opened: backlog.count(opened.db, engine.config))

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
        self.engine.databases.run(
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
        from memcairn.indexing import drain  # noqa: PLC0415 - a search does not need it

        window_s = self.config.seconds("queue.window_s") if window is None else window

        def work(opened: Opened) -> IndexReport:
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
        from memcairn.indexing import drain  # noqa: PLC0415 - as above

        only = None if changed is None else [paths.real(os.fspath(path)) for path in changed]

        def work(opened: Opened) -> IndexReport:
            return drain.flush(
                opened.queue, opened.indexer, only=only, progress=progress, deadline=deadline
            )

        return self._timed(work)

    def discard_failed(self) -> list[QueueEntry]:
        """Remove the queue's entries that have an error, and return them."""
        return self.engine.databases.run(lambda opened: opened.queue.discard_failed())

    def queue_status(self) -> QueueStatus:
        """How many entries wait, are ready, claimed, failing; the oldest and its age."""
        return self.engine.queue_status()

    def _timed(self, work: Callable[[Opened], IndexReport]) -> IndexReport:
        started = time.perf_counter()
        report = self.engine.databases.run(work)
        report.took_s = time.perf_counter() - started
        self.engine.refresh_memory_md()
        return report

    # ── transcripts ──────────────────────────────────────────────────────────────────────────────

    def search_transcripts(self, query: Query | str) -> tuple[list[TranscriptPassage], CopyReport]:
        """Find what was said in earlier sessions; see `memcairn.search.transcripts.search`.

        What was added to the transcripts is copied first, unless it is much: a process in the
        background copies that, and the report says how much is left.

        Raises:
            UsageError: the query is wrong, or there are no copies: `memcairn transcripts on`.
        """
        from memcairn.search import transcripts  # noqa: PLC0415 - a search of notes does not need it
        from memcairn.search.query import Query  # noqa: PLC0415 - as above
        from memcairn.sessions.transcripts import copying  # noqa: PLC0415 - as above

        report = copying.CopyReport()
        if self.config["transcripts.copy"]:
            report = self.update_transcripts()
        query = Query(query) if isinstance(query, str) else query
        with copying.copies(self.home) as db:
            return transcripts.search(db, query), report

    def transcript(self, session: str, turn: int | None = None) -> list[TranscriptPassage]:
        """What was said in a session, or in one turn of it; the beginning of its id suffices.

        Raises:
            UsageError: there is no such session, or several.
        """
        from memcairn.search import transcripts  # noqa: PLC0415 - a search of notes does not need it
        from memcairn.sessions.transcripts import copying  # noqa: PLC0415 - as above

        with copying.copies(self.home) as db:
            return transcripts.session(db, session, turn)

    def transcript_status(self) -> TranscriptStatus:
        """How many sessions are copied, and what waits."""
        from memcairn.sessions.transcripts import copying  # noqa: PLC0415 - as above
        from memcairn.settings import calling_process  # noqa: PLC0415 - a search does not need it

        return copying.status(
            self.home, calling_process.current().environ, is_on=self.config["transcripts.copy"]
        )

    def update_transcripts(self) -> CopyReport:
        """Copy what was added to the transcripts of hosts.

        If it is much, a process of low priority is started for it, and `left_bytes` says how much.

        Raises:
            StateError: the database cannot be written.
        """
        from memcairn.sessions.transcripts import copying  # noqa: PLC0415 - as above
        from memcairn.settings import background, calling_process  # noqa: PLC0415 - a search does not need it

        environ = calling_process.current().environ
        report = copying.update(self.home, environ, max_bytes=copying.MAX_FOREGROUND_BYTES)
        if report.left_bytes and not report.is_busy:
            background.start("memcairn.cli.transcripts", self.home)
        return report

    # ── MEMORY.md ────────────────────────────────────────────────────────────────────────────────

    def memory_md_root(self, path: str | os.PathLike[str] | None = None) -> Root:
        """The root whose MEMORY.md is meant.

        Args:
            path: the root or anything below it; None is the only root that has a MEMORY.md, else the
                root that encloses the working folder.

        Raises:
            UsageError: there is no such root.
        """
        all_roots = self.roots()
        real = None if path is None else paths.real(os.fspath(path))
        if real is None:
            states = self.engine.databases.run(lambda opened: memory_md.roots_with_state(opened.db))
            having = [root for root in all_roots if managed_roots.is_managed(root, states)]
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
                self.engine.index(real)
        root = self.memory_md_root(path)
        self.engine.index(root.path)

        def work(opened: Opened) -> Refreshed:
            if root.memory_md is not True:
                roots.update(opened.db, root.id, memory_md=True)
            return managed_roots.refresh(
                opened.db,
                root,
                self.engine.config,
                self.engine.home,
                self.engine.notices,
                rebuild=True,
            )

        return self.engine.databases.run(work)

    def stop_memory_md(self, path: str | os.PathLike[str] | None = None) -> Root:
        """Keep a root's MEMORY.md no longer; the file stays as it is."""
        root = self.memory_md_root(path)

        def work(opened: Opened) -> None:
            roots.update(opened.db, root.id, memory_md=False)
            memory_md.stop_managing(opened.db, root.id)

        self.engine.databases.run(work)
        return root

    def check_memory_md(self, path: str | os.PathLike[str] | None = None) -> list[MemoryMdFinding]:
        """What is wrong with a root's MEMORY.md and its pages, by what the files say now.

        Raises:
            MemoryMdError: it cannot be read.
            UsageError: no root is meant, or its MEMORY.md is not kept.
        """
        from memcairn.memory_md import refresh  # noqa: PLC0415 - as above

        root = self._kept_root(path)
        self.engine.index(root.path)
        return self.engine.databases.run(
            lambda opened: refresh.check(opened.db, root, managed_roots.limits(self.engine.config))
        )

    def explain_memory_md(self, path: str | os.PathLike[str]) -> Explanation:
        """Why a note stands in MEMORY.md where it stands.

        Raises:
            UsageError: `path` is not a note of a root with a MEMORY.md.
        """
        from memcairn.memory_md import refresh  # noqa: PLC0415 - as above

        real = paths.real(os.fspath(path))
        root = self._kept_root(real)
        self.index(real)
        found = self.engine.databases.run(
            lambda opened: refresh.explain(
                opened.db, root, real, managed_roots.limits(self.engine.config)
            )
        )
        if found is None:
            raise UsageError(
                "is not a note", path=real, hint=f"give a note of the root {root.path}"
            )
        return found

    def show_memory_md(self, path: str | os.PathLike[str] | None = None) -> Loaded:
        """A root's MEMORY.md as a host loads it, and what it cuts.

        Raises:
            MemoryMdError: there is none, or it cannot be read.
        """
        from memcairn.memory_md import check, root_files  # noqa: PLC0415 - as above

        root = self.memory_md_root(path)
        self.engine.refresh_memory_md()
        present = root_files.read(root.path)
        if present is None:
            raise MemoryMdError(
                "is not there",
                path=os.path.join(root.path, paths.MEMORY_MD),
                hint="`memcairn memory-md refresh ROOT` makes one",
            )
        return check.as_loaded(present, managed_roots.limits(self.engine.config))

    def _kept_root(self, path: str | os.PathLike[str] | None) -> Root:
        root = self.memory_md_root(path)
        if not managed_roots.is_managed(
            root, self.engine.databases.run(lambda opened: memory_md.roots_with_state(opened.db))
        ):
            there = os.path.exists(os.path.join(root.path, paths.MEMORY_MD))
            raise UsageError(
                "its MEMORY.md is not kept current" if there else "has no MEMORY.md",
                path=root.path,
                hint="`memcairn memory-md refresh ROOT` makes one, and keeps it current",
            )
        return root

    # ── observations ─────────────────────────────────────────────────────────────────────────────

    def observe(
        self,
        observation: Observation | str,
        *,
        root: str | os.PathLike[str] | None = None,
        new: bool = False,
        replaces: str | os.PathLike[str] | None = None,
        allow_secret: bool = False,
    ) -> Path:
        """Remember something, without choosing a path.

        If a note says the same, nothing is written. If it says something else of the same subject, it is
        corrected. A notice says so.

        Args:
            observation: what to remember: text in Markdown, or an Observation with title, type, tags,
                namespace or description.
            root: the folder to write to; None is the setting memory.root, else `<home>/memory`. It
                becomes a root with a MEMORY.md.
            new: write a new note even if one says nearly the same.
            replaces: the note to correct, relative to `root` or to the working directory; None finds it.
            allow_secret: write it even if it holds what looks like a secret; that is logged.

        Returns:
            The note.

        Raises:
            SecretFound: the text holds what looks like a secret.
            NoteError: it cannot be written.
            UsageError: the text is empty.
        """
        # A search needs neither of them.
        from pathlib import Path  # noqa: PLC0415

        from memcairn.root import observe  # noqa: PLC0415

        if isinstance(observation, str):
            observation = observe.Observation(observation)
        observation = observe.validated(observation, allow_secret=allow_secret)
        open_root = self.open_root(self._observed_root(root))
        try:
            open_root.adopt()
            if replaces is None:
                target = "none" if new else "auto"
            else:
                target = _inside(os.fspath(replaces), open_root.root)
            observed = open_root.observe(observation, replaces=target)
        finally:
            open_root.close()
        path = os.path.join(open_root.root, observed.path)
        if observed.relation not in ("new", "addition") or observed.proposal:
            self.notices.append(observed.account(open_root.root))
        return Path(path)

    def import_from(
        self,
        source: str,
        path: str | os.PathLike[str] | None = None,
        *,
        root: str | os.PathLike[str] | None = None,
        dry_run: bool = False,
        progress: Progress | None = None,
    ) -> ForeignImport:
        """Bring the memories of another program into a root; each change can be undone.

        Args:
            source: a name in `memcairn.archive.importers.SOURCES`.
            path: the export, or the folder of the program; None: where the program keeps its files.
            root: as for `observe`.
            dry_run: report what would happen, and write nothing.
            progress: called with (done, total).

        Raises:
            UsageError: a path is needed, or nothing is there.
            ArchiveRefused: it is not what was expected, or is damaged; nothing was imported.
        """
        from memcairn.archive import importers  # noqa: PLC0415 - a search needs none of them
        from memcairn.root import imports  # noqa: PLC0415 - as above

        export = importers.read(source, None if path is None else os.path.abspath(path))
        open_root = self.open_root(self._observed_root(root))
        try:
            open_root.adopt()
            return imports.import_(open_root, source, export, dry_run=dry_run, progress=progress)
        finally:
            open_root.close()

    def _observed_root(self, given: str | os.PathLike[str] | None) -> str:
        """Where `observe` writes."""
        folder = os.fspath(given) if given is not None else self.config["memory.root"]
        if not folder:
            real = paths.real(os.path.join(self.home, "memory"))
            if not any(root.path == real for root in self.roots()):
                paths.make_private_folder(real)
            return real
        real = paths.real(folder)
        is_known = any(root.path == real for root in self.roots())
        if not (is_known or os.path.isdir(real)):  # a known one is away, which is said later
            raise UsageError("not a folder", path=real, hint="create it, or name another one")
        return real

    def pin(self, path: str | os.PathLike[str], *, pinned: bool = True) -> bool:
        """List a note at the top of MEMORY.md, by `pinned: true` in its frontmatter; or undo that.

        Returns:
            False if nothing changed.

        Raises:
            NoteError: it is not a note, or cannot be changed.
        """
        real = paths.real(os.fspath(path))
        enclosing = [root for root in self.roots() if paths.is_inside(real, root.path)]
        if not enclosing or os.path.isdir(real):
            hint = "`memcairn index FOLDER` indexes the notes in a folder"
            raise NoteError("not a note of a known notes folder", path=real, hint=hint)
        open_root = self.open_root(max(enclosing, key=lambda root: len(root.path)).path)
        try:
            return open_root.pin(open_root.relative(real), pinned=pinned)
        finally:
            open_root.close()

    def unpin(self, path: str | os.PathLike[str]) -> bool:
        """Remove a pin: `pin(path, pinned=False)`."""
        return self.pin(path, pinned=False)

    # ── search ───────────────────────────────────────────────────────────────────────────────────

    def search(self, query: Query | str, *, deadline: float | None = None) -> list[Passage]:
        """Find what is remembered, best first.

        Files that changed since they were indexed are indexed first, so that the answer never shows
        text that no longer exists.

        Args:
            query: words, a question, an error message; or a Query, which also says how many passages
                are wanted and which notes may answer.
            deadline: indexing stops when `time.monotonic()` is past it. Notes that changed and are not
                indexed yet are then left out of the answer.

        Raises:
            UsageError: the query is wrong; see `Query.checked`.
        """
        return self.engine.search(query, deadline=deadline)

    def note_used(self, used: Iterable[str | os.PathLike[str]]) -> None:
        """Record that notes were read, or shown to a model: from tomorrow on they rank higher in MEMORY.md.

        Surfaces call it, since a search does not know what happens to its answer. A note counts once a
        day; other files do not count.
        """
        self.engine.note_used([paths.real(os.fspath(path)) for path in used])

    def namespaces(self) -> dict[str, int]:
        """The number of notes in each namespace, by name."""
        from memcairn.store import overview  # noqa: PLC0415 - a search does not need it

        return self.engine.databases.run(lambda opened: overview.namespaces(opened.db))

    # ── upkeep ───────────────────────────────────────────────────────────────────────────────────

    def roots(self) -> list[Root]:
        """The notes folders that are kept current."""
        return self.engine.roots()

    def forget_root(self, path: str | os.PathLike[str]) -> int:
        """Remove a root, or the loose files at or below a path, from the index; the files stay.

        Returns:
            The number of notes that were removed.

        Raises:
            UsageError: `path` is not a root, and no loose file is there.
        """
        real = paths.real(os.fspath(path))
        for root in self.roots():
            if root.path == real:
                return self.engine.databases.run(partial(_forget, root))
        count = self.engine.databases.run(lambda opened: roots.forget_loose_files(opened.db, real))
        if count is not None:
            return count
        known = ", ".join(root.path for root in self.roots()) or "none"
        raise UsageError("not a known notes folder", path=real, hint=f"known: {known}")

    def status(self) -> Status:
        """What is indexed, and what is wrong with it."""
        from memcairn.health.status import status  # noqa: PLC0415 - no other call needs it

        engine = self.engine
        return engine.databases.run(
            lambda opened: status(engine.home, opened.db, opened.queue, engine.config)
        )

    def doctor(self, *, fix: bool = False) -> list[Finding]:
        """What is wrong and how to fix it; with `fix`, fix what is safe to fix."""
        from memcairn.health import doctor  # noqa: PLC0415 - no other call needs it

        engine = self.engine
        return engine.databases.run(
            lambda opened: list(
                doctor.examine(
                    engine.home, opened.db, opened.queue, opened.indexer, engine.config, fix=fix
                )
            )
        )


def _forget(root: Root, opened: Opened) -> int:
    return roots.forget(opened.db, root)


def _inside(note: str, root: str) -> str:
    """The path of a note relative to its root."""
    real = paths.real(note)
    if os.path.exists(real) and paths.is_inside(real, root):
        return paths.path_in_root(real, root)
    return note
