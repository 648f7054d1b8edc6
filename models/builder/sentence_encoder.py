"""The multilingual sentence encoder as an ONNX graph, and its embedding table.

    rows of the table ─► three convolutions over 2, 3 and 5 tokens ─► sum ─► dense layers ─► vector

The table, nine tenths of the weights, is a file of its own, from which a program reads only the rows of its
tokens. A row has 32 levels of its own; the pinned weights have 64 levels for each of 17 groups of rows, of
which nearly all rows use fewer than 32.

Architecture: Yang et al. 2019, "Multilingual Universal Sentence Encoder for Semantic Retrieval", section 3,
and the NumPy form of the network in the pinned package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from builder.network import FLOAT_TYPE, TABLE_LIMIT, Network, quantise

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

    from numpy.typing import NDArray

GROUPS = 17
WIDTH = 512
CHANNELS = 256
# The number of tokens that a convolution covers, and how many of them are before the present one.
ORDERS = ((2, 0), (3, 1), (5, 2))
LEVELS = 31


def write_table(path: Path, weights: Mapping[str, NDArray[Any]]) -> None:
    """Write the embedding table.

    Each row has the high four bits of its values, two values in a byte and the first in the high half; then
    their lowest bits, eight in a byte; then the lowest value and the step as float32, little-endian.
    """
    groups = [weights[f"q{group + 1}"] for group in range(GROUPS)]
    table = np.stack(groups, axis=1).reshape(-1, WIDTH).astype(np.int64)
    group = np.arange(len(table)) % GROUPS
    low, high = table.min(axis=1), table.max(axis=1)
    step = np.maximum((high - low) / LEVELS, 1)
    levels = np.rint((table - low[:, np.newaxis]) / step[:, np.newaxis]).astype(np.uint8)
    halves = levels[:, 0::2] >> 1 << 4 | levels[:, 1::2] >> 1
    bits = np.packbits(levels & 1, axis=1)
    unit = weights["scale"].astype(np.float64)[group]
    edges = np.stack([weights["lo"].astype(np.float64)[group] + unit * low, unit * step], axis=1)
    rows = np.concatenate([halves, bits, edges.astype("<f4").view(np.uint8)], axis=1)
    path.write_bytes(rows.tobytes())


class _SentenceEncoder(Network):
    """One graph under construction."""

    def __init__(self, weights: Mapping[str, NDArray[Any]]) -> None:
        super().__init__(weights, float(weights["eps"]))
        constant = self.graph.constant
        for size in range(max(before for _, before in ORDERS) + 1):
            for after in range(max(count for count, _ in ORDERS)):
                pads = np.array([0, size, 0, 0, after, 0], np.int64)
                constant(f"pads_{size}_{after}", pads)
        for number in range(max(count for count, _ in ORDERS) + 1):
            constant(f"int_{number}", np.array([number], np.int64))
            constant(f"channel_{number}", np.array([number * CHANNELS], np.int64))
        constant("tiny", np.array(self.epsilon, np.float32))

    def window(self, x: str, count: int, before: int, out: str) -> str:
        """The values of `count` tokens side by side, zeros beyond the text."""
        node = self.graph.node
        padded = node("Pad", [x, f"pads_{before}_{count - 1 - before}"], f"{out}.padded")
        parts = []
        for offset in range(count):
            end = node("Add", ["length", f"int_{offset}"], f"{out}.end{offset}")
            names = [padded, f"int_{offset}", end, "int_1"]
            parts.append(node("Slice", names, f"{out}.part{offset}"))
        return node("Concat", parts, out, axis=2)

    def convolution(self, x: str, key: str, count: int, before: int) -> str:
        """One convolution with a residual connection; padding stays zero."""
        node = self.graph.node
        windows = self.window(x, count, before, f"{key}.window")
        bias = key.replace("w", "b")
        y = self.linear(self.quantised(windows), self.weights[key], bias, f"{key}.linear")
        y = node("Relu", [y], f"{key}.relu")
        return node("Mul", [node("Add", [y, x], f"{key}.sum"), "mask"], f"{key}.out")

    def matrix(self, key: str) -> str:
        """A matrix in int8 that is used as floats.

        Most of these have one row for each text as input; the embeddings have a few values that are so large
        that 8 bits for all of them lose too much.
        """
        rounded, scale = quantise(self.weights[key], 0, TABLE_LIMIT)
        names = [self.graph.constant(f"{key}.int", rounded)]
        whole = self.graph.node("Cast", names, f"{key}.float", to=FLOAT_TYPE)
        names = [whole, self.graph.constant(f"{key}.scale", scale)]
        return self.graph.node("Mul", names, f"{key}.matrix")

    def product(self, x: str, key: str) -> str:
        return self.graph.node("MatMul", [x, self.matrix(key)], f"{key}.product")

    def tokens(self) -> str:
        """The sum over the tokens of a text, of their values before and after the convolutions."""
        node = self.graph.node
        for name, keys, axis in (
            ("proj", ("proj2", "proj3", "proj5"), 1),
            ("proj_b", ("proj_b2", "proj_b3", "proj_b5"), 0),
            ("ln_g_all", ("ln_g2", "ln_g3", "ln_g5"), 0),
            ("ln_b_all", ("ln_b2", "ln_b3", "ln_b5"), 0),
        ):
            parts = [self.weights[key] for key in keys]
            self.weights = {**self.weights, name: np.concatenate(parts, axis=axis)}
        shape = node("Shape", ["embeddings"], "shape")
        node("Gather", [shape, "int_1"], "length")
        bias = self.graph.constant("proj_b", self.weights["proj_b"])
        x = node("Add", [self.product("embeddings", "proj"), bias], "projected")
        x = node("Mul", [self.norm(x, "ln_g_all", "ln_b_all", "normed"), "mask"], "channels")
        names = ["embeddings"]
        for number, (count, before) in enumerate(ORDERS):
            edges = [f"channel_{number}", f"channel_{number + 1}", "int_2", "int_1"]
            part = node("Slice", [x, *edges], f"channels{count}")
            part = self.convolution(part, f"w1_{count}", count, before)
            names.append(self.convolution(part, f"w2_{count}", count, before))
        all_parts = node("Concat", names, "parts", axis=2)
        normed = self.norm(all_parts, "ln_g", "ln_b", "parts.norm")
        kept = node("Mul", [normed, "mask"], "kept")
        return node("ReduceSum", [kept, "int_1"], "sum", keepdims=0)

    def vector(self, total: str) -> str:
        node, constant = self.graph.node, self.graph.constant
        count = node("ReduceSum", ["mask", "int_1"], "count", keepdims=0)
        bias = node("Mul", [count, constant("cnn_b", self.weights["cnn_b"])], "sum.bias")
        mean = node("Add", [self.product(total, "cnn_W"), bias], "sum.projected")
        mean = node("Div", [mean, node("Sqrt", [count], "count.root")], "mean")
        first = node("Relu", [self.product(mean, "d0")], "dense0")
        second = node("Add", [self.product(mean, "p1"), self.product(first, "d1")], "dense1.sum")
        second = node("Relu", [second], "dense1")
        third = node("Relu", [self.product(second, "d2")], "dense2")
        last = node("Add", [self.product(second, "p3"), self.product(third, "d3")], "dense3.sum")
        return node("Tanh", [last], "vector")


def write_sentence_encoder(path: Path, weights: Mapping[str, NDArray[Any]]) -> None:
    """Write the encoder.

    Inputs are embeddings, float32 [batch, tokens, 512], with zeros after the end of a text, and mask, float32
    [batch, tokens, 1], 1 for each token of a text; the output is vector, float32 [batch, 512].
    """
    encoder = _SentenceEncoder(weights)
    encoder.vector(encoder.tokens())
    encoder.graph.write(
        path,
        inputs={
            "embeddings": ("float32", ("batch", "tokens", WIDTH)),
            "mask": ("float32", ("batch", "tokens", 1)),
        },
        outputs={"vector": ("float32", ("batch", WIDTH))},
    )
