"""What a user installs: one wheel with the program, its plugins and its model, and nothing of the tests."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

from support import require_model, require_multilingual

PROJECT = Path(__file__).parents[2]


MODEL = {
    "minilm/model.onnx", "minilm/vocab.txt", "minilm/manifest.json",
    "multilingual/model.onnx", "multilingual/table.bin", "multilingual/pieces.txt",
    "multilingual/scores.bin", "multilingual/manifest.json",
}  # fmt: skip


def build(kind: str, source: Path, folder: Path) -> Path:
    # Without a package index: what the build needs to download, it must have already.
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", folder],
        cwd=source, check=True, capture_output=True,
        env={**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": ""},
    )  # fmt: skip
    (built,) = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    require_model()
    require_multilingual()
    return build("sdist", PROJECT, tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that a machine without a package index builds from the source distribution."""
    folder = tmp_path_factory.mktemp("source")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    (source,) = folder.iterdir()
    return build("wheel", source, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_has_the_models_and_the_licence_of_their_weights(names: set[str]) -> None:
    assert {f"memcairn/embedding/{name}" for name in MODEL} <= names
    assert any(name.endswith("licenses/NOTICE") for name in names)


def test_one_requirement_brings_the_server_and_semantic_search(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        stated = message_from_bytes(archive.read(name)).get_all("Requires-Dist", [])

    always = {line.split(">")[0].split("<")[0].lower() for line in stated if "extra ==" not in line}
    assert {"mcp", "numpy", "onnxruntime", "simsimd"} <= always
    # It brings huggingface_hub, which nothing here uses.
    assert "tokenizers" not in always


def test_the_source_distribution_has_the_build_of_the_model_and_no_environment(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}

    assert {"models/hatch_build.py", "models/builder/build.py"} <= names
    assert not {name for name in names if name.startswith((".venv", ".clients", "build/", "dist/"))}


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
