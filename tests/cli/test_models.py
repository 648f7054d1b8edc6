"""`memcairn models` says what can find by meaning here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from memcairn.cli.commands import run
from memcairn.embedding import providers
from memcairn.settings.config import BY_NAME
from support import require_model

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def offers(capsys: pytest.CaptureFixture[str]) -> Any:
    def offers() -> dict[str, Any]:
        assert run(["models", "--json"]) == 0
        return {row["provider"]: row for row in json.loads(capsys.readouterr().out)["models"]}

    return offers


def test_what_can_be_configured_is_what_there_is(offers: Any) -> None:
    assert tuple(offers()) == BY_NAME["embedding.provider"].choices


def test_the_built_in_model_is_chosen_and_has_a_size_and_a_licence(
    offers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_model()
    monkeypatch.delenv("MEMCAIRN_EMBEDDING_PROVIDER")

    found = offers()

    assert [name for name, row in found.items() if row["chosen"]] == ["builtin"]
    assert found["builtin"]["missing"] == []
    assert 20 << 20 < found["builtin"]["size_bytes"] < 75 << 20
    assert found["builtin"]["licence"] == "Apache-2.0"


def test_a_missing_package_is_named(
    offers: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(providers, "find_spec", lambda _: None)

    assert "numpy" in offers()["builtin"]["missing"]
    assert run(["models"]) == 0
    assert "not installed: numpy" in capsys.readouterr().out


def test_what_a_chosen_provider_needs_is_named_and_only_there(
    offers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEMCAIRN_EMBEDDING_PROVIDER", "openai-compatible")

    found = offers()

    assert found["openai-compatible"]["unset"] == ["embedding.model", "embedding.url"]
    assert found["ollama"]["unset"] == []


def test_the_size_of_a_users_folder_is_shown(
    offers: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "model.onnx").write_bytes(b"x" * 1000)
    monkeypatch.setenv("MEMCAIRN_EMBEDDING_PROVIDER", "onnx")
    monkeypatch.setenv("MEMCAIRN_EMBEDDING_FOLDER", str(tmp_path / "model.onnx"))
    assert offers()["onnx"]["size_bytes"] == 0
    monkeypatch.setenv("MEMCAIRN_EMBEDDING_FOLDER", str(tmp_path))

    assert offers()["onnx"]["size_bytes"] >= 1000
