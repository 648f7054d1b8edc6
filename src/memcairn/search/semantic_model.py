"""The embedding models, loaded when they are first needed: the configured one, and the multilingual one.

If it cannot be loaded or reached, keyword search goes on, and one notice reports the reason.
"""

from __future__ import annotations

import threading
import time
from functools import partial
from typing import TYPE_CHECKING

from memcairn.errors import DeadlinePassed, MemcairnError
from memcairn.notes.language import language
from memcairn.store import vector_state
from memcairn.store.vector_state import CONFIGURED, MULTILINGUAL

if TYPE_CHECKING:
    from collections.abc import Callable

    from memcairn.embedding.embedder import Embedder
    from memcairn.search.hybrid import Meaning
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
        self._loaded: dict[int, Embedder] = {}
        self._meaning: Meaning | None = None
        self._retry_at = 0.0

    @property
    def wanted(self) -> bool:
        """Whether a model is configured; the default one must also be installed."""
        from memcairn.embedding import backlog  # noqa: PLC0415 - a search by words does not need it

        return not self._is_disabled and backlog.is_wanted(self._settings)

    def load(self) -> Embedder:
        """The configured model; one must be wanted.

        Raises:
            ConfigError: its settings are incomplete.
            EmbeddingError: the model is not installed, or cannot be loaded.
        """
        from memcairn.embedding import providers  # noqa: PLC0415 - as above

        embedder = providers.load(providers.chosen(self._settings))
        assert embedder is not None
        return embedder

    def loaders(self, deadline: float | None = None) -> dict[int, Callable[[], Embedder]]:
        """What loads the model of each space, or returns the loaded one.

        Args:
            deadline: raise DeadlinePassed if another thread still loads one then.
        """
        from memcairn.embedding import backlog, providers  # noqa: PLC0415 - as above

        load = {CONFIGURED: self.load, MULTILINGUAL: providers.load_multilingual}

        def loaded(space: int) -> Embedder:
            left_s = -1.0 if deadline is None else max(0.0, deadline - time.monotonic())
            if not self._lock.acquire(timeout=left_s):
                raise DeadlinePassed("the model is not loaded yet")
            try:
                if space not in self._loaded:
                    self._loaded[space] = load[space]()
                return self._loaded[space]
            finally:
                self._lock.release()

        return {space: partial(loaded, space) for space in backlog.spaces(self._settings)}

    def meaning(
        self, db: Database, text: str = "", deadline: float | None = None
    ) -> Meaning | None:
        """The semantic search for an index.

        A text in another language than English begins the use of the multilingual model. A process that has
        just started answers by words if another thread still loads a model at the deadline.

        Returns:
            None if the index has no embeddings, or the model cannot be used now.
        """
        (is_embedded,) = db.execute("SELECT MAX(model != '') FROM vector_state").fetchone()
        if not is_embedded or not self.wanted or time.monotonic() < self._retry_at:
            return None
        loaders = self.loaders(deadline)
        if MULTILINGUAL in loaders and language(text) not in ("", "en"):
            vector_state.add_multilingual(db)
        spaces = [space for space in loaders if vector_state.model(db, space) is not None]
        if not spaces:
            return None
        try:
            embedders = {space: loaders[space]() for space in spaces}
        except DeadlinePassed:
            return None
        except MemcairnError as error:
            self.failed(error)
            return None
        with self._lock:
            if self._meaning is None or self._meaning.embedders.keys() != embedders.keys():
                # It imports NumPy, which keyword search does not need.
                from memcairn.search.hybrid import Meaning  # noqa: PLC0415

                self._meaning = Meaning(embedders)
            return self._meaning

    def failed(self, error: MemcairnError) -> None:
        """Add a notice, and do not use the model for `RETRY_DELAY_S`."""
        self._retry_at = time.monotonic() + RETRY_DELAY_S
        notice = f"semantic search is unavailable, using keyword search: {error}"
        if notice not in self._notices:
            self._notices.append(notice)
