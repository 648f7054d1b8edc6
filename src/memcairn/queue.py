"""The debounce queue: which paths changed, and when they will be quiet.

    enqueue(path)  ──► waiting ──window or maximum wait──► ready ──claim──► claimed
                          ▲                                                    │
                          └── written again: seq moved on ◄──── complete ──────┤
                                                     fail: error, retry_at ◄───┘

One row per path in queue.db. No lock is held between `claim` and `complete`: an entry is removed only
while its `seq` is still the one that was claimed, so a write that arrives while its file is being indexed
stays queued.

This module is on the path of every hook call: standard library only.
"""

from __future__ import annotations

import os
import time
from collections import namedtuple

from memcairn import paths
from memcairn.errors import StateDamaged
from memcairn.sqlite import Transaction, connect, connect_read_only

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any, NamedTuple

    class Claim(NamedTuple):
        """An entry that this drainer has claimed, as it was at that moment."""

        path: str
        seq: int
        namespace: str | None
        force: bool

    class QueueEntry(NamedTuple):
        """One row of the queue; times are seconds since the epoch."""

        path: str
        seq: int
        namespace: str | None
        force: bool
        first_seen: float
        last_seen: float
        attempts: int
        error: str | None
        retry_at: float | None
        claimed: bool

    class QueueStatus(NamedTuple):
        """One consistent read of the queue. For information only: use `flush` to drain."""

        depth: int
        ready: int
        claimed: int
        failing: int
        oldest_path: str | None
        oldest_age_s: float | None

else:
    # Importing typing costs a hook call 3 ms; a namedtuple is equivalent.
    Claim = namedtuple("Claim", "path seq namespace force")
    QueueEntry = namedtuple(
        "QueueEntry",
        "path seq namespace force first_seen last_seen attempts error retry_at claimed",
    )
    QueueStatus = namedtuple("QueueStatus", "depth ready claimed failing oldest_path oldest_age_s")

WINDOW_S = 5.0
MAX_WAIT_S = 60.0
LEASE_S = 120.0
BUSY_S = 60.0
FIRST_RETRY_S = 2.0
LAST_RETRY_S = 900.0
SCHEMA_VERSION = 1

SCHEMA = """
CREATE TABLE entry (
    path       PRIMARY KEY NOT NULL,   -- real path; a blob if its name is not UTF-8
    seq        INTEGER NOT NULL,       -- of the latest write; goes up over the whole queue
    since_seq  INTEGER,                -- of the first write that nobody has tried yet; NULL: none
    namespace  TEXT,
    force      INTEGER NOT NULL,
    first_seen REAL NOT NULL,          -- of this burst of writes
    last_seen  REAL NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    error      TEXT,
    retry_at   REAL,
    claimed_by TEXT,
    claim_ends REAL
) WITHOUT ROWID;
CREATE INDEX entry_by_last_seen ON entry (last_seen);
CREATE INDEX entry_by_first_seen ON entry (first_seen);
CREATE TABLE counter (seq INTEGER NOT NULL);
INSERT INTO counter VALUES (0);
"""

NEXT_SEQ = "UPDATE counter SET seq = seq + 1"

ENQUEUE = """
INSERT INTO entry (path, seq, since_seq, namespace, force, first_seen, last_seen)
VALUES (:path, (SELECT seq FROM counter), (SELECT seq FROM counter), :namespace, :force, :now, :now)
ON CONFLICT (path) DO UPDATE SET
    seq = excluded.seq,
    since_seq = COALESCE(since_seq, excluded.since_seq),
    namespace = excluded.namespace, force = excluded.force,
    first_seen = MIN(first_seen, excluded.first_seen),
    last_seen = MAX(excluded.last_seen, CASE WHEN last_seen > :now + :max_wait THEN 0 ELSE last_seen END),
    attempts = 0, error = NULL, retry_at = NULL
"""

# A clock that was set back leaves times in the future: such an entry is ready, such a lease is over,
# such a retry is due.
QUIET = """
(last_seen <= :now - :window OR last_seen > :now + :window
 OR first_seen <= :now - :max_wait OR first_seen > :now + :max_wait)
"""
DUE = "(retry_at IS NULL OR retry_at <= :now OR retry_at > :now + :last_retry)"
UNCLAIMED = "(claimed_by IS NULL OR claim_ends <= :now OR claim_ends > :now + :lease)"
READY = f"{QUIET} AND {DUE} AND {UNCLAIMED}"

TAKE = """
UPDATE entry SET claimed_by = :owner, claim_ends = :now + :lease WHERE path = :path
"""

COMPLETE = "DELETE FROM entry WHERE path = :path AND claimed_by = :owner AND seq = :seq"

# A later write starts a new burst: with the old first_seen, a file that is written continuously would
# always be past its maximum wait, and be indexed in a tight loop.
RELEASE = """
UPDATE entry SET claimed_by = NULL, claim_ends = NULL, first_seen = last_seen,
    since_seq = CASE WHEN seq > :seq THEN :seq + 1 END
WHERE path = :path AND claimed_by = :owner
"""

FAIL = """
UPDATE entry SET claimed_by = NULL, claim_ends = NULL, since_seq = NULL,
    attempts = attempts + 1, error = :error,
    retry_at = :now + MIN(:last_retry, :first_retry * (1 << MIN(attempts, 20)))
WHERE path = :path AND claimed_by = :owner AND seq = :seq
"""

STATUS = f"""
SELECT COUNT(*),
       COALESCE(SUM({READY}), 0),
       COALESCE(SUM(NOT {UNCLAIMED}), 0),
       COALESCE(SUM(error IS NOT NULL), 0)
FROM entry
"""

COLUMNS = f"path, seq, namespace, force, first_seen, last_seen, attempts, error, retry_at, NOT {UNCLAIMED}"


def _host() -> str:
    # socket.gethostname() returns the same, but its import takes 3 ms.
    name = os.environ.get("COMPUTERNAME", "") if os.name == "nt" else os.uname().nodename
    return name.replace(":", "-")


def owner_of_this_process(unique: str) -> str:
    """The owner of claims: host and process, so that a dead drainer on this host is recognised."""
    return f"{_host()}:{os.getpid()}:{unique}"


def _is_dead(owner: str) -> bool:
    """Whether a claim's owner has ended. False if that is unknown: its lease decides then."""
    host, _, rest = owner.partition(":")
    pid = rest.partition(":")[0]
    # On Windows os.kill(pid, 0) would end the process.
    if os.name == "nt" or host != _host() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def create_schema(db: sqlite3.Connection) -> None:
    """Create the tables of queue.db."""
    for statement in SCHEMA.split(";\n"):
        db.execute(statement)


class Queue:
    """The queue of one home. One instance per thread; any number of processes.

    Args:
        path: queue.db; the file and its folder are created if they are missing.
        clock: seconds since the epoch; an argument so that tests need no sleep.
        max_wait_s: the longest that a continuously written path waits.
        read_only: open it as it is, without writing to its folder.

    Raises:
        SchemaTooNew: a later memcairn wrote the database.
        StateError: the database cannot be opened or created. Every method that writes may raise it, for
            example when the disk is full.
    """

    def __init__(
        self,
        path: str,
        *,
        clock: Callable[[], float] = time.time,
        max_wait_s: float = MAX_WAIT_S,
        lease_s: float = LEASE_S,
        read_only: bool = False,
    ) -> None:
        self.path = path
        self.set_aside: str | None = None
        self._clock = clock
        self._max_wait = max_wait_s
        self._lease = lease_s
        if read_only:
            self._db = connect_read_only(path, SCHEMA_VERSION)
            return
        try:
            self._db = self._open()
        except StateDamaged:
            from memcairn.sqlite import quarantine  # noqa: PLC0415 - seldom needed, and slow to import

            self.set_aside = quarantine.set_aside(path, create_schema)
            self._db = self._open()

    def _open(self) -> sqlite3.Connection:
        # After a power failure the last entries may be missing; the scan at the next start finds those
        # files. A killed process loses nothing.
        pragmas = ("synchronous = NORMAL",)
        return connect(self.path, SCHEMA_VERSION, create_schema, busy_s=BUSY_S, pragmas=pragmas)

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def _now(self, **more: object) -> dict[str, Any]:
        return {
            "now": self._clock(),
            "max_wait": self._max_wait,
            "lease": self._lease,
            "last_retry": LAST_RETRY_S,
            **more,
        }

    def enqueue(
        self, changed: Iterable[str], *, namespace: str | None = None, force: bool = False
    ) -> int:
        """Record that files or folders changed.

        Args:
            changed: real paths; see `paths.real`.
            namespace: the namespace of their notes; None applies the rules.
            force: index them even if they look unchanged. The last write wins, for both.

        Returns:
            The sequence number of the last write.
        """
        now = self._clock()
        rows = [
            {
                "path": paths.to_db(path),
                "namespace": namespace,
                "force": force,
                "now": now,
                "max_wait": self._max_wait,
            }
            for path in changed
        ]
        with self._transaction():
            for row in rows:
                self._db.execute(NEXT_SEQ)
                self._db.execute(ENQUEUE, row)
            return self.watermark()

    def _transaction(self) -> Transaction:
        return Transaction(self.path, self._db)

    def watermark(self) -> int:
        """The sequence number of the latest write; every queued entry has this one or a lower one."""
        (seq,) = self._db.execute("SELECT seq FROM counter").fetchone()
        return int(seq)

    def has_ready(self, window_s: float) -> bool:
        """Whether any entry is ready."""
        sql = f"SELECT EXISTS (SELECT 1 FROM entry WHERE {READY})"
        (found,) = self._db.execute(sql, self._now(window=window_s)).fetchone()
        return bool(found)

    def claim(self, owner: str, *, window_s: float = WINDOW_S, limit: int = 32) -> list[Claim]:
        """Claim ready entries, oldest first, until the lease ends."""
        return self._take(owner, READY, {"window": window_s}, limit)

    def claim_outstanding(
        self, owner: str, watermark: int, only: Sequence[str] | None = None, *, limit: int = 32
    ) -> list[Claim]:
        """Claim entries that were queued by `watermark` and not tried since, ready or not.

        Args:
            owner: the claiming drainer.
            watermark: from `begin_flush`.
            only: real paths; None for all.
            limit: maximum number of entries.
        """
        outstanding, row = _outstanding(watermark, only)
        return self._take(owner, f"{outstanding} AND {UNCLAIMED}", row, limit)

    def _take(self, owner: str, which: str, row: dict[str, Any], limit: int) -> list[Claim]:
        with self._transaction():
            # Read the clock inside the transaction: while this one waits, another may claim at a later time.
            row = self._now(**row, owner=owner, limit=limit)
            self._expire_dead()
            sql = f"""
                SELECT path, seq, namespace, force FROM entry WHERE {which}
                ORDER BY first_seen, path LIMIT :limit
            """
            found = self._db.execute(sql, row).fetchall()
            for path, *_ in found:
                self._db.execute(TAKE, {**row, "path": path})
        return [Claim(paths.from_db(p), seq, ns, bool(force)) for p, seq, ns, force in found]

    def _expire_dead(self) -> None:
        sql = "SELECT DISTINCT claimed_by FROM entry WHERE claimed_by IS NOT NULL"
        for (owner,) in self._db.execute(sql).fetchall():
            if _is_dead(owner):
                self._db.execute(
                    "UPDATE entry SET claimed_by = NULL, claim_ends = NULL WHERE claimed_by = ?",
                    (owner,),
                )

    def begin_flush(self, *, only: Sequence[str] | None = None) -> int:
        """Make failing entries due again, and return the watermark of the flush."""
        which, row = _among(only)
        with self._transaction():
            sql = f"UPDATE entry SET since_seq = seq WHERE since_seq IS NULL AND {which}"
            self._db.execute(sql, row)
            return self.watermark()

    def outstanding(self, watermark: int, only: Sequence[str] | None = None) -> int:
        """Number of entries that were queued by `watermark` and not tried since."""
        which, row = _outstanding(watermark, only)
        (count,) = self._db.execute(f"SELECT COUNT(*) FROM entry WHERE {which}", row).fetchone()
        return int(count)

    def renew(self, owner: str) -> None:
        """Restart the lease of everything that `owner` holds."""
        sql = "UPDATE entry SET claim_ends = :now + :lease WHERE claimed_by = :owner"
        with self._transaction():
            self._db.execute(sql, self._now(owner=owner))

    def complete(self, owner: str, claims: Iterable[Claim]) -> int:
        """Remove entries, unless their files were written again since the claim.

        Returns:
            Number of removed entries; the others stay queued for the later write.
        """
        gone = 0
        with self._transaction():
            for claim in claims:
                row = {"path": paths.to_db(claim.path), "seq": claim.seq, "owner": owner}
                if self._db.execute(COMPLETE, row).rowcount == 1:
                    gone += 1
                else:
                    self._db.execute(RELEASE, row)
        return gone

    def fail(self, owner: str, claim: Claim, error: str) -> None:
        """Record the error of an entry, and retry it after 2 s, 4 s, 8 s … 15 min."""
        row = self._now(
            path=paths.to_db(claim.path),
            seq=claim.seq,
            owner=owner,
            error=error,
            first_retry=FIRST_RETRY_S,
        )
        with self._transaction():
            if self._db.execute(FAIL, row).rowcount == 0:
                # Written again meanwhile: the later write has no error yet.
                self._db.execute(RELEASE, row)

    def release(self, owner: str) -> None:
        """Release everything that `owner` still holds, untried."""
        sql = "UPDATE entry SET claimed_by = NULL, claim_ends = NULL WHERE claimed_by = ?"
        with self._transaction():
            self._db.execute(sql, (owner,))

    def entries(self, *, failing: bool = False) -> Iterator[QueueEntry]:
        """Every entry, oldest first; with `failing`, only those that have an error."""
        where = "WHERE error IS NOT NULL" if failing else ""
        sql = f"SELECT {COLUMNS} FROM entry {where} ORDER BY first_seen, path"
        for row in self._db.execute(sql, self._now()):
            entry = QueueEntry(*row)
            yield entry._replace(
                path=paths.from_db(entry.path),
                force=bool(entry.force),
                claimed=bool(entry.claimed),
            )

    def discard_failed(self) -> list[QueueEntry]:
        """Drop and return the entries that have an error. Nothing else drops an entry."""
        with self._transaction():
            dropped = [entry for entry in self.entries(failing=True) if not entry.claimed]
            for entry in dropped:
                self._db.execute(
                    "DELETE FROM entry WHERE path = ? AND seq = ?",
                    (paths.to_db(entry.path), entry.seq),
                )
        return dropped

    def status(self, *, window_s: float = WINDOW_S) -> QueueStatus:
        """Depth, ready, claimed, failing, oldest path and its age, in one consistent read."""
        row = self._now(window=window_s)
        self._db.execute("BEGIN")
        try:
            depth, ready, claimed, failing = self._db.execute(STATUS, row).fetchone()
            oldest = self._db.execute(
                "SELECT path, first_seen FROM entry ORDER BY first_seen, path LIMIT 1"
            ).fetchone()
        finally:
            self._db.execute("COMMIT")
        if oldest is None:
            return QueueStatus(depth, ready, claimed, failing, None, None)
        age = max(0.0, float(row["now"]) - oldest[1])
        return QueueStatus(depth, ready, claimed, failing, paths.from_db(oldest[0]), age)

    def check(self) -> list[str]:
        """Messages of SQLite's integrity check; empty if the database is sound."""
        rows = self._db.execute("PRAGMA integrity_check").fetchall()
        return [message for (message,) in rows if message != "ok"]


def _among(only: Sequence[str] | None) -> tuple[str, dict[str, Any]]:
    """A condition for "one of these paths", and its parameters."""
    if only is None:
        return "TRUE", {}
    row = {f"only{number}": paths.to_db(path) for number, path in enumerate(only)}
    return f"path IN ({', '.join(f':{name}' for name in row)})", dict(row)


def _outstanding(watermark: int, only: Sequence[str] | None) -> tuple[str, dict[str, Any]]:
    which, row = _among(only)
    return f"since_seq <= :watermark AND {which}", {**row, "watermark": watermark}
