"""An index entry: one line of MEMORY.md or of an index page.

    - [title](path) — description

Any title, description and path gives one list item with one link, under CommonMark and for readers
that only search for `[`, `](` and `<!--`. Control characters, line ends and white space become
single spaces; direction overrides and invisible characters are removed; Markdown markup is escaped.
A path stays readable where possible: `<a path with spaces.md>`. Only characters that a link
destination cannot contain are percent-encoded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

from memcairn.memory_md import graphemes

SEPARATOR = " — "
_SEPARATOR_BYTES = len(SEPARATOR.encode())
ELLIPSIS = "…"
_ELLIPSIS_BYTES = len(ELLIPSIS.encode())
# A description that had to be cut shorter than this is omitted.
_MIN_DESCRIPTION_CHARS = 12


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """The parts of an entry: the title, the path relative to the root, the description or ''."""

    title: str
    path: str
    description: str


# ── cleaning ──

_CLEAN = re.compile(r"(?:[!-~]+(?: [!-~]+)*)?")
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# Format characters that change the direction of the text around them, and invisible characters.
# Joiners stay: Persian and emoji need them. Tag characters stay in the flag of a region (England).
_INVISIBLE = re.compile(
    "(\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,6}\U000e007f)"
    "|[\u00ad\u061c\u115f\u1160\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    "\ufeff\uffa0\ufff9-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e007f]"
)
# One selector chooses a form of the character before it; a sequence of them can hide data.
_SELECTORS = re.compile(
    "([\ufe00-\ufe0f\U000e0100-\U000e01ef])[\ufe00-\ufe0f\U000e0100-\U000e01ef]+"
)
_SURROGATES = re.compile("[\ud800-\udfff]")


def clean(text: str) -> str:
    """The visible part of `text` as one line. Cleaning the result again changes nothing."""
    if _CLEAN.fullmatch(text):
        return text
    text = _CONTROLS.sub(" ", text)
    if not text.isascii():
        text = _INVISIBLE.sub(lambda match: match[1] or "", text)
        text = _SELECTORS.sub(r"\1", text)
        text = _SURROGATES.sub("\ufffd", text)
    text = " ".join(text.split())
    # A combining mark at the start would join the bracket before it.
    while text and (text[0] == " " or graphemes.extends(text[0])):
        text = text[1:]
    return text


def shown_title(title: str, path: str) -> str:
    """The title in an entry: the cleaned title, else the name of the file, else `note`."""
    return clean(title) or clean(path.rsplit("/", 1)[-1].rsplit(".", 1)[0]) or "note"


# ── escapes ──

# `<` and `>` become entities where they look like a tag or a comment, since some readers remove
# comments before they process backslashes. An underscore between letters is never emphasis.
_SPECIAL = re.compile(
    r"[\\`*\[\]]|(?<![^\W_])_|_(?![^\W_])|<(?=[A-Za-z/!?])|(?<=--)>|&(?=#?[0-9A-Za-z]+;)|\A\^"
)
_MAYBE_SPECIAL = re.compile(r"[\\`*\[\]_<>&^]")
_ENTITIES = {"<": "&lt;", ">": "&gt;"}
_PARTIAL_ENTITY = re.compile(r"&[a-z]{0,2}$")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])|&(lt|gt);")


def escape(text: str) -> str:
    """Markdown that renders as `text`, which is cleaned."""
    return _SPECIAL.sub(_escaped, text) if _MAYBE_SPECIAL.search(text) else text


def unescape(markdown: str) -> str:
    """The inverse of `escape`."""
    return _ESCAPED.sub(lambda match: match[1] or ("<" if match[2] == "lt" else ">"), markdown)


def _escaped(match: re.Match[str]) -> str:
    return _ENTITIES.get(match[0]) or "\\" + match[0]


# ── link destinations ──

_PLAIN_PATH = re.compile(r"[0-9A-Za-z_./+,=@~$!'*;^{}|\[\]-]*")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
# `%`, `#` and `?` have a meaning in a link; backticks and angle brackets can end it.
_UNSAFE = frozenset('%#?\\`<>"')


def destination(path: str, *, up: str = "") -> str:
    """`path` as a link destination, to be put between `](` and `)`.

    Args:
        path: relative to the root, posix separators; bytes that are not UTF-8 as surrogate escapes.
        up: the path from the file with the link to the root: "" or "../".
    """
    if _PLAIN_PATH.fullmatch(path):
        return up + path
    shown = "".join([_percent_encoded(char) if _needs_encoding(char) else char for char in path])
    if ";" in shown:
        shown = shown.replace("&", "%26")  # Otherwise `&lt;` in a name is an entity.
    if _SCHEME.match(shown):
        shown = shown.replace(":", "%3A", 1)
    if " " in shown or "(" in shown or ")" in shown:
        # Some readers strip spaces at the ends.
        inner = shown.strip(" ")
        left = len(shown) - len(shown.lstrip(" "))
        shown = "%20" * left + inner + "%20" * (len(shown) - left - len(inner))
        return f"<{up}{shown}>"
    return up + shown


def _needs_encoding(char: str) -> bool:
    return char in _UNSAFE or not (char.isprintable() or char == " ")


def _percent_encoded(char: str) -> str:
    return "".join([f"%{byte:02X}" for byte in char.encode("utf-8", "surrogateescape")])


def path_of(link: str) -> str:
    """The inverse of `destination`."""
    return unquote(link.removeprefix("<").removesuffix(">"), errors="surrogateescape")


# ── a line ──


# A long-lived process mostly renders the same notes in each update of MEMORY.md.
@lru_cache(maxsize=1024)
def note_entry(
    title: str, path: str, description: str, *, up: str, chars: int, size_bytes: int
) -> str:
    """The entry of a note, from its title and description before cleaning.

    See `line` and `destination` for the arguments.
    """
    return line(
        shown_title(title, path),
        destination(path, up=up),
        clean(description),
        chars=chars,
        size_bytes=size_bytes,
    )


def line(title: str, link: str, description: str, *, chars: int, size_bytes: int) -> str:
    """One entry within `chars` and `size_bytes`, unless its link alone is longer.

    The link is never cut: the description is shortened first, then the title, down to an ellipsis.

    Args:
        title: a cleaned text, not empty.
        link: from `destination`.
        description: a cleaned text.
        chars: the maximum of user-perceived characters in the line.
        size_bytes: the maximum of UTF-8 bytes in the line.
    """
    head = escape(title)
    tail = escape(description)
    text = f"- [{head}]({link}){SEPARATOR}{tail}" if tail else f"- [{head}]({link})"
    if fits(text, chars=chars, size_bytes=size_bytes):
        return text
    # From here on, the limits are those of the title and the description.
    chars -= graphemes.count(f"- []({link})")
    size_bytes -= _bytes(f"- []({link})")
    if tail:
        # A third of the room is for the description, or less if it is shorter.
        kept = _fit(
            title,
            head,
            chars - len(SEPARATOR) - min(len(tail), chars // 3),
            size_bytes - _SEPARATOR_BYTES - min(_bytes(tail), size_bytes // 3),
        )
        cut = _fit(
            description,
            tail,
            chars - len(SEPARATOR) - graphemes.count(kept),
            size_bytes - _SEPARATOR_BYTES - _bytes(kept),
        )
        if kept and (cut == tail or len(cut) >= _MIN_DESCRIPTION_CHARS):
            return f"- [{kept}]({link}){SEPARATOR}{cut if cut == tail else _at_word(cut)}"
    return f"- [{_fit(title, head, chars, size_bytes) or ELLIPSIS}]({link})"


_SENTENCES = re.compile(r".{30,}\w{3}[.!?](?= [A-Z])")
_LONGEST_WORD = 24


def _at_word(cut: str) -> str:
    """A cut text without the beginning of a sentence at its end, or else of a word."""
    sentences = _SENTENCES.match(cut)
    if sentences is not None:
        return sentences[0]
    before, _, word = cut.rpartition(" ")
    is_long = len(before) >= _MIN_DESCRIPTION_CHARS
    return before.rstrip(" ,:—-") + ELLIPSIS if is_long and len(word) <= _LONGEST_WORD else cut


def fits(text: str, *, chars: int, size_bytes: int) -> bool:
    """Whether a text is within these limits."""
    if len(text) <= chars:
        return len(text.encode()) <= size_bytes
    return _bytes(text) <= size_bytes and graphemes.count(text) <= chars


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def fit(text: str, *, chars: int, size_bytes: int) -> str:
    """`escape(text)`, cut between user-perceived characters, with an ellipsis if it is too long.

    Returns:
        '' if not even one character fits.
    """
    return _fit(text, escape(text), chars, size_bytes)


def _fit(text: str, escaped: str, chars: int, size_bytes: int) -> str:
    """`fit`, with the result of `escape`."""
    if chars < 1 or size_bytes < 1:
        return ""
    if fits(escaped, chars=chars, size_bytes=size_bytes):
        return escaped
    size_bytes -= _ELLIPSIS_BYTES
    if size_bytes < 1:
        return ""
    if text.isascii() or graphemes.are_code_points(text):
        cut = escaped[: min(chars - 1, size_bytes)]
        if not cut.isascii():
            cut = cut.encode()[:size_bytes].decode(errors="ignore")
        cut = _without_partial_escape(cut)
    else:
        cut = _first_clusters(text, chars - 1, size_bytes)
    cut = cut.rstrip()
    return cut + ELLIPSIS if cut else ""


def _without_partial_escape(cut: str) -> str:
    """The start of an escaped text, without a partial escape at its end."""
    if "&" in cut[-3:]:
        cut = _PARTIAL_ENTITY.sub("", cut)
    backslashes = len(cut) - len(cut.rstrip("\\"))
    return cut[:-1] if backslashes % 2 else cut


def _first_clusters(text: str, chars: int, size_bytes: int) -> str:
    # A character has at least one byte, so nothing after `size_bytes` characters can fit. The margin
    # keeps the last cluster whole.
    text = text[: size_bytes + 64]
    escapes = {match.start(): _escaped(match) for match in _SPECIAL.finditer(text)}
    kept: list[str] = []
    place = 0
    for cluster in graphemes.clusters(text):
        escaped = "".join([escapes.get(place + at, char) for at, char in enumerate(cluster)])
        chars -= 1 if len(escaped) == len(cluster) else graphemes.count(escaped)
        size_bytes -= _bytes(escaped)
        if chars < 0 or size_bytes < 0:
            break
        kept.append(escaped)
        place += len(cluster)
    return "".join(kept)


# ── parsing ──

_LINE = re.compile(r"- \[((?:[^\\\[\]]|\\.)*)\]\((<[^<>]*>|[^<>()\s]*)\)(?: — (.+))?", re.DOTALL)


def parse(text: str, *, up: str = "") -> IndexEntry | None:
    """Parse an entry that memcairn wrote; None for any other line.

    Args:
        text: the line, without its line end.
        up: the path from the file to the root, as passed to `destination`.
    """
    found = _LINE.fullmatch(text)
    if found is None:
        return None
    path = path_of(found[2])
    if not path.startswith(up):
        return None
    return IndexEntry(unescape(found[1]), path[len(up) :], unescape(found[3] or ""))
