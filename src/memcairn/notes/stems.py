"""Stems of words, by their script.

The Snowball stemmers, through PyStemmer. Words in Latin script are stemmed as English in every language:
the language of a query of three words is unknown, and notes and queries must be stemmed alike. A word of a
query that no note has is compared with the words of the notes by the stemmer of its language (`stem_in`).
docs/decisions/words.md gives the reasons.
"""

from __future__ import annotations

from functools import cache, lru_cache
from threading import Lock

import Stemmer  # type: ignore[import-not-found]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

LIBRARY_VERSION: str = Stemmer.version()

_SCRIPTS = (
    (0x0000, 0x024F, "english"),
    (0x0370, 0x03FF, "greek"),
    (0x0400, 0x052F, "russian"),
    (0x0530, 0x058F, "armenian"),
    (0x0600, 0x06FF, "arabic"),
    (0x0900, 0x097F, "hindi"),
    (0x0B80, 0x0BFF, "tamil"),
)
# By ISO 639-1 codes: the languages in Latin script that language.py recognises and that have a stemmer.
_LATIN = {
    "de": "german", "fr": "french", "es": "spanish", "pt": "portuguese", "it": "italian",
    "nl": "dutch", "sv": "swedish", "tr": "turkish", "pl": "polish",
}  # fmt: skip
_MAX_LENGTH = 40
"""Longer words, in characters, are not stemmed: they are not words of a language."""

_lock = Lock()  # a stemmer has internal buffers and is not thread-safe


@lru_cache(maxsize=16_384)
def stem(word: str) -> str:
    """The stem of a case-folded word of letters; the word itself if its script has no stemmer."""
    if not 2 < len(word) <= _MAX_LENGTH:
        return word
    if word.isascii():
        with _lock:
            return _english(word)
    code = ord(word[0])
    for first, last, language in _SCRIPTS:
        if first <= code <= last:
            with _lock:
                return _stemmer(language)(word) or word
    return word


def stem_in(word: str, language: str) -> str:
    """The stem of a case-folded word in a language; "" if there is no other stemmer for it than `stem`."""
    if language not in _LATIN or not 2 < len(word) <= _MAX_LENGTH:
        return ""
    with _lock:
        return _stemmer(_LATIN[language])(word)


@cache
def _stemmer(language: str) -> Callable[[str], str]:
    # 0 turns the library's cache off: `stem` has one that threads share.
    stemmer: Callable[[str], str] = Stemmer.Stemmer(language, 0).stemWord
    return stemmer


_english = _stemmer("english")
