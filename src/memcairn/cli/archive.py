"""memcairn export and import: the notes of a folder as one file."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from memcairn import archive
from memcairn.archive.values import STRATEGIES
from memcairn.cli import options, output
from memcairn.cli.locate import open_root, root_option
from memcairn.cli.text import count, printable, shown, write
from memcairn.errors import NoteExists, UsageError
from memcairn.fs.rename import rename_noreplace
from memcairn.root import archives

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

    from memcairn.archive import Imported

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
        click.echo(printable(f"memcairn: {path}: left out: {why}"), err=True)
    for path, kinds in done.secrets.items():
        click.echo(printable(f"memcairn: {path}: may hold a secret: {', '.join(kinds)}"), err=True)
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
@click.argument("file", type=click.Path())
@click.option(
    "--strategy",
    type=click.Choice(STRATEGIES),
    default="skip",
    show_default=True,
    help="What to do where a file has the same path and another content.",
)
@click.option("--dry-run", is_flag=True, help="Show the changes without making them.")
@root_option
@options.json_option
@options.quiet_option
def import_(
    file: str,
    *,
    strategy: str,
    dry_run: bool,
    root: str | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Put the notes of the archive FILE into a notes folder. FILE - is standard input.

    The archive is one of `memcairn export` or of ANOLISA agent-memory. Texts with secrets are left
    out. `memcairn revert` undoes the change of each file.

    \b
    memcairn import notes.tar.gz --dry-run
    memcairn import notes.json --strategy newer
    """
    source = sys.stdin.buffer.read() if file == "-" else Path(file)
    with open_root(root) as files:
        done = archives.import_(files, source, strategy=strategy, dry_run=dry_run)
        output.print_notices(files.engine.notices)
        facts = {"root": files.root, "dry_run": dry_run}
    if as_json:
        output.print_json({**facts, "imported": done})
    elif not quiet:
        write(f"{_summary(done)}{' (nothing was changed)' if dry_run else ''}")
    for path, why in (done.skipped | done.failed).items():
        click.echo(printable(f"memcairn: {path}: {why}"), err=True)
    for path, reasons in done.suspicious.items():
        click.echo(printable(f"memcairn: {path}: check it: {'; '.join(reasons)}"), err=True)
    return 1 if done.failed else 0


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
