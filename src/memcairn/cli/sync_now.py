"""Synchronize scopes and print what was done; without click, so that a sync with nothing to do is short."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memcairn.cli.text import printable, write
from memcairn.errors import SyncError
from memcairn.settings import shared_scopes
from memcairn.sync.synchronize import synchronize

if TYPE_CHECKING:
    from memcairn.memory import Memory
    from memcairn.settings.shared_scopes import SharedScope
    from memcairn.sync.synchronize import Synced

_SHOWN = 10


def run(home: str, only: str | None = None, *, dry_run: bool = False, as_json: bool = False) -> int:
    """Synchronize all scopes of a home, or one; returns the exit code.

    Raises:
        UsageError: there is no such scope.
        SyncError: there are no scopes yet.
    """
    opened: list[Memory] = []

    def memory() -> Memory:
        from memcairn.memory import Memory  # noqa: PLC0415 - most syncs change no file

        if not opened:
            opened.append(Memory(home))
        return opened[0]

    try:
        done = [
            synchronize(home, scope, lambda: memory().engine, dry_run=dry_run)
            for scope in scopes(home, only)
        ]
        if opened or as_json:
            from memcairn.cli import output  # noqa: PLC0415 - as above

            output.print_notices(opened[0].notices if opened else [])
            if as_json:
                output.print_json({"scopes": done, "dry_run": dry_run})
    finally:
        for one in opened:
            one.close()
    if not as_json:
        for synced in done:
            print_text(text(synced, dry_run=dry_run))
    return 1 if any(one.left for one in done) else 0


def scopes(home: str, only: str | None = None) -> list[SharedScope]:
    """The scopes of a home, or one of them.

    Raises:
        UsageError: there is no such scope.
        SyncError: there are no scopes yet.
    """
    if only is not None:
        return [shared_scopes.named(home, only)]
    found = shared_scopes.load(home)
    if not found:
        raise SyncError("nothing is synchronized yet", hint="memcairn sync init URL")
    return found


def print_text(lines: str) -> None:
    """Print lines that may contain text of others."""
    write("\n".join(map(printable, lines.split("\n"))))


def text(done: Synced, *, dry_run: bool = False) -> str:
    """What one sync did, for a person."""
    verbs = ("to send", "to take") if dry_run else ("sent", "taken")
    lines = [f"{done.scope}: {len(done.sent)} {verbs[0]}, {len(done.taken)} {verbs[1]}"]
    for sign, names in (("  > ", done.sent), ("  < ", done.taken)):
        lines += [sign + name for name in names[:_SHOWN]]
        if len(names) > _SHOWN:
            lines.append(f"{sign}and {len(names) - _SHOWN:,} more")
    lines += [
        f"  conflict: {note}; the text of this machine is in {path}"
        for note, path in done.conflicts
    ]
    lines += [f"  not shown to models before you decide: {path}" for path in done.suspicious]
    if done.conflicts or done.suspicious:
        lines.append("  see `memcairn review`")
    if done.left:
        lines.append(f"  left: {done.left}")
        if done.hint:
            lines.append(f"  {done.hint}")
    return "\n".join(lines)
