from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from memcairn.vault import Vault

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    root.mkdir()
    return root


@pytest.fixture
def vault(root: Path, tmp_path: Path) -> Vault:
    return Vault(root, trash=tmp_path / "trash")
