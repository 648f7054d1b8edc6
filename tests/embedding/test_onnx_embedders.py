"""The built-in model, and models in folders of the user's own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from memcairn.embedding import builtin, encoder, local_folder
from memcairn.embedding.maxsim import maxsim
from memcairn.errors import EmbeddingError
from support import require_model

sys.path.insert(0, str(Path(__file__).parents[2] / "models"))

from builder.onnx_file import Graph

require_model()

if TYPE_CHECKING:
    from collections.abc import Sequence

    from memcairn.embedding.onnx import OnnxEmbedder


@pytest.fixture(scope="module")
def model() -> OnnxEmbedder:
    return builtin.load()


def test_related_texts_are_nearer_than_others(model: OnnxEmbedder) -> None:
    query = model.embed_query("which database did we choose?")
    texts = [
        "PostgreSQL keeps the orders.",
        "The cat slept all day.",
        "Bread needs salt and flour.",
    ]

    found = model.embed(texts)

    assert (found.vectors @ query.vector).argmax() == 0
    assert maxsim(query.states, found.tokens).argmax() == 0


def test_vectors_have_length_one_and_the_order_of_the_texts(model: OnnxEmbedder) -> None:
    texts = ["a word", "some longer sentence about cats and dogs", "b", "another text"] * 20

    found = model.embed(texts).vectors

    assert found.shape == (80, model.dimension)
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    alone = np.stack([model.embed([text]).vectors[0] for text in texts[:4]])
    assert ((found[:4] * alone).sum(axis=1) > 0.98).all()


def test_no_texts_give_no_vectors(model: OnnxEmbedder) -> None:
    assert model.embed([]).vectors.shape == (0, model.dimension)
    assert model.embed([]).tokens == ()


def test_an_empty_text_has_a_vector_and_no_tokens(model: OnnxEmbedder) -> None:
    found = model.embed(["", "?!", "word"])

    assert np.isfinite(found.vectors).all()
    assert [len(tokens) for tokens in found.tokens] == [0, 0, 1]


def test_tokens_are_words_not_punctuation_or_the_unknown(model: OnnxEmbedder) -> None:
    found = model.embed(["one two", "one, two!", "one 🦄 two"])

    assert [tokens.shape for tokens in found.tokens] == [(2, model.token_bits // 8)] * 3


def test_the_end_of_a_long_text_counts(model: OnnxEmbedder) -> None:
    filler = "We met on Monday and talked about the weather. " * 40  # some 400 tokens
    query = model.embed_query("mushroom risotto recipe")

    without, with_end = model.embed(
        [filler, filler + "My recipe for mushroom risotto. " * 5]
    ).vectors

    assert with_end @ query.vector > without @ query.vector + 0.05


def test_a_text_beyond_all_windows_is_cut(
    model: OnnxEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoder, "MAX_WINDOWS", 2)

    (tokens,) = model.embed(["word " * 2000]).tokens

    assert len(tokens) == 2 * (builtin.MAX_TOKENS - 2)


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("Why did we choose SQLite?", 1, 1),
        ("Größe und Änderung", 1, 1),
        ("404 = 2 + 402", 1, 1),
        ("", 1, 1),
        ("我们为什么选择数据库", 0, 0),
        ("データベースの選択", 0, 0),
        ("데이터베이스 선택", 0, 0),
        ("почему мы выбрали", 0, 0),
        ("我们为什么选择 SQLite", 0.3, 0.7),
    ],
)
def test_the_model_knows_latin_letters(
    model: OnnxEmbedder, text: str, least: float, most: float
) -> None:
    assert least <= model.knows(text) <= most


# ── a folder ─────────────────────────────────────────────────────────────────────────────────────

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "query", "passage", "cat", "dog", ":"]


def write_tiny_model(
    path: Path,
    *,
    dimension: int = 256,
    words: Sequence[str] = WORDS,
    wanted: Sequence[str] = ("input_ids", "attention_mask"),
) -> None:
    """A model whose state of a token is the row of its id in a table."""
    graph = Graph()
    table = np.random.default_rng(0).normal(size=(len(words), dimension)).astype(np.float32)
    graph.node("Gather", [graph.constant("table", table), "input_ids"], "last_hidden_state")
    ids = ("int64", ("batch", "tokens"))
    states = ("float32", ("batch", "tokens", dimension))
    path.parent.mkdir(exist_ok=True)
    graph.write(path, dict.fromkeys(wanted, ids), {"last_hidden_state": states})


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "own-model"
    path.mkdir()
    write_tiny_model(path / "onnx" / "model.onnx")
    vocabulary = {word: number for number, word in enumerate(WORDS)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.save(str(path / "tokenizer.json"))
    return path


def settings(own: Path, name: str, content: object) -> None:
    file = own / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(content), encoding="utf-8")


def test_a_folder_gives_an_embedder_with_token_states(own: Path) -> None:
    model = local_folder.load(own)

    found = model.embed(["cat dog cat", "dog"])

    assert (model.dimension, model.token_bits) == (256, 128)
    assert found.vectors.shape == (2, 256)
    assert [len(tokens) for tokens in found.tokens] == [3, 1]
    assert model.knows("cat zebra") == 0.5


def test_narrow_models_give_no_token_states(own: Path) -> None:
    write_tiny_model(own / "onnx" / "model.onnx", dimension=32)

    model = local_folder.load(own)

    assert model.token_bits == 0
    assert model.embed(["cat"]).tokens == ()
    assert model.embed_query("cat").states.shape == (1, 0)


def test_pooling_by_the_first_token_is_the_state_of_cls(own: Path) -> None:
    settings(own, "1_Pooling/config.json", {"pooling_mode_cls_token": True})

    vectors = local_folder.load(own).embed(["cat", "dog dog"]).vectors

    assert np.allclose(vectors[0], vectors[1])


def test_prompts_of_the_folder_stand_before_queries_and_texts(own: Path) -> None:
    plain = local_folder.load(own)
    prompts = {"prompts": {"query": "query: ", "passage": "passage: "}}
    settings(own, "config_sentence_transformers.json", prompts)
    model = local_folder.load(own)

    assert np.allclose(model.embed(["cat"]).vectors, plain.embed(["passage: cat"]).vectors)
    assert np.allclose(model.embed_query("cat").vector, plain.embed_query("query: cat").vector)
    assert model.name != plain.name
    assert local_folder.load(own, query_prompt="", text_prompt="").name == plain.name


def test_another_file_in_the_same_folder_is_another_model(own: Path) -> None:
    before = local_folder.load(own).name
    write_tiny_model(own / "onnx" / "model.onnx", dimension=128)

    assert local_folder.load(own).name != before


def test_a_quantised_file_is_taken_first(own: Path) -> None:
    write_tiny_model(own / "model_quantized.onnx", dimension=128)

    assert local_folder.load(own).dimension == 128


@pytest.mark.parametrize("missing", ["onnx/model.onnx", "tokenizer.json"])
def test_a_folder_without_a_file_is_an_error_that_names_it(own: Path, missing: str) -> None:
    (own / missing).unlink()

    with pytest.raises(EmbeddingError, match=missing):
        local_folder.load(own)


def test_a_module_that_cannot_be_run_is_refused(own: Path) -> None:
    kinds = ["Transformer", "Pooling", "Dense"]
    modules = [{"type": f"sentence_transformers.models.{kind}"} for kind in kinds]
    settings(own, "modules.json", modules)

    with pytest.raises(EmbeddingError, match="Dense"):
        local_folder.load(own)


def test_a_file_that_is_not_a_model_is_an_error(own: Path) -> None:
    (own / "onnx" / "model.onnx").write_bytes(b"no model")

    with pytest.raises(EmbeddingError, match="cannot be loaded"):
        local_folder.load(own)


def test_a_model_that_wants_more_than_there_is_is_an_error(own: Path) -> None:
    write_tiny_model(own / "onnx" / "model.onnx", wanted=("input_ids", "position_ids"))

    with pytest.raises(EmbeddingError, match="position_ids"):
        local_folder.load(own)


def test_a_tokenizer_of_another_model_is_an_error_once_it_does_not_fit(own: Path) -> None:
    write_tiny_model(own / "onnx" / "model.onnx", words=WORDS[:7])
    model = local_folder.load(own)

    with pytest.raises(EmbeddingError, match="cannot be run"):
        model.embed(["dog"])


def test_the_runtime_sends_nothing_and_leaves_nothing_in_the_home(tmp_path: Path) -> None:
    code = "from memcairn.embedding import builtin; print(builtin.load().embed(['a word']).vectors.size)"

    subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"HOME": str(tmp_path), "XDG_CACHE_HOME": "", "ORT_DISABLE_TELEMETRY": ""},
        check=True,
        timeout=60,
    )

    assert list(tmp_path.rglob("*")) == []
