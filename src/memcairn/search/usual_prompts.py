"""How much a prompt is like the prompts that people write to an agent anywhere, about which no note is.

usual_prompts.npz has the embeddings of `bench/gate/usual.txt` by the built-in models; bench/usual_prompts.py
makes it.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NEAREST = 6


@cache
def usual_prompts() -> dict[str, NDArray[np.float32]]:
    """The name of each built-in model, and the embeddings that it made, each of length 1."""
    found = {}
    with np.load(Path(__file__).with_name("usual_prompts.npz")) as file:
        for name in file.files:
            rows = file[name].astype(np.float32)
            found[name] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return found


def likeness(model: str, query: NDArray[np.float32]) -> float | None:
    """The mean cosine of a query, of length 1, with the nearest usual prompts; None for another model."""
    embeddings = usual_prompts().get(model)
    if embeddings is None:
        return None
    return float(np.sort(embeddings @ query)[-_NEAREST:].mean())
