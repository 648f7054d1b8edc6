"""Which namespace a note has.

What the user gave for its path (or a folder above it) comes first, then its own frontmatter, then the
configured rules, and last the name of its root.
"""

from __future__ import annotations

import fnmatch
import os
from typing import TYPE_CHECKING

from memcairn.store import notes, roots

if TYPE_CHECKING:
    from memcairn.settings.config import Config
    from memcairn.store.database import Database
    from memcairn.store.roots import Root


class Namespaces:
    """The namespaces of one database's notes."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._given: dict[str, str] | None = None

    def look_again(self) -> None:
        """What the user gave may have changed."""
        self._given = None

    def of(self, root: Root, config: Config, path: str, own: str | None) -> str:
        """The namespace of one note.

        Args:
            root: the root that it belongs to.
            config: the settings that hold there.
            path: of the note.
            own: what its frontmatter says.
        """
        return self._given_for(path) or own or _rule_for(root, config, path) or root.name

    def give(self, path: str, namespace: str) -> None:
        """The user says what namespace a path has, and all below it; "" takes that back."""
        if namespace != (self._given_for(path) or ""):
            roots.set_label(self._db, path, namespace)
        self._given = None

    def renew(self, root: Root, config: Config) -> None:
        """Label a root's notes anew, if what they were labelled by has changed."""
        self._given = roots.labels(self._db)
        rules = roots.labelled_by(config["namespaces"], self._given)
        if rules == root.rules:
            return
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


def _rule_for(root: Root, config: Config, path: str) -> str | None:
    rules: dict[str, str] = config["namespaces"]
    if not rules:
        return None
    relative = os.path.relpath(path, root.path).replace(os.sep, "/")
    for pattern, namespace in rules.items():
        subject = path if os.path.isabs(pattern) else relative
        if fnmatch.fnmatchcase(subject, pattern):
            return namespace
    return None
