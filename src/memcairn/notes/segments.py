r"""Split folded text into segments: words, runs of a script without spaces, emoji, symbols.

It follows the rules of UAX 29 that matter to search, with two differences: a word may contain the
punctuation of identifiers (`src/app.py`, `C++`, `--flag`), which are split later; and a run of a script
without spaces between words is one segment, which is cut into pairs later.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from memcairn.notes.combining_marks import MARKS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

Segment = tuple[str, int, int]
"""A kind (word, ideographs, hangul, syllables, emoji, symbol), and the characters from the second
to the third, exclusive, of the folded text."""

# Compiling a set takes time proportional to its width, so each is used once in the pattern and has few
# ranges. `folding` has replaced the punctuation within these ranges by spaces.
_HAN_AND_KANA = "\u3005-\u3007\u3041-\u9fff\U00020000-\U0003ffff"
_HANGUL = "\u1100-\u11ff\uac00-\ud7a3"
_SYLLABLES = "\u0e01-\u109f\u1780-\u17e9"  # Thai, Lao, Tibetan, Myanmar; Khmer

# The punctuation between two parts of one word. A hyphen joins, a dash (--) does not.
_JOINTS = r"_+|(?<=\d),(?=\d{3}(?!\d))|:{1,2}|://|/\.?|\\|->|=>?|\?[.=]?|[-.'@&%+~#$]"
_SIGNS = "_,:/.\\->=?'@&%+~#$"


def _word(letters: str) -> str:
    """The pattern of a word with punctuation, where `letters` matches letters and digits."""
    sigil = r"(?<![^\s(\[{<\"'`*|,;=:/])(?:--?|[.$@#§])(?=[^\W_])"
    return rf"(?:{sigil})?(?:{letters}(?:(?:{_JOINTS})(?=[^\W_]))?)+(?:\+\+|\#(?![^\W_]))?"


_PICTURE = "[\u2600-\u27bf\U0001f000-\U0001fbff]"
_EMOJI = (
    "[\U0001f1e6-\U0001f1ff]{2}|[0-9#*]\u20e3"
    f"|{_PICTURE}[\U0001f3fb-\U0001f3ff]?[\U000e0020-\U000e007f]*"
    f"(?:\u200d{_PICTURE}[\U0001f3fb-\U0001f3ff]?)*"
)
_SYMBOL = (
    "[\u00a2-\u00a9\u00ac-\u00b1]|[\u20a0-\u214f\u2190-\u23ff]|[\u25a0-\u2bff]"
    "|[\u00b6\u00d7\u00f7\u2020\u2021\u2030\u203c\u2049\u3030\u303d]"
)

_MAX_CLUSTER = 8

_ASCII = re.compile(_word("[A-Za-z0-9]+"))


@cache
def _any_script() -> re.Pattern[str]:
    # Compiled when first needed: ASCII text does not need it.
    others = _HAN_AND_KANA + _HANGUL + _SYLLABLES
    word = _word(rf"(?:[^\W_{others}][{MARKS}]*)+")
    return re.compile(
        f"(?P<emoji>{_EMOJI})|(?P<ideographs>[{_HAN_AND_KANA}]+)|(?P<hangul>[{_HANGUL}]+)"
        f"|(?P<syllables>[{_SYLLABLES}]+)|(?P<word>{word})|(?P<symbol>{_SYMBOL})"
    )


def segments(text: str) -> Iterator[Segment]:
    """The segments of folded text in order; the text between them is not indexed."""
    if text.isascii():
        for match in _ASCII.finditer(text):
            yield "word", *match.span()
        return
    for match in _any_script().finditer(text):
        kind = match.lastgroup or ""
        start, end = match.span()
        # Punctuation before another script is not part of the word: `API/数据`, but `C++数据`.
        if (
            kind == "word"
            and text[end - 1] in _SIGNS
            and not text.endswith(("++", "#"), start, end)
        ):
            end = start + len(text[start:end].rstrip(_SIGNS))
        yield kind, start, end


def ascii_words(text: str) -> list[str]:
    """The segments of ASCII text, all of which are words."""
    return _ASCII.findall(text)


def clusters(text: str) -> list[str]:
    """The characters of a text, each with its marks, up to `_MAX_CLUSTER` code points."""
    found: list[str] = []
    for sign in text:
        if found and unicodedata.category(sign)[0] == "M" and len(found[-1]) < _MAX_CLUSTER:
            found[-1] += sign
        else:
            found.append(sign)
    return found


def lone_ideographs(text: str) -> list[str]:
    """The ideographs in a run of ideographs and kana that have no ideograph beside them."""
    han = [not "\u3040" < sign < "\u3100" for sign in text]
    neighbours = zip([False, *han], [*han[1:], False], strict=False)
    return [
        sign
        for sign, is_han, beside in zip(text, han, neighbours, strict=True)
        if is_han and not any(beside)
    ]
