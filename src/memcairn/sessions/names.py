"""Session ids, which come from anywhere, as names of folders."""

from __future__ import annotations

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_.")
_MAX_CHARS = 64
_READABLE_CHARS = 40
# Device names on Windows, whatever follows their first dot.
_DEVICES = frozenset({"con", "prn", "aux", "nul"}) | {
    f"{name}{number}" for name in ("com", "lpt") for number in range(10)
}


def folder_name(id: str) -> str:  # noqa: A002 - the word that hosts have
    """The name of a session's folder.

    A plain id is its own name. Any other keeps what is harmless of it, followed by `~`, which no plain
    id has, and a digest: different ids have different folders, on disks that ignore case, too.
    """
    if (
        0 < len(id) <= _MAX_CHARS
        and _PLAIN.issuperset(id)
        and id[0] not in "-."
        and id[-1] != "."
        and id.partition(".")[0] not in _DEVICES
    ):
        return id
    from hashlib import sha256  # noqa: PLC0415 - the ids of all hosts are plain

    readable = "".join(c for c in id[:_READABLE_CHARS].lower() if c in _PLAIN).strip("-.")
    return f"{readable}~{sha256(id.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"
