"""What holds in each root: its settings, which of its files are notes, how they are labelled."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from memcairn import paths
from memcairn.errors import ConfigError
from memcairn.indexing.namespaces import Namespaces
from memcairn.indexing.selection import Selection
from memcairn.store import roots

if TYPE_CHECKING:
    from memcairn.settings.config import Config
    from memcairn.store.database import Database
    from memcairn.store.roots import Root


class Rules:
    """The rules of all roots, each read when it is asked for.

    Args:
        db: index.db.
        config: the settings; each root's own file is read on top.
    """

    def __init__(self, db: Database, config: Config) -> None:
        self._db = db
        self._config = config
        self._selections: dict[str, Selection] = {}
        self._configs: dict[str, Config | ConfigError] = {}
        self._labels = Namespaces(db)

    def look_again(self) -> None:
        """Roots, settings, ignore files and namespaces may have changed."""
        self._selections.clear()
        self._configs.clear()
        self._labels.look_again()

    def root_for(self, path: str) -> Root | None:
        """The innermost root that takes `path`."""
        enclosing = [r for r in roots.roots(self._db) if paths.is_inside(path, r.path)]
        for root in sorted(enclosing, key=lambda r: len(r.path), reverse=True):
            if self.trouble(root) or self.selection(root).takes(
                path, is_folder=os.path.isdir(path)
            ):
                return root
        return None

    def make_root(self, path: str) -> Root:
        """Make a folder or a file a root."""
        root = roots.add(self._db, path)
        self._selections.clear()  # what is a root is no part of another one
        return root

    def is_note_name(self, path: str) -> bool:
        """Whether a file's name is that of a note, wherever it stands."""
        suffix = os.path.splitext(path)[1].lower()
        return suffix in {ending.lower() for ending in self.extensions}

    @property
    def extensions(self) -> tuple[str, ...]:
        """The endings of notes' names."""
        found: tuple[str, ...] = self._config["index.extensions"]
        return found

    def config(self, root: Root) -> Config:
        """The settings that hold in a root.

        Raises:
            ConfigError: its own file cannot be understood.
        """
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
        """Why nobody can tell which files of a root are notes: its own settings are broken.

        What the index holds of such a root stays as it is: by the user's settings alone, notes that the
        broken file leaves out would be found.
        """
        try:
            self.config(root)
        except ConfigError as error:
            return str(error)
        return None

    def max_bytes(self, root: Root) -> int:
        """How large a note may be."""
        return int(self.config(root)["index.max_file_bytes"])

    def selection(self, root: Root) -> Selection:
        """Which files of a root are notes."""
        if root.path not in self._selections:
            others = [other.path for other in roots.roots(self._db)]
            self._selections[root.path] = Selection(root.path, self.config(root), others)
        return self._selections[root.path]

    def namespace(self, root: Root, path: str, own: str | None) -> str:
        """The namespace of a note; `own` is what its frontmatter says."""
        return self._labels.of(root, self.config(root), path, own)

    def give_namespace(self, path: str, namespace: str) -> None:
        """The user says what namespace a path has, and all below it; "" takes that back."""
        self._labels.give(path, namespace)

    def renew_namespaces(self, root: Root) -> None:
        """Label a root's notes anew, if what they were labelled by has changed."""
        self._labels.renew(root, self.config(root))
