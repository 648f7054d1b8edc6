"""The chunks that wait for their embedding, and a process of its own that sees to them.

    index, add, search ──something waits──► python -m memcairn.cli.reembed     low priority, detached
                                              └── one works at a time; what arrives meanwhile is its, too

That nothing waits is found out without loading a model.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from typing import TYPE_CHECKING

from memcairn import paths
from memcairn.embedding import providers
from memcairn.store import vector_state

if TYPE_CHECKING:
    from memcairn.settings.config import Config
    from memcairn.store.database import Database

# A server that was down is not asked again by each call.
RETRY_DELAY_S = 60.0


def is_wanted(settings: Config) -> bool:
    """Whether there is to be a model: it is configured, and the default one is installed."""
    chosen = providers.BY_NAME[settings["embedding.provider"]]
    by_default = settings.origin["embedding.provider"] == "default"
    return chosen.name != "none" and not (by_default and chosen.missing)


def model_key(settings: Config) -> str:
    """What tells one model from another, as far as the settings go."""
    names = ("provider", "model", "folder", "url", "query_prompt", "text_prompt")
    return json.dumps([settings[f"embedding.{name}"] for name in names])


def count(db: Database, settings: Config) -> int:
    """How many chunks wait: all of them if the settings ask for another model; 0 if for none."""
    if not is_wanted(settings):
        return 0
    before = vector_state.model_key(db)
    if before is not None and before != model_key(settings):
        return int(db.execute("SELECT COUNT(*) FROM chunk").fetchone()[0])
    return vector_state.count_waiting(db)


def start_process(db: Database, settings: Config, home: str) -> int:
    """Start a process that embeds what waits, if something does; the call does not wait for it.

    Returns:
        How many chunks it has before it; 0 if none was started, because nothing waits, the setting
        embedding.background forbids it, or it failed a moment ago.
    """
    waiting = count(db, settings) if settings["embedding.background"] else 0
    failed = vector_state.failure(db) if waiting else None
    if not waiting or (failed is not None and abs(time.time() - failed.at) < RETRY_DELAY_S):
        return 0
    import subprocess  # noqa: PLC0415 - takes as long to load as all the above, and is seldom needed

    environment = {**os.environ, "MEMCAIRN_HOME": home, "MEMCAIRN_CONFIG": paths.config_file()}
    try:
        process = subprocess.Popen(
            # -P: no module is taken from the folder that it stands in.
            [sys.executable, "-P", "-m", "memcairn.cli.reembed"],
            cwd=home,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:  # no more processes: the next call tries again
        return 0
    # Whoever stays must take note of its end, or the system keeps it as a zombie.
    threading.Thread(target=process.wait, daemon=True).start()
    return waiting
