"""What an embedder is: texts in, vectors out, and the values that carry them.

    texts ──embed──► Embedded(vectors, tokens)        what the store keeps of a chunk
    query ──embed_query──► EmbeddedQuery(vector, states)

A vector is compared by its cosine. Token states are compared one by one (late interaction: Khattab
and Zaharia 2020, "ColBERT"); a chunk keeps only the signs of its states, a query keeps its states
whole, since there is only one of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray


# A text of which a model knows less than this share is left to the words.
MIN_KNOWN_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Embedded:
    """The embedding of some texts, in their order.

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
        words: for each token the word of the query that it is a part of.
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
        """Number of signs kept of each token, 0 if the model gives no token states."""
        ...

    @property
    def batch(self) -> int:
        """So many texts at a time suit it."""
        ...

    def embed(self, texts: Sequence[str]) -> Embedded:
        """Embed texts that are to be found.

        Raises:
            EmbeddingError: the model cannot be loaded, reached or understood.
        """
        ...

    def embed_query(self, text: str) -> EmbeddedQuery:
        """Embed a text to search with.

        Raises:
            EmbeddingError: the model cannot be loaded, reached or understood.
        """
        ...

    def knows(self, text: str) -> float:
        """Share of the text, from 0 to 1, that the model has learned to read."""
        ...
