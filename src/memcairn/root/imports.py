"""Bring the memories of other programs into a root.

    memory    observed like any other: a new note, or a repetition or correction of one that is there
    file      written to <root>/imported/<source>/<path>, with its name and its frontmatter; those of
              agent-memory to <root>/<path>, where its tasks are tasks

Every note says where it comes from (`source`) and keeps its dates. Secrets are replaced, and `<private>`
parts are removed. What was imported once is recorded in the home, so that the same export adds nothing again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from memcairn.archive.source import LIMITS, Archive, ArchiveEntry
from memcairn.errors import ArchiveRefused, NoteError, NoteMissing, UsageError
from memcairn.fs import tar
from memcairn.notes import frontmatter
from memcairn.root import archives, correct, observe
from memcairn.root.observe import Observation
from memcairn.safety import injection, secrets
from memcairn.safety.private import WITHHELD, without_private

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from memcairn.archive.importers.values import Export, ForeignNote
    from memcairn.root.open_root import OpenRoot

FOLDER = "imported"
RECORD = "imported.txt"
_DATES = ("created", "modified", "date", "updated", "updated_at", "created_at")


@dataclass(slots=True)
class ForeignImport:
    """What became of the notes of an export.

    Attributes:
        added: new notes, relative to the root, or as they would be named in a dry run.
        corrected: notes that say something else now.
        repeated: how many memories a note says already.
        known: how many were imported before.
        waiting: how many wait in the inbox for a decision.
        redacted: how many had secrets or private parts, which were removed.
        left_out: reason -> how many items were not imported.
        failed: path or title -> error.
        suspicious: path -> why the text resembles instructions to a model.
    """

    added: list[str] = field(default_factory=list)
    corrected: list[str] = field(default_factory=list)
    repeated: int = 0
    known: int = 0
    waiting: int = 0
    redacted: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    failed: dict[str, str] = field(default_factory=dict)
    suspicious: dict[str, tuple[str, ...]] = field(default_factory=dict)


def import_(
    root: OpenRoot,
    source: str,
    export: Export,
    *,
    dry_run: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> ForeignImport:
    """Import the notes of an export.

    Args:
        root: receives them.
        source: the name of the program.
        export: see `memcairn.archive.importers.read`.
        dry_run: report what would happen, and write nothing.
        progress: called with (done, total).
    """
    done = ForeignImport(left_out=Counter(export.left_out))
    record = _Record(os.path.join(root.engine.home, RECORD), root.root)
    memories = [note for note in export.notes if not note.path]
    files = [note for note in export.notes if note.path]
    folder = "" if export.keeps_paths else f"{FOLDER}/{source}/"
    _files(root, source, folder, files, record, done, dry_run=dry_run)
    with root.engine.many_writes():
        for number, note in enumerate(memories):
            if progress is not None:
                progress(number, len(memories))
            key = record.key(source, note)
            if key in record.known:
                done.known += 1
                continue
            try:
                _memory(root, source, note, done, dry_run=dry_run)
            except (NoteError, UsageError) as error:
                done.failed[note.title or note.key[:80]] = error.message
                continue
            if not dry_run:
                record.add(key)
            record.known.add(key)
    return done


def _memory(
    root: OpenRoot, source: str, note: ForeignNote, done: ForeignImport, *, dry_run: bool
) -> None:
    text = _redacted(note.text, done)
    if not text.replace(WITHHELD, "").strip():
        done.left_out["is private"] += 1
        return
    observation = observe.validated(
        Observation(
            _body(text, note.title),
            secrets.redact(without_private(note.title)),
            note.type,
            tuple(secrets.redact(without_private(tag)) for tag in note.tags),
            source=_source(source, note),
            created=_moment(note.created_s or note.modified_s),
        ),
        # Everything that looks like a secret was replaced.
        allow_secret=True,
    )
    if dry_run:
        match = correct.find(root, observation)
        decides = match is not None and match.decides
        relation: str = match.judgement.relation if match is not None and decides else "new"
        path = match.path if match is not None and decides else observation.title
    else:
        observed = root.observe(observation)
        relation, path = observed.relation, observed.path
        done.waiting += observed.proposal is not None
    if relation == "repetition":
        done.repeated += 1
    elif relation == "correction":
        done.corrected.append(path)
    elif relation in ("new", "addition"):
        done.added.append(path)
    reasons = injection.injection_warnings(text)
    if reasons:
        done.suspicious[path] = tuple(reasons)


def _files(
    root: OpenRoot,
    source: str,
    folder: str,
    notes: Iterable[ForeignNote],
    record: _Record,
    done: ForeignImport,
    *,
    dry_run: bool,
) -> None:
    names = tar.Names(LIMITS)
    entries = []
    for note in notes:
        data = note.data if note.data is not None else _document(source, note, done).encode()
        try:
            path = names.add(f"{folder}{note.path}")
        except ArchiveRefused as error:
            done.left_out[error.message] += 1
            continue
        if secrets.find_secrets(note.path):
            done.left_out["has a secret in its name"] += 1
            continue
        now = _content(root, path)
        if now not in (None, data) and record.file_key(path, now or b"") not in record.known:
            done.left_out["is another file here, or was changed since it was imported"] += 1
            continue
        entries.append(ArchiveEntry(path, data, None))
    if not entries:
        return
    archive = Archive(entries, source)
    result = archives.import_(root, archive, strategy="overwrite", dry_run=dry_run)
    if not dry_run:
        changed = set(result.changed)
        record.add(*(record.file_key(one.path, one.data) for one in entries if one.path in changed))
    done.added += result.created
    done.corrected += result.replaced
    done.known += len(result.unchanged)
    done.left_out.update(result.skipped.values())
    done.failed |= result.failed
    done.suspicious |= result.suspicious


def _content(root: OpenRoot, path: str) -> bytes | None:
    """The file at a path; None if there is none. What cannot be read counts as another file."""
    try:
        return root.vault.read_bytes(path)
    except NoteMissing:
        return None
    except NoteError:
        return b""


def _document(source: str, note: ForeignNote, done: ForeignImport) -> str:
    """The text of a file, with its title, dates and origin in the frontmatter."""
    text = _redacted(note.text, done)
    # Only a Markdown file has frontmatter; what looks like it in another text is a part of it.
    is_file = not note.title
    values = frontmatter.parse(text).values if is_file else {}
    has_date = any(key in values for key in _DATES)
    fields = {
        "title": secrets.redact(without_private(note.title)) or None,
        "type": note.type,
        "tags": [secrets.redact(without_private(tag)) for tag in note.tags] or None,
        "created": None if has_date else _moment(note.created_s),
        "modified": None if has_date else _moment(note.modified_s),
        "source": _source(source, note),
    }
    changes = {
        key: value for key, value in fields.items() if value is not None and key not in values
    }
    if not is_file:
        return f"{frontmatter.update('', changes)}\n{_body(text, note.title)}\n"
    # Frontmatter that cannot be edited stays as it is; the folder says where the note comes from.
    with contextlib.suppress(NoteError):
        text = frontmatter.update(text, changes)
    return text if text.endswith("\n") else f"{text}\n"


def _body(text: str, title: str) -> str:
    """The text, with a heading if it would be taken for frontmatter, which could pin its note."""
    text = text.strip()
    return f"# {title or 'Memory'}\n\n{text}" if frontmatter.parse(text).values else text


def _redacted(text: str, done: ForeignImport) -> str:
    clean = secrets.redact(without_private(text))
    done.redacted += clean != text
    return clean


def _source(source: str, note: ForeignNote) -> str:
    key = " ".join(secrets.redact(without_private(note.key)).split())
    return f"{observe.SOURCE} import {source} {key[:120]}".strip()


def _moment(time_s: float | None) -> str | None:
    if time_s is None:
        return None
    try:
        return observe.moment(datetime.fromtimestamp(int(time_s), UTC))
    except (ValueError, OverflowError, OSError):
        return None


class _Record:
    """What was imported before: one hash a line, in a file of the home.

    A line is written after its memory. If the process dies between them, the memory is a repetition. A file
    is replaced by a later import only if it is still what the earlier one wrote.
    """

    def __init__(self, path: str, root: str) -> None:
        self._path = path
        self._root = root
        try:
            with open(path, encoding="ascii", errors="replace") as file:
                self.known = set(file.read().split())
        except FileNotFoundError:
            self.known = set()

    def key(self, source: str, note: ForeignNote) -> str:
        """The hash of a memory, in this root."""
        identity = repr((self._root, source, note.key, note.title, note.text))
        return hashlib.sha256(identity.encode("utf-8", "replace")).hexdigest()[:32]

    def file_key(self, path: str, data: bytes) -> str:
        """The hash of a file that was written."""
        identity = repr((self._root, path)).encode("utf-8", "replace") + data
        return hashlib.sha256(identity).hexdigest()[:32]

    def add(self, *keys: str) -> None:
        """Record what was imported."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        with open(os.open(self._path, flags, 0o600), "w", encoding="ascii") as file:
            file.writelines(f"{key}\n" for key in keys)
