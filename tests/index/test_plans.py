"""SQLite reads the tables of a search in the order that the statement gives, whatever it thinks of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from index_tools import write

from memcairn import Query

if TYPE_CHECKING:
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
    plans = [_plan(db, statement) for statement in statements if "fulltext MATCH" in statement]
    assert plans
    for first, *rest in plans:
        assert first.startswith("SCAN fulltext VIRTUAL TABLE")
        assert all("rowid=?)" in step for step in rest), rest


def _plan(db: Any, statement: str) -> list[str]:
    steps = [step for *_, step in db.execute(f"EXPLAIN QUERY PLAN {statement}")]
    return [step for step in steps if step.startswith(("SCAN", "SEARCH")) and "(subq" not in step]
