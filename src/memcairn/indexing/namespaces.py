"""The namespace of each note.

The one that the user gave its path (or a folder above it) comes first, then that of its frontmatter, then
the configured rules, and last the name of its root. A loose file has the name of its folder instead.
"""

from __future__ import annotations

import fnmatch
import os
from typing import TYPE_CHECKING

from memcairn.store import roots

if TYPE_CHECKING:
    from collections.abc import Sequence

    from memcairn.settings.config import Config
    from memcairn.store.database import Database
    from memcairn.store.roots import Root


class Namespaces:
    """The namespaces of one database's notes."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._given: dict[str, str] | None = None

    def invalidate(self) -> None:
        """Read again which namespaces the user gave."""
        self._given = None

    def of(self, root: Root, config: Config, path: str, own: str | None) -> str:
        """The namespace of one note.

        Args:
            root: the root that it belongs to.
            config: the settings of the root.
            path: of the note.
            own: the namespace in its frontmatter.
        """
        folder = os.path.dirname(path) if root.is_loose else root.path
        ruled = _rule_for(folder, config, path)
        return self._given_for(path) or own or ruled or roots.folder_name(folder)

    def give(self, named: Sequence[str], namespace: str) -> None:
        """Give paths and all below them the user's namespace; "" removes the one that they have."""
        changed = [path for path in named if namespace != (self._given_for(path) or "")]
        if changed:
            roots.set_labels(self._db, changed, namespace)
        self._given = None

    def renew(self, root: Root, config: Config) -> None:
        """Give a root's notes new namespaces, if what decides them has changed."""
        self._given = roots.labels(self._db)
        rules = roots.labelled_by(config["namespaces"], self._given)
        if rules == root.rules:
            return
        from memcairn.store import notes  # noqa: PLC0415 - a scan that finds no change does without

        with self._db.transaction():
            for note in notes.of_root(self._db, root.id):
                namespace = self.of(root, config, note.path, note.own_namespace)
                if namespace != note.namespace:
                    notes.set_namespace(self._db, note.id, namespace)
            roots.update(self._db, root.id, rules=rules)

    def _given_for(self, path: str) -> str | None:
        if self._given is None:
            self._given = roots.labels(self._db)
        while self._given:
            if path in self._given:
                return self._given[path]
            folder = os.path.dirname(path)
            if folder == path:
                break
            path = folder
        return None


def _rule_for(folder: str, config: Config, path: str) -> str | None:
    rules: dict[str, str] = config["namespaces"]
    if not rules:
        return None
    relative = os.path.relpath(path, folder).replace(os.sep, "/")
    for pattern, namespace in rules.items():
        subject = path if os.path.isabs(pattern) else relative
        if fnmatch.fnmatchcase(subject, pattern):
            return namespace
    return None
