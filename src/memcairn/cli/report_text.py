"""The report of `memcairn index` as text; without click, which a plain call does not load."""

from __future__ import annotations

from memcairn.cli.text import count, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from memcairn.indexing.report import IndexReport


def summary(indexed: int, others: Mapping[str, int], took_s: float) -> str:
    """`3 notes indexed, 1 removed (0.12 s)`; counts of zero are left out."""
    parts = [f"{count(indexed, 'note')} indexed"]
    parts += [f"{number:,} {what}" for what, number in others.items() if number]
    return f"{', '.join(parts)} ({took_s:.2f} s)"


def as_text(report: IndexReport, waiting: int = 0) -> str:
    """A summary line, a line for each file that was left out, and one if chunks are being embedded."""
    others = {
        "unchanged": report.unchanged,
        "removed": len(report.removed),
        "left out": len(report.left_out),
        "failed": len(report.failed),
    }
    lines = [summary(len(report.indexed), others, report.took_s)]
    lines += [f"  left out: {shown(path)}: {why}" for path, why in report.left_out.items()]
    return "\n".join([*lines, *_embedding(waiting)])


def _embedding(waiting: int) -> list[str]:
    return [f"  embedding {count(waiting, 'chunk')} in the background"] if waiting else []


def failures(report: IndexReport) -> list[str]:
    """A line for each file that could not be indexed."""
    return [f"{shown(path)}: {why}" for path, why in report.failed.items()]
