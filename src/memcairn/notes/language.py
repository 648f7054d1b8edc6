"""The language of a text: by its script, and for Latin letters by its stop words.

A short text may have too few stop words to be sure: `language` then returns "", and `likely_language` the one
that has most.
"""

from __future__ import annotations

import re
from functools import cache

from memcairn.notes.stop_words import STOP_WORDS_BY_LANGUAGE

# More of a text does not change the result.
MAX_CHARS = 1_500
# A text is in another language than English if it has this many of its stop words, and more than English
# ones; in a text with other letters than ASCII, one is enough.
MIN_STOP_WORDS = 2
# The share of letters in another script that decides; of a text with much code, a third is in Latin letters.
_MIN_SHARE = 0.4
_MIN_KANA_SHARE = 0.05

_WORD = re.compile(r"\w+")
# Remains of contractions (don't), which are words of other languages.
_LETTERS = frozenset("stdmyoe")


@cache
def _scripts() -> tuple[tuple[str, re.Pattern[str]], ...]:
    # Compiled when first needed: wide sets take milliseconds, and ASCII text does not need them.
    return (
        ("kana", re.compile("[\u3041-\u30ff]")),
        ("han", re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]")),
        ("ko", re.compile("[\uac00-\ud7a3]")),
        ("ru", re.compile("[\u0400-\u052f]")),
        ("ar", re.compile("[\u0600-\u06ff]")),
        ("th", re.compile("[\u0e01-\u0e4f]")),
        ("el", re.compile("[\u0370-\u03ff]")),
        ("he", re.compile("[\u05d0-\u05ea]")),
        ("hi", re.compile("[\u0900-\u097f]")),
    )


def language(text: str) -> str:
    """The language of a text, as an ISO 639-1 code; "" if it is not clear."""
    text = text[:MAX_CHARS]
    code, count = _best(text)
    return code if count >= MIN_STOP_WORDS - (not text.isascii()) else ""


def likely_language(text: str) -> str:
    """The most likely language of a short text, even if one word decides; "" without any."""
    return _best(text[:MAX_CHARS])[0]


def _best(text: str) -> tuple[str, int]:
    """The most likely language, and how many words or letters are in favour of it."""
    if code := _by_script(text):
        return code, MIN_STOP_WORDS
    counts = _stop_word_counts(text)
    best = max(counts, key=counts.__getitem__)
    if not counts[best] or (best == "en" and list(counts.values()).count(counts[best]) > 1):
        return "", 0
    return best, counts[best]


def _by_script(text: str) -> str:
    """The language that a script stands for; "" for Latin letters."""
    if text.isascii():
        return ""
    counts = {name: len(pattern.findall(text)) for name, pattern in _scripts()}
    total = sum(counts.values())
    # A character of Chinese or Japanese is about half a word, and a Latin letter a fifth of one.
    letters = total + (sum(map(str.isalpha, text)) - total) / 2
    if not total or total < _MIN_SHARE * letters:
        return ""
    best = max(counts, key=counts.__getitem__)
    if best not in ("kana", "han"):
        return best
    both = counts["kana"] + counts["han"]
    return "ja" if counts["kana"] >= _MIN_KANA_SHARE * both else "zh"


def _stop_word_counts(text: str) -> dict[str, int]:
    """How many different words of a text are stop words of each language, with English first."""
    counts = dict.fromkeys(STOP_WORDS_BY_LANGUAGE, 0)
    by_word = _languages()
    for word in by_word.keys() & _WORD.findall(text.casefold()):
        for code in by_word[word]:
            counts[code] += 1
    return counts


@cache
def _languages() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for code, words in STOP_WORDS_BY_LANGUAGE.items():
        for word in words - _LETTERS if code == "en" else words:
            found[word] = (*found.get(word, ()), code)
    return found
