"""SQLite reads the tables of a search in the order that the statement gives, whatever it thinks of them."""

from __future__ import annotations

import contextlib
import importlib
import itertools
from typing import TYPE_CHECKING, Any

import pytest
from index_tools import write

from memcairn import Query
from memcairn.search import freshness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from memcairn import Memory

FILTERS: list[dict[str, Any]] = [
    {"namespace": "given"},
    {"type": "project"},
    {"since": "2020"},
    {"namespace": "given", "until": "2040"},
    {},
]


@pytest.mark.parametrize("more", FILTERS)
@pytest.mark.parametrize("text", ["kiwi", "kiwi plum walrus 3"])
def test_a_search_reads_the_full_text_first(
    memory: Memory, notes: Path, text: str, more: dict[str, Any]
) -> None:
    for number in range(20):
        write(notes / f"{number}.md", f"# Note {number}\n\nkiwi plum {number}\n")
    memory.index(notes, namespace="given")
    db = memory.engine.databases.opened().db.connection
    # Statistics that make it look best to read the notes first.
    db.execute("ANALYZE")
    db.execute("DELETE FROM sqlite_stat1")
    rows = [("note", "note_by_namespace", "1000000 1"), ("chunk", "chunk_by_note", "1000000 1 1")]
    db.executemany("INSERT INTO sqlite_stat1 VALUES (?, ?, ?)", rows)
    db.execute("ANALYZE sqlite_schema")
    statements: list[str] = []
    db.set_trace_callback(statements.append)

    assert memory.search(Query(text, **more)) or more.get("type")

    db.set_trace_callback(None)
    matching = [statement for statement in statements if "fulltext MATCH" in statement]
    assert matching
    for statement in matching:
        for version, explain in _versions(memory.engine.databases.index_path):
            first, *rest = _plan(explain(f"EXPLAIN QUERY PLAN {statement}"))
            assert first.startswith("SCAN fulltext VIRTUAL TABLE"), version
            assert all("rowid=?)" in step for step in rest), (version, rest)


@pytest.mark.parametrize(
    "more", [{}, {"namespace": "given"}, {"type": "project"}, {"since": "2020"}]
)
def test_no_statement_of_a_search_grows_with_the_notes(
    memory: Memory, notes: Path, tmp_path: Path, more: dict[str, Any]
) -> None:
    """Steps of SQLite's machine, which are the same on every computer, for the same hits."""
    steps: list[dict[str, int]] = []
    for first, last in ((0, 40), (40, 320)):
        for number in range(first, last):
            word = "kiwi plum" if number < 10 else "otter"
            write(notes / f"{number}.md", f"---\ntype: project\n---\n# Note {number}\n\n{word}\n")
        memory.index(notes, namespace="given")
        db = memory.engine.databases.opened().db.connection
        statements: list[str] = []
        db.set_trace_callback(statements.append)
        assert memory.search(Query("kiwi plum", **more))
        db.set_trace_callback(None)
        # What precedes asks whether files changed, of 1,500 notes at most.
        begin = next(n for n, one in enumerate(statements) if "fulltext MATCH" in one)
        selects = [one for one in statements[begin:] if one.lstrip().startswith(("SELECT", "WITH"))]
        copy = tmp_path / f"{last}.db"  # two libraries in one process do not share locks
        db.execute("VACUUM INTO ?", (str(copy),))
        steps.append(_steps(str(copy), selects))

    for version, few in steps[0].items():
        assert steps[1][version] <= 2 * few, (version, steps)


def _steps(path: str, statements: list[str]) -> dict[str, int]:
    """Version -> tens of steps that the statements take."""
    counted = {}
    for version, db in _connections(path):
        count = itertools.count()
        db.set_progress_handler(lambda count=count: bool(next(count)) and False, 10)
        for statement in statements:
            list(db.execute(statement))
        db.set_progress_handler(None, 0)
        counted[version] = next(count)
    return counted


def _versions(path: str) -> Iterator[tuple[str, Callable[[str], Iterable[Any]]]]:
    return ((version, db.execute) for version, db in _connections(path))


def _connections(path: str) -> Iterator[tuple[str, Any]]:
    """Each SQLite that is installed: Python's own, and those of two packages, which are newer."""
    for module in ("sqlite3", "pysqlite3"):
        with contextlib.suppress(ImportError):
            library = importlib.import_module(module)
            with contextlib.closing(library.connect(path)) as db:
                yield library.sqlite_version, db
    with contextlib.suppress(ImportError):
        apsw = importlib.import_module("apsw")
        with contextlib.closing(apsw.Connection(path)) as db:
            yield apsw.sqlite_lib_version(), db


def _plan(rows: Iterable[Any]) -> list[str]:
    steps = [step for *_, step in rows]
    return [step for step in steps if step.startswith(("SCAN", "SEARCH")) and "(subq" not in step]


def test_no_statement_of_a_saved_memory_grows_with_the_notes_in_other_folders(
    memory: Memory, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(freshness, "MAX_NOTES", 5)  # beyond it, each search checks a sample
    monkeypatch.setattr(freshness, "SAMPLE_SIZE", 5)
    steps = []
    for first, last in ((0, 300), (300, 1500)):  # in both, more than fit in MEMORY.md
        for number in range(first, last):
            write(notes / f"otters/{number}.md", f"# Note {number}\n\nAn otter.\n")
        memory.index(notes)
        memory.observe(f"The port is {last}.", root=notes, new=True)
        db = memory.engine.databases.opened().db.connection
        count = itertools.count()
        db.set_progress_handler(lambda count=count: bool(next(count)) and False, 10)
        memory.observe(f"The second port is {last}.", root=notes, new=True)
        db.set_progress_handler(None, 0)
        steps.append(next(count))

    assert steps[1] <= 1.5 * steps[0], steps
