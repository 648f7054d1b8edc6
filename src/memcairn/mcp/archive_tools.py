"""MCP tools that export and import archives of notes."""

# No `from __future__ import annotations`: pydantic reads the annotations as schemas.

from typing import Annotated, Literal

from pydantic import Field

from memcairn.archive import Imported
from memcairn.errors import UsageError
from memcairn.mcp import text
from memcairn.mcp.typed_tool import Tools
from memcairn.root import OpenRoot, archives

tools = Tools()


@tools.add("Export", text.exported, "written")
def mem_export(
    root: OpenRoot,
    path: Annotated[
        str | None,
        Field(
            description="A new file in the root or in scratch/. Without it, the archive is returned as text."
        ),
    ] = None,
    format: Annotated[  # noqa: A002 - the name that clients know
        Literal["json", "tar"], Field(description="tar requires a path.")
    ] = "json",
) -> archives.ExportResult:
    """Export all notes to an archive, as a backup or to import elsewhere."""
    return archives.export(root, path, format)


@tools.add("Import", text.imported, "written", destructive=True)
def mem_import(
    root: OpenRoot,
    path: Annotated[
        str | None, Field(description="The archive: a file in the root or in scratch/.")
    ] = None,
    archive: Annotated[
        str | None, Field(description="The text of a JSON archive, instead of path.")
    ] = None,
    strategy: Annotated[
        Literal["skip", "overwrite", "rename", "newer"],
        Field(description="What to do when a file exists with different content."),
    ] = "skip",
    dry_run: Annotated[bool, Field(description="Only report what would change.")] = False,  # noqa: FBT002
) -> Imported:
    """Import notes from an archive: JSON or tar from mem_export, or an export from agent-memory.

    Files that seem to contain secrets are skipped. mem_revert can undo the change to each file.
    """
    if (path is None) == (archive is None):
        raise UsageError("give either path or archive")
    source = (
        root.read_bytes(path) if path is not None else (archive or "").encode("utf-8", "replace")
    )
    return archives.import_(root, source, strategy=strategy, dry_run=dry_run)
