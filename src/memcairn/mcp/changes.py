"""Notice that notes of a root were added, removed or changed, and notify the clients of a server."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from memcairn.fs.signature import signature_of
from memcairn.mcp import printed_paths, resources
from memcairn.store import catalogue

if TYPE_CHECKING:
    from memcairn.fs.signature import Signature
    from memcairn.mcp.listeners import Listeners
    from memcairn.root import OpenRoot


class Changes:
    """The state of a root that the clients of one server were last notified about.

    Args:
        root: the root that is served.
        listeners: the clients.
    """

    def __init__(self, root: OpenRoot, listeners: Listeners) -> None:
        self._root = root
        self._listeners = listeners
        self._seen: dict[str, Signature | None] = {}
        self._notes: int | None = None
        self._version: int | None = None

    def check(self, indexed: bool) -> None:  # noqa: FBT001 - see Background.add_watcher
        """Compare the root with what it was at the last check, and report differences.

        Args:
            indexed: whether notes were indexed or removed since then by this process.
        """
        now = {
            uri: self._signature(path)
            for uri in {printed_paths.INDEX, *self._listeners.uris()}
            if (path := resources.watched(uri)) is not None
        }
        changed = {uri for uri, found in now.items() if self._seen.get(uri, found) != found}
        self._seen = now
        list_changed = self._list_changed(indexed=indexed)
        if changed or list_changed:
            self._listeners.notify(changed, list_changed=list_changed)

    def _list_changed(self, *, indexed: bool) -> bool:
        databases = self._root.engine.databases
        version = databases.run(lambda opened: catalogue.version(opened.db))
        if version == self._version and not indexed:
            return False
        self._version = version
        root = self._root.root
        notes = databases.run(lambda opened: catalogue.fingerprint(opened.db, root))
        before, self._notes = self._notes, notes
        return before not in (None, notes)

    def _signature(self, path: str) -> Signature | None:
        try:
            return signature_of(os.stat(os.path.join(self._root.root, path), follow_symlinks=False))
        except OSError:
            return None
