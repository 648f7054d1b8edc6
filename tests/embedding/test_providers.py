"""Choosing an embedder by settings."""

from __future__ import annotations

import subprocess
import sys

import pytest

from memcairn.embedding import providers
from memcairn.embedding.providers import EmbeddingSettings, Provider, load
from memcairn.errors import ConfigError, EmbeddingError
from memcairn.settings import installer
from support import require_model


def test_the_provider_none_has_no_embedder() -> None:
    assert load(EmbeddingSettings("none")) is None


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        (EmbeddingSettings("magic"), "magic"),
        (EmbeddingSettings("onnx"), "embedding.folder"),
        (EmbeddingSettings("ollama"), "embedding.model"),
        (EmbeddingSettings("openai-compatible", model="m"), "embedding.url"),
    ],
)
def test_settings_that_do_not_suffice_are_named(settings: EmbeddingSettings, names: str) -> None:
    with pytest.raises(ConfigError, match=names):
        load(settings)


def test_a_missing_package_is_reported_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    absent = Provider("builtin", "", ("json", "no_such_module"))
    monkeypatch.setitem(providers.BY_NAME, "builtin", absent)

    with pytest.raises(EmbeddingError, match="no_such_module") as caught:
        load(EmbeddingSettings("builtin"))

    assert caught.value.hint is not None
    assert installer.command("no_such_module") in caught.value.hint


def test_servers_are_asked_nothing_when_their_embedder_is_made() -> None:
    ollama = load(EmbeddingSettings("ollama", model="nomic"))
    other = load(
        EmbeddingSettings("openai-compatible", model="m", url="https://example.invalid/v1")
    )

    assert ollama is not None
    assert other is not None
    assert (ollama.name, other.name) == ("ollama:nomic", "openai:m")


def test_the_builtin_model_is_loaded_by_its_name() -> None:
    require_model()

    model = load(EmbeddingSettings("builtin"))

    assert model is not None
    assert model.dimension == 384


def test_asking_what_there_is_loads_no_library() -> None:
    code = (
        "import sys; from memcairn.embedding.providers import PROVIDERS; "
        "[provider.missing for provider in PROVIDERS]; "
        "print([m for m in ('numpy', 'onnxruntime', 'tokenizers') if m in sys.modules])"
    )

    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert run.stdout.strip() == "[]"
