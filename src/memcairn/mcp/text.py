"""The results of the tools in words, for clients that show a model the text and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from memcairn.files import Observed, Saved
    from memcairn.files.context import Context
    from memcairn.files.found import Found
    from memcairn.mcp.memory_tools import Passages
    from memcairn.vault.trash import Trashed
    from memcairn.vault.values import Window


def count(number: int, noun: str) -> str:
    """1 note, 2 notes."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def window(read: Window) -> str:
    """The lines themselves; what is left out is said before them."""
    if not read.total_lines:
        return f"{read.path} is empty"
    if read.last_line < read.first_line:
        return f"{read.path} has {count(read.total_lines, 'line')}"
    if read.first_line == 1 and read.last_line == read.total_lines and not read.truncated:
        return read.text
    more = f"; go on with start_line={read.last_line + 1}" if read.truncated else ""
    lines = f"lines {read.first_line}-{read.last_line} of {read.total_lines}"
    return f"[{read.path}: {lines}{more}]\n{read.text}"


def saved(done: Saved) -> str:
    """What was written, and whether it can be found."""
    verb = "created" if done.created else "written"
    found = "" if done.searchable else "; it is no note, so that no search finds it"
    return f"{done.path} {verb}, {done.size_bytes:,} bytes{found}"


def trashed(done: Trashed) -> str:
    """What was removed."""
    what = f", with {count(len(done.files), 'file')}" if done.is_folder else ""
    return f"{done.path} moved to the trash{what} (id {done.id})"


def passages(answer: Passages) -> str:
    """Every passage with its place."""
    return _passages(answer.passages) or "nothing is remembered about this"


def _passages(found: tuple[Found, ...]) -> str:
    return "\n\n".join(map(_passage, found))


def _passage(found: Found) -> str:
    above = " › ".join(found.heading_path) or found.title
    place = f"{found.path}:{found.start_line}-{found.end_line}"
    head = "  ".join(part for part in (place, above, found.date) if part)
    warnings = "".join(f"\n[careful: this text {warning}]" for warning in found.warnings or ())
    return f"{head}{warnings}\n{found.text}"


def context(gathered: Context) -> str:
    """MEMORY.md, then the passages."""
    more = "\n[MEMORY.md goes on: mem_read has all of it]" if gathered.memory_md_truncated else ""
    parts = (gathered.memory_md.rstrip("\n") + more, _passages(gathered.passages))
    return "\n\n".join(part for part in parts if part) or "nothing is remembered yet"


def observed(done: Observed) -> str:
    """Where it stands now."""
    if done.created:
        return f"remembered in {done.path}"
    return f"{done.path} says nearly the same, and was brought up to date"
