"""The folder of a root's snapshots.

    <id>.tar.gz      the files
    <id>.jsonl       what the snapshot is, then one line for each file: path, size, sha256
    restoring.json   a restoration that has begun, and has not ended

A snapshot exists once it has its .jsonl, which is written last and deleted first.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from memcairn.errors import NoteError, NoteUnreadable, StateDamaged
from memcairn.snapshots.values import FileRecord, Snapshot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from memcairn.fs.sandbox import Folder

ARCHIVE, MANIFEST, INTENT = ".tar.gz", ".jsonl", "restoring.json"
_MAX_MANIFEST_BYTES = 256 << 20


def put(shelf: Folder, archive: str, snapshot: Snapshot, files: Sequence[FileRecord]) -> None:
    """Make a snapshot of an archive that is on the shelf under another name."""
    header = asdict(snapshot) | {"created_at": snapshot.created_at.isoformat()}
    lines = [header, *([file.path, file.size_bytes, file.sha256] for file in files)]
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    shelf.move(archive, shelf, snapshot.id + ARCHIVE)
    shelf.write_new(snapshot.id + MANIFEST, text.encode())


def snapshots(shelf: Folder) -> list[Snapshot]:
    """What is on the shelf, newest first. What cannot be read is not listed."""
    found = []
    for item in shelf.items():
        if item.name.endswith(MANIFEST):
            with contextlib.suppress(NoteError, StateDamaged):
                found.append(_snapshot(shelf, item.name.removesuffix(MANIFEST)))
    return sorted(found, key=lambda snapshot: snapshot.id, reverse=True)


def records(shelf: Folder, snapshot_id: str) -> dict[str, FileRecord]:
    """The files of a snapshot, by path.

    Raises:
        NoteUnreadable: there is no such snapshot.
        StateDamaged: its manifest is damaged.
    """
    try:
        lines = [json.loads(line) for line in _lines(shelf, snapshot_id)[1:]]
        return {str(path): FileRecord(str(path), int(size), str(sha)) for path, size, sha in lines}
    except (ValueError, TypeError) as error:
        raise StateDamaged("is a damaged snapshot", path=snapshot_id) from error


def _lines(shelf: Folder, snapshot_id: str) -> list[bytes]:
    # One more than there are: what stands after the last line end.
    lines = shelf.read(snapshot_id + MANIFEST, _MAX_MANIFEST_BYTES).data.split(b"\n")
    if lines.pop() or not lines:
        raise StateDamaged("is a damaged snapshot", path=snapshot_id)
    return lines


def _snapshot(shelf: Folder, snapshot_id: str) -> Snapshot:
    try:
        fields = json.loads(_lines(shelf, snapshot_id)[0])
        created_at = datetime.fromisoformat(fields["created_at"]).astimezone(UTC)
        return Snapshot(**fields | {"created_at": created_at, "id": snapshot_id})
    except (ValueError, TypeError, KeyError) as error:
        raise StateDamaged("is a damaged snapshot", path=snapshot_id) from error


def purge(
    shelf: Folder, *, keep: int, max_days: float, now: datetime, spared: frozenset[str]
) -> tuple[str, ...]:
    """Delete all but the latest `keep` snapshots, and those without a name that are too old.

    What a process that died has left behind goes, too. What the system refuses to delete stays.

    Returns:
        The ids of what was deleted.
    """
    oldest = now - timedelta(days=max_days)
    known = snapshots(shelf)
    doomed = {
        snapshot.id
        for place, snapshot in enumerate(known)
        if place >= keep or (snapshot.created_at < oldest and snapshot.name is None)
    } - spared
    for item in shelf.items():
        snapshot_id = item.name.removesuffix(MANIFEST)
        if snapshot_id in doomed:
            _delete(shelf, item.name)
    manifests = {item.name for item in shelf.items()}
    for item in shelf.items():
        snapshot_id = item.name.removesuffix(ARCHIVE)
        if item.name == INTENT or item.name.endswith(MANIFEST):
            continue
        if snapshot_id + MANIFEST not in manifests:
            _delete(shelf, item.name)
    return tuple(sorted(doomed))


def _delete(shelf: Folder, name: str) -> None:
    with contextlib.suppress(NoteError):
        shelf.unlink(name)


def intent(shelf: Folder) -> tuple[str, str, list[str] | None] | None:
    """A restoration that has not ended: the snapshot, the one of the state before, the paths."""
    try:
        fields = json.loads(shelf.read(INTENT, _MAX_MANIFEST_BYTES).data)
        return str(fields["snapshot"]), str(fields["before"]), fields["paths"]
    except NoteUnreadable:
        return None
    except (ValueError, TypeError, KeyError):
        forget_intent(shelf)
        return None


def begin(shelf: Folder, snapshot_id: str, before: str, paths: list[str] | None) -> None:
    """Note that a restoration has begun."""
    fields = {"snapshot": snapshot_id, "before": before, "paths": paths}
    shelf.write_new(INTENT, json.dumps(fields).encode())


def forget_intent(shelf: Folder) -> None:
    """Note that it has ended."""
    if shelf.status(INTENT) is not None:
        shelf.unlink(INTENT)
