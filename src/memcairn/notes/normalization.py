"""Normalize spellings of the same text: compatibility forms, diacritics, invisible characters.

    ｃａｆé  →  cafe      Łódź  →  Lodz      don’t  →  don't      ёлка  →  елка     ﬁ  →  fi

Diacritics of Latin and Greek letters, stress marks of Cyrillic and points of Arabic and Hebrew are
removed. In other scripts marks are part of the spelling (が, vowels of Indic scripts). Case is kept,
since identifiers such as `getUserName` are split by it.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from memcairn.notes.combining_marks import MARKS

_BATCH_SIZE = 256
"""Characters normalized in one call: `unicodedata.normalize` is quadratic in a run of marks."""

_TRANSLATED = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u02bc\u2032", "'"),
        **dict.fromkeys("\u2010\u2011\u2212", "-"),
        # Invisible: soft hyphen, directional marks, joiners without effect, variation selectors.
        **dict.fromkeys("\u00ad\u061c\u180e\u200c\u200e\u200f\u2060\u2061\u2062\u2063\ufeff"),
        **dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), *range(0xFE00, 0xFE10)]),
        # Punctuation in the ranges of `segments`: Japanese, Thai, Tibetan, Myanmar, Khmer.
        **dict.fromkeys([0x309B, 0x309C, 0x30A0, 0x30FB, 0x0E3F, 0x0E4F, 0x0E5A, 0x0E5B], " "),
        **dict.fromkeys([*range(0x0F01, 0x0F18), *range(0x0F3A, 0x0F3E), 0x0F85], " "),
        **dict.fromkeys([*range(0x104A, 0x1050), *range(0x17D4, 0x17DC)], " "),
        # Letters that no normal form decomposes.
        **dict(zip("øØłŁđĐðÐħĦŧŦıёЁѐЀѝ", "oOlLdDdDhHtTiеЕеЕи", strict=True)),
        **dict(zip("æÆœŒþÞ", ("ae", "AE", "oe", "OE", "th", "Th"), strict=True)),
    }
)
_JOINER = "\u200d"


def fold(text: str) -> str:
    """A text in the form used for comparison. Never raises; takes time linear in its length."""
    if text.isascii():
        return text
    if len(text) > _BATCH_SIZE:
        starts = range(0, len(text), _BATCH_SIZE)
        return "".join([_fold(text[start : start + _BATCH_SIZE]) for start in starts])
    return _fold(text)


def _fold(text: str) -> str:
    diacritics, latin_or_greek, cyrillic, points = _patterns()
    text = unicodedata.normalize("NFKC", text).translate(_TRANSLATED)
    if diacritics.search(text):
        text = unicodedata.normalize("NFD", text)
        text = latin_or_greek.sub(r"\1", text)
        text = unicodedata.normalize("NFC", text).translate(_TRANSLATED)
        text = cyrillic.sub(r"\1", text)
    text = points.sub("", text)
    return _joiner_in_word().sub("", text) if _JOINER in text else text


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """Any diacritics; those after Latin or Greek letters; after Cyrillic; Arabic and Hebrew points.

    This and other patterns are compiled when first needed: ASCII text does not need them.
    """
    return (
        re.compile("[\u00c0-\u052f\u1ab0-\u1fff]"),
        re.compile(
            "([A-Za-z\u00c0-\u024f\u0370-\u03ff\u1e00-\u1fff])"
            "[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff]+"
        ),
        re.compile("([\u0400-\u052f])[\u0300-\u036f\u0483-\u0487]+"),
        re.compile(
            "[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
            "\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed]+"
        ),
    )


def offsets(text: str, folded: str) -> list[tuple[int, int]] | None:
    """For each character of `folded`, the characters `start` to `end`, exclusive, of `text` it comes from.

    None if the two cannot be aligned character by character.
    """
    if text is folded:
        return [(place, place + 1) for place in range(len(text))]
    places: list[tuple[int, int]] = []
    parts = []
    for match in _cluster().finditer(text):
        part = fold(match[0])
        parts.append(part)
        places += [match.span()] * len(part)
    return places if "".join(parts) == folded else None


@cache
def _joiner_in_word() -> re.Pattern[str]:
    # A joiner makes one symbol of two emoji; in a word it only changes the shape of letters.
    return re.compile(rf"(?<=[\w{MARKS}]){_JOINER}")


@cache
def _cluster() -> re.Pattern[str]:
    return re.compile(f".[{MARKS}{_JOINER}\ufe00-\ufe0f]*", re.DOTALL)
