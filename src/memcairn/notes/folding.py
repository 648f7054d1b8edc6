"""Makes spellings of the same text equal: compatibility forms, diacritics, invisible characters.

    ｃａｆé  →  cafe        Łódź  →  Lodz        don’t  →  don't        ё  →  е        ﬁ  →  fi

Only Latin and Greek letters lose their diacritics, Cyrillic ones their stress marks, Arabic and
Hebrew ones their points: elsewhere marks are part of the spelling (が, the vowels of Indic scripts).
Case is kept, since `getUserName` is split by it.
"""

from __future__ import annotations

import re
import unicodedata

from memcairn.notes.marks import MARKS

_STRETCH = 256
"""Characters that are normalised at once: the library takes the square of a run of marks."""

_TRANSLATED = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u02bc\u2032", "'"),
        **dict.fromkeys("\u2010\u2011\u2212", "-"),
        **dict.fromkeys("\u00ad\u061c\u180e\u200c\u200e\u200f\u2060\u2061\u2062\u2063\ufeff", None),
        **dict.fromkeys(range(0x202A, 0x202F), None),
        **dict.fromkeys(range(0x2066, 0x206A), None),
        **dict.fromkeys(range(0xFE00, 0xFE10), None),
        **{"ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D"},
        **{"ħ": "h", "Ħ": "H", "ŧ": "t", "Ŧ": "T", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE"},
        **{"þ": "th", "Þ": "Th", "ı": "i", "ё": "е", "Ё": "Е", "ѐ": "е", "Ѐ": "Е", "ѝ": "и"},
    }
)
_HAS_DIACRITICS = re.compile("[\u00c0-\u024f\u0300-\u052f\u1ab0-\u1fff]")
_LATIN_OR_GREEK_MARKS = re.compile(
    "([A-Za-z\u00c0-\u024f\u0370-\u03ff\u1e00-\u1fff])[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff]+"
)
_CYRILLIC_MARKS = re.compile("([\u0400-\u052f])[\u0300-\u036f\u0483-\u0487]+")
_POINTS = re.compile(
    "[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed]+"
)
# Between emoji the joiner makes one sign of two; in a word it only changes how letters look.
_JOINER_IN_WORD = re.compile(rf"(?<=[\w{MARKS}])\u200d")
_CLUSTER = re.compile(rf".[{MARKS}\u200d\ufe00-\ufe0f]*", re.DOTALL)


def fold(text: str) -> str:
    """`text` in the form in which it is compared. Never raises, and takes time in its length."""
    if text.isascii():
        return text
    if len(text) > _STRETCH:
        stretches = range(0, len(text), _STRETCH)
        return "".join([_fold(text[start : start + _STRETCH]) for start in stretches])
    return _fold(text)


def _fold(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).translate(_TRANSLATED)
    if _HAS_DIACRITICS.search(text):
        text = unicodedata.normalize("NFD", text)
        text = _LATIN_OR_GREEK_MARKS.sub(r"\1", text)
        text = unicodedata.normalize("NFC", text).translate(_TRANSLATED)
        text = _CYRILLIC_MARKS.sub(r"\1", text)
    text = _POINTS.sub("", text)
    return _JOINER_IN_WORD.sub("", text) if "\u200d" in text else text


def offsets(text: str, folded: str) -> list[tuple[int, int]] | None:
    """The characters `start` to `end`, exclusive, of `text` that each one of `folded` comes from.

    None if the two cannot be aligned: then only the whole corresponds to the whole.
    """
    if text is folded:
        return [(place, place + 1) for place in range(len(text))]
    places: list[tuple[int, int]] = []
    parts = []
    for match in _CLUSTER.finditer(text):
        part = fold(match[0])
        parts.append(part)
        places += [match.span()] * len(part)
    return places if "".join(parts) == folded else None
