"""The thread of a long-lived process that embeds the chunks that wait for it.

wake, or every second ──something waits──► embed, a few texts at a time
                                             └── the model fails ──► reported once, retried later
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from memcairn.errors import MemcairnError

if TYPE_CHECKING:
    from collections.abc import Callable

    from memcairn.embedding.report import EmbedReport

log = logging.getLogger(__name__)

# Texts in a batch: about 50 ms of the built-in model, for which a search may have to wait.
BATCH_SIZE = 16
POLL_S = 1.0
# After a failure that may last, such as a server that is down.
RETRY_DELAY_S = 60.0
# The thread may wait for a server when the process ends; it is abandoned then.
STOP_TIMEOUT_S = 2.0


class EmbedThread(threading.Thread):
    """The thread of one program.

    Args:
        count_waiting: how many chunks wait for their embedding; see `Memory.unembedded`.
        embed: embeds them; see `Memory.embed`.
        report: called with each failure, once until another one occurs.
    """

    def __init__(
        self,
        count_waiting: Callable[[], int],
        embed: Callable[..., EmbedReport],
        report: Callable[[str], None] = log.warning,
    ) -> None:
        super().__init__(name="memcairn-embed", daemon=True)
        self._count_waiting = count_waiting
        self._embed_some = embed
        self._report = report
        self._reported = ""
        self._stopped = threading.Event()
        self._wake = threading.Event()

    def run(self) -> None:
        """Work until `stop`."""
        while not self._stopped.is_set():
            pause_s = self._embed()
            self._wake.wait(pause_s)
            self._wake.clear()

    def wake(self) -> None:
        """Check now: something was indexed."""
        if not self._reported:
            self._wake.set()

    def stop(self) -> None:
        """Finish the current batch and stop; what was embedded is kept."""
        self._stopped.set()
        self._wake.set()
        if self.is_alive():
            self.join(STOP_TIMEOUT_S)

    def _embed(self) -> float:
        """Embed what waits; returns the seconds until the next check."""
        try:
            if self._count_waiting():
                self._embed_some(wait=False, batch=BATCH_SIZE, stop=self._stopped)
        except Exception as error:  # the process must go on
            if self._stopped.is_set():
                return 0
            if isinstance(error, MemcairnError):
                if str(error) != self._reported:
                    self._report(f"only keyword search finds new notes: {error}")
                self._reported = str(error)
            else:
                log.exception("embedding.failed")
            return RETRY_DELAY_S
        self._reported = ""
        return POLL_S
