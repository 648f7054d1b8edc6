"""Load a user's model: a local folder in the layout of sentence-transformers, with an ONNX file.

    model.onnx or onnx/model.onnx             the encoder; a quantised one is preferred
    tokenizer.json                            its tokenizer
    modules.json, 1_Pooling/config.json       the pooling of token states; by default the mean
    sentence_bert_config.json                 max_seq_length
    config_sentence_transformers.json         prompts

Nothing is downloaded, and no code in the folder is run.
"""

from __future__ import annotations

import json
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memcairn.embedding.encoder import Encoder
from memcairn.embedding.onnx import OnnxEmbedder
from memcairn.errors import EmbeddingError

if TYPE_CHECKING:
    import os

MODELS = (
    "model_quantized.onnx",
    "onnx/model_quantized.onnx",
    "model_int8.onnx",
    "onnx/model_int8.onnx",
    "model.onnx",
    "onnx/model.onnx",
)
TOKENIZERS = ("tokenizer.json", "onnx/tokenizer.json")
MAX_TOKENS = 256
SAMPLE_BYTES = 1 << 20
QUERY_PROMPTS = ("query",)
TEXT_PROMPTS = ("document", "passage")
SUPPORTED_MODULES = frozenset({"Transformer", "Pooling", "Normalize"})


def load(
    folder: str | os.PathLike[str],
    *,
    query_prompt: str | None = None,
    text_prompt: str | None = None,
) -> OnnxEmbedder:
    """Load a model from its folder.

    Args:
        folder: the folder of its files.
        query_prompt: the prefix of queries, instead of the one in the folder.
        text_prompt: the prefix of indexed texts, instead of the one in the folder.

    Raises:
        EmbeddingError: a file is missing or invalid, or the model has an unsupported module.
    """
    folder = Path(folder)
    model = _first(folder, MODELS)
    _check_modules(folder)
    pooling = _read(folder / "1_Pooling" / "config.json")
    prompts = _read(folder / "config_sentence_transformers.json").get("prompts") or {}
    if query_prompt is None:
        query_prompt = _prompt(prompts, QUERY_PROMPTS)
    if text_prompt is None:
        text_prompt = _prompt(prompts, TEXT_PROMPTS)
    window = _read(folder / "sentence_bert_config.json").get("max_seq_length") or MAX_TOKENS
    encoder = Encoder(
        model,
        _first(folder, TOKENIZERS),
        max_tokens=int(window),
        first_only=bool(pooling.get("pooling_mode_cls_token")),
    )
    return OnnxEmbedder(
        f"{folder.name}-{_identity(model, query_prompt, text_prompt)}",
        encoder,
        lambda text: 1.0 - encoder.unknown_share(text),
        query_prompt=query_prompt,
        text_prompt=text_prompt,
    )


def _first(folder: Path, names: tuple[str, ...]) -> Path:
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise EmbeddingError(f"has none of {', '.join(names)}", path=folder)


def _read(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise EmbeddingError(f"cannot be read: {error}", path=file) from error
    return content if isinstance(content, dict) else {}


def _check_modules(folder: Path) -> None:
    file = folder / "modules.json"
    try:
        modules = json.loads(file.read_text(encoding="utf-8"))
        kinds = [str(module["type"]).rpartition(".")[2] for module in modules]
    except FileNotFoundError:
        return
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise EmbeddingError(f"is invalid: {error}", path=file) from error
    for kind in kinds:
        if kind not in SUPPORTED_MODULES:
            raise EmbeddingError(
                f"uses a module {kind}, which memcairn does not support", path=file
            )


def _prompt(prompts: dict[str, str], names: tuple[str, ...]) -> str:
    return next((prompts[name] for name in names if name in prompts), "")


def _identity(model: Path, *settings: str) -> str:
    """A digest of everything that determines the vectors; a part of the file suffices for it."""
    digest = blake2b(digest_size=6)
    size = model.stat().st_size
    with model.open("rb") as stream:
        digest.update(stream.read(SAMPLE_BYTES))
        stream.seek(max(0, size - SAMPLE_BYTES))
        digest.update(stream.read(SAMPLE_BYTES))
    digest.update(json.dumps([size, *settings]).encode())
    return digest.hexdigest()
