"""Roots, and the namespaces that the user assigned: all SQL about them.

They are the only part of index.db that cannot be rebuilt from the notes. Each change is also written to
roots.json beside it, and a new index.db is filled from that file.
"""

from __future__ import annotations

import itertools
import json
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from memcairn import paths
from memcairn.errors import StateError
from memcairn.fs import atomic
from memcairn.store import signatures
from memcairn.store.path_range import AT_OR_BELOW, bounds

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from memcairn.store.database import Database


class Root(NamedTuple):
    """A folder, or a single file, whose notes are indexed."""

    id: int
    path: str
    memory_md: bool | None
    rules: str | None
    scanned_at: float | None

    @property
    def name(self) -> str:
        """The name of the folder, or the stem of the file."""
        name = os.fsencode(os.path.basename(self.path)).decode("utf-8", "replace") or "root"
        stem, suffix = os.path.splitext(name)
        return stem if suffix.lower() in paths.NOTE_SUFFIXES else name


_COLUMNS = "id, path, memory_md, rules, scanned_at"


def _root(row: tuple[Any, ...]) -> Root:
    id_, path, memory_md, *rest = row
    return Root(id_, paths.from_db(path), None if memory_md is None else bool(memory_md), *rest)


def roots(db: Database) -> list[Root]:
    """All roots, by path."""
    return [_root(row) for row in db.execute(f"SELECT {_COLUMNS} FROM root ORDER BY path")]


def add(db: Database, path: str) -> Root:
    """Add a root, unless it exists; notes below it move over from an outer root."""
    with db.transaction():
        sql = "INSERT INTO root (path) VALUES (?) ON CONFLICT DO NOTHING"
        added = db.execute(sql, (paths.to_db(path),)).rowcount
        sql = f"SELECT {_COLUMNS} FROM root WHERE path = ?"
        root = _root(db.execute(sql, (paths.to_db(path),)).fetchone())
        if added:
            inside = signatures.below(db, path)
            outer = [r.id for r in roots(db) if r.id != root.id and paths.is_inside(path, r.path)]
            for table, outer_id in itertools.product(("note", "problem", "no_note"), outer):
                sql = f"UPDATE {table} SET root = ? WHERE root = ? AND path = ?"
                db.executemany(sql, [(root.id, outer_id, paths.to_db(p)) for p in inside])
            save(db)
    return root


def update(db: Database, root: int, **columns: Any) -> None:
    """Set columns of one root: memory_md, rules, scanned_at."""
    assignments = ", ".join(f"{column} = :{column}" for column in columns)
    with db.transaction():
        db.execute(f"UPDATE root SET {assignments} WHERE id = :root", {**columns, "root": root})
        if "memory_md" in columns:
            save(db)


def forget(db: Database, root: Root) -> int:
    """Remove a root, its notes and its labels from the index; the files stay.

    Returns:
        Number of its notes.
    """
    with db.transaction():
        (count,) = db.execute("SELECT COUNT(*) FROM note WHERE root = ?", (root.id,)).fetchone()
        db.execute("DELETE FROM root WHERE id = ?", (root.id,))
        db.execute(f"DELETE FROM label WHERE {AT_OR_BELOW}", bounds(root.path))
        save(db)
    return int(count)


def labels(db: Database) -> dict[str, str]:
    """Path -> the namespace that the user assigned to it and everything below it."""
    return {paths.from_db(p): ns for p, ns in db.execute("SELECT path, namespace FROM label")}


def labelled_by(namespaces: Mapping[str, str], given: Mapping[str, str]) -> str:
    """The rules that decide the namespaces of a root's notes, as stored in `Root.rules`.

    Args:
        namespaces: the configured rules.
        given: the result of `labels`.
    """
    return json.dumps([namespaces, given])


def set_label(db: Database, path: str, namespace: str) -> None:
    """Assign a namespace to a path and everything below it; "" removes it."""
    with db.transaction():
        if namespace:
            sql = "INSERT OR REPLACE INTO label VALUES (?, ?)"
            db.execute(sql, (paths.to_db(path), namespace))
        else:
            db.execute("DELETE FROM label WHERE path = ?", (paths.to_db(path),))
        save(db)


def saved_file(db: Database) -> Path:
    """roots.json, beside index.db."""
    from pathlib import Path  # noqa: PLC0415 - takes 4 ms, and few calls change a root

    return Path(db.path).with_name("roots.json")


def save(db: Database) -> None:
    """Write roots and labels to roots.json. The surrounding transaction excludes other writers.

    Raises:
        StateError: it cannot be written.
    """
    content = {
        "roots": [{"path": root.path, "memory_md": root.memory_md} for root in roots(db)],
        "labels": labels(db),
    }
    text = json.dumps(content, indent=1, sort_keys=True) + "\n"
    file = saved_file(db)
    try:
        atomic.replace(file, text.encode("ascii"))
    except OSError as error:
        raise StateError(f"cannot be written: {error.strerror}", path=file) from error


def restore(db: Database) -> list[str]:
    """Fill an index.db without roots, normally a new one, from roots.json.

    Returns:
        The restored roots, whose notes have to be indexed.

    Raises:
        StateError: roots.json is invalid.
    """
    file = saved_file(db)
    has_none = "SELECT NOT EXISTS (SELECT 1 FROM root)"
    if db.execute(has_none).fetchone() == (0,) or not file.exists():
        return []
    with db.transaction():
        if db.execute(has_none).fetchone() == (0,):
            return []
        try:
            content = json.loads(file.read_bytes())
            rows = [(paths.to_db(r["path"]), r["memory_md"]) for r in content["roots"]]
            given = [(paths.to_db(path), ns) for path, ns in content["labels"].items()]
        except FileNotFoundError:
            return []
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StateError(
                "is not valid",
                path=file,
                hint="fix or delete it, and index your folders again",
            ) from error
        db.executemany("INSERT INTO root (path, memory_md) VALUES (?, ?)", rows)
        db.executemany("INSERT OR REPLACE INTO label VALUES (?, ?)", given)
    return [paths.from_db(path) for path, _ in rows]
