"""Roots, loose files, and the namespaces that the user gave: all SQL about them.

They are the one part of index.db that cannot be rebuilt from the files. So each change also goes to
roots.json beside it, and a new index.db starts from what that file says.
"""

from __future__ import annotations

import itertools
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from memcairn import paths
from memcairn.errors import StateError
from memcairn.formats import json_text
from memcairn.fs import atomic
from memcairn.settings import roots_json
from memcairn.store import signatures
from memcairn.store.path_range import AT_OR_BELOW, bounds

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    from memcairn.store.database import Database

# The root of all loose files: notes outside every folder that is kept current.
LOOSE_ID = 0


class Root(NamedTuple):
    """A folder that is kept current, or, with the id `LOOSE_ID`, the collection of all loose files."""

    id: int
    path: str
    memory_md: bool | None
    rules: str | None
    scanned_at: float | None
    device: int | None = None
    inode: int | None = None
    links: int = 0
    named_out: int = 0

    @property
    def is_loose(self) -> bool:
        """Whether this is the collection of loose files, which is not a folder."""
        return self.id == LOOSE_ID

    @property
    def name(self) -> str:
        """The name of its folder."""
        return folder_name(self.path)


_COLUMNS = "id, path, memory_md, rules, scanned_at, device, inode, links, named_out"


def folder_name(path: str) -> str:
    """The last part of a folder's path as text; "root" for the root of the file system."""
    return os.fsencode(os.path.basename(path)).decode("utf-8", "replace") or "root"


def _root(row: tuple[Any, ...]) -> Root:
    id_, path, memory_md, *rest = row
    return Root(id_, paths.from_db(path), None if memory_md is None else bool(memory_md), *rest)


def roots(db: Database) -> list[Root]:
    """All folders that are kept current, by path."""
    sql = f"SELECT {_COLUMNS} FROM root WHERE id != {LOOSE_ID} ORDER BY path"
    return [_root(row) for row in db.execute(sql)]


def add(db: Database, path: str) -> Root:
    """Make a folder a root, unless it is one; notes below it move here from an outer root."""
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
    """Set columns of one root, except its path."""
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


# ── loose files ──────────────────────────────────────────────────────────────────────────────────


def loose(db: Database) -> Root:
    """The collection of all loose files, in the form of a root."""
    return _root(db.execute(f"SELECT {_COLUMNS} FROM root WHERE id = {LOOSE_ID}").fetchone())


def loose_files(db: Database, folder: str | None = None) -> list[str]:
    """The paths of loose files, in order: all of them, or those at or below a path."""
    where, row = ("TRUE", ()) if folder is None else (AT_OR_BELOW, bounds(folder))
    sql = f"SELECT path FROM loose_file WHERE {where} ORDER BY path"
    return [paths.from_db(path) for (path,) in db.execute(sql, row)]


def is_loose_file(db: Database, path: str) -> bool:
    """Whether a path is that of a loose file."""
    sql = "SELECT EXISTS (SELECT 1 FROM loose_file WHERE path = ?)"
    return bool(db.execute(sql, (paths.to_db(path),)).fetchone()[0])


def add_loose_files(db: Database, files: Iterable[str]) -> None:
    """Record files as loose. roots.json is written once for all of them, and only if one is new."""
    _change_loose_files(db, "INSERT OR IGNORE INTO loose_file (path) VALUES (?)", files)


def drop_loose_files(db: Database, files: Iterable[str]) -> None:
    """Those of the files that are loose are so no longer: they are gone, or a root has them now."""
    _change_loose_files(db, "DELETE FROM loose_file WHERE path = ?", files)


def _change_loose_files(db: Database, sql: str, files: Iterable[str]) -> None:
    with db.transaction():
        changed = [db.execute(sql, (paths.to_db(path),)).rowcount for path in files]
        if any(changed):
            save(db)


def forget_loose_files(db: Database, path: str) -> int | None:
    """Remove the loose files at or below a path from the index, with their labels; the files stay.

    Returns:
        How many notes there were; None if no loose file has such a path.
    """
    with db.transaction():
        files = [(paths.to_db(file),) for file in loose_files(db, path)]
        if not files:
            return None
        for table in ("problem", "no_note"):
            db.executemany(f"DELETE FROM {table} WHERE path = ?", files)
        sql = "DELETE FROM note WHERE path = ?"
        count = sum(db.execute(sql, file).rowcount for file in files)
        for table in ("loose_file", "label"):
            db.executemany(f"DELETE FROM {table} WHERE path = ?", files)
        save(db)
    return count


# ── labels ───────────────────────────────────────────────────────────────────────────────────────


def labels(db: Database) -> dict[str, str]:
    """Path -> the namespace that the user assigned to it and everything below it."""
    return {paths.from_db(p): ns for p, ns in db.execute("SELECT path, namespace FROM label")}


def labelled_by(namespaces: Mapping[str, str], given: Mapping[str, str]) -> str:
    """The rules that decide the namespaces of a root's notes, as stored in `Root.rules`.

    Args:
        namespaces: the configured rules.
        given: the result of `labels`.
    """
    import json  # noqa: PLC0415 - as in `save`

    return json.dumps([namespaces, given])


def set_labels(db: Database, labelled: Collection[str], namespace: str) -> None:
    """Give paths and all below them a namespace; "" removes the one that they have."""
    with db.transaction():
        if namespace:
            sql = "INSERT OR REPLACE INTO label VALUES (?, ?)"
            db.executemany(sql, [(paths.to_db(path), namespace) for path in labelled])
        else:
            sql = "DELETE FROM label WHERE path = ?"
            db.executemany(sql, [(paths.to_db(path),) for path in labelled])
        save(db)


# ── roots.json ───────────────────────────────────────────────────────────────────────────────────


def saved_file(db: Database) -> Path:
    """roots.json, beside index.db."""
    from pathlib import Path  # noqa: PLC0415 - takes 4 ms, and few calls change a root

    return Path(db.path).with_name(roots_json.FILE_NAME)


def save(db: Database) -> None:
    """Write what the user said to roots.json. The surrounding transaction serialises writers.

    Raises:
        StateError: it cannot be written.
    """
    import json  # noqa: PLC0415 - few calls change a root

    content = {
        "roots": [{"path": root.path, "memory_md": root.memory_md} for root in roots(db)],
        "files": loose_files(db),
        "labels": labels(db),
    }
    text = json.dumps(content, indent=1, sort_keys=True) + "\n"
    file = saved_file(db)
    try:
        atomic.replace(file, text.encode("ascii"))
    except OSError as error:
        raise StateError(f"cannot be written: {error.strerror}", path=file) from error


def restore(db: Database) -> tuple[list[str], list[str]]:
    """Fill an index.db without roots and loose files (usually a new one) from roots.json.

    Returns:
        The roots and the loose files that were restored; the caller indexes them.

    Raises:
        StateError: roots.json cannot be parsed.
    """
    if not _has_none(db) or not (file := saved_file(db)).exists():
        return [], []
    with db.transaction():
        if not _has_none(db):
            return [], []
        try:
            content = json_text.loads(file.read_bytes())
            listed = [(paths.to_db(r["path"]), r["memory_md"]) for r in content["roots"]]
            files = [paths.to_db(path) for path in content.get("files", ())]
            given = [(paths.to_db(path), ns) for path, ns in content["labels"].items()]
        except FileNotFoundError:
            return [], []
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StateError(
                "cannot be parsed",
                path=file,
                hint="fix or delete it, and index your folders again",
            ) from error
        # Earlier versions listed a single file as a root.
        single = {path for path, _ in listed if os.path.isfile(paths.from_db(path))}
        listed = [row for row in listed if row[0] not in single]
        files = list(dict.fromkeys((*files, *single)))
        db.executemany("INSERT INTO root (path, memory_md) VALUES (?, ?)", listed)
        db.executemany("INSERT OR IGNORE INTO loose_file VALUES (?)", [(path,) for path in files])
        db.executemany("INSERT OR REPLACE INTO label VALUES (?, ?)", given)
    return [paths.from_db(path) for path, _ in listed], [paths.from_db(path) for path in files]


def _has_none(db: Database) -> bool:
    sql = f"""
        SELECT NOT EXISTS (SELECT 1 FROM root WHERE id != {LOOSE_ID})
            AND NOT EXISTS (SELECT 1 FROM loose_file)
    """
    return bool(db.execute(sql).fetchone()[0])
