"""The file tools of one root: each change is in the index and in MEMORY.md when it returns."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from memcairn import paths, project, safety
from memcairn.files.forget import Forgetting
from memcairn.store import catalogue, roots
from memcairn.vault import Limits, Vault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from memcairn.databases import Opened
    from memcairn.memory import Memory
    from memcairn.report import IndexReport
    from memcairn.vault.diff import Diff
    from memcairn.vault.find import Listing, Matches
    from memcairn.vault.trash import Trashed
    from memcairn.vault.values import Moved, Window, Written


@dataclass(frozen=True, slots=True)
class Saved:
    """A file that was written.

    Attributes:
        path: relative to the root.
        size_bytes: of the whole file now.
        sha256: of the whole file now; `if_match` compares it.
        created: it is a new file.
        line: the line on which the change begins, from 1.
        searchable: it is a note, and in the index.
    """

    path: str
    size_bytes: int
    sha256: str
    created: bool
    line: int
    searchable: bool


@dataclass(frozen=True, slots=True)
class Observed:
    """Where a memory stands; `created` is false if an older note that says the same was renewed."""

    path: str
    created: bool


class Files:
    """The files of one root; usable from several threads.

    Paths are relative to the root, and every method raises what memcairn.vault.Vault raises for
    them; one that writes raises SecretFound for a text with a secret, before it writes anything.

    Args:
        memory: where the notes are indexed.
        root: a folder. It is made if need be, becomes a root of its own, and has a MEMORY.md.
    """

    def __init__(self, memory: Memory, root: str | os.PathLike[str]) -> None:
        self.memory = memory
        self.root = paths.real(os.fspath(root))
        self.key = project.key(self.root)
        paths.make_private_folder(self.root)
        settings = memory.config
        self._vault = Vault(
            Path(self.root),
            trash=Path(memory.home, "trash", self.key),
            limits=Limits(
                int(settings["tools.max_read_bytes"]),
                int(settings["tools.max_write_bytes"]),
                int(settings["tools.max_append_bytes"]),
            ),
        )
        self.forgetting = Forgetting(self)

    def adopt(self) -> None:
        """Make the folder a root with a MEMORY.md, unless it is one, and index what changed in it."""

        def work(opened: Opened) -> None:
            known = {root.path: root for root in roots.roots(opened.db)}
            root = known.get(self.root) or roots.add(opened.db, self.root)
            if root.memory_md is None:
                roots.update(opened.db, root.id, memory_md=True)

        self.memory.databases.do(work)
        self.memory.index(self.root)

    def shown(self, path: str) -> str:
        """An absolute path below the root, as the tools take it."""
        below = os.path.relpath(path, self.root).replace(os.sep, "/")
        return os.fsencode(below).decode("utf-8", "replace")

    def title(self, path: str) -> str:
        """The title of a note; of any other file its path."""
        real = os.path.join(self.root, path)
        found = self.memory.databases.do(lambda opened: catalogue.at(opened.db, [real]))
        return found[0].title if found else path

    def refresh(self) -> IndexReport:
        """Look at every file of the root, and index what changed."""
        return self.memory.index(self.root)

    # ── reading ──────────────────────────────────────────────────────────────────────────────────

    def read(
        self, path: str, *, start_line: int | None = None, end_line: int | None = None
    ) -> Window:
        """Some lines of a file, as far as the limit of a call reaches."""
        return self._vault.read(path, start_line=start_line, end_line=end_line)

    def list(
        self,
        folder: str = "",
        *,
        recursive: bool = False,
        glob: str | None = None,
        limit: int = 1000,
        after: str | None = None,
    ) -> Listing:
        """A page of what is in a folder."""
        return self._vault.list(folder, recursive=recursive, glob=glob, limit=limit, after=after)

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
        """The lines below a folder that match a regular expression."""
        return self._vault.grep(
            pattern, folder, glob=glob, limit=limit, ignore_case=ignore_case, context=context
        )

    def diff(self, before: str, after: str) -> Diff:
        """The unified difference of two files."""
        return self._vault.diff(before, after)

    # ── writing ──────────────────────────────────────────────────────────────────────────────────

    def write(
        self, path: str, content: str, *, overwrite: bool = False, if_match: str | None = None
    ) -> Saved:
        """Make `content` the whole content of a file."""
        safety.refuse_secrets(content, allow=False)
        return self._saved(self._vault.write(path, content, overwrite=overwrite, if_match=if_match))

    def append(self, path: str, content: str) -> Saved:
        """Add text at the end of a file, on a line of its own."""
        safety.refuse_secrets(content, allow=False)
        return self._saved(self._vault.append(path, content))

    def edit(self, path: str, old: str, new: str) -> Saved:
        """Replace the only occurrence of `old`."""
        safety.refuse_secrets(new, allow=False)
        return self._saved(self._vault.edit(path, old, new))

    def observe(
        self,
        text: str,
        *,
        title: str = "",
        type: str | None = None,  # noqa: A002 - the name of the key in the frontmatter
        tags: Sequence[str] = (),
        hint: str | None = None,  # noqa: ARG002 - until `Memory.observe` takes it
    ) -> Observed:
        """Remember something, without choosing a path."""
        before = len(self.memory.notices)
        path = self.memory.observe(text, title=title, type=type, tags=tags, root=self.root)
        told = [notice for notice in self.memory.notices[before:] if notice.startswith(str(path))]
        for notice in told:
            self.memory.notices.remove(notice)
        return Observed(self.shown(str(path)), created=not told)

    def mkdir(self, path: str) -> None:
        """Make a folder, and those above it."""
        self._vault.mkdir(path)

    def move(self, path: str, target: str) -> Moved:
        """Give a file or folder another path."""
        moved = self._vault.move(path, target)
        self.index(moved.changed)
        return moved

    def remove(self, path: str, *, recursive: bool = False, if_match: str | None = None) -> Trashed:
        """Move a file or folder into the trash."""
        trashed = self._vault.remove(path, recursive=recursive, if_match=if_match)
        self.index([file.path for file in trashed.files])
        return trashed

    def _saved(self, written: Written) -> Saved:
        searchable = self.index(written.changed)
        return Saved(
            written.path,
            written.size_bytes,
            written.sha256,
            written.created,
            written.line,
            written.path in searchable,
        )

    def index(self, changed: Sequence[str]) -> set[str]:
        """Index files that changed, and keep MEMORY.md; returns those that are in the index now."""
        real = {os.path.join(self.root, path): path for path in changed}

        def work(opened: Opened) -> set[str]:
            opened.indexer.progress = None
            opened.indexer.index_files(real)
            return {path for place, path in real.items() if opened.indexer.signature(place)}

        known = self.memory.databases.do(work)
        self.memory.keep_memory_md()
        return known
