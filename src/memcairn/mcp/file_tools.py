"""The tools for files: read, write, find, move and remove."""

# No `from __future__ import annotations`: the annotations are the schemas.

from typing import Annotated

from pydantic import Field

from memcairn.files import Files, Saved
from memcairn.mcp import text
from memcairn.mcp.table import Tools
from memcairn.vault.trash import Trashed
from memcairn.vault.values import Window

tools = Tools()

Path = Annotated[str, Field(description='Relative to the root, such as "project/deploy.md".')]
Line = Annotated[int | None, Field(ge=1)]


@tools.add("Read a note", text.window, read_only=True)
def mem_read(files: Files, path: Path, start_line: Line = None, end_line: Line = None) -> Window:
    """Read a file, or its lines from start_line to end_line, both included.

    A long file comes in parts: `truncated` says that there is more after last_line.
    """
    return files.read(path, start_line=start_line, end_line=end_line)


@tools.add("Write a note", text.saved, destructive=True)
def mem_write(
    files: Files,
    path: Path,
    content: Annotated[str, Field(description="The whole text of the file.")],
    overwrite: Annotated[bool, Field(description="Replace a file that exists.")] = False,  # noqa: FBT002
    if_match: Annotated[
        str | None, Field(description="Replace it only if its sha256 is still this one.")
    ] = None,
) -> Saved:
    """Write a file as a whole; folders on the way are made. It is searchable when this returns.

    For a memory whose place does not matter, use memory_observe instead.
    """
    return files.write(path, content, overwrite=overwrite, if_match=if_match)


@tools.add("Edit a note", text.saved, destructive=True)
def mem_edit(
    files: Files,
    path: Path,
    old_str: Annotated[str, Field(description="A text that occurs exactly once in the file.")],
    new_str: Annotated[str, Field(description="What takes its place; may be empty.")],
) -> Saved:
    """Replace one passage of a file. An error says how often old_str occurs if not once."""
    return files.edit(path, old_str, new_str)


@tools.add("Remove a note", text.trashed, destructive=True)
def mem_remove(
    files: Files,
    path: Path,
    recursive: Annotated[bool, Field(description="A folder with what is in it.")] = False,  # noqa: FBT002
) -> Trashed:
    """Move a file or folder into the trash, from where a person can bring it back."""
    return files.remove(path, recursive=recursive)
