"""Text from notes as a model may be shown it: fenced as data, each line marked, no tag of its own.

    <memcairn-recall>
    Records from earlier work, found for this prompt. ...

    notes/deploy.md:12-14 (2026-03-02)
    | Blue-green, switched by the load balancer.
    </memcairn-recall>

No note can leave the fence: inside it there is no `<` but ours. No note can begin a line, and so
speak as anybody else: each of its lines begins with a bar. What a reader could not see is taken out.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False  # typing costs a hook call half as much as starting Python does
if TYPE_CHECKING:
    from collections.abc import Iterable

BAR = "| "
# Claude Code puts more than 10,000 into a file, of which the model sees the beginning.
MAX_UNITS = 9_900

# Also the look-alikes that a normalisation makes one.
_TAG_OPENERS = str.maketrans({"<": "&lt;", "\uff1c": "&lt;", "\ufe64": "&lt;"})
# Controls but tab; soft hyphen; zero-width space and its kin, but not the joiners that scripts and emoji
# need; direction overrides; invisible operators; tags; lone surrogates; noncharacters.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u180e\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e0fff\ud800-\udfff]"
)


def quoted(text: str) -> str:
    """Lines of a note, each behind a bar."""
    lines = _shown("\n".join(text.splitlines())).split("\n") if text else []
    return "\n".join([(BAR + line).rstrip() for line in lines])


def one_line(text: str) -> str:
    """A path, a title or a date on one line."""
    return _shown(" ".join(text.split()))


def fenced(name: str, about: str, blocks: Iterable[str]) -> str:
    """The whole: what it is about in a sentence of ours, then blocks of `quoted` and `one_line` text.

    It is cut at the end of a line where a host would cut it anywhere.

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
    """UTF-16 units, in which hosts count."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _shown(text: str) -> str:
    return _UNSEEN.sub("", text).translate(_TAG_OPENERS)
