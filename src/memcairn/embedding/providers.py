"""Choose an embedder by its provider's name; say which can be had here. Imports nothing heavy."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from memcairn.embedding.embedder import EmbeddingError
from memcairn.errors import ConfigError

if TYPE_CHECKING:
    import threading

    from memcairn.config import Config
    from memcairn.embedding.embedder import Embedder

KEY_VARIABLE = "MEMCAIRN_EMBEDDING_KEY"
OLLAMA = "http://localhost:11434"
INSTALL = "pip install 'memcairn[semantic]'"


@dataclass(frozen=True, slots=True)
class Provider:
    """A way to get an embedder.

    Attributes:
        name: what embedding.provider is set to.
        meaning: one line for people.
        needs: modules that must be installed.
        settings: names of EmbeddingSettings that must not be empty.
    """

    name: str
    meaning: str
    needs: tuple[str, ...]
    settings: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[str, ...]:
        """Modules that it needs and that are not installed."""
        return tuple(module for module in self.needs if find_spec(module) is None)


PROVIDERS = (
    Provider("none", "Search by words only.", ()),
    Provider(
        "builtin",
        "all-MiniLM-L6-v2, 8 bits, English; 23.5 MB, installed with memcairn[semantic].",
        ("numpy", "onnxruntime", "tokenizers", "memcairn_minilm"),
    ),
    Provider(
        "onnx",
        "A sentence-transformers model with an ONNX file, in a local folder.",
        ("numpy", "onnxruntime", "tokenizers"),
        ("model",),
    ),
    Provider("ollama", "A model that an Ollama server runs.", ("numpy",), ("model",)),
    Provider(
        "openai-compatible",
        "A server that speaks OpenAI's embeddings protocol.",
        ("numpy",),
        ("model", "url"),
    ),
)
BY_NAME = {provider.name: provider for provider in PROVIDERS}


@dataclass(frozen=True, slots=True)
class EmbeddingSettings:
    """What decides which embedder is used.

    Attributes:
        provider: a name of PROVIDERS.
        model: the folder for "onnx"; the model's name for a server.
        url: the server's address.
        key: the server's key; empty for none.
        requests_per_minute: bound on the requests to a server; 0 for none.
        query_prompt: what the model wants to stand before a query.
        text_prompt: what the model wants to stand before a text that is to be found.
    """

    provider: str
    model: str = ""
    url: str = ""
    key: str = ""
    requests_per_minute: float = 0
    query_prompt: str = ""
    text_prompt: str = ""


def chosen(settings: Config) -> EmbeddingSettings:
    """What the user's configuration asks for; the key comes from the environment."""
    provider = settings["embedding.provider"]
    return EmbeddingSettings(
        provider=provider,
        model=settings["embedding.folder" if provider == "onnx" else "embedding.model"],
        url=settings["embedding.url"],
        key=os.environ.get(KEY_VARIABLE, ""),
        requests_per_minute=settings["embedding.requests_per_minute"],
        query_prompt=settings["embedding.query_prompt"],
        text_prompt=settings["embedding.text_prompt"],
    )


def load(settings: EmbeddingSettings, stop: threading.Event | None = None) -> Embedder | None:
    """Load the embedder that the settings ask for; None for the provider "none".

    Args:
        settings: which one.
        stop: set by another thread to end waiting for a server.

    Raises:
        ConfigError: there is no such provider, or a setting that it needs is empty.
        EmbeddingError: it is not installed, or cannot be loaded.
    """
    _check(settings)
    # Each module brings libraries that take long to load, or that are not installed.
    match settings.provider:
        case "none":
            return None
        case "builtin":
            from memcairn.embedding import builtin  # noqa: PLC0415

            return builtin.load()
        case "onnx":
            from memcairn.embedding import folder  # noqa: PLC0415

            return folder.load(
                Path(settings.model).expanduser(),
                query_prompt=settings.query_prompt or None,
                text_prompt=settings.text_prompt or None,
            )
    from memcairn.embedding.remote import Endpoint, RemoteEmbedder  # noqa: PLC0415

    endpoint = Endpoint(
        "ollama" if settings.provider == "ollama" else "openai",
        settings.url or OLLAMA,
        settings.model,
        settings.key,
        settings.requests_per_minute,
        settings.query_prompt,
        settings.text_prompt,
    )
    return RemoteEmbedder(endpoint, stop)


def _check(settings: EmbeddingSettings) -> None:
    provider = BY_NAME.get(settings.provider)
    if provider is None:
        raise ConfigError(
            f"there is no embedding provider {settings.provider!r}",
            hint=f"one of {', '.join(BY_NAME)}",
        )
    for setting in provider.settings:
        if not getattr(settings, setting):
            name = "folder" if (provider.name, setting) == ("onnx", "model") else setting
            raise ConfigError(
                f"the embedding provider {provider.name} needs embedding.{name}",
                hint=f"`memcairn config set embedding.{name} VALUE`",
            )
    if provider.missing:
        raise EmbeddingError(f"not installed: {', '.join(provider.missing)}", hint=INSTALL)
