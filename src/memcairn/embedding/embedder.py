"""The interface of embedders, and the values that they return.

    texts ──embed──► Embedded(vectors, tokens)        stored for each chunk
    query ──embed_query──► EmbeddedQuery(vector, states)

Vectors are compared by cosine. Token states are compared one by one (late interaction: Khattab and
Zaharia 2020, "ColBERT"). Only the signs of a chunk's states are stored; a query's states are used in full.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray


# A text of which the model knows a smaller fraction gets no vector; keyword search still finds it.
MIN_KNOWN_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Embedded:
    """The embeddings of texts, in order.

    Attributes:
        vectors: float32 [texts, dimension], each of length 1; zeros for a text without tokens.
        tokens: for each text the signs of its token states, uint8 [its tokens, bits / 8], the first
            direction in the highest bit; an empty tuple if the embedder has no token states.
    """

    vectors: NDArray[np.float32]
    tokens: tuple[NDArray[np.uint8], ...] = ()


@dataclass(frozen=True, slots=True)
class EmbeddedQuery:
    """The embedding of one query.

    Attributes:
        vector: float32 [dimension], of length 1; zeros if the query has no tokens.
        states: float32 [tokens, token bits], each of length 1; no rows without token states.
        words: for each token the word of the query that contains it.
    """

    vector: NDArray[np.float32]
    states: NDArray[np.float32]
    words: tuple[str, ...] = ()


class Embedder(Protocol):
    """A model that turns texts into vectors."""

    @property
    def name(self) -> str:
        """Identifies the model and its version; vectors of different names are never compared."""
        ...

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    @property
    def token_bits(self) -> int:
        """Number of sign bits of each token; 0 if the model has no token states."""
        ...

    @property
    def batch(self) -> int:
        """Preferred number of texts in one call."""
        ...

    def embed(self, texts: Sequence[str]) -> Embedded:
        """Embed the texts of chunks.

        Raises:
            EmbeddingError: the model cannot be loaded or reached, or its answer is invalid.
        """
        ...

    def embed_query(self, text: str) -> EmbeddedQuery:
        """Embed a query.

        Raises:
            EmbeddingError: the model cannot be loaded or reached, or its answer is invalid.
        """
        ...

    def knows(self, text: str) -> float:
        """Fraction of the text, from 0 to 1, that the model was trained on."""
        ...

    def surprise(self, text: str) -> float | None:
        """The negative logarithm of the probability of a word; None if the model does not know it."""
        ...
