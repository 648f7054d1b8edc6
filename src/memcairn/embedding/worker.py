"""What a program that stays does with chunks that wait for an embedding: it embeds them in a thread.

wake, or a look every second ──something waits──► Memory.embed, a few texts at a time
└── the model fails ──► told once, tried again later
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from memcairn.errors import MemcairnError

if TYPE_CHECKING:
    from collections.abc import Callable

    from memcairn.memory import Memory

log = logging.getLogger(__name__)

# Texts in a batch: some 50 ms of the built-in model, for which a search may have to wait.
BATCH_SIZE = 16
POLL_S = 1.0
# After a failure that may last, such as a server that is down.
RETRY_DELAY_S = 60.0
# A server may be waited for when the program ends: the thread is left behind then.
STOP_TIMEOUT_S = 2.0


class EmbedThread(threading.Thread):
    """The thread of one program.

    Args:
        memory: whose chunks are embedded.
        tell: called with what goes wrong, once until something else does.
    """

    def __init__(self, memory: Memory, tell: Callable[[str], None] = log.warning) -> None:
        super().__init__(name="memcairn-embed", daemon=True)
        self._memory = memory
        self._tell = tell
        self._told = ""
        self._stopped = threading.Event()
        self._wake = threading.Event()

    def start(self) -> None:
        """Begin, unless no model is wanted."""
        if self._memory.model.wanted:
            super().start()

    def run(self) -> None:
        """Work until `stop`."""
        while not self._stopped.is_set():
            pause_s = self._embed()
            self._wake.wait(pause_s)
            self._wake.clear()

    def wake(self) -> None:
        """Look now: something was indexed."""
        if not self._told:
            self._wake.set()

    def stop(self) -> None:
        """Finish the batch that is under way, and end; what was done is kept."""
        self._stopped.set()
        self._wake.set()
        if self.is_alive():
            self.join(STOP_TIMEOUT_S)

    def _embed(self) -> float:
        """Embed what waits; returns the seconds until the next look."""
        try:
            if self._memory.unembedded():
                self._memory.embed(wait=False, batch=BATCH_SIZE, stop=self._stopped)
        except Exception as error:  # whatever it is, the program goes on
            if self._stopped.is_set():
                return 0
            if isinstance(error, MemcairnError):
                if str(error) != self._told:
                    self._tell(f"what was written is found by its words only: {error}")
                self._told = str(error)
            else:
                log.exception("embedding.failed")
            return RETRY_DELAY_S
        self._told = ""
        return POLL_S
