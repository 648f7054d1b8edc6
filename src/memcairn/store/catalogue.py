"""Lists of notes with title, description, type and dates, but without text."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from memcairn import paths
from memcairn.store.path_range import AT_OR_BELOW, bounds

if TYPE_CHECKING:
    from collections.abc import Iterable

    from memcairn.store.database import Database


@dataclass(frozen=True, slots=True)
class CataloguedNote:
    """One note; `path` is absolute, `mtime_ns` in nanoseconds since 1970."""

    path: str
    title: str
    description: str
    type: str | None
    tags: tuple[str, ...]
    pinned: bool
    namespace: str
    date: str | None
    mtime_ns: int
    size_bytes: int


_COLUMNS = "path, title, description, type, tags, pinned, namespace, date, mtime_ns, size_bytes"


def _note(row: tuple[Any, ...]) -> CataloguedNote:
    path, title, description, type_, tags, pinned, *rest = row
    return CataloguedNote(
        paths.from_db(path), title, description, type_, tuple(json.loads(tags)), bool(pinned), *rest
    )


def recent(db: Database, folder: str, limit: int) -> list[CataloguedNote]:
    """The notes below a folder that changed last, the latest first.

    The order is approximate: a note that was read just after a change has the time 0 and comes first.
    """
    sql = f"""
        SELECT {_COLUMNS} FROM note WHERE {AT_OR_BELOW}
        ORDER BY mtime_ns = 0 DESC, mtime_ns DESC, path LIMIT ?
    """
    return [_note(row) for row in db.execute(sql, (*bounds(folder), limit))]


def page(db: Database, folder: str, *, after: str, limit: int) -> list[CataloguedNote]:
    """Up to `limit` notes below a folder, ordered by path, after the path `after` ("" for the first)."""
    sql = f"""
        SELECT {_COLUMNS} FROM note WHERE {AT_OR_BELOW} AND path > ? ORDER BY path LIMIT ?
    """
    row = (*bounds(folder), paths.to_db(after), limit)
    return [_note(row) for row in db.execute(sql, row)]


def find(
    db: Database,
    folder: str,
    *,
    text: str = "",
    type: str = "",  # noqa: A002 - the word of the frontmatter
    since: float = 0.0,
    by_time: bool = False,
    limit: int,
    offset: int = 0,
) -> tuple[int, list[CataloguedNote]]:
    """The notes below a folder that match, and how many they are in all.

    Args:
        db: index.db.
        folder: absolute.
        text: what the path, the title, the description or the tags contain.
        type: their type; "" for any.
        since: changed at this time or later, in seconds since 1970.
        by_time: the latest first; otherwise by path.
        limit: of the list.
        offset: how many of its first notes are left out.
    """
    row: list[Any] = [*bounds(folder), type, type, since * 1e9, text, _pattern(text)]
    where = f"""
        {AT_OR_BELOW} AND (? = '' OR type = ?) AND (mtime_ns >= ? OR mtime_ns = 0)
        AND (? = '' OR {_NAMED})
    """
    (total,) = db.execute(f"SELECT COUNT(*) FROM note WHERE {where}", row).fetchone()
    order = "mtime_ns = 0 DESC, mtime_ns DESC, path" if by_time else "path"
    sql = f"SELECT {_COLUMNS} FROM note WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?"
    return total, [_note(found) for found in db.execute(sql, [*row, limit, offset])]


# What the text of `find` is looked for in.
_NAMED = "(title || ' ' || description || ' ' || tags || ' ' || path) LIKE ? ESCAPE '\\'"


def _pattern(text: str) -> str:
    return "%" + re.sub(r"([%_\\])", r"\\\1", text) + "%"


def types(db: Database, folder: str) -> list[str]:
    """The types of the notes below a folder, the most frequent first."""
    sql = f"""
        SELECT type FROM note WHERE {AT_OR_BELOW} AND type IS NOT NULL
        GROUP BY type ORDER BY COUNT(*) DESC, type
    """
    return [found for (found,) in db.execute(sql, bounds(folder))]


def paths_below(db: Database, folder: str) -> list[str]:
    """The paths of all notes below a folder."""
    rows = db.execute(f"SELECT path FROM note WHERE {AT_OR_BELOW} ORDER BY path", bounds(folder))
    return [paths.from_db(path) for (path,) in rows]


def at(db: Database, wanted: Iterable[str], *, unnamed: str = "") -> list[CataloguedNote]:
    """The notes with these paths, in the same order, without unknown paths.

    Args:
        db: index.db.
        wanted: absolute paths.
        unnamed: a text; notes that `find` finds by it are left out.
    """
    sql = f"SELECT {_COLUMNS} FROM note WHERE path = ? AND (? = '' OR NOT {_NAMED})"
    row = (unnamed, _pattern(unnamed))
    rows = (db.execute(sql, (paths.to_db(path), *row)).fetchone() for path in wanted)
    return [_note(row) for row in rows if row is not None]


def version(db: Database) -> int:
    """A number that changes when another connection changes index.db."""
    (number,) = db.execute("PRAGMA data_version").fetchone()
    return int(number)


def fingerprint(db: Database, folder: str) -> int:
    """A hash of the paths of the notes below a folder."""
    rows = db.execute(f"SELECT path FROM note WHERE {AT_OR_BELOW}", bounds(folder))
    return hash(frozenset(rows))


@dataclass(frozen=True, slots=True)
class Counts:
    """The numbers of notes below a folder, in total and by type, tag and namespace."""

    notes: int
    size_bytes: int
    pinned: int
    types: dict[str, int]
    tags: dict[str, int]
    namespaces: dict[str, int]


def counts(db: Database, folder: str) -> Counts:
    """Count the notes below a folder; the most frequent types, tags and namespaces come first."""
    row = bounds(folder)
    sql = f"SELECT COUNT(*), TOTAL(size_bytes), TOTAL(pinned) FROM note WHERE {AT_OR_BELOW}"
    notes, size, pinned = db.execute(sql, row).fetchone()

    def by(column: str, source: str = "") -> dict[str, int]:
        sql = f"""
            SELECT {column}, COUNT(*)
            FROM (SELECT type, tags, namespace FROM note WHERE {AT_OR_BELOW}) AS found {source}
            WHERE {column} IS NOT NULL GROUP BY {column} ORDER BY COUNT(*) DESC, {column}
        """
        return dict(db.execute(sql, row).fetchall())

    tags = by("tag.value", ", json_each(found.tags) AS tag")
    return Counts(notes, int(size), int(pinned), by("type"), tags, by("namespace"))


def mentioning(db: Database, folder: str, names: Iterable[str]) -> list[str]:
    """The absolute paths of the notes below a folder whose text or links contain one of these names."""
    sql = f"""
        SELECT path FROM note WHERE {AT_OR_BELOW} AND (
            INSTR(COALESCE(superseded_by, ''), ?1) OR EXISTS (
                SELECT 1 FROM chunk WHERE chunk.note = note.id AND INSTR(chunk.text, ?1)))
    """
    row = bounds(folder)
    found = (db.execute(sql.replace("?1", f"?{len(row) + 1}"), (*row, name)) for name in names)
    return sorted({paths.from_db(path) for rows in found for (path,) in rows})


@dataclass(frozen=True, slots=True)
class NoteText:
    """A note with its text, which is that of its chunks; `path` is absolute."""

    id: int
    path: str
    title: str
    date: str | None
    valid_until: str | None
    superseded_by: str | None
    source: str
    sources: tuple[str, ...]
    text: str
    sections: int


def texts(db: Database, folder: str) -> list[NoteText]:
    """The notes below a folder with their texts, by path."""
    sql = f"""
        SELECT id, path, title, date, valid_until, superseded_by, source, sources,
            COALESCE((SELECT GROUP_CONCAT(text, CHAR(10)) FROM
                (SELECT text FROM chunk WHERE chunk.note = note.id ORDER BY position)), ''),
            (SELECT COUNT(DISTINCT section) FROM chunk WHERE chunk.note = note.id)
        FROM note WHERE {AT_OR_BELOW} ORDER BY path
    """
    found = []
    for id_, path, title, date, until, successor, source, sources, text, sections in db.execute(
        sql, bounds(folder)
    ):
        cited = tuple(json.loads(sources))
        found.append(
            NoteText(
                id_,
                paths.from_db(path),
                title,
                date,
                until,
                successor,
                source,
                cited,
                text,
                sections,
            )
        )
    return found
