"""Late interaction: compare each token of a query with its best match among the tokens of a chunk.

MaxSim (Khattab and Zaharia 2020, "ColBERT", equation 3), as the weighted mean over the query's tokens. The
query's states have full precision; of the chunk's states only the signs are stored. The product of a unit
vector with the signs of another, divided by the root of their number, estimates their cosine up to a
constant factor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# OpenBLAS computes smaller products in one thread. On a busy machine, waiting for a second thread took
# 6 to 20 ms, where one thread takes 0.3 ms.
_ONE_THREAD = 1 << 18


def maxsim(
    states: NDArray[np.float32],
    candidates: Sequence[NDArray[np.uint8]],
    weights: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Score candidates against a query, token by token.

    Args:
        states: the query's token states, EmbeddedQuery.states.
        candidates: for each chunk the signs of its token states, as in Embedded.tokens.
        weights: float32 [query tokens], the weight of each token; None for equal weights.

    Returns:
        float32 [candidates], within -1..1; 0 for a candidate or a query without tokens.
    """
    scores = np.zeros(len(candidates), np.float32)
    filled = [row for row, signs in enumerate(candidates) if len(signs)]
    if not filled or not len(states):
        return scores
    bits = np.unpackbits(np.concatenate([candidates[row] for row in filled]), axis=1)
    ones = np.empty((len(bits), len(states)), np.float32)
    rows = max(1, _ONE_THREAD // states.size)
    for start in range(0, len(bits), rows):
        part = bits[start : start + rows].astype(np.float32)
        np.matmul(part, states.T, out=ones[start : start + rows])
    # With b in {0, 1} for the sign s in {-1, 1}: q.s = 2 q.b - sum(q).
    products = 2 * ones - states.sum(axis=1)
    starts = np.cumsum([0] + [len(candidates[row]) for row in filled[:-1]])
    best = np.maximum.reduceat(products, starts, axis=0)
    shares = np.ones(len(states), np.float32) if weights is None else weights
    scores[filled] = best @ (shares / shares.sum()) / np.float32(np.sqrt(bits.shape[1]))
    return scores
