"""The tools for files: read, write, find, move and remove."""

# No `from __future__ import annotations`: the annotations are the schemas.

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from memcairn.errors import UsageError
from memcairn.mcp import text
from memcairn.mcp.table import Tools
from memcairn.root import OpenRoot, WriteResult, revert
from memcairn.utc import utc_text
from memcairn.vault.diff import Diff
from memcairn.vault.find import Kind, Matches
from memcairn.vault.trash import Trashed
from memcairn.vault.values import Moved, Window

tools = Tools()

Path = Annotated[str, Field(description='Relative to the root, such as "project/deploy.md".')]
Folder = Annotated[str, Field(description='Relative to the root; "" is the root.')]
Glob = Annotated[
    str | None, Field(description='"*.md" by name, "2026/**/*.md" by path below the folder.')
]
Line = Annotated[int | None, Field(ge=1)]


@tools.add("Read a note", text.window, "read", read_only=True)
def mem_read(root: OpenRoot, path: Path, start_line: Line = None, end_line: Line = None) -> Window:
    """Read a file, or its lines from start_line to end_line, both included.

    A long file comes in parts: `truncated` says that there is more after last_line.
    """
    window = root.read(path, start_line=start_line, end_line=end_line)
    root.note_used([window.path])
    return window


@tools.add("Write a note", text.saved, "written", destructive=True)
def mem_write(
    root: OpenRoot,
    path: Path,
    content: Annotated[str, Field(description="The whole text of the file.")],
    overwrite: Annotated[bool, Field(description="Replace a file that exists.")] = False,  # noqa: FBT002
    if_match: Annotated[
        str | None, Field(description="Replace it only if its sha256 is still this one.")
    ] = None,
) -> WriteResult:
    """Write a file as a whole; folders on the way are made. It is searchable when this returns.

    For a memory whose place does not matter, use memory_observe instead.
    """
    return root.write(path, content, overwrite=overwrite, if_match=if_match)


@tools.add("Append to a note", text.saved, "written")
def mem_append(
    root: OpenRoot,
    path: Path,
    content: Annotated[str, Field(description="Begins on a line of its own.")],
) -> WriteResult:
    """Add text at the end of a file; the file is made if there is none."""
    return root.append(path, content)


@tools.add("Edit a note", text.saved, "written", destructive=True)
def mem_edit(
    root: OpenRoot,
    path: Path,
    old_str: Annotated[str, Field(description="A text that occurs exactly once in the file.")],
    new_str: Annotated[str, Field(description="What takes its place; may be empty.")],
) -> WriteResult:
    """Replace one passage of a file. An error says how often old_str occurs if not once."""
    return root.edit(path, old_str, new_str)


@tools.add("Remove a note", text.trashed, "removed", destructive=True)
def mem_remove(
    root: OpenRoot,
    path: Path,
    recursive: Annotated[bool, Field(description="A folder with what is in it.")] = False,  # noqa: FBT002
) -> Trashed:
    """Move a file or folder into the trash, from where a person can bring it back (memcairn trash)."""
    return root.remove(path, recursive=recursive)


@dataclass(frozen=True, slots=True)
class ListedItem:
    """Something in a folder; `changed` is when it was written last. A symlink is never followed."""

    path: str
    kind: Kind
    size_bytes: int
    changed: str


@dataclass(frozen=True, slots=True)
class ListAnswer:
    """What is in a folder; `next_after`, if there is more, is `after` for the next call."""

    items: tuple[ListedItem, ...]
    next_after: str | None = None


@tools.add("List files", text.listing, "read", read_only=True)
def mem_list(
    root: OpenRoot,
    dir: Folder = "",  # noqa: A002 - the name that clients know
    recursive: Annotated[bool, Field(description="Everything below it.")] = False,  # noqa: FBT002
    glob: Glob = None,
    after: Annotated[str | None, Field(description="next_after of the call before.")] = None,
) -> ListAnswer:
    """List a folder, a thousand items at a time."""
    page = root.list(dir, recursive=recursive, glob=glob, after=after)
    items = (
        ListedItem(entry.path, entry.kind, entry.size_bytes, utc_text(entry.mtime_ns // 10**9))
        for entry in page.entries
    )
    return ListAnswer(tuple(items), page.next_after)


@tools.add("Search files for a pattern", text.matches, "found", read_only=True)
def mem_grep(
    root: OpenRoot,
    pattern: Annotated[str, Field(description="A regular expression of Python.")],
    dir: Folder = "",  # noqa: A002 - as above
    glob: Glob = None,
    max: Annotated[int, Field(ge=1, le=1000, description="The most matches.")] = 100,  # noqa: A002
    case_insensitive: bool = False,  # noqa: FBT001, FBT002
    context: Annotated[int, Field(ge=0, le=20, description="Lines around each match.")] = 0,
) -> Matches:
    """Find the lines that match a pattern, by file and line. To find a memory, use memory_search."""
    return root.grep(
        pattern, dir, glob=glob, limit=max, ignore_case=case_insensitive, context=context
    )


@tools.add("Compare", text.diff, "read", read_only=True)
def mem_diff(
    root: OpenRoot,
    path1: Path,
    path2: Annotated[str | None, Field(description="Compare path1 with this file.")] = None,
    revision: Annotated[
        int | None, Field(description="Or with what path1 was after this one, from mem_log.")
    ] = None,
) -> Diff:
    """The difference between two files, or of a file since a revision, as a unified diff."""
    if (path2 is None) == (revision is None):
        raise UsageError("give either path2 or revision")
    if revision is not None:
        return revert.diff(root, path1, revision)
    return root.diff(path1, path2 or "")


@dataclass(frozen=True, slots=True)
class CreatedFolder:
    """A folder that exists now."""

    path: str


@tools.add("Make a folder", text.created_folder, "created", idempotent=True)
def mem_mkdir(root: OpenRoot, path: Path) -> CreatedFolder:
    """Make a folder, and those above it. mem_write makes the folders that it needs by itself."""
    root.mkdir(path)
    return CreatedFolder(path)


@tools.add("Move or rename", text.moved, "moved", destructive=True)
def mem_move(
    root: OpenRoot,
    from_: Annotated[str, Field(alias="from", description="The path now.")],
    to: Annotated[str, Field(description="The new path, which must be free.")],
) -> Moved:
    """Give a file or folder another path; folders on the way are made."""
    return root.move(from_, to)
