"""What of a note's text may be its title or its description.

A description is a sentence. Badges, navigation, dates, labels such as `Status: Accepted`, short codes, JSX,
table rows and bare addresses are not: the paragraph after them is used. A greeting, a sentence that only
repeats the title and one that only introduces a list say less than the sentence after them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from memcairn.notes.stop_words import STOP_WORDS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

MAX_CHECKED = 2000
"""Only the beginning of a paragraph is checked; in characters."""

MAX_DESCRIPTION = 300
"""A longer sentence is cut at a word; in characters."""

MAX_PARAGRAPHS = 3
"""A description comes from one of the first paragraphs."""

_MIN_NEWS = 2
_NO_NEWS = STOP_WORDS | {"hello", "hey", "hi", "thank", "thanks", "welcome"}
_ARTICLES = {"a", "an", "the"}
_CALLS = (":", "：", "!", "！")

# A full stop after these does not end a sentence.
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:[A-Za-z]|e\.g|i\.e|etc|vs|cf|resp|approx|incl|no|fig|eq|sec|dr|mr|mrs|ms|prof|st)"
    r"\.$",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"[.!?…]+[)\]\"'”’]*(?=\s)|[。！？]+[」』）”’]*|[।؟]")
_WORD = re.compile(
    r"[\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\u0e00-\u0e7f]{2}|[^\W_\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff]+"
)
_APOSTROPHE = re.compile("['’]")
_CONTENTS = re.compile(
    r"\W*(?:table of contents|contents|on this page|in this (?:article|section|document)|toc|overview|"
    r"(?:this|for the)?[\w ]{0,20}\btable of contents\b[^.]{0,40}|"
    r"(?:back|return) to .{1,20}|edit (?:this|on) .{1,20}|read more|see also|inhalt(?:sverzeichnis)?|"
    r"目录|目次|目錄)\W*",
    re.IGNORECASE,
)
_LABEL_ALONE = re.compile(r"[\W_]*\w[\w ./-]{0,30}[:：][\W_]*")
_VERSION_TITLE = re.compile(r"[\W_]*v?\d+\.\d[\w.+-]*[\W_]*", re.IGNORECASE)

_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_LABELS = (
    "date|status|authors?|updated|(?:last|first)[ -](?:updated?|modified|reviewed|edited|published)|"
    "created|modified|published|posted|deciders?|decision[ -]makers?|consulted|informed|owners?|reviewers?|"
    "version|tags?|alias(?:es)?|type|category|categories|"
    "extends|inherits(?: from)?|implements|stability|added in|introduced in|"
    "keywords|source|url|links?|related|up|next|previous|prev|back"
)
_LABEL = re.compile(
    rf"[\W_]*(?:{_LABELS})[\W_]*(?::|\bon\b)(?:[^.!?。]|\.(?=\w)){{0,200}}[.]?\Z", re.IGNORECASE
)
_FIRST_WORDS = re.compile(
    r"(?:import\s.*\sfrom\s*[\"']|import\s+[\"']|export\s+(?:const|default|let|function)\b|:{3,}|!{3}\s|\?{3}\s"
    r"|\||</?[A-Za-z]|\{%|\{\{|\[\[?_?toc_?\]|\[!\w+\]\W*\Z)",
    re.IGNORECASE,
)
_NOISE = re.compile(
    rf"""
    \{{\{{.*?\}}\}} | \{{%.*?%\}} | \{{[^{{}}]*\}}          # short codes and expressions
  | [a-z][a-z0-9+.-]*://\S+ | www\.\S+ | \S+@\S+\.\w+       # addresses
  | (?<!\w)[#@][\w/-]+                                      # tags
  | :[a-z0-9_+-]+:                                          # emoji by name
  | \bv?\d+(?:\.\d+)+\S*                                    # versions
  | \b\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}(?:T[\d:.]+Z?)?
  | \b\d{{1,2}}(?:st|nd|rd|th)?\s+{_MONTH}\.?,?\s+\d{{4}}
  | \b{_MONTH}\.?\s+\d{{1,2}}(?:st|nd|rd|th)?,?\s+\d{{4}}
  | \b(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\b,?(?=\s*\d|\s*{_MONTH}|\s*\Z)
    """,
    re.IGNORECASE | re.VERBOSE,
)
_LETTER = re.compile(r"[^\W\d_]")

_ANCHOR = re.compile(r"\s*\{(?:[#.:]|/\*)[^{}]*\}\s*\Z")
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()]*\)")
_EMOJI_NAME = re.compile(r"(?<!\S):[a-z0-9_+-]+:(?!\S)")
_PICTURES = "\u200d\u20e3\ufe0f\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001fbff"
_EMOJI = re.compile(rf"\A[{_PICTURES}\s]+|[{_PICTURES}\s]+\Z")


def is_sentence(text: str, outside_links: str, lines: list[str]) -> bool:
    """Whether a paragraph says something.

    Args:
        text: its text without markup.
        outside_links: the same without the text of links and images.
        lines: its lines as written.
    """
    if _LETTER.search(outside_links) is None or _FIRST_WORDS.match(lines[0].lstrip()):
        return False
    rest = _NOISE.sub(" ", outside_links[:MAX_CHECKED])
    if _LETTER.search(rest) is None or _LABEL_ALONE.fullmatch(rest) or _CONTENTS.fullmatch(rest):
        return False
    return not all(map(_LABEL.match, lines)) or len(text) > MAX_CHECKED


def description(paragraphs: Sequence[str], title: str) -> str:
    """The first sentence that says enough, else the one that says most, at most MAX_DESCRIPTION long.

    Args:
        paragraphs: texts for which `is_sentence` holds, in order.
        title: of the note; a sentence without another word is omitted.
    """
    known = _words(title)
    best, most = "", 0
    for paragraph in paragraphs:
        for sentence in _sentences(paragraph):
            found = news(sentence, known)
            if found >= _MIN_NEWS:
                return _cut(sentence)
            if found > most or not (best or _words(sentence) <= known | _ARTICLES):
                best, most = sentence, found
    return _cut(best)


def news(text: str, known: Collection[str] = ()) -> int:
    """The number of words in a text that are neither `known` (case-folded) nor stop words.

    Two characters of a script without spaces count as a word. What introduces a list, or
    calls out, counts half.
    """
    words = (_words(text) - _NO_NEWS).difference(known)
    return len(words) // (2 if text.endswith(_CALLS) else 1)


def _words(text: str) -> set[str]:
    return set(_WORD.findall(_APOSTROPHE.sub("", text.casefold())))


def says_enough(paragraph: str, title: str) -> bool:
    """Whether no later paragraph can be the description."""
    return len(paragraph) > MAX_CHECKED or news(description([paragraph], title)) >= _MIN_NEWS


def _sentences(text: str) -> Iterator[str]:
    """The sentences at the beginning of a text without markup, in any script."""
    head = text[:MAX_CHECKED]
    start = 0
    for match in _SENTENCE_END.finditer(head):
        if not _ABBREVIATION.search(head[start : match.end()]):
            yield head[start : match.end()].lstrip()
            start = match.end()
    if head[start:].strip():
        yield head[start:].strip()


def _cut(text: str) -> str:
    if len(text) <= MAX_DESCRIPTION:
        return text
    head = text[: MAX_DESCRIPTION + 1]
    return head[: MAX_DESCRIPTION - 1].rpartition(" ")[0] + "…" if " " in head else head[:-2] + "…"


def is_title(text: str) -> bool:
    """Whether a heading says what a note is about: it is not only a version, with or without a date."""
    return _VERSION_TITLE.match(text) is None or _LETTER.search(_NOISE.sub(" ", text)) is not None


def clean_title(text: str) -> str:
    """A title without anchors, links, and emoji at its ends; the text itself if nothing is left."""
    clean = _ANCHOR.sub("", text)
    if "](" in clean:
        clean = _LINK.sub(r"\1", clean)
    if ":" in clean:
        clean = _EMOJI_NAME.sub("", clean)
    if not clean.isascii():
        clean = _EMOJI.sub("", clean)
    return " ".join(clean.split()) or text
