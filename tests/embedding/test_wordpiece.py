"""The tokenizer of the built-in model gives the tokens that the library `tokenizers` gives."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from memcairn.embedding.builtin import MAX_TOKENS
from memcairn.embedding.local_folder import FileTokenizer
from memcairn.embedding.providers import BUILTIN_FOLDER
from memcairn.embedding.wordpiece import WordPiece
from support import require_model

require_model()

VOCABULARY = Path(BUILTIN_FOLDER, "vocab.txt")
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> FileTokenizer:
    lines = VOCABULARY.read_text(encoding="utf-8").split("\n")
    ids = {token: number for number, token in enumerate(lines)}
    tokenizer = Tokenizer(models.WordPiece(ids, unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 102), ("[CLS]", 101))
    tokenizer.add_special_tokens(SPECIAL)
    file = tmp_path_factory.mktemp("reference") / "tokenizer.json"
    tokenizer.save(str(file))
    return FileTokenizer(file, MAX_TOKENS)


@pytest.fixture(scope="module")
def ours() -> WordPiece:
    return WordPiece(VOCABULARY, MAX_TOKENS)


# The library's tables are of an older Unicode than Python's: characters that both know.
OLD = unicodedata.ucd_3_2_0
CHARS = st.characters(codec="utf-8").filter(
    lambda char: (
        OLD.category(char) == unicodedata.category(char)
        and OLD.category(char) != "Cn"
        and OLD.normalize("NFD", char) == unicodedata.normalize("NFD", char)
        # Canonical order moves them behind other marks, beyond their own character.
        and not (unicodedata.combining(char) and unicodedata.category(char) != "Mn")
    )
)
PARTS = st.one_of(
    st.text(CHARS, max_size=12),
    st.sampled_from(
        [
            "Café",
            "don't",
            "naïve",
            "ERR_CONN_RESET",
            "数据库",
            "データ",
            "회의",
            "İzmir",
            "ΑΣ",
            "ﬁ",
            "a" * 101,
        ]
    ),
    st.sampled_from([*SPECIAL, "[", "[SEP", " ", "\n", "\t", "\u200b", "\xa0", "\x0b", "\ufffd"]),
)


@given(st.lists(PARTS, max_size=12).map("".join))
def test_ids_and_words_are_those_of_the_library(
    ours: WordPiece, reference: FileTokenizer, text: str
) -> None:
    (found,) = ours.windows(text)
    (wanted,) = reference.windows(text)

    assert list(found.ids) == list(wanted.ids)
    assert list(found.tokens) == list(wanted.tokens)
    assert list(found.words) == list(wanted.words)


@pytest.mark.parametrize(
    "text",
    ["", "one", "word " * 254, "word " * 255, "unbelievable " * 700, "a" * 100, "a" * 101, "🦄 x"],
)
def test_windows_are_those_of_the_library(
    ours: WordPiece, reference: FileTokenizer, text: str
) -> None:
    found = [list(window.ids) for window in ours.windows(text)]

    assert found == [list(window.ids) for window in reference.windows(text)]


def test_each_token_names_the_word_that_contains_it(ours: WordPiece) -> None:
    (window,) = ours.windows("Cafés, OLD_x 大据")

    assert list(zip(window.tokens, window.words, strict=True)) == [
        ("[CLS]", ""),
        ("cafes", "Cafés"),
        (",", ","),
        ("old", "OLD"),
        ("_", "_"),
        ("x", "x"),
        ("大", "大"),
        ("[UNK]", "据"),
        ("[SEP]", ""),
    ]


def test_all_tokens_of_a_word_name_it(ours: WordPiece) -> None:
    (window,) = ours.windows("Unbelievably")

    assert set(window.words[1:-1]) == {"Unbelievably"}
    assert len(window.words) > len(["[CLS]", "Unbelievably", "[SEP]"])
