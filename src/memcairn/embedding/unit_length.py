"""Vectors of length 1: their products are their cosines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def to_unit_length(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each row (n x d) divided by its length; one of zeros stays as it is."""
    length = np.linalg.norm(rows, axis=-1, keepdims=True)
    scaled: NDArray[np.float32] = (rows / np.maximum(length, np.float32(1e-12))).astype(
        np.float32, copy=False
    )
    return scaled
