"""An embedder that runs an ONNX encoder on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from memcairn.embedding.embedder import Embedded, EmbeddedQuery
from memcairn.embedding.unit_length import to_unit_length

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from memcairn.embedding.encoder import Encoder

# The signs of a state's first 128 components retrieve as well as those of 128 principal or random
# directions (docs/decisions/embedding.md), so no projection is needed.
TOKEN_BITS = 128


# Texts of similar length run together; larger batches need less padding.
BATCH = 256


class OnnxEmbedder:
    """Embeds with an encoder.

    Args:
        name: see Embedder.name.
        encoder: the loaded model.
        knows: see Embedder.knows.
        query_prompt: the model's prefix of queries.
        text_prompt: the model's prefix of indexed texts.
    """

    def __init__(
        self,
        name: str,
        encoder: Encoder,
        knows: Callable[[str], float],
        *,
        query_prompt: str = "",
        text_prompt: str = "",
    ) -> None:
        self.name = name
        self.batch = BATCH
        self.dimension = encoder.dimension
        self.token_bits = TOKEN_BITS if self.dimension >= TOKEN_BITS else 0
        self.knows = knows
        self._encoder = encoder
        self._query_prompt = query_prompt
        self._text_prompt = text_prompt

    def embed(self, texts: Sequence[str]) -> Embedded:
        """Embed texts for the index; see Embedder.embed."""
        if not texts:
            return Embedded(np.zeros((0, self.dimension), np.float32))
        encoded = self._encoder.encode([self._text_prompt + text for text in texts])
        vectors = to_unit_length(np.stack([item.pooled for item in encoded]))
        if not self.token_bits:
            return Embedded(vectors)
        signs = (np.packbits(item.states[:, :TOKEN_BITS] > 0, axis=1) for item in encoded)
        return Embedded(vectors, tuple(signs))

    def surprise(self, text: str) -> None:
        """Not known: a vocabulary of pieces of words has no probabilities."""

    def embed_query(self, text: str) -> EmbeddedQuery:
        """Embed a query; see Embedder.embed_query."""
        whole = self._query_prompt + text
        (encoded,) = self._encoder.encode([whole])
        states = to_unit_length(encoded.states[:, : self.token_bits])
        return EmbeddedQuery(to_unit_length(encoded.pooled), states, self._encoder.words(whole))
