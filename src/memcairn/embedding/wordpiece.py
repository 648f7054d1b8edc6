"""The tokenizer of the built-in model: BERT's WordPiece, without accents and in lower case.

    "Café №7" ──split──► "cafe", "№", "7" ──longest pieces of the vocabulary──► caf ##e № 7

Wu et al. 2016, "Google's Neural Machine Translation System"; Devlin et al. 2019, "BERT". The tokens are those
of the library `tokenizers`, which would bring 33 MB of packages; a test compares both.
"""

from __future__ import annotations

import re
from functools import lru_cache
from string import punctuation
from typing import TYPE_CHECKING, NamedTuple
from unicodedata import category, normalize

from memcairn.embedding.encoder import Window

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

UNKNOWN = "[UNK]"
MAX_WORD_CHARS = 100  # a longer word is unknown
CACHE_SIZE = 8192

_SPECIAL = r"\[(?:PAD|UNK|CLS|SEP|MASK)\]"
_SPACE = r"\t\n\r \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_SPLIT = re.compile(rf"{_SPECIAL}|(?:[^\[{_SPACE}]|(?!{_SPECIAL})\[)+")
_IS_SPECIAL = re.compile(_SPECIAL).fullmatch
_REMOVED = frozenset({"Cc", "Cf", "Co"})
_IDEOGRAPH = re.compile(
    "[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002a6df\U0002a700-\U0002b73f"
    "\U0002b740-\U0002b81f\U0002b920-\U0002ceaf\U0002f800-\U0002fa1f]"
)


class _Tokens(NamedTuple):
    """The id, the text and the source word of each token."""

    ids: tuple[int, ...]
    texts: tuple[str, ...]
    words: tuple[str, ...]


class WordPiece:
    """A vocabulary and the model's window.

    Args:
        vocabulary: a file with one token in each line; the number of the line is its id.
        max_tokens: the model's window, including special tokens.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is not UTF-8.
        KeyError: it lacks a special token.
    """

    def __init__(self, vocabulary: Path, max_tokens: int) -> None:
        lines = vocabulary.read_text(encoding="utf-8").split("\n")
        self._ids = {token: number for number, token in enumerate(lines)}
        self._first = self._ids["[CLS]"]
        self._last = self._ids["[SEP]"]
        self._room = max_tokens - 2
        self._tokens_of = lru_cache(CACHE_SIZE)(self._tokenize)

    def windows(self, text: str) -> list[Window]:
        """The windows of a text; at least one."""
        ids: list[int] = []
        texts: list[str] = []
        words: list[str] = []
        for part in _SPLIT.findall(text):
            tokens = self._tokens_of(part)
            ids += tokens.ids
            texts += tokens.texts
            words += tokens.words
        return [
            Window(
                (self._first, *ids[start : start + self._room], self._last),
                ("[CLS]", *texts[start : start + self._room], "[SEP]"),
                ("", *words[start : start + self._room], ""),
            )
            for start in range(0, len(ids) or 1, self._room)
        ]

    def _tokenize(self, part: str) -> _Tokens:
        """The tokens of a part of a text that has no white space."""
        found = (
            [(part, part)]
            if _IS_SPECIAL(part)
            else [(piece, source) for word, source in _words(part) for piece in self._pieces(word)]
        )
        texts = tuple(piece for piece, _ in found)
        return _Tokens(
            tuple(self._ids[piece] for piece in texts), texts, tuple(source for _, source in found)
        )

    def _pieces(self, word: str) -> list[str]:
        """The longest known start of a word, then of its rest, and so on."""
        found: list[str] = []
        start = 0
        while start < len(word) <= MAX_WORD_CHARS:
            prefix = "##" if start else ""
            pieces = ((prefix + word[start:end], end) for end in range(len(word), start, -1))
            piece, start = next((item for item in pieces if item[0] in self._ids), (UNKNOWN, 0))
            if not start:
                return [UNKNOWN]
            found.append(piece)
        return found or [UNKNOWN]


def _words(part: str) -> Iterator[tuple[str, str]]:
    """Yield each word, normalised and as written; punctuation and ideographs are words."""
    word = ""
    first = last = 0
    for index, char in enumerate(part):
        if char == "\ufffd" or category(char) in _REMOVED:
            continue
        is_ideograph = _IDEOGRAPH.match(char) is not None
        for letter in normalize("NFD", char):
            kind = category(letter)
            if kind == "Mn":
                continue
            if is_ideograph or letter in punctuation or kind[0] == "P":
                if word:
                    yield word, part[first:last]
                    word = ""
                yield letter.lower(), char
                continue
            if not word:
                first = index
            word += letter.lower()
            last = index + 1
    if word:
        yield word, part[first:last]
