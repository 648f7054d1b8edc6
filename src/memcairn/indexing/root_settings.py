"""What each root says about its notes: settings, which files are notes, which namespaces they get."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from memcairn import paths
from memcairn.errors import ConfigError
from memcairn.indexing import away_roots, scan
from memcairn.indexing.namespaces import Namespaces
from memcairn.indexing.note_selection import Selection, suffixes
from memcairn.store import roots

if TYPE_CHECKING:
    from collections.abc import Sequence

    from memcairn.settings.config import Config
    from memcairn.store.database import Database
    from memcairn.store.roots import Root


class RootSettings:
    """The rules of all roots, each read when it is first needed.

    Args:
        db: index.db.
        config: the user's settings; each root's own file is read on top.
    """

    def __init__(self, db: Database, config: Config) -> None:
        self._db = db
        self._config = config
        self._suffixes = suffixes(config)
        self._roots: list[Root] | None = None
        self._selections: dict[str, Selection] = {}
        self._configs: dict[str, Config | ConfigError] = {}
        self._away: dict[int, str | None] = {}
        self._namespaces = Namespaces(db)

    def invalidate(self) -> None:
        """Read everything again: roots, settings, ignore files and namespaces may have changed."""
        self._roots = None
        self._selections.clear()
        self._configs.clear()
        self._away.clear()
        self._namespaces.invalidate()

    # ── which root ───────────────────────────────────────────────────────────────────────────────

    def roots(self) -> list[Root]:
        """All roots, by path."""
        if self._roots is None:
            self._roots = roots.roots(self._db)
        return self._roots

    def root_for(self, path: str) -> Root | None:
        """The innermost root that takes `path`."""
        enclosing = [root for root in self.roots() if paths.is_inside(path, root.path)]
        for root in sorted(enclosing, key=lambda root: len(root.path), reverse=True):
            if self.trouble(root) or self.takes(root, path, is_folder=os.path.isdir(path)):
                return root
        return None

    def root_for_file(self, path: str, *, asked: bool) -> Root | None:
        """The root that a file belongs to; None if the file is not a note.

        A note that no root takes is a loose file. One inside a root that leaves it out is a loose file
        only if the user asked for that file.
        """
        root = self.root_for(path)
        if root is None and self.is_note_name(path):
            is_inside = any(paths.is_inside(path, root.path) for root in self.roots())
            if asked or not is_inside or roots.is_loose_file(self._db, path):
                return roots.loose(self._db)
        return root

    def make_root(self, path: str) -> Root:
        """Make a folder a root."""
        root = roots.add(self._db, path)
        self._roots = None
        self._selections.clear()  # the new root is not part of the others
        return root

    # ── what holds in a root ─────────────────────────────────────────────────────────────────────

    def is_note_name(self, path: str) -> bool:
        """Whether a file that the user names may be a note: a hidden one may, unlike in a walk."""
        suffix = os.path.splitext(path)[1].lower()
        return suffix in self._suffixes and os.path.basename(path) != paths.MEMORY_MD

    @property
    def extensions(self) -> tuple[str, ...]:
        """The endings of notes' names, as configured."""
        found: tuple[str, ...] = self._config["index.extensions"]
        return found

    def config(self, root: Root) -> Config:
        """The settings of a root.

        Raises:
            ConfigError: its own file cannot be parsed.
        """
        if root.is_loose:
            return self._config
        found = self._configs.get(root.path)
        if found is None:
            try:
                found = self._config.for_root(root.path)
            except ConfigError as error:
                found = error
            self._configs[root.path] = found
        if isinstance(found, ConfigError):
            raise found
        return found

    def trouble(self, root: Root) -> str | None:
        """Why the files of a root do not say what its notes are: its settings are broken, or it is away.

        What the index holds of such a root stays as it is. With the user's settings alone, a search would
        find notes that the broken file excludes.
        """
        if root.id not in self._away:
            self._away[root.id] = self.away(root)
        return self._away[root.id] or self.broken(root)

    def broken(self, root: Root) -> str | None:
        """The error in a root's own settings; None if there is none."""
        try:
            self.config(root)
        except ConfigError as error:
            return str(error)
        return None

    def away(self, root: Root, *, own: bool = False) -> str | None:
        """Why a root is away, by what is on the disk now; see `memcairn.indexing.away_roots`.

        Args:
            root: the root.
            own: memcairn itself may have removed all notes from the folder.
        """
        why = away_roots.missing(self._db, root)
        if why is None and not own and not root.is_loose and self._is_emptied(root):
            why = away_roots.LOST_ALL
        return None if why is None else f"{why}; {away_roots.hint(root)}"

    def _is_emptied(self, root: Root) -> bool:
        if not away_roots.has_lost_all(self._db, root):
            return False
        # The notes may have been renamed. With broken settings, nobody knows which files are notes.
        return (
            self.broken(root) is not None or not scan.walk(self.selection(root), root.path, {}).seen
        )

    def max_bytes(self, root: Root) -> int:
        """The size of the largest file that can be a note."""
        return int(self.config(root)["index.max_file_bytes"])

    def selection(self, root: Root) -> Selection:
        """Which files of a root are notes."""
        if root.path not in self._selections:
            others = [other.path for other in self.roots()]
            self._selections[root.path] = Selection(root.path, self.config(root), others)
        return self._selections[root.path]

    def takes(self, root: Root, path: str, *, is_folder: bool = False) -> bool:
        """Whether a path is a note, or a folder to walk, of a root."""
        if root.is_loose:
            return self.is_note_name(path)
        return self.selection(root).takes(path, is_folder=is_folder)

    # ── namespaces ───────────────────────────────────────────────────────────────────────────────

    def namespace(self, root: Root, path: str, own: str | None) -> str:
        """The namespace of a note; `own` is the one in its frontmatter."""
        return self._namespaces.of(root, self.config(root), path, own)

    def give_namespace(self, named: Sequence[str], namespace: str) -> None:
        """Give paths and all below them the user's namespace; "" removes the one that they have."""
        self._namespaces.give(named, namespace)

    def renew_namespaces(self, root: Root) -> None:
        """Give a root's notes new namespaces, if what decides them has changed."""
        self._namespaces.renew(root, self.config(root))
