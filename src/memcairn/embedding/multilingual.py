"""The second built-in model: Universal Sentence Encoder multilingual v3, in the folder multilingual.

    multilingual/model.onnx     the encoder; inputs embeddings, float32 [batch, tokens, 512], and
                                mask, float32 [batch, tokens, 1]; output vector, float32 [batch, 512]
    multilingual/table.bin      the embedding of each piece: 512 values of 5 bits, lowest value, step
    multilingual/pieces.txt     the pieces of its tokenizer
    multilingual/scores.bin     the logarithm of the probability of each
    multilingual/manifest.json  the name of this version, and the sha256 of the files

models/ of the repository builds the files when memcairn is installed or packed; they are not in git.

Yang et al. 2019, "Multilingual Universal Sentence Encoder for Semantic Retrieval". The languages of the model
are Arabic, Chinese, Dutch, English, French, German, Italian, Japanese, Korean, Polish, Portuguese, Russian,
Spanish, Thai and Turkish. A text and its translation have similar vectors.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from memcairn.embedding.embedder import Embedded, EmbeddedQuery
from memcairn.embedding.encoder import open_session, run
from memcairn.embedding.providers import MULTILINGUAL_FOLDER
from memcairn.embedding.unigram import FIRST, LAST, SPACE, UNKNOWN, Unigram
from memcairn.embedding.unit_length import to_unit_length
from memcairn.errors import EmbeddingError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

DIMENSION = 512
BATCH = 256
# Padded tokens of one run of the model.
BATCH_TOKENS = 1024
# Only keyword search covers the rest of a longer text.
MAX_TOKENS = 2048
_HALVES = DIMENSION // 2
_BITS = DIMENSION // 8


def load() -> MultilingualEmbedder:
    """Load the model, in about 0.1 s.

    Raises:
        EmbeddingError: its files are missing or damaged.
    """
    folder = Path(MULTILINGUAL_FOLDER)
    try:
        name = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["name"]
        tokenizer = Unigram(folder / "pieces.txt", folder / "scores.bin")
        # The rows that are used are read from the file when they are used.
        table = np.memmap(folder / "table.bin", np.uint8, "r").reshape(-1, _HALVES + _BITS + 8)
    except (OSError, ValueError, KeyError) as error:
        raise EmbeddingError(
            "the model cannot be read", path=folder, hint="install memcairn again"
        ) from error
    return MultilingualEmbedder(name, folder / "model.onnx", tokenizer, table)


class MultilingualEmbedder:
    """Embeds texts of 16 languages in one space; see `embedder.Embedder`."""

    def __init__(
        self, name: str, model: Path, tokenizer: Unigram, table: NDArray[np.uint8]
    ) -> None:
        self.name = name
        self.dimension = DIMENSION
        self.token_bits = 0
        self.batch = BATCH
        self._model = model
        self._session = open_session(model)
        self._tokenizer = tokenizer
        self._table = table

    def embed(self, texts: Sequence[str]) -> Embedded:
        """See Embedder.embed."""
        vectors = np.zeros((len(texts), DIMENSION), np.float32)
        tokens = [self._ids(text) for text in texts]
        batch: list[int] = []
        for row in sorted(range(len(texts)), key=lambda row: len(tokens[row])):
            if batch and len(tokens[row]) * (len(batch) + 1) > BATCH_TOKENS:
                vectors[batch] = self._vectors([tokens[item] for item in batch])
                batch = []
            batch.append(row)
        if batch:
            vectors[batch] = self._vectors([tokens[item] for item in batch])
        return Embedded(vectors)

    def embed_query(self, text: str) -> EmbeddedQuery:
        """See Embedder.embed_query."""
        return EmbeddedQuery(self.embed([text]).vectors[0], np.zeros((0, 0), np.float32))

    def knows(self, text: str) -> float:
        """See Embedder.knows."""
        ids = [number for number in self._tokenizer.ids(text) if number != SPACE]
        return 1 - ids.count(UNKNOWN) / len(ids) if ids else 1.0

    def surprise(self, text: str) -> float:
        """See Embedder.surprise."""
        return self._tokenizer.surprise(text)

    def _ids(self, text: str) -> list[int]:
        return [FIRST, *self._tokenizer.ids(text)[:MAX_TOKENS], LAST]

    def _vectors(self, batch: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        width = max(map(len, batch))
        embeddings = np.zeros((len(batch), width, DIMENSION), np.float32)
        mask = np.zeros((len(batch), width, 1), np.float32)
        for row, ids in enumerate(batch):
            embeddings[row, : len(ids)] = self._rows(ids)
            mask[row, : len(ids)] = 1
        feed = {"embeddings": embeddings, "mask": mask}
        return to_unit_length(run(self._session, "vector", feed, self._model))

    def _rows(self, ids: Sequence[int]) -> NDArray[np.float32]:
        """The embeddings of pieces, float32 [pieces, 512]."""
        rows = self._table[np.asarray(ids)]
        halves, bits, ends = np.split(rows, (_HALVES, _HALVES + _BITS), axis=1)
        levels = np.unpackbits(bits, axis=1)
        levels[:, 0::2] |= halves >> 4 << 1
        levels[:, 1::2] |= (halves & 15) << 1
        edges = np.ascontiguousarray(ends).view("<f4")
        values: NDArray[np.float32] = levels * edges[:, 1:] + edges[:, :1]
        return values
