"""The chunks that wait for an embedding, and the background process that embeds them.

    index, add, search ──chunks wait──► python -m memcairn.cli.reembed     low priority, detached
                                          └── one at a time; it also embeds chunks that arrive meanwhile

No model is loaded to find out that nothing waits.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from memcairn.store import vector_state

if TYPE_CHECKING:
    from memcairn.settings.config import Config
    from memcairn.store.database import Database

# After a failure, commands do not start another process for this long.
RETRY_DELAY_S = 60.0


def is_wanted(settings: Config) -> bool:
    """Whether a model is configured; the default model also has to be installed."""
    from memcairn.embedding import providers  # noqa: PLC0415 - most calls find that nothing waits

    chosen = providers.BY_NAME[settings["embedding.provider"]]
    by_default = settings.origin["embedding.provider"] == "default"
    return chosen.name != "none" and not (by_default and chosen.missing)


def model_key(settings: Config) -> str:
    """The settings that select a model, as one value to compare."""
    import json  # noqa: PLC0415 - as above

    names = ("provider", "model", "folder", "url", "query_prompt", "text_prompt")
    return json.dumps([settings[f"embedding.{name}"] for name in names])


def count(db: Database, settings: Config) -> int:
    """Number of vectors that are missing: all if the settings select another model, 0 if they select none."""
    before = vector_state.model_key(db)
    is_other = before is not None and before != model_key(settings)
    if not (is_other or vector_state.has_waiting(db)) or not is_wanted(settings):
        return 0
    if is_other:
        return int(db.execute("SELECT COUNT(*) FROM chunk").fetchone()[0])
    return sum(vector_state.count_waiting(db, space) for space in spaces(settings))


def spaces(settings: Config) -> tuple[int, ...]:
    """The spaces that have a model: the multilingual one stands beside the built-in English one only."""
    from memcairn.embedding import providers  # noqa: PLC0415 - as above

    is_builtin = settings["embedding.provider"] == "builtin"
    if is_builtin and providers.has_multilingual():
        return vector_state.CONFIGURED, vector_state.MULTILINGUAL
    return (vector_state.CONFIGURED,)


def start_process(db: Database, settings: Config, home: str) -> int:
    """Start a process that embeds the waiting chunks, if there are any, without waiting for it.

    Returns:
        Number of chunks it will embed; 0 if none was started, because no chunk waits, the setting
        embedding.background is off, or the last attempt failed less than a minute ago.
    """
    waiting = count(db, settings) if settings["embedding.background"] else 0
    failed = vector_state.failure(db) if waiting else None
    if not waiting or (failed is not None and abs(time.time() - failed.at) < RETRY_DELAY_S):
        return 0
    from memcairn.settings import background  # noqa: PLC0415 - seldom needed

    return waiting if background.start("memcairn.cli.reembed", home) else 0
