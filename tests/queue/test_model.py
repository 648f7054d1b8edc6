"""The queue agrees with a model of it over any sequence of operations and steps of the clock."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from memcairn.queue import LEASE_S, MAX_WAIT_S, Claim, Queue
from support import Clock

PATHS = st.sampled_from(["/notes/a.md", "/notes/b.md", "/notes/c.md"])
OWNERS = st.sampled_from(["elsewhere:1:x", "elsewhere:2:y"])
WINDOW_S = 5.0


@dataclass
class Entry:
    """What the model knows of a path."""

    first: float
    last: float
    seq: int
    attempts: int = 0
    retry_at: float | None = None
    failing: bool = False
    owner: str | None = None
    lease_ends: float = 0.0


class QueueModel(RuleBasedStateMachine):
    @initialize()
    def start(self) -> None:
        self.clock = Clock()
        self.folder = tempfile.TemporaryDirectory()
        self.queue = Queue(str(Path(self.folder.name) / "queue.db"), clock=self.clock)
        self.entries: dict[str, Entry] = {}
        self.claims: dict[str, list[Claim]] = {}
        self.seq = 0

    def teardown(self) -> None:
        self.queue.close()
        self.folder.cleanup()

    def is_ready(self, entry: Entry) -> bool:
        now = self.clock.now
        quiet = now - entry.last >= WINDOW_S or now - entry.first >= MAX_WAIT_S
        due = entry.retry_at is None or entry.retry_at <= now
        return quiet and due and (entry.owner is None or entry.lease_ends <= now)

    @rule(path=PATHS)
    def enqueue(self, path: str) -> None:
        self.queue.enqueue([path])
        self.seq += 1
        entry = self.entries.setdefault(path, Entry(self.clock.now, self.clock.now, self.seq))
        entry.last, entry.seq = self.clock.now, self.seq
        entry.attempts, entry.retry_at, entry.failing = 0, None, False

    @rule(owner=OWNERS, limit=st.integers(1, 3))
    def claim(self, owner: str, limit: int) -> None:
        ready = [path for path, entry in self.entries.items() if self.is_ready(entry)]
        ready.sort(key=lambda path: (self.entries[path].first, path))

        claims = self.queue.claim(owner, window_s=WINDOW_S, limit=limit)

        assert [claim.path for claim in claims] == ready[:limit]
        for claim in claims:
            entry = self.entries[claim.path]
            assert claim.seq == entry.seq
            entry.owner, entry.lease_ends = owner, self.clock.now + LEASE_S
        self.claims.setdefault(owner, []).extend(claims)

    @rule(owner=OWNERS)
    def complete(self, owner: str) -> None:
        for claim in self.claims.pop(owner, []):
            done = self.queue.complete(owner, [claim])
            entry = self.entries.get(claim.path)
            mine = entry is not None and entry.owner == owner
            assert done == (mine and entry is not None and entry.seq == claim.seq)
            if done:
                del self.entries[claim.path]
            elif mine and entry is not None:
                entry.owner, entry.first = None, entry.last

    @rule(owner=OWNERS)
    def fail(self, owner: str) -> None:
        for claim in self.claims.pop(owner, []):
            self.queue.fail(owner, claim, "broken")
            entry = self.entries.get(claim.path)
            if entry is None or entry.owner != owner:
                continue
            entry.owner = None
            if entry.seq == claim.seq:
                entry.retry_at = self.clock.now + min(900.0, 2.0 * 2**entry.attempts)
                entry.attempts += 1
                entry.failing = True
            else:
                entry.first = entry.last

    @rule(seconds=st.sampled_from([0.5, 3.0, 5.0, 30.0, 61.0, LEASE_S + 1, 1000.0]))
    def time_passes(self, seconds: float) -> None:
        self.clock.pass_(seconds)

    @rule()
    def discard_failed(self) -> None:
        dropped = {entry.path for entry in self.queue.discard_failed()}
        held = {p for p, e in self.entries.items() if e.owner and e.lease_ends > self.clock.now}
        failing = {path for path, entry in self.entries.items() if entry.failing}
        assert dropped == failing - held
        for path in dropped:
            del self.entries[path]

    @invariant()
    def they_agree(self) -> None:
        if not hasattr(self, "queue"):
            return
        now = self.clock.now
        status = self.queue.status(window_s=WINDOW_S)
        entries = self.entries.values()
        assert status.depth == len(self.entries)
        assert status.failing == sum(entry.failing for entry in entries)
        assert status.ready == sum(map(self.is_ready, entries))
        assert status.claimed == sum(e.owner is not None and e.lease_ends > now for e in entries)
        assert self.queue.has_ready(WINDOW_S) == (status.ready > 0)
        assert {e.path: (e.first_seen, e.last_seen, e.seq) for e in self.queue.entries()} == {
            path: (entry.first, entry.last, entry.seq) for path, entry in self.entries.items()
        }


QueueModel.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestQueueModel = QueueModel.TestCase
