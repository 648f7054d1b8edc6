"""The queue agrees with a model of it over any sequence of operations and steps of the clock."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from memcairn.queue import LAST_RETRY_S, LEASE_S, MAX_WAIT_S, Claim, Queue
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
    namespace: str | None
    force: bool
    untried_from: int | None
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

    def is_over(self, began: float, lasts: float) -> bool:
        """Whether a time span has passed; what seems to begin later than now was set by another clock."""
        return not began <= self.clock.now < began + lasts

    def is_held(self, entry: Entry) -> bool:
        return entry.owner is not None and not self.is_over(entry.lease_ends - LEASE_S, LEASE_S)

    def is_ready(self, entry: Entry) -> bool:
        now = self.clock.now
        quiet = (
            now - entry.last >= WINDOW_S
            or now - entry.first >= MAX_WAIT_S
            or entry.last - now > WINDOW_S
            or entry.first - now > MAX_WAIT_S
        )
        due = entry.retry_at is None or entry.retry_at <= now or entry.retry_at - now > LAST_RETRY_S
        return quiet and due and not self.is_held(entry)

    @rule(path=PATHS, namespace=st.sampled_from([None, "work"]), force=st.booleans())
    def enqueue(self, path: str, namespace: str | None, *, force: bool) -> None:
        self.queue.enqueue([path], namespace=namespace, force=force)
        self.seq += 1
        now = self.clock.now
        entry = self.entries.setdefault(
            path, Entry(now, now, self.seq, namespace, force, untried_from=None)
        )
        entry.first = min(entry.first, now)
        entry.last = now if entry.last - now > MAX_WAIT_S else max(entry.last, now)
        entry.seq, entry.namespace, entry.force = self.seq, namespace, force
        entry.attempts, entry.retry_at, entry.failing = 0, None, False
        if entry.untried_from is None:
            entry.untried_from = self.seq

    @rule(owner=OWNERS, limit=st.integers(1, 3))
    def claim(self, owner: str, limit: int) -> None:
        ready = [path for path, entry in self.entries.items() if self.is_ready(entry)]
        ready.sort(key=lambda path: (self.entries[path].first, path))

        claims = self.queue.claim(owner, window_s=WINDOW_S, limit=limit)

        assert [claim.path for claim in claims] == ready[:limit]
        for claim in claims:
            entry = self.entries[claim.path]
            assert claim[1:] == (entry.seq, entry.namespace, entry.force)
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
                self.release(entry, claim)

    def release(self, entry: Entry, claim: Claim) -> None:
        """A later write than the one that was claimed begins a burst of its own."""
        entry.owner, entry.first = None, entry.last
        entry.untried_from = claim.seq + 1 if entry.seq > claim.seq else None

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
                entry.untried_from = None
            else:
                self.release(entry, claim)

    @rule(only=st.none() | st.lists(PATHS, unique=True))
    def flush(self, only: list[str] | None) -> None:
        """All at once: what is not held by others is gone afterwards, and what is held is waited for."""
        among = [path for path in self.entries if only is None or path in only]
        mark = self.queue.begin_flush(only=only)
        for path in among:
            if self.entries[path].untried_from is None:
                self.entries[path].untried_from = self.entries[path].seq
        assert self.queue.outstanding(mark, only) == len(among)

        while claims := self.queue.claim_outstanding("flush", mark, only, limit=2):
            assert self.queue.complete("flush", claims) == len(claims)

        held = {path for path in among if self.is_held(self.entries[path])}
        assert self.queue.outstanding(mark, only) == len(held)
        for path in set(among) - held:
            del self.entries[path]

    @rule(seconds=st.sampled_from([0.5, 3.0, 5.0, 30.0, 61.0, LEASE_S + 1, 1000.0]))
    def time_passes(self, seconds: float) -> None:
        self.clock.pass_(seconds)

    @rule(seconds=st.sampled_from([0.5, 5.0, 61.0, 3600.0]))
    def the_clock_is_set_back(self, seconds: float) -> None:
        self.clock.pass_(-seconds)

    @rule()
    def discard_failed(self) -> None:
        dropped = {entry.path for entry in self.queue.discard_failed()}
        held = {path for path, entry in self.entries.items() if self.is_held(entry)}
        failing = {path for path, entry in self.entries.items() if entry.failing}
        assert dropped == failing - held
        for path in dropped:
            del self.entries[path]

    @invariant()
    def they_agree(self) -> None:
        if not hasattr(self, "queue"):
            return
        status = self.queue.status(window_s=WINDOW_S)
        entries = self.entries.values()
        assert status.depth == len(self.entries)
        assert status.failing == sum(entry.failing for entry in entries)
        assert status.ready == sum(map(self.is_ready, entries))
        assert status.claimed == sum(map(self.is_held, entries))
        assert self.queue.has_ready(WINDOW_S) == (status.ready > 0)
        assert {e.path: (e.first_seen, e.last_seen, e.seq) for e in self.queue.entries()} == {
            path: (entry.first, entry.last, entry.seq) for path, entry in self.entries.items()
        }


QueueModel.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestQueueModel = QueueModel.TestCase
