"""What a user installs: the wheel has everything that the program reads, and nothing of the tests."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=PROJECT, check=True, capture_output=True,
    )  # fmt: skip
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_has_every_file_of_the_package(names: set[str]) -> None:
    package = PROJECT / "src" / "memcairn"
    files = {
        path.relative_to(package.parent).as_posix()
        for path in package.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }

    assert {"memcairn/py.typed", "memcairn/store/schema.sql"} <= files
    assert files <= names


def test_the_wheel_has_the_plugins(names: set[str]) -> None:
    plugins = PROJECT / "plugins"
    files = {
        f"memcairn/hosts/{path.relative_to(PROJECT).as_posix()}"
        for path in plugins.rglob("*")
        if path.is_file()
    }

    assert "memcairn/hosts/plugins/claude-code/hooks/hooks.json" in files
    assert files <= names


def test_the_wheel_has_nothing_else(names: set[str]) -> None:
    first = {name.split("/")[0].split("-")[0] for name in names}

    assert first == {"memcairn"}
    assert any(name.endswith("licenses/LICENSE") for name in names)
