"""Output that commands share: one JSON document, or text for people; without click."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any

from memcairn.cli.text import count, say, shown, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from memcairn.indexing.report import IndexReport


def print_json(value: object) -> None:
    """Print one JSON document: dataclasses and named tuples as objects.

    Characters that standard output cannot encode are escaped as JSON has it.
    """
    import json  # noqa: PLC0415 - not for text

    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    escape = encoding.lower().replace("-", "") != "utf8"
    text = json.dumps(_plain(value), ensure_ascii=escape, indent=2)
    if not escape and not text.replace("\n", "").isprintable():
        text = "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)
    write(text)


def _plain(value: Any) -> Any:
    if hasattr(value, "_asdict"):
        return _plain(value._asdict())
    if hasattr(value, "__dataclass_fields__"):
        return {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def has_styles(stream: IO[str]) -> bool:
    """Whether a stream shows colors: it is a terminal, and NO_COLOR is not set."""
    return stream.isatty() and "NO_COLOR" not in os.environ


def size(size_bytes: float) -> str:
    """512 B, 1.5 KiB, 20.1 MiB."""
    for unit in ("B", "KiB", "MiB"):
        if size_bytes < 1024:
            return f"{size_bytes:.0f} B" if unit == "B" else f"{size_bytes:.1f} {unit}"
        size_bytes /= 1024
    return f"{size_bytes:.1f} GiB"


def age(seconds: float) -> str:
    """3 s, 5 min, 2 h, 4 days."""
    for unit, length in (("day", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            number = int(seconds // length)
            return f"{number} {unit}{'s' if unit == 'day' and number != 1 else ''}"
    return f"{seconds:.0f} s"


def warn(message: str) -> None:
    """Print a message on stderr."""
    say(f"memcairn: {message}")


def print_lines(lines: Iterable[str], *, none: str) -> None:
    """Print lines on stdout; if there are none, say so on stderr, so that a script reads no line."""
    whole = [*lines]
    for line in whole:
        write(line)
    if not whole:
        warn(none)


def print_notices(notices: list[str]) -> None:
    """Print notices on stderr, and clear them."""
    for notice in notices:
        warn(notice)
    notices.clear()


def print_report(report: IndexReport, *, as_json: bool, quiet: bool, waiting: int = 0) -> int:
    """Print what indexing did; returns the exit code, 1 if something failed.

    Args:
        report: what it did.
        as_json: as one JSON document.
        quiet: errors only.
        waiting: how many chunks are being embedded in the background.
    """
    if as_json:
        print_json(report)
    elif not quiet:
        write(report_as_text(report, waiting))
    for line in failures(report):
        warn(line)
    return 0 if report.is_whole else 1


def summary(indexed: int, others: Mapping[str, int], took_s: float) -> str:
    """`3 notes indexed, 1 removed (0.12 s)`; counts of zero are left out."""
    parts = [f"{count(indexed, 'note')} indexed"]
    parts += [f"{number:,} {what}" for what, number in others.items() if number]
    return f"{', '.join(parts)} ({took_s:.2f} s)"


def report_as_text(report: IndexReport, waiting: int = 0) -> str:
    """A summary line, a line for each file that was left out, and one if chunks are being embedded."""
    others = {
        "unchanged": report.unchanged,
        "removed": len(report.removed),
        "left out": len(report.left_out),
        "failed": len(report.failed),
    }
    lines = [summary(len(report.indexed), others, report.took_s)]
    lines += [f"  left out: {shown(path)}: {why}" for path, why in report.left_out.items()]
    lines += not_scanned(report.links, report.named_out)
    return "\n".join([*lines, *_embedding(waiting)])


def not_scanned(links: int, named_out: int) -> list[str]:
    """A line that counts what a scan passed over, if anything."""
    parts = [f"{count(links, 'symlink')} not followed"] if links else []
    parts += [f"{count(named_out, 'folder')} left out by name (such as build)"] if named_out else []
    return [f"  {', '.join(parts)}"] if parts else []


def _embedding(waiting: int) -> list[str]:
    return [f"  embedding {count(waiting, 'chunk')} in the background"] if waiting else []


def failures(report: IndexReport) -> list[str]:
    """A line for each file that could not be indexed."""
    return [f"{shown(path)}: {why}" for path, why in report.failed.items()]


@contextmanager
def progress_bar(label: str, *, quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
    """A progress bar on a terminal, nothing elsewhere."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    import click  # noqa: PLC0415 - only on a terminal

    # The width of the line is the terminal's; the total is known after the first call only.
    with click.progressbar(length=1, label=label, width=0, file=sys.stderr, show_eta=False) as bar:

        def update(done: int, total: int) -> None:
            bar.length = max(total, 1)
            bar.update(done - bar.pos)

        yield update
