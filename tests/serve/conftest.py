from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("mcp")

from memcairn.mcp.server import MemoryServer
from memcairn.memory import Memory

from .clients import Connection, connected

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from memcairn.root import OpenRoot


@pytest.fixture(autouse=True)
def _no_wait_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    root.mkdir()
    return root


def open_files(root: Path) -> OpenRoot:
    files = Memory().open_root(root, starts_session=True)
    files.adopt()
    return files


@pytest.fixture
def core(root: Path) -> Iterator[Connection]:
    """A client of a server with the core profile."""
    with connected(MemoryServer(lambda: open_files(root), "core")) as connection:
        yield connection


@pytest.fixture
def full(root: Path) -> Iterator[Connection]:
    """A client of a server with all tools."""
    with connected(MemoryServer(lambda: open_files(root), "full")) as connection:
        yield connection
