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

from tokenizers import Tokenizer

from memcairn.embedding.encoder import UNKNOWN, Encoder, Window
from memcairn.embedding.onnx import OnnxEmbedder
from memcairn.errors import EmbeddingError

if TYPE_CHECKING:
    import os

    from tokenizers import Encoding

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
    tokenizer = FileTokenizer(_first(folder, TOKENIZERS), int(window))
    encoder = Encoder(model, tokenizer, first_only=bool(pooling.get("pooling_mode_cls_token")))
    return OnnxEmbedder(
        f"{folder.name}-{_identity(model, query_prompt, text_prompt)}",
        encoder,
        lambda text: 1.0 - tokenizer.unknown_share(text),
        query_prompt=query_prompt,
        text_prompt=text_prompt,
    )


class FileTokenizer:
    """The tokenizer of a tokenizer.json, run by the library `tokenizers`."""

    def __init__(self, file: Path, max_tokens: int) -> None:
        try:
            self._tokenizer = Tokenizer.from_file(str(file))
        except Exception as error:  # the library raises plain Exception
            raise EmbeddingError(f"cannot be loaded: {error}", path=file) from error
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_tokens)

    def windows(self, text: str) -> list[Window]:
        """The windows of a text; at least one."""
        whole = self._tokenizer.encode(text)
        return [
            Window(window.ids, window.tokens, _words(window, text))
            for window in (whole, *whole.overflowing)
        ]

    def unknown_share(self, text: str) -> float:
        """The share of a text's tokens that are not in the vocabulary; 0 without tokens."""
        tokens = self._tokenizer.encode(
            text.encode("utf-8", "replace").decode(), add_special_tokens=False
        ).tokens
        return sum(token in UNKNOWN for token in tokens) / max(len(tokens), 1)


def _words(window: Encoding, text: str) -> list[str]:
    """The word of each token; "" for special tokens."""
    spans: dict[int, tuple[int, int]] = {}
    for number, (start, end) in zip(window.word_ids, window.offsets, strict=True):
        if number is not None:
            first, last = spans.get(number, (start, end))
            spans[number] = min(first, start), max(last, end)
    return ["" if number is None else text[slice(*spans[number])] for number in window.word_ids]


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
    except (OSError, ValueError, RecursionError) as error:
        raise EmbeddingError(f"cannot be read: {error}", path=file) from error
    return content if isinstance(content, dict) else {}


def _check_modules(folder: Path) -> None:
    file = folder / "modules.json"
    try:
        modules = json.loads(file.read_text(encoding="utf-8"))
        kinds = [str(module["type"]).rpartition(".")[2] for module in modules]
    except FileNotFoundError:
        return
    except (OSError, ValueError, RecursionError, TypeError, KeyError) as error:
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
