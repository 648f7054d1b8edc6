from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from memcairn.vault import Vault

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _no_wait_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of writes; that each waits for the disk is a test of its own."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    root.mkdir()
    return root


@pytest.fixture
def vault(root: Path, tmp_path: Path) -> Vault:
    return Vault(root, trash=tmp_path / "home" / "trash")


@pytest.fixture
def tree(vault: Vault) -> Vault:
    for path in ("a.md", "b/c.md", "b/d/e.md", "b/d/f.txt", "b.md", "z/g.md"):
        vault.write(path, path)
    return vault
