"""A note that a tool shows to a model counts as used, from the next day on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from memcairn.memory import Memory
from memcairn.memory_md import managed_roots

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .clients import Connection

    Show = Callable[[Connection], object]


def searched(core: Connection) -> None:
    core.call("memory_search", query="oolong")


def read(core: Connection) -> None:
    core.call("mem_read", path="a.md")


def read_as_a_resource(core: Connection) -> None:
    core.do("read_resource", "memory://note/a.md")


@pytest.mark.parametrize("show", [searched, read, read_as_a_resource])
def test_a_note_that_was_shown_is_first_the_next_day(
    core: Connection, root: Path, monkeypatch: pytest.MonkeyPatch, show: Show
) -> None:
    core.call("mem_write", path="a.md", content="# Tea\n\nThe user likes oolong.\n")
    core.call(
        "mem_write", path="b.md", content="---\nmodified: 2099-01-01\n---\n# Newer\n\nCoffee.\n"
    )
    before = (root / "MEMORY.md").read_text(encoding="utf-8")

    show(core)

    assert (root / "MEMORY.md").read_text(encoding="utf-8") == before
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    monkeypatch.setattr(managed_roots, "this_day", lambda: tomorrow)
    core.call("memory_search", query="nothing of the kind")
    entries = (root / "MEMORY.md").read_text(encoding="utf-8")
    assert 0 < entries.index("(a.md)") < entries.index("(b.md)")


def test_a_forget_preview_does_not_count_as_use(full: Connection) -> None:
    full.call("mem_write", path="a.md", content="# Tea\n\nThe user likes oolong.\n")
    full.call("memory_forget", topic="oolong")
    full.call("mem_list")

    with Memory() as memory:
        assert (
            memory.engine.databases.opened().db.execute("SELECT * FROM note_use").fetchall() == []
        )
