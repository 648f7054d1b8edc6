"""What of a note's text may be its title or its description.

A description is a sentence. Badges, navigation, dates, labels such as `Status: Accepted`, short codes, JSX,
table rows and bare addresses are not: the paragraph after them is used.
"""

from __future__ import annotations

import re

MAX_CHECKED = 2000
"""Only the beginning of a paragraph is checked; in characters."""

_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_LABELS = (
    "date|status|authors?|updated|(?:last|first)[ -](?:updated?|modified|reviewed|edited|published)|"
    "created|modified|published|posted|deciders?|decision[ -]makers?|consulted|informed|owners?|reviewers?|"
    "version|tags?|alias(?:es)?|type|category|categories|keywords|source|url|links?|related|up|next|previous|prev|back"
)
_LABEL = re.compile(rf"[\W_]*(?:{_LABELS})[\W_]*(?::|\bon\b)[^.!?。]{{0,200}}[.]?\Z", re.IGNORECASE)
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
    if _LETTER.search(_NOISE.sub(" ", outside_links[:MAX_CHECKED])) is None:
        return False
    return not all(map(_LABEL.match, lines)) or len(text) > MAX_CHECKED


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
