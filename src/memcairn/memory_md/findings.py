"""What there is to tell about a MEMORY.md: links to nothing, limits, lines that were moved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from memcairn.memory_md.limits import size
from memcairn.memory_md.links import Target, missing_note
from memcairn.paths import MEMORY_MD

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from memcairn.memory_md.limits import Limits

Kind = Literal["orphan", "moved", "unlisted", "over-limit", "stale", "missing", "left-over"]


@dataclass(frozen=True, slots=True)
class MemoryMdFinding:
    """Something to tell about MEMORY.md or an index page.

    `kind` is one of: orphan, a link that somebody wrote leads to no note; moved, a line that
    somebody wrote inside the block now stands above it; unlisted, notes whose paths are longer than
    a page; over-limit; stale, a file is not what it should be; missing, a page is not there;
    left-over, a page that nothing leads to. `where` is a path from the root.
    """

    kind: Kind
    where: str
    message: str


def of_links(
    links: Mapping[Target, str | None], pages: Collection[str]
) -> Iterator[MemoryMdFinding]:
    """Links that lead to no note and no page. Of other files, only the caller can know."""
    for target, path in links.items():
        missing = missing_note(target) if path is None else None
        if missing is not None and missing not in pages:
            yield MemoryMdFinding(
                "orphan", missing, "is linked in MEMORY.md, and there is no such note"
            )


def of_moved(lines: Sequence[str]) -> Iterator[MemoryMdFinding]:
    """Lines that stood inside the block and were not ours."""
    for line in lines:
        yield MemoryMdFinding(
            "moved", MEMORY_MD, f"a line written inside the block now stands above it: {line}"
        )


def of_unlisted(count: int) -> Iterator[MemoryMdFinding]:
    """Notes that no page can hold."""
    if count:
        noun = "1 note has a path" if count == 1 else f"{count} notes have paths"
        yield MemoryMdFinding("unlisted", MEMORY_MD, f"{noun} longer than an index page may be")


def of_files(files: Mapping[str, bytes], limits: Limits) -> Iterator[MemoryMdFinding]:
    """Files that are over a limit. A line end at the end of a file begins no further line."""
    for path, data in files.items():
        text = data.decode("utf-8", "surrogateescape")
        found = size(text)
        lines = found.lines + (0 if text.endswith("\n") or not text else 1)
        for value, limit, unit in (
            (lines, limits.lines, "lines"),
            (found.units, limits.units, "characters (UTF-16 units)"),
            (found.size_bytes, limits.size_bytes, "bytes"),
        ):
            if value > limit:
                yield MemoryMdFinding(
                    "over-limit", path, f"has {value} {unit}, and {limit} are loaded"
                )
