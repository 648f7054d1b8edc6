"""User-perceived characters: extended grapheme clusters as in UAX #29, Unicode 15.1.

The classes come from `unicodedata` and a few short tables, so no library is needed. For a few rare
characters they differ from the standard: a cluster may then be longer than the standard's, but never
shorter, so no cluster is split. Text with one character per code point (Latin, Greek, Cyrillic,
kana, Han) takes a fast path.
"""

from __future__ import annotations

import re
import unicodedata

# Each of these code points is one cluster, whichever of them is next to it.
_SIMPLE = re.compile(
    "[ -~\u00a0-\u00a8\u00aa-\u00ac\u00af-\u02ff\u0370-\u0482\u048a-\u0590\u05d0-\u05f2"
    "\u0620-\u064a\u0660-\u066f\u1e00-\u1fff\u2010-\u2027\u2030-\u203b\u203d-\u2048\u204a-\u205f"
    "\u2070-\u20cf\u2e80-\u2fff\u3000-\u3029\u3031-\u303c\u303e-\u3098\u309b-\u3296\u329a-\ua4cf"
    "\uf900-\ufaff\uff01-\uff9d\U00020000-\U0003fffd]*"
)
_ZWJ = "\u200d"
_ZWNJ = "\u200c"
# Characters that form a cluster with the next character (Grapheme_Cluster_Break=Prepend).
_PREPEND = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\u0d4e\U000110bd\U000110cd"
    "\U000111c2\U000111c3\U0001193f\U00011941\U00011a3a\U00011a84\U00011a85\U00011a86\U00011a87"
    "\U00011a88\U00011a89\U00011d46\U00011f02"
)
# Extended pictographs that are neither category So nor in the blocks of emoji.
_PICTURES = "\u203c\u2049\u2139\u2194\u25b6\u25c0\u25fb\u25fc\u25fd\u25fe\u2934\u2935\u3030\u303d"
# The viramas of six scripts, which join two consonants (Indic_Conjunct_Break=Linker).
_LINKERS = "\u094d\u09cd\u0acd\u0b4d\u0c4d\u0d4d"
_CONSONANT = re.compile(
    "[\u0915-\u0939\u0958-\u095f\u0978-\u097f\u0995-\u09b9\u09dc-\u09df\u09f0\u09f1"
    "\u0a95-\u0ab9\u0af9\u0b15-\u0b39\u0b5c-\u0b5f\u0b71\u0c15-\u0c39\u0c58-\u0c5a"
    "\u0d15-\u0d3a]"
)


def count(text: str) -> int:
    """The number of user-perceived characters in `text`."""
    return len(text) if _SIMPLE.fullmatch(text) else len(_clusters(text))


def are_code_points(text: str) -> bool:
    """Whether each code point of `text` is surely a user-perceived character."""
    return _SIMPLE.fullmatch(text) is not None


def clusters(text: str) -> list[str]:
    """The user-perceived characters of `text`, in order. Joined, they give `text`."""
    return list(text) if _SIMPLE.fullmatch(text) else _clusters(text)


def extends(char: str) -> bool:
    """Whether `char` extends the character before it: a combining mark, joiner or selector."""
    return _class(char) in {"extend", "mark", "zwj"}


def _clusters(text: str) -> list[str]:
    found: list[str] = []
    start = 0
    before = ""
    flags = 0  # consecutive regional indicators before this place
    for place, char in enumerate(text):
        kind = _class(char)
        if kind == before == "flag":
            joined = flags % 2 == 1
        else:
            joined = _joined(text, start, place, (before, kind))
        if place and not joined:
            found.append(text[start:place])
            start = place
        flags = flags + 1 if kind == "flag" else 0
        before = kind
    if text:
        found.append(text[start:])
    return found


# Pairs of classes that are never split: parts of a Hangul syllable (GB6 to GB8).
_PAIRS = frozenset(
    {
        *(("L", kind) for kind in ("L", "V", "LV", "LVT")),
        *(("LV", kind) for kind in ("V", "T")),
        *(("V", kind) for kind in ("V", "T")),
        ("LVT", "T"),
        ("T", "T"),
    }
)


def _joined(text: str, start: int, place: int, pair: tuple[str, str]) -> bool:
    """Whether the code points on both sides of `place` are in one cluster (GB3 to GB11)."""
    before, kind = pair
    if before == "control" or kind == "control":
        return text[place - 1 : place + 1] == "\r\n"
    if kind in {"extend", "mark", "zwj"} or before == "prepend" or pair in _PAIRS:
        return True
    if pair == ("zwj", "picture"):
        return _ends_in_picture(text[start : place - 1])
    return before in {"extend", "zwj"} and _conjunct(text, start, place)


def _ends_in_picture(text: str) -> bool:
    """Whether `text` is a pictograph and its extenders, which a joiner may follow (GB11)."""
    for char in reversed(text):
        kind = _class(char)
        if kind != "extend":
            return kind == "picture"
    return False


def _conjunct(text: str, start: int, place: int) -> bool:
    """Whether a virama joins the consonants on both sides (GB9c)."""
    if not _CONSONANT.match(text[place]):
        return False
    linked = False
    for char in reversed(text[start:place]):
        if char in _LINKERS:
            linked = True
        elif not (char == _ZWJ or (unicodedata.combining(char) and char != _ZWNJ)):
            return linked and _CONSONANT.match(char) is not None
    return False


def _class(char: str) -> str:
    """The Grapheme_Cluster_Break of `char`, simplified to the classes that the rules use."""
    code = ord(char)
    if code < 0x300:
        return _latin_class(char)
    category = unicodedata.category(char)
    if category in _OF_CATEGORY:
        return _OF_CATEGORY[category]
    if category in {"Cc", "Cf", "Cs", "Zl", "Zp"}:
        return _format_class(char, code)
    if 0x1100 <= code <= 0xD7FB and char not in _PICTURES:
        return _hangul_class(code) or ("picture" if category == "So" else "")
    return _special_class(char, code) or ("picture" if category == "So" else "")


# Nonspacing and enclosing marks extend a character; spacing marks follow one.
_OF_CATEGORY = {"Mn": "extend", "Me": "extend", "Mc": "mark"}


def _latin_class(char: str) -> str:
    if char < " " or "\x7f" <= char <= "\x9f" or char == "\xad":
        return "control"
    return "picture" if char in "\xa9\xae" else ""


def _special_class(char: str, code: int) -> str:
    if 0x1F1E6 <= code <= 0x1F1FF:
        return "flag"
    if 0x1F3FB <= code <= 0x1F3FF or char in "\uff9e\uff9f":
        return "extend"
    if char in _PREPEND:
        return "prepend"
    if char in "\u0e33\u0eb3":
        return "mark"
    return "picture" if 0x1F000 <= code <= 0x1FFFD or char in _PICTURES else ""


def _format_class(char: str, code: int) -> str:
    if char == _ZWJ:
        return "zwj"
    if char == _ZWNJ or 0xE0020 <= code <= 0xE007F:
        return "extend"
    return "prepend" if char in _PREPEND else "control"


def _hangul_class(code: int) -> str:
    if 0xAC00 <= code <= 0xD7A3:
        return "LVT" if (code - 0xAC00) % 28 else "LV"
    if code <= 0x115F or 0xA960 <= code <= 0xA97C:
        return "L"
    if code <= 0x11A7 or 0xD7B0 <= code <= 0xD7C6:
        return "V"
    return "T" if code <= 0x11FF or code >= 0xD7CB else ""
