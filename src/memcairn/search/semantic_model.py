"""The configured embedding model, loaded when it is first needed.

If it cannot be loaded or reached, keyword search goes on, and one notice reports the reason.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from memcairn.errors import MemcairnError

if TYPE_CHECKING:
    from memcairn.embedding.embedder import Embedder
    from memcairn.search.meaning import Meaning
    from memcairn.settings.config import Config
    from memcairn.store.database import Database

# After a failure the model is not used for this time: a server that is down would delay every search.
RETRY_DELAY_S = 60.0


class Model:
    """The model of one process; threads may share it.

    Args:
        settings: the configuration.
        notices: receives a notice when the model cannot be used.
        is_disabled: use no model, whatever the configuration says.
    """

    def __init__(self, settings: Config, notices: list[str], *, is_disabled: bool = False) -> None:
        self._settings = settings
        self._is_disabled = is_disabled
        self._notices = notices
        self._lock = threading.Lock()
        self._loaded: Embedder | None = None
        self._meaning: Meaning | None = None
        self._retry_at = 0.0

    @property
    def wanted(self) -> bool:
        """Whether a model is configured; the default one must also be installed."""
        from memcairn.embedding import backlog  # noqa: PLC0415 - a search by words does not need it

        return not self._is_disabled and backlog.is_wanted(self._settings)

    def embedder(self) -> Embedder | None:
        """The model; None unless one is wanted.

        Raises:
            ConfigError: its settings are incomplete.
            EmbeddingError: the model is not installed, or cannot be loaded.
        """
        with self._lock:
            if self._loaded is None and self.wanted:
                from memcairn.embedding import providers  # noqa: PLC0415 - as above

                self._loaded = providers.load(providers.chosen(self._settings))
            return self._loaded

    def load(self) -> Embedder:
        """The model; one must be wanted. Raises like `embedder`."""
        embedder = self.embedder()
        assert embedder is not None
        return embedder

    def meaning(self, db: Database) -> Meaning | None:
        """The semantic search for an index.

        None if the index has no embeddings, or the model cannot be used now.
        """
        (model_name,) = db.execute("SELECT model FROM vector_state").fetchone()
        if not model_name or not self.wanted or time.monotonic() < self._retry_at:
            return None
        try:
            embedder = self.embedder()
        except MemcairnError as error:
            self.failed(error)
            return None
        with self._lock:
            if self._meaning is None and embedder is not None:
                # It imports NumPy, which keyword search does not need.
                from memcairn.search.meaning import Meaning  # noqa: PLC0415

                self._meaning = Meaning(embedder)
            return self._meaning

    def failed(self, error: MemcairnError) -> None:
        """Add a notice, and do not use the model for `RETRY_DELAY_S`."""
        self._retry_at = time.monotonic() + RETRY_DELAY_S
        notice = f"semantic search is unavailable, using keyword search: {error}"
        if notice not in self._notices:
            self._notices.append(notice)
