"""The managed block in a MEMORY.md. The text outside it is preserved byte for byte.

    # Memory index                                   ┐ before
                                                     ┘
    <!-- memcairn:begin 2 notes, ...; 0123456789ab -->
    - [Role](user/role.md)
    <!-- memcairn:end -->
    my own words                                     ┐ after
                                                     ┘
The begin marker ends in a digest of the lines up to the end marker. A block that matches its digest
was not edited and is replaced. If it does not match, the lines that memcairn did not generate move
out of the block, to the text above it.

Bytes that are not UTF-8 are decoded as surrogate escapes, so that every byte is preserved.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from memcairn.notes import frontmatter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

HEADER = "# Memory index"
END = "<!-- memcairn:end -->"
_BEGIN = re.compile(r"<!-- memcairn:begin\b.*-->[ \t]*")
_DIGEST = re.compile(r"; ([0-9a-f]{12}) -->[ \t]*$")
_FENCE = re.compile(r" {0,3}(`{3,}(?=[^`]*$)|~{3,})(.*)", re.DOTALL)
_BOM = "\ufeff"

Mark = Literal["begin", "end", ""]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """A MEMORY.md without the managed block: the text before it and after it.

    `newline` is the line end that the file uses. `moved` are the lines written by hand inside the
    block; they are now at the end of `before`, or in the place of a second block. `blank` is the line end
    that was added to `before` to set a new block apart.
    """

    before: str
    after: str
    newline: str
    moved: tuple[str, ...] = ()
    blank: str = ""

    @property
    def outside_text(self) -> str:
        """The text outside the block, with a blank line in place of the block."""
        return f"{self.before}\n\n{self.after}"


def read(present: bytes | None, is_generated: Callable[[str], bool]) -> Surroundings:
    """Parse a MEMORY.md.

    Damaged markers lose no text: a marker without its partner is removed, with the generated lines
    next to it; of a second block, the lines that are not generated stay; markers in a fenced code
    block or within a line are text.

    Args:
        present: the bytes of the file, None if there is none.
        is_generated: whether memcairn wrote a line, which is passed without its line end.
    """
    text = (present or b"").decode("utf-8", "surrogateescape")
    newline = _newline(text)
    bom = _BOM if text.startswith(_BOM) else ""
    lines = text[len(bom) :].split("\n")
    lines = [line + "\n" for line in lines[:-1]] + lines[-1:]
    marks, fenced_to_end = _marks(lines)
    if not any(marks):
        before, after, blank = _around_a_new_block(text[len(bom) :], newline, fenced=fenced_to_end)
        return Surroundings(bom + before, after, newline, blank=blank)
    return _without_blocks(bom, lines, marks, is_generated)


def at_top(around: Surroundings) -> Surroundings:
    """The same text with the block above it, below frontmatter: a host loads the beginning of a file."""
    bom = _BOM if around.before.startswith(_BOM) else ""
    newline = around.newline
    text = around.before.removeprefix(bom).removesuffix(around.blank) + around.after.removeprefix(
        newline
    )
    _, first_line = frontmatter.split(text)
    head = "".join(text.splitlines(keepends=True)[: first_line - 1])
    # The markers are HTML comments, which need no blank line before or after them.
    return replace(around, before=bom + head, after=newline + text[len(head) :], blank="")


def write(around: Surroundings, notes: int, body: Sequence[str], listed: int) -> bytes:
    """The bytes of the file with a block of these lines, which have no line ends."""
    block = around.newline.join([begin(notes, listed, digest(body)), *body, END])
    return f"{around.before}{block}{around.after}".encode("utf-8", "surrogateescape")


def begin(notes: int, listed: int, checksum: str) -> str:
    """The begin marker of a block."""
    noun = "note" if notes == 1 else "notes"
    return (
        f"<!-- memcairn:begin {notes} {noun}, {listed} listed here; "
        f"generated, edit outside this block; {checksum} -->"
    )


def digest(lines: Sequence[str]) -> str:
    """The digest of the lines of a block in its begin marker; it does not depend on line ends."""
    return line_digest("\n".join(lines))


def line_digest(line: str) -> str:
    """A short digest, by which the next update recognizes a generated line."""
    return hashlib.blake2b(line.encode("utf-8", "surrogateescape"), digest_size=6).hexdigest()


def body_of(present: bytes) -> list[str]:
    """The lines of the first complete block, without line ends; empty if there is none."""
    lines = present.decode("utf-8", "surrogateescape").removeprefix(_BOM).split("\n")
    marks, _ = _marks(lines)
    for place, mark in enumerate(marks):
        if mark == "begin":
            end = _next_mark(marks, place)
            if end is not None and marks[end] == "end":
                return [_bare(line) for line in lines[place + 1 : end]]
    return []


def _newline(text: str) -> str:
    end = text.find("\n")
    return "\r\n" if end > 0 and text[end - 1] == "\r" else "\n"


def _bare(line: str) -> str:
    return line.removesuffix("\n").removesuffix("\r")


def _marks(lines: Sequence[str]) -> tuple[list[Mark], bool]:
    """Which lines are markers, and whether the text ends in an open fenced code block.

    An unclosed fence hides no markers: otherwise a typing error above the block would lead to a
    second block.
    """
    marks: list[Mark] = [_mark(line) for line in lines]
    fence = ""
    opened = 0
    for place, line in enumerate(lines):
        found = _FENCE.match(_bare(line))
        if found is None:
            continue
        if not fence:
            fence, opened = found[1], place
        elif found[1][0] == fence[0] and len(found[1]) >= len(fence) and not found[2].strip():
            marks[opened:place] = [""] * (place - opened)
            fence = ""
    return marks, bool(fence)


def _mark(line: str) -> Mark:
    # A file that other files were appended to has byte order marks in the middle.
    bare = _bare(line).lstrip(_BOM)
    if not bare.startswith("<!-- memcairn:"):
        return ""
    if bare.rstrip(" \t") == END:
        return "end"
    return "begin" if _BEGIN.fullmatch(bare) else ""


def _next_mark(marks: Sequence[Mark], place: int) -> int | None:
    return next((at for at in range(place + 1, len(marks)) if marks[at]), None)


def _around_a_new_block(text: str, newline: str, *, fenced: bool) -> tuple[str, str, str]:
    """The text around a new block: it goes to the end, in an empty file below a header; and its blank."""
    ended = text if text.endswith("\n") or not text else text + newline
    if not text.strip():
        return f"{ended}{HEADER}{newline}{newline}", newline, ""
    if fenced:
        # At the end, the block would be code.
        return "", newline + text, ""
    blank = "" if ended.endswith(newline * 2) else newline
    return ended + blank, newline, blank


def _without_blocks(
    bom: str,
    lines: list[str],
    marks: list[Mark],
    is_generated: Callable[[str], bool],
) -> Surroundings:
    kept: list[str] = []
    moved: list[str] = []
    slot: tuple[int, str] | None = None  # index of the new block in `kept`, and its line end
    complete = False
    place = 0
    while place < len(lines):
        mark = marks[place]
        if not mark:
            kept.append(lines[place])
            place += 1
            continue
        partner = _next_mark(marks, place) if mark == "begin" else None
        whole = partner is not None and marks[partner] == "end"
        last = partner if whole and partner is not None else place
        if whole:
            foreign = _foreign(lines[place:last], is_generated)
            kept += foreign
            moved += foreign
        elif mark == "end":
            _drop_run_before(kept, slot[0] if slot is not None else 0, is_generated)
        if slot is None or (whole and not complete):
            slot = (len(kept), lines[last][len(_bare(lines[last]).rstrip(" \t")) :])
            complete = complete or whole
        place = last + 1
        if mark == "begin" and not whole:
            place = _after_run(lines, marks, place, lines[place - 1], is_generated)
    assert slot is not None
    at, line_end = slot
    before, after = "".join(kept[:at]), line_end + "".join(kept[at:])
    return Surroundings(
        before=bom + before,
        after=after,
        # The line ends of the text count, not those of the removed block.
        newline=_newline((before + after) if "\n" in before + after else lines[0]),
        moved=tuple(_bare(line) for line in moved),
    )


def _foreign(block: list[str], is_generated: Callable[[str], bool]) -> list[str]:
    """The lines of a block that memcairn did not write. The block starts with its begin marker."""
    body = [_bare(line) for line in block[1:]]
    if _verified(block[0], digest(body)):
        return []
    return [
        line for line, bare in zip(block[1:], body, strict=True) if bare and not is_generated(bare)
    ]


def _verified(marker: str, checksum: str) -> bool:
    found = _DIGEST.search(_bare(marker))
    return found is not None and found[1] == checksum


def _after_run(
    lines: list[str],
    marks: list[Mark],
    start: int,
    marker: str,
    is_generated: Callable[[str], bool],
) -> int:
    """The end of the generated lines after a begin marker without an end marker."""
    end = next((at for at in range(start, len(lines)) if marks[at]), len(lines))
    bare = [_bare(line) for line in lines[start:end]]
    state = hashlib.blake2b(digest_size=6)
    for count, line in enumerate(bare, start=1):
        state.update(("\n" * (count > 1) + line).encode("utf-8", "surrogateescape"))
        if _verified(marker, state.copy().hexdigest()):
            return start + count
    count = 0
    while count < len(bare) and bare[count] and is_generated(bare[count]):
        count += 1
    # A heading without generated lines below it may be written by hand.
    while count and bare[count - 1].startswith("#"):
        count -= 1
    return start + count


def _drop_run_before(kept: list[str], first: int, is_generated: Callable[[str], bool]) -> None:
    """Drop the generated lines at the end of `kept[first:]`: their begin marker is missing."""
    while len(kept) > first and _bare(kept[-1]) and is_generated(_bare(kept[-1])):
        kept.pop()
