"""After a command that did without `Memory`: have embedded what waits for it.

Nearly always nothing does, and that must cost such a command nothing.
"""

from __future__ import annotations

import os

from memcairn.settings import config
from memcairn.store.database import Database


def embed(home: str) -> int:
    """Start the process if something waits; returns how many chunks it has before it.

    Args:
        home: the folder that index.db is in.
    """
    settings = config.load()
    if settings["embedding.provider"] == "none":
        return 0
    index = os.path.join(home, "index.db")
    db = Database(index)
    waits = db.execute("SELECT 1 FROM unembedded LIMIT 1").fetchone()
    if not waits and settings.origin["embedding.provider"] == "default":
        return 0
    from memcairn.embedding import backlog  # noqa: PLC0415 - see the module

    return backlog.start_process(db, settings, home)
