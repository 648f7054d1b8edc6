"""The tools for archives: notes out of the root, and into it."""

# No `from __future__ import annotations`: the annotations are the schemas.

from typing import Annotated, Literal

from pydantic import Field

from memcairn.archive import Imported
from memcairn.errors import UsageError
from memcairn.mcp import text
from memcairn.mcp.table import Tools
from memcairn.root import OpenRoot, archives

tools = Tools()


@tools.add("Export", text.exported, "written")
def mem_export(
    root: OpenRoot,
    path: Annotated[
        str | None,
        Field(
            description="A new file in the root, or below scratch/; without it, text comes back."
        ),
    ] = None,
    format: Annotated[  # noqa: A002 - the name that clients know
        Literal["json", "tar"], Field(description="tar needs a path.")
    ] = "json",
) -> archives.ExportResult:
    """Make an archive of all notes, to keep it or to import it elsewhere."""
    return archives.export(root, path, format)


@tools.add("Import", text.imported, "written", destructive=True)
def mem_import(
    root: OpenRoot,
    path: Annotated[
        str | None, Field(description="The archive: a file in the root, or below scratch/.")
    ] = None,
    archive: Annotated[str | None, Field(description="Or its text, if it is JSON.")] = None,
    strategy: Annotated[
        Literal["skip", "overwrite", "rename", "newer"],
        Field(description="For a file that is there with another content."),
    ] = "skip",
    dry_run: Annotated[bool, Field(description="Only say what would change.")] = False,  # noqa: FBT002
) -> Imported:
    """Put the notes of an archive into the root: mem_export's JSON or tar, or agent-memory's export.

    What looks like a secret is not imported. Each file can be undone by mem_revert.
    """
    if (path is None) == (archive is None):
        raise UsageError("give either path or archive")
    source = (
        root.read_bytes(path) if path is not None else (archive or "").encode("utf-8", "replace")
    )
    return archives.import_(root, source, strategy=strategy, dry_run=dry_run)
