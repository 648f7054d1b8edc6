"""The embedding model that the configuration names, loaded when it is first needed.

Whatever is wrong with it, search by words goes on: that it cannot be loaded or reached is told once.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from memcairn.embedding import backlog, providers
from memcairn.errors import MemcairnError

if TYPE_CHECKING:
    from memcairn.embedding.embedder import Embedder
    from memcairn.search.meaning import Meaning
    from memcairn.settings.config import Config
    from memcairn.store.database import Database

# So long a model that failed is not asked again: a server that is down would hold up every search.
PAUSE_S = 60.0


class Model:
    """The model of one process; threads may share it.

    Args:
        settings: the configuration.
        notices: where to tell that it cannot be used.
    """

    def __init__(self, settings: Config, notices: list[str]) -> None:
        self._settings = settings
        self._notices = notices
        self._lock = threading.Lock()
        self._loaded: Embedder | None = None
        self._meaning: Meaning | None = None
        self._again_at = 0.0

    @property
    def wanted(self) -> bool:
        """Whether there is to be one: it is configured, and the default one is installed."""
        return backlog.is_wanted(self._settings)

    def embedder(self) -> Embedder | None:
        """The model; None if none is wanted.

        Raises:
            ConfigError: its settings are incomplete.
            EmbeddingError: it is not installed, or cannot be loaded.
        """
        with self._lock:
            if self._loaded is None and self.wanted:
                self._loaded = providers.load(providers.chosen(self._settings))
            return self._loaded

    def load(self) -> Embedder:
        """The model, which must be wanted; see `embedder`."""
        embedder = self.embedder()
        assert embedder is not None
        return embedder

    def meaning(self, db: Database) -> Meaning | None:
        """What a search compares meanings with.

        None if nothing in this index was embedded, or the model cannot be used now.
        """
        (held,) = db.execute("SELECT model FROM vector_state").fetchone()
        if not held or not self.wanted or time.monotonic() < self._again_at:
            return None
        try:
            embedder = self.embedder()
        except MemcairnError as error:
            self.failed(error)
            return None
        with self._lock:
            if self._meaning is None and embedder is not None:
                # It brings NumPy, which no search by words needs.
                from memcairn.search.meaning import Meaning  # noqa: PLC0415

                self._meaning = Meaning(embedder)
            return self._meaning

    def failed(self, error: MemcairnError) -> None:
        """Tell what went wrong, and do without the model for a while."""
        self._again_at = time.monotonic() + PAUSE_S
        notice = f"search goes on by words only: {error}"
        if notice not in self._notices:
            self._notices.append(notice)
