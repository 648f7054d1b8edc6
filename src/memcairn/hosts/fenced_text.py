"""Text from notes for a model: fenced as data, each line marked, without tags.

    <memcairn-recall>
    Records from earlier work, found for this prompt. ...

    notes/deploy.md:12-14 (2026-03-02)
    | Blue-green, switched by the load balancer.
    </memcairn-recall>

A note cannot close the fence, because each `<` in it is escaped. It cannot begin a line and speak as somebody
else, because each of its lines begins with a bar. Invisible characters are removed.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False  # typing costs a hook call half as much as starting Python does
if TYPE_CHECKING:
    from collections.abc import Iterable

BAR = "| "
# Claude Code writes a longer text than 10,000 to a file, and the model sees only its beginning.
MAX_UNITS = 9_900

# Also characters that normalisation turns into "<".
_TAG_OPENERS = str.maketrans({"<": "&lt;", "\uff1c": "&lt;", "\ufe64": "&lt;"})
# Controls except tab; soft hyphen; zero-width spaces, but not the joiners that scripts and emoji
# need; direction overrides; invisible operators; tags; lone surrogates; noncharacters.
_UNSEEN = re.compile(
    "[\u034f\u061c\u115f\u1160\u2800\u3164\uffa0\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u180e\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e0fff\ud800-\udfff]"
)

_TAG = re.compile(
    "[<\uff1c\ufe64](?=\\s{0,3}/?\\s{0,3}(?:memcairn|system|assistant|developer|human|important[-_]|antml"
    "|function_|tool_|invoke\\s|\\|))",
    re.IGNORECASE,
)


def quoted(text: str) -> str:
    """Lines of a note, each after a bar."""
    lines = _shown("\n".join(text.splitlines())).split("\n") if text else []
    return "\n".join([(BAR + line).rstrip() for line in lines])


def one_line(text: str) -> str:
    """A path, a title or a date on one line."""
    return _shown(" ".join(text.split()))


def visible(text: str) -> str:
    """Text without invisible characters, and without tags that only a host or memcairn may write."""
    return _TAG.sub("&lt;", _UNSEEN.sub("", text.replace("\x85", " ")))


def fenced(name: str, about: str, blocks: Iterable[str]) -> str:
    """The fenced text: a sentence about it, then blocks of `quoted` and `one_line` text.

    A text that is too long for a host is cut at the end of a line.

    Returns:
        "" if there are no blocks.
    """
    head, end = f"<memcairn-{name}>\n{about}\n", f"</memcairn-{name}>"
    left = MAX_UNITS - units(head) - units(end)
    lines: list[str] = []
    for block in blocks:
        for line in ["", *block.split("\n")]:
            left -= units(line) + 1
            if left < 0:
                break
            lines.append(line)
        if left < 0:
            break
    return "\n".join([head, *lines[1:], end]) if any(lines) else ""


def units(text: str) -> int:
    """The length in UTF-16 units, which hosts count."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _shown(text: str) -> str:
    return _UNSEEN.sub("", text).translate(_TAG_OPENERS)
