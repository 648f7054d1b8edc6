"""MCP tools that read, write, find, move and remove files."""

# No `from __future__ import annotations`: pydantic reads the annotations as schemas.

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from memcairn.errors import UsageError
from memcairn.formats.utc import utc_text
from memcairn.mcp import printed_paths, text
from memcairn.mcp.typed_tool import Tools
from memcairn.root import OpenRoot, WriteResult, revert
from memcairn.vault.diff import Diff
from memcairn.vault.find import Kind, Matches
from memcairn.vault.trash import Trashed
from memcairn.vault.values import Moved, Window

tools = Tools()

Path = Annotated[str, Field(description='Relative to the root: "project/deploy.md".')]
Folder = Annotated[str, Field(description='Relative to the root; "" is the root.')]
Glob = Annotated[
    str | None,
    Field(description='"*.md" matches names, "2026/**/*.md" paths relative to the folder.'),
]
Line = Annotated[int | None, Field(ge=1, lt=2**63)]


@tools.add("Read a note", text.window, "read", read_only=True)
def mem_read(root: OpenRoot, path: Path, start_line: Line = None, end_line: Line = None) -> Window:
    """Read a file, or its lines start_line to end_line, inclusive; "plan.md:10-12" names lines, too.

    A long file is returned in parts: if `truncated` is set, continue after last_line.
    """
    window = printed_paths.read(root, path, start_line, end_line)
    root.note_used([window.path])
    return window


@tools.add("Write a note", text.saved, "written", destructive=True)
def mem_write(
    root: OpenRoot,
    path: Path,
    content: Annotated[str, Field(description="The complete new text.")],
    overwrite: Annotated[bool, Field(description="Replace an existing file.")] = False,  # noqa: FBT002
    if_match: Annotated[
        str | None, Field(description="Only if this is its current sha256.")
    ] = None,
) -> WriteResult:
    """Create or replace a file; missing folders are created. It is searchable immediately.

    Use memory_observe instead if the path does not matter.
    """
    return root.write(path, content, overwrite=overwrite, if_match=if_match)


@tools.add("Append to a note", text.saved, "written")
def mem_append(
    root: OpenRoot,
    path: Path,
    content: Annotated[str, Field(description="Starts on a new line.")],
) -> WriteResult:
    """Append text to a file; a missing file is created."""
    return root.append(path, content)


@tools.add("Edit a note", text.saved, "written", destructive=True)
def mem_edit(
    root: OpenRoot,
    path: Path,
    old_str: Annotated[str, Field(description="Occurs exactly once in the file.")],
    new_str: Annotated[str, Field(description="The replacement; may be empty.")],
) -> WriteResult:
    """Replace one passage of a file. If old_str does not occur exactly once, the error gives the count."""
    return root.edit(path, old_str, new_str)


@tools.add("Remove a note", text.trashed, "removed", destructive=True)
def mem_remove(
    root: OpenRoot,
    path: Path,
    recursive: Annotated[bool, Field(description="A folder and its contents, too.")] = False,  # noqa: FBT002
) -> Trashed:
    """Move a file or folder to the trash. A person can restore it with `memcairn trash`."""
    return root.remove(path, recursive=recursive)


@dataclass(frozen=True, slots=True)
class ListedItem:
    """An item in a folder; `changed` is the time of its last change. Symlinks are not followed."""

    path: str
    kind: Kind
    size_bytes: int
    changed: str


@dataclass(frozen=True, slots=True)
class ListAnswer:
    """One page of a folder; pass `next_after`, if present, as `after` to get the next page."""

    items: tuple[ListedItem, ...]
    next_after: str | None = None


@tools.add("List files", text.listing, "read", read_only=True)
def mem_list(
    root: OpenRoot,
    dir: Folder = "",  # noqa: A002 - the name that clients know
    recursive: Annotated[bool, Field(description="Include subfolders.")] = False,  # noqa: FBT002
    glob: Glob = None,
    after: Annotated[str | None, Field(description="next_after from the previous call.")] = None,
) -> ListAnswer:
    """List a folder, up to 1,000 items per call."""
    page = root.list(dir, recursive=recursive, glob=glob, after=after)
    items = (
        ListedItem(entry.path, entry.kind, entry.size_bytes, utc_text(entry.mtime_ns // 10**9))
        for entry in page.entries
    )
    return ListAnswer(tuple(items), page.next_after)


@tools.add("Search files for a pattern", text.matches, "found", read_only=True)
def mem_grep(
    root: OpenRoot,
    pattern: Annotated[str, Field(description="A Python regular expression.")],
    dir: Folder = "",  # noqa: A002 - as above
    glob: Glob = None,
    max: Annotated[int, Field(ge=1, le=1000, description="Maximum number of matches.")] = 100,  # noqa: A002
    case_insensitive: bool = False,  # noqa: FBT001, FBT002
    context: Annotated[
        int, Field(ge=0, le=20, description="Lines of context around each match.")
    ] = 0,
) -> Matches:
    """Find lines that match a regular expression. To find memories, use memory_search."""
    return root.grep(
        pattern, dir, glob=glob, limit=max, ignore_case=case_insensitive, context=context
    )


@tools.add("Compare", text.diff, "read", read_only=True)
def mem_diff(
    root: OpenRoot,
    path1: Path,
    path2: Annotated[str | None, Field(description="The file to compare path1 with.")] = None,
    revision: Annotated[
        int | None,
        Field(
            ge=1,
            lt=2**63,
            description="Instead of path2: compare with path1 after this revision (from mem_log).",
        ),
    ] = None,
) -> Diff:
    """Show a unified diff of two files, or of a file since a revision."""
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
    """Create a folder and its parents. mem_write creates missing folders itself."""
    root.mkdir(path)
    return CreatedFolder(path)


@tools.add("Move or rename", text.moved, "moved", destructive=True)
def mem_move(
    root: OpenRoot,
    from_: Annotated[str, Field(alias="from", description="The current path.")],
    to: Annotated[str, Field(description="The new path, which must not exist.")],
) -> Moved:
    """Move or rename a file or folder; missing folders are created."""
    return root.move(from_, to)
