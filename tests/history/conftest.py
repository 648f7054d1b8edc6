from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from memcairn.history import database
from memcairn.vault import Vault

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _no_wait_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of commits; a process that dies leaves the disk as it is."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
    monkeypatch.setattr(database, "SYNCHRONOUS", "OFF")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    root.mkdir()
    return root


@pytest.fixture
def vault(root: Path, tmp_path: Path) -> Vault:
    return Vault(root, trash=tmp_path / "trash")
