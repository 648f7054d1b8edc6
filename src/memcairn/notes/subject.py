"""The subject of a text that has no title: the few words that say what it is about.

The staging database listens on port 5440 of host db1.     Staging database       staging-database
Never run the migration script by hand.                    Migration script       migration-script
CI is red on Fridays                                       CI                     ci-red-fridays
数据库连接池已满，请稍后再试                                    数据库连接池已满         数据库连接池已满
"""

from __future__ import annotations

import re
import unicodedata

from memcairn.notes.stop_words import STOP_WORDS

MAX_TITLE = 60
"""In characters."""

_MAX_SUBJECT_WORDS = 5
_MAX_SLUG_WORDS = 4
_MAX_SLUG = 23
_MARKS = re.compile(r"^\s*(?:#+|[-*+>]|\d+[.)])\s+")
_MARKUP = re.compile(r"[`*]|(?<!\w)_+|_+(?!\w)")
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s+(.+?)\s*#*\s*$")
# A clause ends at punctuation that a space follows, or at that of scripts without spaces.
_CLAUSE_END = re.compile(r"[.,;:!?—–](?=\s|$)|\s[-–—]\s|[。，、；：！？]|\s\(")
_PIECE = re.compile(r"\S+")
_EDGES = "\"'`*_()[]{}<>“”‘’«»„,.;:!?"
_UNSPACED = re.compile("[\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
# Where the subject of a Chinese or Japanese clause ends, after at least two characters.
_UNSPACED_END = re.compile(r"(?<=..)(?:は|が|を|使用|必须|必須|应该|應該|不要|需要|是|在)")
_GERMAN_STOP_WORDS = """
der die das den dem des ein eine einen einem einer eines und oder aber nicht nie niemals immer kein keine ist
sind war waren wird werden wurde hat haben muss müssen soll sollen sollte darf dürfen kann können auf in im an
am zu zum zur von vom mit bei für aus nach vor seit bis über unter durch ohne gegen um als wenn weil dass wir
ich ihr sie er es man auch nur noch schon jetzt
"""
_MORE_STOP_WORDS = """
never always dont now today again still must note remember against without into onto under over after before
during since until via per http https www through between within use uses used using run runs need needs
"""
_BREAKS = STOP_WORDS.union(_GERMAN_STOP_WORDS.split(), _MORE_STOP_WORDS.split())
_VERBS = frozenset(
    (
        "listens",
        "lives",
        "points",
        "goes",
        "belongs",
        "expires",
        "depends",
        "defaults",
        "starts",
        "ends",
        "sends",
    )
)
_PREPOSITIONS = frozenset(
    (
        "as",
        "at",
        "by",
        "for",
        "from",
        "in",
        "on",
        "to",
        "with",
        "after",
        "against",
        "before",
        "until",
        "via",
    )
)


def subject(text: str) -> str:
    """A title for a text: its heading, else the subject of its first clause, with a capital letter."""
    line = next((line for line in text.splitlines() if line.strip()), "")
    heading = _HEADING.match(line)
    if heading is not None:
        return _cut(" ".join(heading[1].split()))
    line = " ".join(_MARKUP.sub("", _MARKS.sub("", line)).split()) or line.strip()
    phrases = map(_phrase, _CLAUSE_END.split(line))
    found = _cut(next((phrase for phrase in phrases if phrase), line))
    return found[:1].upper() + found[1:] if found[1:].islower() or " " in found else found


def slug(title: str, text: str = "") -> str:
    """A short name for a file: the first telling words of a title, filled up from a text.

    Words with digits, which often are the value that changes, are only taken if there are no others.
    """
    found: list[str] = []
    says_enough = len(_telling(title)) > 1 or (_UNSPACED.search(title) and len(title) > 3)
    for source in (title,) if says_enough else (title, text):
        found += [word for word in _telling(source) if word not in found]
    name = ""
    for word in found[:_MAX_SLUG_WORDS]:
        longer = f"{name}-{word}" if name else word
        if len(longer) > _MAX_SLUG and name:
            break
        name = longer
    return name[:_MAX_SLUG].strip("-")


def _phrase(clause: str) -> str:
    """The words up to the verb or the preposition after two telling words; "" without telling words."""
    if _UNSPACED.search(clause):
        end = _UNSPACED_END.search(clause)
        return clause[: end.start()] if end is not None else clause
    kept: list[str] = []
    telling = 0
    for piece in _PIECE.findall(clause):
        word = piece.strip(_EDGES)
        is_break = not word or word.casefold().replace("'", "") in _BREAKS
        if is_break and not telling:
            continue
        if is_break and (telling > 1 or word.casefold() not in _PREPOSITIONS):
            # `listens` in `the staging database listens on port 5440`.
            verb = kept[-1].casefold()
            is_verb = verb in _VERBS or (telling > 2 and re.search("[^suo]s$", verb))
            if telling > 1 and word.casefold() in _PREPOSITIONS and is_verb:
                kept.pop()
            break
        kept.append(piece)
        telling += not is_break
        if telling == _MAX_SUBJECT_WORDS:
            break
    while len(kept) > 1 and kept[-1].strip(_EDGES).casefold() in _BREAKS:
        kept.pop()
    return " ".join(kept).strip(_EDGES + " ")


def _cut(title: str) -> str:
    if len(title) <= MAX_TITLE:
        return title
    return (title[:MAX_TITLE].rpartition(" ")[0] or title[: MAX_TITLE - 1]).rstrip(" ,;:") + "…"


def _telling(text: str) -> list[str]:
    plain = unicodedata.normalize("NFC", text).casefold().replace("'", "")
    words = [word for word in re.split(r"[\W_]+", plain) if word and word not in _BREAKS]
    return [word for word in words if not any(map(str.isdigit, word))] or words
