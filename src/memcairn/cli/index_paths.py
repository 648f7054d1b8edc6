"""Index paths and print the report: what `memcairn index PATH` does, without importing click."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memcairn.cli import output
from memcairn.errors import NoteError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from memcairn.memory import Memory


def index_paths(
    memory: Memory,
    given: Iterable[str],
    *,
    namespace: str | None = None,
    force: bool = False,
    as_json: bool = False,
    quiet: bool = False,
) -> int:
    """Index files and folders, and print what was done; returns the exit code."""
    from memcairn.indexing.report import IndexReport  # noqa: PLC0415 - it imports dataclasses

    report = IndexReport()
    with output.progress_bar("Indexing", quiet=quiet or as_json) as progress:
        for path in given:
            try:
                part = memory.index(
                    path, namespace=namespace, force=force, embed=False, progress=progress
                )
            except NoteError as error:
                # The other paths are still indexed.
                part = IndexReport(failed={str(error.path or path): error.message})
            report.add(part)
            report.took_s += part.took_s
    waiting = memory.embed_in_background()
    output.print_notices(memory.notices)
    return output.print_report(report, as_json=as_json, quiet=quiet, waiting=waiting)
