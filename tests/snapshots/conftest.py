from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from memcairn.fs import sandbox
from memcairn.snapshots import Snapshots

if TYPE_CHECKING:
    from pathlib import Path


class Days:
    """A clock that moves by a second with each look, and by days when a test says so."""

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
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    root.mkdir()
    return root


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    return tmp_path / "home" / "snapshots"


@pytest.fixture(params=["descriptors", "fallback"])
def snapshots(
    request: pytest.FixtureRequest,
    root: Path,
    shelf: Path,
    days: Days,
    monkeypatch: pytest.MonkeyPatch,
) -> Snapshots:
    monkeypatch.setattr(sandbox, "DESCRIPTORS", request.param == "descriptors")
    return Snapshots(shelf, root, clock=days)
