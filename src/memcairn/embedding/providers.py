"""List the embedding providers, and load the configured one. Imports nothing heavy."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple

from memcairn.errors import ConfigError, EmbeddingError
from memcairn.settings import installer

if TYPE_CHECKING:
    import threading

    from memcairn.embedding.embedder import Embedder
    from memcairn.settings.config import Config

KEY_VARIABLE = "MEMCAIRN_EMBEDDING_KEY"
OLLAMA = "http://localhost:11434"
BUILTIN_FOLDER = os.path.join(os.path.dirname(__file__), "minilm")
MULTILINGUAL_FOLDER = os.path.join(os.path.dirname(__file__), "multilingual")


def has_multilingual() -> bool:
    """Whether the multilingual model is installed, as it is in every distribution."""
    return os.path.exists(os.path.join(MULTILINGUAL_FOLDER, "model.onnx"))


class Provider(NamedTuple):
    """A provider of an embedding model.

    Args:
        name: the value of embedding.provider.
        meaning: a description in one line.
        needs: modules that must be installed.
        file: a file of this package that must exist.
        settings: names of EmbeddingSettings that must not be empty.
        licence: the licence of the model.
        cost: the cost of using it, besides time.
    """

    name: str
    meaning: str
    needs: tuple[str, ...]
    file: str = ""
    settings: tuple[str, ...] = ()
    licence: str = ""
    cost: str = "nothing"

    @property
    def missing(self) -> tuple[str, ...]:
        """The required modules that are not installed, and the required file if it is missing."""
        modules = tuple(module for module in self.needs if find_spec(module) is None)
        has_file = not self.file or os.path.exists(self.file)
        return modules if has_file else (*modules, os.path.basename(self.file))

    def unset(self, settings: EmbeddingSettings) -> tuple[str, ...]:
        """The required settings that are empty."""
        empty = (name for name in self.settings if not getattr(settings, name))
        return tuple(f"embedding.{'folder' if self.name == 'onnx' else name}" for name in empty)

    def size_bytes(self, settings: EmbeddingSettings) -> int:
        """The size of its model on this disk; 0 if there is none or it is on a server."""
        folders: list[str] = []
        if self.name == "builtin":
            folders += (BUILTIN_FOLDER, MULTILINGUAL_FOLDER)
        elif self.name == "onnx" == settings.provider and settings.model:
            folders.append(os.path.expanduser(settings.model))
        return sum(
            os.path.getsize(os.path.join(above, name))
            for folder in folders
            for above, _, names in os.walk(folder)
            for name in names
        )


PROVIDERS = (
    Provider("none", "Keyword search only.", ()),
    Provider(
        "builtin",
        "all-MiniLM-L6-v2 for English, USE multilingual v3 for 15 other languages; installed with memcairn.",
        ("numpy", "onnxruntime"),
        os.path.join(BUILTIN_FOLDER, "model.onnx"),
        licence="Apache-2.0",
    ),
    Provider(
        "onnx",
        "A sentence-transformers model with an ONNX file, in a local folder.",
        ("numpy", "onnxruntime", "tokenizers"),
        settings=("model",),
        licence="the model's own",
    ),
    Provider(
        "ollama",
        "A model on an Ollama server.",
        ("numpy",),
        settings=("model",),
        licence="the model's own",
        cost="nothing on your own server",
    ),
    Provider(
        "openai-compatible",
        "A server with OpenAI's embeddings protocol.",
        ("numpy",),
        settings=("model", "url"),
        licence="the model's own",
        cost="the server's prices; your notes and queries are sent to it",
    ),
)
BY_NAME = {provider.name: provider for provider in PROVIDERS}


class EmbeddingSettings(NamedTuple):
    """The settings that select an embedder.

    Args:
        provider: a name of PROVIDERS.
        model: the folder for "onnx"; the model's name for a server.
        url: the server's address.
        key: the server's key; empty for none.
        requests_per_minute: the maximum for requests to a server; 0 for no limit.
        query_prompt: the model's prefix of queries.
        text_prompt: the model's prefix of indexed texts.
    """

    provider: str
    model: str = ""
    url: str = ""
    key: str = ""
    requests_per_minute: float = 0
    query_prompt: str = ""
    text_prompt: str = ""


class Offer(NamedTuple):
    """The state of a provider on this machine.

    Args:
        chosen: whether the configuration selects it.
        missing: required modules that are not installed.
        unset: required settings that are empty.
        size_bytes: the size of its model on this disk.
    """

    provider: str
    meaning: str
    chosen: bool
    missing: tuple[str, ...]
    unset: tuple[str, ...]
    size_bytes: int
    licence: str
    cost: str


def offers(settings: EmbeddingSettings) -> list[Offer]:
    """The state of all providers; accesses only the disk."""
    return [
        Offer(
            provider.name,
            provider.meaning,
            provider.name == settings.provider,
            provider.missing,
            # The settings belong to the chosen provider.
            provider.unset(settings) if provider.name == settings.provider else (),
            provider.size_bytes(settings),
            provider.licence,
            provider.cost,
        )
        for provider in PROVIDERS
    ]


def chosen(settings: Config) -> EmbeddingSettings:
    """The embedding settings of the user's configuration; the key comes from the environment."""
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
    """Load the embedder that the settings select; None for the provider "none".

    Args:
        settings: the embedding settings.
        stop: set by another thread to stop waiting for a server.

    Raises:
        ConfigError: the provider is unknown, or a required setting is empty.
        EmbeddingError: the provider is not installed, or its model cannot be loaded.
    """
    _check(settings)
    # These modules import libraries that load slowly or may not be installed.
    match settings.provider:
        case "none":
            return None
        case "builtin":
            from memcairn.embedding import builtin  # noqa: PLC0415

            return builtin.load()
        case "onnx":
            from memcairn.embedding import local_folder as folder  # noqa: PLC0415

            return folder.load(
                os.path.expanduser(settings.model),
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


def load_multilingual() -> Embedder:
    """Load the multilingual model.

    Raises:
        EmbeddingError: its files are missing or damaged.
    """
    from memcairn.embedding import multilingual  # noqa: PLC0415 - as in `load`

    return multilingual.load()


def _check(settings: EmbeddingSettings) -> None:
    provider = BY_NAME.get(settings.provider)
    if provider is None:
        raise ConfigError(
            f"there is no embedding provider {settings.provider!r}",
            hint=f"one of {', '.join(BY_NAME)}",
        )
    for name in provider.unset(settings):
        raise ConfigError(
            f"the embedding provider {provider.name} needs the setting {name}",
            hint=f"`memcairn config set {name} VALUE`",
        )
    if provider.missing:
        modules = [module for module in provider.needs if find_spec(module) is None]
        raise EmbeddingError(
            f"not installed: {', '.join(provider.missing)}",
            hint=f"`{installer.command(*modules)}`" if modules else "install memcairn again",
        )
