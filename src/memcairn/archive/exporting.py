"""Write the notes of a root, and their attachments, to an archive."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING

from memcairn.archive.notes_only import refusal_reason
from memcairn.archive.source import FORMAT, LIMITS, MAX_JSON_BYTES, VERSION
from memcairn.archive.values import Exported
from memcairn.errors import UsageError
from memcairn.formats.utc import utc_text
from memcairn.fs import tar, walk
from memcairn.fs.sandbox import open_root
from memcairn.safety import secrets
from memcairn.safety.private import without_private

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FORMS = ("json", "tar")


def export(root: Path, stream: IO[bytes], *, form: str = "json") -> Exported:
    """Write all notes of a root to a stream.

    Args:
        root: the root.
        stream: receives the archive.
        form: "json", see docs/archive-format.md, or "tar", compressed with gzip.

    Raises:
        UsageError: the form is unknown, or the root is too large.
        NoteError: the root cannot be read.
    """
    if form == "tar":
        with tar.Writer(stream) as writer:
            return _each(root, lambda path, data, mtime: writer.add(path, data, int(mtime)))
    if form != "json":
        raise UsageError(f'there is no form "{form}"', hint=f"choose one of {', '.join(FORMS)}")
    now = datetime.now(UTC).isoformat(timespec="seconds")
    head = json.dumps({"format": FORMAT, "version": VERSION, "exported_at": now})
    stream.write(head.removesuffix("}").encode() + b', "files": [')
    separator = b"\n"
    room = MAX_JSON_BYTES - 4096

    def add(path: str, data: bytes, mtime: float) -> None:
        nonlocal separator, room
        text = separator + _json(path, data, mtime)
        room -= len(text)
        if room < 0:
            raise UsageError(
                f"the archive exceeds {MAX_JSON_BYTES:,} bytes of JSON", hint="export it as tar"
            )
        stream.write(text)
        separator = b",\n"

    exported = _each(root, add)
    stream.write(b"\n]}\n")
    return exported


def _each(root: Path, add: Callable[[str, bytes, float], None]) -> Exported:
    count = size = 0
    left_out: dict[str, str] = {}
    secrets: dict[str, tuple[str, ...]] = {}
    with open_root(root) as folder:
        for path, content in walk.contents(
            folder,
            left_out=left_out,
            max_files=LIMITS.max_files,
            max_file_bytes=LIMITS.max_file_bytes,
            max_total_bytes=LIMITS.max_total_bytes,
        ):
            reason = refusal_reason(path, content.data)
            if reason is not None:
                left_out[path] = reason
                continue
            data = _without_private(content.data)
            count += 1
            size += len(data)
            kinds = _secrets(data)
            if kinds:
                secrets[path] = kinds
            add(path, data, content.status.st_mtime)
    return Exported(count, size, left_out, secrets)


def _without_private(data: bytes) -> bytes:
    try:
        return without_private(data.decode(), "").encode()
    except UnicodeDecodeError:
        return data


def _secrets(data: bytes) -> tuple[str, ...]:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return ()
    return tuple(sorted({secret.kind for secret in secrets.find_secrets(text)}))


def _json(path: str, data: bytes, mtime: float) -> bytes:
    digest = hashlib.sha256(data).hexdigest()
    file = {"path": path, "modified": utc_text(mtime), "sha256": digest}
    try:
        file["content"] = data.decode()
    except UnicodeDecodeError:
        file["base64"] = base64.b64encode(data).decode()
    return json.dumps(file, ensure_ascii=False).encode()
