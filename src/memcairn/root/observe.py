"""Save a memory in a new note, without choosing a path.

<root>/observed/deploy-blue-green-3f9a.md
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

from memcairn import paths
from memcairn.errors import NoteError, NoteExists, UsageError
from memcairn.fs.sandbox import open_root
from memcairn.notes import frontmatter
from memcairn.notes.note import parse
from memcairn.notes.subject import slug, subject
from memcairn.root.relative_dates import with_days
from memcairn.safety import secrets
from memcairn.safety.private import without_private

if TYPE_CHECKING:
    from collections.abc import Iterator

    from memcairn.fs.sandbox import Folder

FOLDER = "observed"
SOURCE = "memcairn"
BY_AGENT = "memory_observe"
SOURCES = (SOURCE, BY_AGENT)
"""The first words of `source` in notes that memcairn wrote."""
# If the name is taken, another suffix is tried.
_MAX_ATTEMPTS = 20
_MAX_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Observation:
    """A memory to save; an empty `title` or `description` is derived from the text.

    Attributes:
        sources: what it is based on: `src/upload.py:10-24`; the hash of the cited text is added.
        valid_until: the last day on which it holds, in ISO 8601.
        valid_from: the first day; None: the day of the correction, if it corrects a note.
        keep_old: a corrected note keeps a line with what it said: "Until 2026-03-01: ...".
        source: what writes it: the tool, the host and the session.
        created: when it was first written, in ISO 8601; None: now.
        supersedes: the path of a note that it replaces and that stays as it is.
    """

    text: str
    title: str = ""
    type: str | None = None
    tags: tuple[str, ...] = ()
    namespace: str | None = None
    description: str = ""
    sources: tuple[str, ...] = ()
    valid_until: str | None = None
    source: str = SOURCE
    created: str | None = None
    supersedes: str | None = None
    valid_from: str | None = None
    keep_old: bool = False


def local_day() -> date:
    """Today where the person is."""
    return datetime.now().astimezone().date()


def validated(observation: Observation, *, allow_secret: bool) -> Observation:
    """Validate and normalize an observation; invalid Unicode becomes question marks.

    A relative date in the text is followed by the day that it means.

    Raises:
        UsageError: the text is empty.
        SecretFound: it contains a secret; with `allow_secret`, this is only logged.
    """
    observation = replace(
        observation,
        text=with_days(_unicode(observation.text), local_day()),
        title=_unicode(observation.title),
        type=observation.type and _unicode(observation.type),
        tags=tuple(map(_unicode, observation.tags)),
        namespace=observation.namespace and _unicode(observation.namespace),
        description=_unicode(observation.description),
        sources=tuple(map(_unicode, observation.sources)),
        valid_until=observation.valid_until and _day(observation.valid_until),
        valid_from=observation.valid_from and _day(observation.valid_from),
    )
    text = observation.text.strip("\r\n").rstrip()
    if not text.strip():
        raise UsageError("there is nothing to remember: the text is empty")
    all_text = "\n".join(
        (
            text,
            observation.title,
            observation.description,
            *observation.tags,
            observation.namespace or "",
            *observation.sources,
        )
    )
    secrets.refuse_secrets(all_text, allow=allow_secret)
    public = without_private(text, "")
    if not public.strip():
        raise UsageError("there is nothing to remember: all of the text is private")
    return replace(
        observation,
        text=text,
        title=" ".join(observation.title.split()) or subject(public),
        description=" ".join(observation.description.split()),
    )


def write(root: str, observation: Observation) -> str:
    """Write a new note and return its absolute path.

    Args:
        root: the real path of an existing folder.
        observation: as `validated` returned it.

    Raises:
        NoteError: the note cannot be written; nothing was changed.
    """
    content = _content(observation, datetime.now(UTC)).encode()
    with open_root(Path(root)) as top, top.folder((FOLDER,), create=True) as folder:
        for _ in range(_MAX_ATTEMPTS):
            file = f"{file_name(observation)}.md"
            try:
                folder.write_new(file, content)
            except NoteExists:
                continue
            return os.path.join(root, FOLDER, file)
    raise NoteError("has no free name left for this title", path=FOLDER)


def file_name(observation: Observation) -> str:
    """A name for a note, without its suffix; the next call returns another one."""
    text = secrets.redact(without_private(observation.text, ""))
    name = slug(secrets.redact(observation.title), text) or "note"
    return f"{name}-{token_hex(2)}"


def set_pinned(root: str, path: str, *, pinned: bool) -> bool:
    """Set or remove `pinned: true` in a note's frontmatter; False if nothing changed.

    Raises:
        NoteError: the note cannot be changed.
    """
    if os.path.splitext(path)[1].lower() in paths.PLAIN_SUFFIXES:
        raise NoteError("is plain text and has no frontmatter, so it cannot be pinned", path=path)
    with _place(root, path, lock=True) as (folder, name):
        text, status = _read(folder, name)
        if parse(text, stem="").note.pinned == pinned:
            return False
        try:
            changed = frontmatter.update(text, {"pinned": True if pinned else None})
        except NoteError as error:
            raise NoteError(error.message, path=path, hint=error.hint) from error
        folder.write(name, changed.encode(), expected=status)
    return True


# ── words ────────────────────────────────────────────────────────────────────────────────────────


def _unicode(text: str) -> str:
    """Replace lone surrogates, which come from arguments that are not UTF-8."""
    return text.encode("utf-8", "replace").decode()


def _day(text: str) -> str:
    try:
        return date.fromisoformat(_unicode(text).strip()).isoformat()
    except ValueError as error:
        raise UsageError(f"{text!r} is not a day such as 2026-03-01") from error


def _content(observation: Observation, now: datetime) -> str:
    titled = frontmatter.update("", {"title": observation.title})
    description = observation.description
    if not description or description.casefold() == observation.title.casefold():
        description = parse(f"{titled}\n{observation.text}\n", stem="").note.description
    head = frontmatter.update(
        "",
        {
            "title": observation.title,
            "description": description or None,
            "type": observation.type,
            "tags": list(observation.tags) or None,
            "namespace": observation.namespace,
            "created": observation.created or moment(now),
            "valid_from": observation.valid_from,
            "valid_until": observation.valid_until,
            "source": observation.source,
            "sources": list(observation.sources) or None,
            "supersedes": observation.supersedes,
        },
    )
    return f"{head}\n{observation.text}\n"


def moment(now: datetime) -> str:
    """A time as notes have it, in UTC."""
    return now.isoformat(timespec="seconds").replace("+00:00", "Z")


# ── files ────────────────────────────────────────────────────────────────────────────────────────


@contextlib.contextmanager
def _place(root: str, path: str, *, lock: bool = False) -> Iterator[tuple[Folder, str]]:
    """The open folder and the name of a note, holding the lock of the root if `lock` is set."""
    top_folder = root if os.path.isdir(root) else os.path.dirname(root)
    *names, name = os.path.relpath(path, top_folder).split(os.sep)
    with (
        open_root(Path(top_folder)) as top,
        top.lock() if lock else contextlib.nullcontext(),
        top.folder(tuple(names)) as folder,
    ):
        yield folder, name


def _read(folder: Folder, name: str) -> tuple[str, os.stat_result]:
    """The text of a note, and the status of its file when it was read.

    Raises:
        NoteError: the note cannot be read.
    """
    content = folder.read(name, _MAX_BYTES)
    try:
        return content.data.decode(), content.status
    except UnicodeDecodeError as error:
        raise NoteError("is not UTF-8 text", path=folder.shown(name)) from error
