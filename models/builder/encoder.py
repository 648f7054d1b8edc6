"""The BERT encoder as an ONNX graph, its matrices in 8 bits.

    ids ─► word + position + type ─► norm ─► layers × [ attention ─► feed-forward ] ─► states

The word embeddings, half of the weights, have one scale for each row.

Architecture: Devlin et al. 2019, "BERT"; the sizes come from the model's config.json.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from builder.network import FLOAT_TYPE, TABLE_LIMIT, Network, quantise

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray


class _Encoder(Network):
    """One graph under construction."""

    def __init__(
        self, weights: Mapping[str, NDArray[np.float32]], config: Mapping[str, int]
    ) -> None:
        super().__init__(weights, float(config["layer_norm_eps"]))
        self.layers = config["num_hidden_layers"]
        self.heads = config["num_attention_heads"]
        self.width = config["hidden_size"]
        head = self.width // self.heads
        constant = self.graph.constant
        constant("zero", np.zeros(1, np.int64))
        constant("one", np.ones(1, np.int64))
        constant("axes_1_2", np.array([1, 2], np.int64))
        constant("split_heads", np.array([0, 0, self.heads, head], np.int64))
        constant("join_heads", np.array([0, 0, self.width], np.int64))
        constant("float_one", np.array(1, np.float32))
        constant("float_half", np.array(0.5, np.float32))
        constant("root_two", np.array(math.sqrt(2), np.float32))
        constant("head_scale", np.array(1 / math.sqrt(head), np.float32))
        constant("very_negative", np.array(-10000, np.float32))

    def normed(self, x: str, key: str, out: str) -> str:
        """Layer normalisation with the weights of a key."""
        return self.norm(x, f"{key}.weight", f"{key}.bias", out)

    def dense(self, x: tuple[str, str, str], key: str, out: str) -> str:
        """A dense layer with the weights of a key."""
        return self.linear(x, self.weights[f"{key}.weight"].T, f"{key}.bias", out)

    def embeddings(self) -> str:
        node, constant = self.graph.node, self.graph.constant
        table, scale = quantise(self.weights["embeddings.word_embeddings.weight"], 1, TABLE_LIMIT)
        word = node("Gather", [constant("words", table), "input_ids"], "word.int")
        word = node("Cast", [word], "word.float", to=FLOAT_TYPE)
        row = node("Gather", [constant("words_scale", scale), "input_ids"], "word.scale")
        word = node("Mul", [word, row], "word")
        kinds = constant("types", self.weights["embeddings.token_type_embeddings.weight"])
        kind = node("Gather", [kinds, "token_type_ids"], "type")
        size = node("Shape", ["input_ids"], "shape")
        length = node("Gather", [size, "one"], "length")
        table_name = constant("positions", self.weights["embeddings.position_embeddings.weight"])
        position = node("Slice", [table_name, "zero", length, "zero"], "position")
        total = node("Add", [node("Add", [word, kind], "word_type"), position], "embedded")
        return self.normed(total, "embeddings.LayerNorm", "layer0.in")

    def mask(self) -> str:
        node = self.graph.node
        kept = node("Cast", ["attention_mask"], "mask.float", to=FLOAT_TYPE)
        dropped = node("Sub", ["float_one", kept], "mask.dropped")
        penalty = node("Mul", [dropped, "very_negative"], "mask.penalty")
        return node("Unsqueeze", [penalty, "axes_1_2"], "mask")

    def attention(self, x: str, mask: str, layer: int) -> str:
        node = self.graph.node
        key = f"encoder.layer.{layer}.attention"
        inputs = self.quantised(x)
        heads = {}
        for name in ("query", "key", "value"):
            out = f"layer{layer}.{name}"
            y = self.dense(inputs, f"{key}.self.{name}", out)
            y = node("Reshape", [y, "split_heads"], f"{out}.split")
            order = (0, 2, 3, 1) if name == "key" else (0, 2, 1, 3)
            heads[name] = node("Transpose", [y], f"{out}.heads", perm=order)
        out = f"layer{layer}.attention"
        y = node("MatMul", [heads["query"], heads["key"]], f"{out}.scores")
        y = node("Mul", [y, "head_scale"], f"{out}.scaled")
        y = node("Add", [y, mask], f"{out}.masked")
        y = node("Softmax", [y], f"{out}.weights", axis=-1)
        y = node("MatMul", [y, heads["value"]], f"{out}.mixed")
        y = node("Transpose", [y], f"{out}.back", perm=(0, 2, 1, 3))
        y = node("Reshape", [y, "join_heads"], f"{out}.joined")
        y = self.dense(self.quantised(y), f"{key}.output.dense", f"{out}.out")
        y = node("Add", [y, x], f"{out}.residual")
        return self.normed(y, f"{key}.output.LayerNorm", f"{out}.norm")

    def feed_forward(self, x: str, layer: int, result: str) -> str:
        node = self.graph.node
        key = f"encoder.layer.{layer}"
        out = f"layer{layer}.feed_forward"
        wide = self.dense(self.quantised(x), f"{key}.intermediate.dense", f"{out}.wide")
        # The exact GELU: x * (1 + erf(x / sqrt 2)) / 2.
        y = node("Div", [wide, "root_two"], f"{out}.gelu1")
        y = node("Erf", [y], f"{out}.gelu2")
        y = node("Add", [y, "float_one"], f"{out}.gelu3")
        y = node("Mul", [wide, y], f"{out}.gelu4")
        y = node("Mul", [y, "float_half"], f"{out}.gelu")
        y = self.dense(self.quantised(y), f"{key}.output.dense", f"{out}.narrow")
        y = node("Add", [y, x], f"{out}.residual")
        return self.normed(y, f"{key}.output.LayerNorm", result)


def write_encoder(
    path: Path, weights: Mapping[str, NDArray[np.float32]], config: Mapping[str, int]
) -> None:
    """Write the encoder.

    Inputs are input_ids, attention_mask and token_type_ids, int64 [batch, tokens]; the output is
    last_hidden_state, float32 [batch, tokens, hidden size].
    """
    encoder = _Encoder(weights, config)
    x = encoder.embeddings()
    mask = encoder.mask()
    for layer in range(encoder.layers):
        x = encoder.attention(x, mask, layer)
        last = layer == encoder.layers - 1
        x = encoder.feed_forward(x, layer, "last_hidden_state" if last else f"layer{layer + 1}.in")
    ids = ("int64", ("batch", "tokens"))
    encoder.graph.write(
        path,
        inputs={"input_ids": ids, "attention_mask": ids, "token_type_ids": ids},
        outputs={"last_hidden_state": ("float32", ("batch", "tokens", encoder.width))},
    )
