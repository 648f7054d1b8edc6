"""Export and import archives of a root's notes, as files in the root or the scratch folder, or as text."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from memcairn import archive
from memcairn.archive import Exported  # noqa: TC001 - the MCP server builds a schema from it
from memcairn.errors import UsageError

if TYPE_CHECKING:
    from memcairn.archive import Imported
    from memcairn.archive.source import Archive
    from memcairn.root.open_root import OpenRoot


@dataclass(frozen=True, slots=True)
class ExportResult:
    """An exported archive: its `path`, or its text in `archive` if it was not written to a file."""

    exported: Exported
    path: str | None = None
    archive: str | None = None


def export(
    root: OpenRoot, path: str | None = None, form: Literal["json", "tar"] = "json"
) -> ExportResult:
    """Export the notes of a root to an archive.

    Args:
        root: the root.
        path: the file to write, which must not exist; None returns the archive as text.
        form: see memcairn.archive.export.

    Raises:
        UsageError: the archive is larger than one call may read or write, or a tar archive has no path.
        NoteExists: the path exists.
    """
    if path is None and form != "json":
        raise UsageError(
            "a tar archive cannot be returned as text",
            hint='give a path, such as "scratch/notes.tar.gz"',
        )
    stream = io.BytesIO()
    exported = archive.export(Path(root.root), stream, form=form)
    data = stream.getvalue()
    if path is not None:
        return ExportResult(exported, path=root.write_bytes(path, data).path)
    limit = int(root.engine.config["tools.max_read_bytes"])
    if len(data) > limit:
        raise UsageError(
            f"the archive has {len(data):,} bytes; one call returns at most {limit:,}",
            hint='give a path, such as "scratch/notes.json"',
        )
    return ExportResult(exported, archive=data.decode())


def import_(
    root: OpenRoot,
    source: bytes | Path | Archive,
    *,
    strategy: str = "skip",
    dry_run: bool = False,
) -> Imported:
    """Import the notes of an archive into a root; each change can be undone.

    Args:
        root: the root.
        source: the archive, its bytes, or the file that holds it.
        strategy: see memcairn.archive.import_.
        dry_run: only report what would change.

    Raises:
        ArchiveRefused: the data is not an archive, or has forbidden contents.
        UsageError: there is no such strategy.
    """
    loaded = archive.load(source) if isinstance(source, bytes | Path) else source
    folder = Path(root.root)
    plan = archive.import_(loaded, folder, strategy=strategy, dry_run=True)
    if dry_run or not plan.changed:
        return plan
    with root.recording("import", *plan.replaced) as recording:
        done = archive.import_(loaded, folder, strategy=strategy)
        recording.changed(done.replaced)
        recording.created(done.created)
    root.index(done.changed)
    return done
