"""Run a BERT-like ONNX encoder: from texts to token states and one pooled state for each text.

A text longer than the model's window is split into windows, whose states are concatenated; the pooled
state is their mean.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

# onnxruntime 1.31 and later send telemetry with an id of this machine, unless this is set before the import;
# its function for that is available only after the import.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
import onnxruntime  # type: ignore[import-untyped]

from memcairn.errors import EmbeddingError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

THREADS = 2
# Padded tokens of one run of the model; more do not fit the processor's caches and are slower.
BATCH_TOKENS = 1024
BATCH_WINDOWS = 16
# Only keyword search covers the rest of a longer text.
MAX_WINDOWS = 8

STATE_NAMES = ("last_hidden_state", "token_embeddings")
UNKNOWN = frozenset({"[UNK]", "<unk>"})
SPECIAL = UNKNOWN | {"[CLS]", "[SEP]", "<s>", "</s>"}

ONLY_ERRORS = 3  # onnxruntime's log severity


class Window(NamedTuple):
    """A part of a text that fits the model's window.

    Attributes:
        ids: the ids of its tokens, including special tokens.
        tokens: the tokens as text.
        words: the word of each token; "" for special tokens.
    """

    ids: Sequence[int]
    tokens: Sequence[str]
    words: Sequence[str]


class Tokenizer(Protocol):
    """Splits a text into the tokens of a model."""

    def windows(self, text: str) -> list[Window]:
        """The windows of a text; at least one."""
        ...


def open_session(model: Path) -> onnxruntime.InferenceSession:
    """Load an ONNX file.

    Raises:
        EmbeddingError: the file cannot be loaded.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    options.inter_op_num_threads = 1
    options.log_severity_level = ONLY_ERRORS
    # Spinning threads take processor time from other programs, and made batches 50 % slower.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # of many kinds
        raise EmbeddingError(f"cannot be loaded: {error}", path=model) from error


def run(
    session: onnxruntime.InferenceSession, output: str, feed: dict[str, Any], model: Path
) -> NDArray[np.float32]:
    """Run a session for one of its outputs.

    Raises:
        EmbeddingError: the model fails.
    """
    try:
        (found,) = session.run([output], feed)
    except Exception as error:  # of many kinds
        raise EmbeddingError(f"cannot be run: {error}", path=model) from error
    result: NDArray[np.float32] = found
    return result


@dataclass(frozen=True, slots=True)
class Encoded:
    """The states of one text.

    Attributes:
        pooled: float32 [hidden size], not normalised.
        states: float32 [tokens, hidden size], in the order of the text, without special tokens,
            punctuation and unknown words, which carry no meaning.
    """

    pooled: NDArray[np.float32]
    states: NDArray[np.float32]


class Encoder:
    """One loaded model and its tokenizer.

    Args:
        model: the ONNX file.
        tokenizer: the model's tokenizer.
        first_only: pool the state of the first token instead of the mean of all.

    Raises:
        EmbeddingError: the file cannot be loaded, or the model fails or has no token states.
    """

    def __init__(self, model: Path, tokenizer: Tokenizer, *, first_only: bool = False) -> None:
        self._session = open_session(model)
        self._tokenizer = tokenizer
        self._model = model
        self._first_only = first_only
        self._inputs = {node.name for node in self._session.get_inputs()}
        outputs = {node.name: node.shape for node in self._session.get_outputs()}
        self._output = next((name for name in STATE_NAMES if name in outputs), next(iter(outputs)))
        if len(outputs[self._output]) != len(("batch", "tokens", "hidden size")):
            raise EmbeddingError("has no output of token states", path=model)
        self.dimension = len(self.encode(["a"])[0].pooled)

    def encode(self, texts: Sequence[str]) -> list[Encoded]:
        """Run the model over texts, in batches of similar length; the results are in order."""
        found: list[list[_WindowStates]] = [[] for _ in texts]
        windows = [
            (len(window.ids), row, part, window)
            for row, text in enumerate(texts)
            for part, window in enumerate(self._windows(text))
        ]
        windows.sort(key=lambda item: item[:3])
        for batch in _batches(windows):
            results = self._run([window for *_, window in batch])
            for (_, row, part, _), result in zip(batch, results, strict=True):
                found[row].append(_WindowStates(part, *result))
        return [_join(sorted(parts, key=lambda part: part.part)) for parts in found]

    def words(self, text: str) -> tuple[str, ...]:
        """The word of each token state that `encode` returns for a text."""
        return tuple(
            word
            for window in self._windows(text)
            for word, token in zip(window.words, window.tokens, strict=True)
            if _is_meaningful(token)
        )

    def _windows(self, text: str) -> list[Window]:
        # Tokenizers refuse lone surrogates, which become ?.
        return self._tokenizer.windows(text.encode("utf-8", "replace").decode())[:MAX_WINDOWS]

    def _run(
        self, windows: Sequence[Window]
    ) -> Iterator[tuple[NDArray[np.float32], int, NDArray[np.float32]]]:
        """Yield (sum of the pooled states, their number, the meaningful states)."""
        ids = np.zeros((len(windows), max(len(window.ids) for window in windows)), np.int64)
        mask = np.zeros_like(ids)
        for row, window in enumerate(windows):
            ids[row, : len(window.ids)] = window.ids
            mask[row, : len(window.ids)] = 1
        feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        wanted = {name: array for name, array in feed.items() if name in self._inputs}
        hidden = run(self._session, self._output, wanted, self._model)
        for row, window in enumerate(windows):
            states = hidden[row, : len(window.ids)]
            pooled = states[:1] if self._first_only else states
            told = [index for index, token in enumerate(window.tokens) if _is_meaningful(token)]
            yield pooled.sum(axis=0), len(pooled), states[told]


@dataclass(frozen=True, slots=True)
class _WindowStates:
    part: int
    total: NDArray[np.float32]
    size: int
    states: NDArray[np.float32]


def _join(windows: Sequence[_WindowStates]) -> Encoded:
    total = np.sum([window.total for window in windows], axis=0)
    size = np.float32(sum(window.size for window in windows))
    states = np.concatenate([window.states for window in windows])
    return Encoded((total / size).astype(np.float32, copy=False), states)


def _is_meaningful(token: str) -> bool:
    return token not in SPECIAL and any(map(str.isalnum, token))


def _batches(
    ordered: Sequence[tuple[int, int, int, Window]],
) -> Iterator[list[tuple[int, int, int, Window]]]:
    """Group windows, shortest first, into batches within the limits, padded to the longest."""
    batch: list[tuple[int, int, int, Window]] = []
    for item in ordered:
        too_wide = item[0] * (len(batch) + 1) > BATCH_TOKENS
        if batch and (too_wide or len(batch) == BATCH_WINDOWS):
            yield batch
            batch = []
        batch.append(item)
    if batch:
        yield batch
