r"""Cuts folded text into segments: words, runs of a script without spaces, emoji, symbols.

The rules of UAX 29 where they matter to search, with two differences: a word may hold the signs
that identifiers are made of (`src/app.py`, `C++`, `--flag`), to be taken apart later; and a script
that puts no spaces between words is one run, to be cut into pairs.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from memcairn.notes.marks import MARKS

if TYPE_CHECKING:
    from collections.abc import Iterator

Kind = Literal["word", "ideographs", "hangul", "syllables", "emoji", "symbol"]

HAN = "\u3005-\u3007\u3021-\u3029\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
KANA = "\u3031-\u3035\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff"
_HANGUL = "\u1100-\u11ff\u3131-\u318e\ua960-\ua97c\uac00-\ud7fb"
# Thai, Lao, Tibetan, Myanmar, Khmer: syllables without spaces.
_SYLLABLES = "\u0e01-\u0e30\u0e40-\u0e46\u0e50-\u0e59\u0e81-\u0eb0\u0ec0-\u0ec6\u0ed0-\u0edf"
_SYLLABLES += "\u0f40-\u0f6c\u1000-\u102a\u103f-\u1049\u1050-\u1055\u1780-\u17b3\u17e0-\u17e9"

# What may stand between two parts of one word. A hyphen joins, a dash (--) does not.
_JOINTS = r"_+|(?<=\d),(?=\d{3}(?!\d))|:{1,2}|://|/\.?|\\|->|=>?|\?[.=]?|[-.'@&%+~#$]"


def _word(letters: str) -> str:
    """The pattern of a word with its signs, where `letters` is that of letters and digits."""
    sigil = r"(?<![^\s(\[{<\"'`*|,;=:/])(?:--?|[.$@#§])"
    return rf"(?:{sigil})?{letters}(?:(?:{_JOINTS}){letters})*(?:\+\+|\#(?![^\W_]))?"


_PICTURE = "[\u203c\u2049\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\u3030\u303d\U0001f000-\U0001fbff]"
_EMOJI = (
    "[\U0001f1e6-\U0001f1ff]{2}|[0-9#*]\u20e3"
    f"|{_PICTURE}[\U0001f3fb-\U0001f3ff]?[\U000e0020-\U000e007f]*"
    f"(?:\u200d{_PICTURE}[\U0001f3fb-\U0001f3ff]?)*"
)
_SYMBOLS = "[\u00a2-\u00a7\u00a9\u00ac\u00ae\u00b0\u00b1\u00b6\u00d7\u00f7\u2020\u2021\u2030\u2031"
_SYMBOLS += "\u20a0-\u20cf\u2100-\u214f\u2190-\u22ff\u25a0-\u25ff\u27c0-\u2aff]"

_ASCII = re.compile(_word("[A-Za-z0-9]+"))


class Segment(NamedTuple):
    """Characters `start` to `end`, exclusive, of the folded text."""

    kind: Kind
    start: int
    end: int


@cache
def _any_script() -> re.Pattern[str]:
    # Compiled when it is needed: text in ASCII only does without.
    others = HAN + KANA + _HANGUL + _SYLLABLES
    word = _word(rf"(?:[^\W_{others}][{MARKS}]*)+")
    return re.compile(
        f"(?P<emoji>{_EMOJI})|(?P<ideographs>[{HAN}{KANA}]+)|(?P<hangul>[{_HANGUL}]+)"
        f"|(?P<syllables>(?:[{_SYLLABLES}][{MARKS}]*)+)|(?P<word>{word})|(?P<symbol>{_SYMBOLS})"
    )


def segments(text: str) -> Iterator[Segment]:
    """The segments of folded text in order; what is between them is not indexed."""
    if text.isascii():
        for match in _ASCII.finditer(text):
            yield Segment("word", match.start(), match.end())
        return
    for match in _any_script().finditer(text):
        yield Segment(match.lastgroup, match.start(), match.end())  # type: ignore[arg-type]
