from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from memcairn.history import Snapshots, database
from memcairn.history.database import HistoryDatabase
from memcairn.vault import Vault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Days:
    """A clock that advances by a second at each call, and by days when a test says so."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 21, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    def pass_(self, days: float) -> None:
        self.now += timedelta(days=days)


@pytest.fixture
def days() -> Days:
    return Days()


@pytest.fixture(autouse=True)
def _no_wait_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of commits; a process that dies leaves the disk as it is."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
    monkeypatch.setattr(database, "SYNCHRONOUS", "OFF")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of history.db."""
    return tmp_path / "home" / "history"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    root.mkdir()
    return root


@pytest.fixture
def vault(root: Path, tmp_path: Path) -> Vault:
    return Vault(root, trash=tmp_path / "trash")


@pytest.fixture
def history_db(folder: Path) -> Iterator[HistoryDatabase]:
    history_db = HistoryDatabase(str(folder / "history.db"))
    yield history_db
    history_db.close()


@pytest.fixture
def snapshots(
    root: Path,
    history_db: HistoryDatabase,
    days: Days,
) -> Snapshots:
    return Snapshots(history_db, root, clock=days)
