"""Layers of a network as nodes of an ONNX graph, with matrices in 8 bits.

"Dynamic" quantisation: a weight matrix is stored as int8 with one scale for each column; the
activations are quantised to uint8 at run time, with a separate scale, and the
product is summed in int32 (Jacob et al. 2018, "Quantization and Training of Neural Networks for
Efficient Integer-Arithmetic-Only Inference", section 2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from builder.onnx_file import Graph

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

# Processors without VNNI add pairs of 8-bit products in 16 saturating bits. With weights of 7 bits
# 255 * 64 * 2 stays below 2**15, so every processor computes the same numbers.
WEIGHT_LIMIT = 64
TABLE_LIMIT = 127

FLOAT_TYPE = 1  # TensorProto.FLOAT, as the Cast operator wants it


def quantise(
    matrix: NDArray[np.float32], axis: int, limit: int
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Round to integers in -limit..limit with one scale for each slice along `axis`."""
    largest = np.abs(matrix).max(axis=axis, keepdims=True)
    scale = np.maximum(largest, np.finfo(np.float32).tiny) / np.float32(limit)
    return np.rint(matrix / scale).astype(np.int8), scale


class Network:
    """One graph under construction, and the weights of the model."""

    def __init__(self, weights: Mapping[str, NDArray[np.float32]], epsilon: float) -> None:
        self.weights = weights
        self.epsilon = epsilon
        self.graph = Graph()

    def norm(self, x: str, gain: str, bias: str, out: str) -> str:
        """Layer normalisation with two of the weights."""
        scale = self.graph.constant(f"{out}.gain", self.weights[gain])
        shift = self.graph.constant(f"{out}.bias", self.weights[bias])
        return self.graph.node(
            "LayerNormalization", [x, scale, shift], out, axis=-1, epsilon=self.epsilon
        )

    def quantised(self, x: str) -> tuple[str, str, str]:
        """The values, the scale and the zero point of activations."""
        names = (f"{x}.q", f"{x}.scale", f"{x}.zero")
        self.graph.node_with_outputs("DynamicQuantizeLinear", [x], names)
        return names

    def linear(
        self, x: tuple[str, str, str], matrix: NDArray[np.float32], bias: str, out: str
    ) -> str:
        """Multiply quantised activations by a matrix in int8, and add one of the weights."""
        node, constant = self.graph.node, self.graph.constant
        rounded, scale = quantise(matrix, 0, WEIGHT_LIMIT)
        values, x_scale, x_zero = x
        weight = constant(f"{out}.weight", rounded)
        weight_scale = constant(f"{out}.weight_scale", scale[0])
        weight_zero = constant(f"{out}.weight_zero", np.zeros(scale.shape[1], np.int8))
        total = node("MatMulInteger", [values, weight, x_zero, weight_zero], f"{out}.int")
        total = node("Cast", [total], f"{out}.float", to=FLOAT_TYPE)
        both = node("Mul", [x_scale, weight_scale], f"{out}.scale_both")
        product = node("Mul", [total, both], f"{out}.product")
        return node("Add", [product, constant(f"{out}.bias", self.weights[bias])], out)
