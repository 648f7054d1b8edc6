"""Stems of words, by the script that they are written in.

Snowball stemmers (Porter's for English, and their kin). A Latin word is stemmed as English in
whatever language: a query of three words does not say which language it is in, and a note and its
query must agree. docs/decisions/words.md has the reasons.
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
_LONGEST = 40
"""Characters of the longest word that is stemmed; a longer one is no word of a language."""

_lock = Lock()  # a stemmer has buffers of its own and must not be entered twice


@lru_cache(maxsize=16_384)
def stem(word: str) -> str:
    """The stem of a case-folded word of letters; the word itself where no language is known."""
    if not 2 < len(word) <= _LONGEST:
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


@cache
def _stemmer(language: str) -> Callable[[str], str]:
    # Without the library's cache: `stem` has one, that threads may share.
    stemmer: Callable[[str], str] = Stemmer.Stemmer(language, 0).stemWord
    return stemmer


_english = _stemmer("english")
