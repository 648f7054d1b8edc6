"""memcairn export and import: the notes of a folder as one file, and the memories of other programs."""

from __future__ import annotations

import contextlib
import difflib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from memcairn import archive
from memcairn.archive import importers
from memcairn.archive.values import STRATEGIES
from memcairn.cli import options, output
from memcairn.cli.locate import open_root, root_option
from memcairn.cli.text import count, printable, shown, write
from memcairn.errors import NoteExists, UsageError, escaped
from memcairn.fs.rename import rename_noreplace
from memcairn.memory import Memory
from memcairn.root import archives

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

    from memcairn.archive import Imported
    from memcairn.root.imports import ForeignImport

_FORMS = {".json": "json", ".tar.gz": "tar", ".tgz": "tar"}


@click.command("export")
@click.argument("file", type=click.Path())
@root_option
@options.json_option
@options.quiet_option
def export(file: str, *, root: str | None, as_json: bool, quiet: bool) -> int:
    """Write all notes to FILE, a new .json, .tar.gz or .tgz file. FILE - is standard output (JSON).

    \b
    memcairn export notes.tar.gz
    memcairn export notes.json --root ~/notes
    """
    if file == "-" and as_json:
        raise UsageError("--json and the archive cannot both go to standard output")
    form = next((form for end, form in _FORMS.items() if file.lower().endswith(end)), None)
    if form is None and file != "-":
        raise UsageError(
            "the name does not say which format is meant",
            path=file,
            hint=f"end it with {', '.join(_FORMS)}",
        )
    with open_root(root) as files, _new_file(file) as stream:
        done = archive.export(Path(files.root), stream, form=form or "json")
        facts = {"file": file, "root": files.root}
    if as_json:
        output.print_json({**facts, "exported": done})
    elif not quiet and file != "-":
        write(f"{shown(file)}: {count(done.files, 'file')}, {output.size(done.size_bytes)}")
    for path, why in done.left_out.items():
        output.warn(f"{escaped(path)}: left out: {why}")
    for path, kinds in done.secrets.items():
        output.warn(f"{escaped(path)}: may hold a secret: {', '.join(kinds)}")
    return 0


@contextlib.contextmanager
def _new_file(path: str) -> Iterator[IO[bytes]]:
    """A new file that only its user can read; it has its name once the block has ended."""
    if path == "-":
        yield sys.stdout.buffer
        return
    if os.path.lexists(path):
        raise NoteExists("exists already", path=path, hint="choose another name")
    partial = f"{path}.partial-{os.getpid()}"
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        rename_noreplace(partial, path)
    except FileExistsError as error:
        os.unlink(partial)
        raise NoteExists("exists already", path=path, hint="choose another name") from error
    except BaseException:
        os.unlink(partial)
        raise


@click.command("import")
@click.argument("source", type=click.Path())
@click.argument("path", type=click.Path(), required=False)
@click.option(
    "--strategy",
    type=click.Choice(STRATEGIES),
    default="skip",
    show_default=True,
    help="Of an archive: what to do where a file has the same path and another content.",
)
@click.option("--dry-run", is_flag=True, help="Show the changes without making them.")
@root_option
@options.json_option
@options.quiet_option
def import_(
    source: str,
    path: str | None,
    *,
    strategy: str,
    dry_run: bool,
    root: str | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Bring the memories of another program, or the notes of an archive, into a notes folder.

    SOURCE is claude-code, codex, chatgpt, claude, claude-mem, basic-memory, mem0, mcp-memory-service,
    obsidian or agent-memory, and PATH its export or folder. Or SOURCE is an archive of `memcairn
    export`; - is standard input.

    Secrets in memories are replaced; a note of an archive that has a secret is left out. The same
    export adds nothing a second time. `memcairn revert` undoes the change of each file.

    \b
    memcairn import chatgpt ~/Downloads/chatgpt-export.zip --dry-run
    memcairn import obsidian ~/vault
    memcairn import notes.json --strategy newer
    """
    if source in importers.SOURCES:
        return _foreign(source, path, dry_run=dry_run, root=root, as_json=as_json, quiet=quiet)
    if path is not None:
        close = difflib.get_close_matches(source, importers.SOURCES, 1)
        hint = f"did you mean {close[0]}?" if close else f"one of {', '.join(importers.SOURCES)}"
        raise UsageError(f"there is no source {source!r}", hint=hint)
    return _archive(
        source,
        strategy=strategy,
        dry_run=dry_run,
        root=root,
        as_json=as_json,
        quiet=quiet,
    )


def _archive(
    file: str, *, strategy: str, dry_run: bool, root: str | None, as_json: bool, quiet: bool
) -> int:
    source = sys.stdin.buffer.read() if file == "-" else Path(file)
    with open_root(root) as files:
        done = archives.import_(files, source, strategy=strategy, dry_run=dry_run)
        output.print_notices(files.engine.notices)
        facts = {"root": files.root, "dry_run": dry_run}
    if as_json:
        output.print_json({**facts, "imported": done})
    elif not quiet:
        write(f"{_summary(done)}{' (nothing was changed)' if dry_run else ''}")
    _warn(done.skipped | done.failed, done.suspicious)
    return 1 if done.failed else 0


def _foreign(
    source: str, path: str | None, *, dry_run: bool, root: str | None, as_json: bool, quiet: bool
) -> int:
    with Memory() as memory:
        with output.progress_bar("Importing", quiet=quiet or as_json) as progress:
            done = memory.import_from(source, path, root=root, dry_run=dry_run, progress=progress)
        output.print_notices(memory.notices)
    if as_json:
        output.print_json({"source": source, "dry_run": dry_run, "imported": done})
    elif not quiet:
        if dry_run:
            for mark, notes in (("+", done.added), ("~", done.corrected)):
                for note in notes:
                    write(printable(f"{mark} {note}"))
        write(f"{_foreign_summary(done)}{' (nothing was changed)' if dry_run else ''}")
    for why, items in done.left_out.most_common():
        output.warn(f"{count(items, 'item')} left out: {why}")
    _warn(done.failed, done.suspicious)
    return 1 if done.failed else 0


def _foreign_summary(done: ForeignImport) -> str:
    others = {
        "corrected": len(done.corrected),
        "said already": done.repeated,
        "imported before": done.known,
        "waiting for `memcairn review`": done.waiting,
        "with secrets or private parts, which were removed": done.redacted,
        "left out": done.left_out.total(),
        "failed": len(done.failed),
    }
    parts = [f"{count(len(done.added), 'note')} added"]
    return ", ".join(parts + [f"{number:,} {what}" for what, number in others.items() if number])


def _warn(reasons: dict[str, str], suspicious: dict[str, tuple[str, ...]]) -> None:
    for path, why in reasons.items():
        output.warn(f"{escaped(path)}: {why}")
    for path, why_suspicious in suspicious.items():
        output.warn(f"{escaped(path)}: check it: {'; '.join(why_suspicious)}")


def _summary(done: Imported) -> str:
    others = {
        "replaced": done.replaced,
        "renamed": done.renamed,
        "unchanged": done.unchanged,
        "skipped": done.skipped,
        "failed": done.failed,
    }
    parts = [f"{count(len(done.added), 'file')} added"]
    return ", ".join(parts + [f"{len(paths):,} {what}" for what, paths in others.items() if paths])
