"""Late interaction over sign bits."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from memcairn.embedding.maxsim import maxsim

BITS = 64


def signs(rows: np.ndarray) -> np.ndarray:
    return np.packbits(rows > 0, axis=1)


def unit(rng: np.random.Generator, count: int) -> np.ndarray:
    rows = rng.normal(size=(count, BITS)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@given(st.integers(0, 1000), st.integers(1, 30), st.lists(st.integers(0, 90), max_size=20))
def test_each_query_token_counts_by_its_best_match(
    seed: int, query_tokens: int, sizes: list[int]
) -> None:
    rng = np.random.default_rng(seed)
    query = unit(rng, query_tokens)
    texts = [unit(rng, size) for size in sizes]

    scores = maxsim(query, [signs(text) for text in texts])

    for score, text in zip(scores, texts, strict=True):
        products = query @ np.where(text > 0, 1, -1).T / np.sqrt(BITS)
        expected = products.max(axis=1).mean() if len(text) else 0
        assert abs(score - expected) < 1e-5


def test_a_text_that_holds_the_query_scores_highest() -> None:
    rng = np.random.default_rng(0)
    query = unit(rng, 5)
    texts = [unit(rng, 40) for _ in range(20)]
    texts[7][10:15] = query

    assert maxsim(query, [signs(text) for text in texts]).argmax() == 7


def test_a_query_without_tokens_scores_zero() -> None:
    text = signs(unit(np.random.default_rng(0), 3))

    assert maxsim(np.zeros((0, BITS), np.float32), [text, text]).tolist() == [0, 0]
