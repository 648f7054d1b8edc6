"""memcairn list, show, edit and rm: the notes themselves."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile

import click

from memcairn import paths
from memcairn.cli import options, output
from memcairn.cli.locate import (
    folders,
    note_argument,
    notes_in,
    open_note,
    require_used,
    root_of,
    root_option,
)
from memcairn.cli.text import printable, shown, write
from memcairn.errors import MemcairnError, NoteUnreadable
from memcairn.formats.utc import utc_text
from memcairn.memory import Memory
from memcairn.root.overview import changed_at


@click.command("list")
@click.option("--type", "kind", metavar="TYPE", help="Only notes of this type.")
@click.option("--namespace", metavar="NAME", help="Only notes of this namespace.")
@click.option("--root", metavar="FOLDER", type=click.Path(), help="Only notes of this folder.")
@options.json_option
@options.quiet_option
def list_(
    *, kind: str | None, namespace: str | None, root: str | None, as_json: bool, quiet: bool
) -> int:
    """List the notes of all notes folders: path and title.

    \b
    memcairn list
    memcairn list --type feedback
    """
    with Memory() as memory:
        wanted = [root_of(memory, root)] if root is not None else folders(memory)
        found = {note.path: note for folder in wanted for note in notes_in(memory, folder)}
        output.print_notices(memory.notices)
    if kind is not None:
        require_used("type", kind, {note.type for note in found.values()})
    if namespace is not None:
        require_used("namespace", namespace, {note.namespace for note in found.values()})
    notes = [
        found[path]
        for path in sorted(found)
        if (kind is None or kind.strip().lower() == found[path].type)
        and namespace in (None, found[path].namespace)
    ]
    if as_json:
        rows = [
            {
                "path": note.path,
                "title": note.title,
                "description": note.description,
                "type": note.type,
                "tags": note.tags,
                "pinned": note.pinned,
                "namespace": note.namespace,
                "date": note.date,
                "changed": utc_text(changed_at(note) / 10**9),
                "size_bytes": note.size_bytes,
            }
            for note in notes
        ]
        output.print_json({"notes": rows})
    elif not quiet:
        lines = (f"{shown(note.path)}  {printable(note.title)}" for note in notes)
        output.print_lines(lines, none="there are no notes yet: `memcairn index FOLDER`")
    return 0


@click.command("show")
@note_argument
@root_option
@options.json_option
def show(note: str, *, root: str | None, as_json: bool) -> int:
    """Print the text of NOTE, a path or a name.

    \b
    memcairn show plan
    memcairn show ~/notes/plan.md
    """
    with open_note(note, root) as (files, path):
        data = files.read_bytes(path)
        facts = {"path": path, "root": files.root, "title": files.title(path)}
    text = _decode(data, path)
    if as_json:
        output.print_json({**facts, "text": text, "sha256": hashlib.sha256(data).hexdigest()})
    else:
        for line in text.removeprefix("\ufeff").removesuffix("\n").split("\n"):
            write(printable(line))
    return 0


def _decode(data: bytes, path: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise NoteUnreadable(f"is not UTF-8 text (line {line})", path=path, line=line) from error


@click.command("edit")
@note_argument
@root_option
@options.json_option
@options.quiet_option
def edit(note: str, *, root: str | None, as_json: bool, quiet: bool) -> int:
    """Edit NOTE in the editor that VISUAL or EDITOR names.

    If the note changes while the editor is open, nothing is overwritten: the note stays as it is, and
    the message names the file that keeps your version.

    \b
    memcairn edit plan
    """
    with open_note(note, root) as (files, path):
        before = files.read_bytes(path)
        folder = os.path.join(files.engine.home, "edits")
        paths.make_private_folder(folder)
        stem, suffix = os.path.splitext(os.path.basename(path))
        descriptor, copy = tempfile.mkstemp(suffix or ".md", f"{stem}-", folder)
        with os.fdopen(descriptor, "wb") as file:
            file.write(before)
        click.edit(filename=copy)
        with open(copy, "rb") as file:
            after = file.read()
        if after != before:
            try:
                sha256 = hashlib.sha256(before).hexdigest()
                files.write(path, _decode(after, path), overwrite=True, if_match=sha256)
            except MemcairnError as error:
                error.hint = f"your version is in {copy}"
                raise
        with contextlib.suppress(OSError):  # the note is saved
            os.unlink(copy)
        output.print_notices(files.engine.notices)
        facts = {"path": path, "root": files.root, "changed": after != before}
    if as_json:
        output.print_json(facts)
    elif not quiet:
        write(f"{printable(path)}: {'saved' if after != before else 'not changed'}")
    return 0


@click.command("rm")
@note_argument
@root_option
@options.json_option
@options.quiet_option
def remove(note: str, *, root: str | None, as_json: bool, quiet: bool) -> int:
    """Move NOTE into the trash.

    \b
    memcairn rm plan
    """
    with open_note(note, root) as (files, path):
        removed = files.remove(path)
        output.print_notices(files.engine.notices)
        facts = {"path": path, "root": files.root, "id": removed.id}
    if as_json:
        output.print_json(facts)
    elif not quiet:
        write(f"{printable(path)}: moved to the trash")
        write(f"  `memcairn trash restore {removed.id}` brings it back")
    return 0
