r"""What clients and the resident process say to each other, and where.

    client ──► {"protocol": 1, "version": …, "python": …, "environment": …, "kind": …, "length": n} \n n bytes
    server ──► {"ok": true, …, "length": n} \n n bytes         (kind mcp: then bytes in both directions)
           └─► {"ok": false, "reason": …} \n                   the client does the work itself

One request for each connection. This module is on the path of every hook call: standard library only.
"""

from __future__ import annotations

import os
import sys

from memcairn import __version__, paths
from memcairn.formats import json_text
from memcairn.settings import calling_process

try:
    # `hashlib` loads OpenSSL, which takes as long as all the rest of a request.
    from _blake2 import blake2b
except ImportError:
    from hashlib import blake2b

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

PROTOCOL = 1
MAX_HEADER_BYTES = 1 << 20
# Hosts send the whole text of a written file with an event.
MAX_BODY_BYTES = 64 << 20
# The limit of sockaddr_un is 108 bytes on Linux and 104 on macOS, with a final null byte.
_MAX_SOCKET_PATH = 100
_PREFIXES = ("MEMCAIRN_", "XDG_CONFIG_")
_OF_THE_HOME = "MEMCAIRN_HOME"


def folder(home: str) -> str:
    """The folder of the socket and the lock of a home's resident process, which only its user may enter."""
    inside = os.path.join(home, "daemon")
    if len(os.fsencode(inside)) + len("/socket") <= _MAX_SOCKET_PATH:
        return inside
    # Not XDG_RUNTIME_DIR: processes that disagree about it would have a resident process each.
    key = blake2b(os.fsencode(home), digest_size=8).hexdigest()
    return f"/tmp/memcairn-{os.getuid()}/{key}"  # noqa: S108 - owner and mode are checked


def make_folder(home: str) -> str | None:
    """Create that folder; None if it cannot be created, or is not this user's alone."""
    if os.name == "nt":
        return None
    place = folder(home)
    checked = [place] if paths.is_inside(place, home) else [place, os.path.dirname(place)]
    try:
        paths.make_private_folder(home)
        paths.make_private_folder(place)
        if all(map(_is_private, checked)) and os.access(place, os.W_OK):
            return place
    except OSError:
        pass
    return None


def _is_private(folder: str) -> bool:
    """Whether it is a folder, not a link to one, that only this user may enter."""
    status = os.lstat(folder)
    is_folder = status.st_mode & 0o170000 == 0o040000
    return is_folder and status.st_uid == os.getuid() and not status.st_mode & 0o077


def identity() -> dict[str, object]:
    """What client and server must agree on.

    The environment counts as far as it decides where the settings are and what they say. The home is the
    same for all who find this socket, and what differs between clients is sent with each request
    (settings/calling_process.py).
    """
    names = sorted(
        name
        for name in os.environ
        if name == "HOME"
        or (
            name.startswith(_PREFIXES)
            and not name.startswith(calling_process.PREFIXES)
            and name != _OF_THE_HOME
        )
    )
    digest = blake2b(digest_size=8)
    for name in names:
        digest.update(f"{name}={os.environ[name]}\0".encode("utf-8", "surrogateescape"))
    return {
        "protocol": PROTOCOL,
        "version": __version__,
        "python": sys.prefix,
        "environment": digest.hexdigest(),
    }


def header(fields: Mapping[str, object], body: bytes = b"") -> bytes:
    """A header line and its body."""
    return json_text.dumps({**fields, "length": len(body)}).encode("ascii") + b"\n" + body


def peer_uid(connection: object) -> int:
    """The user at the other end of a unix socket; -1 if the platform does not say."""
    sock: object = connection
    getsockopt = sock.getsockopt  # type: ignore[attr-defined]
    if sys.platform == "darwin":
        # struct xucred of LOCAL_PEERCRED (1) at SOL_LOCAL (0): cr_version, cr_uid, …
        return int.from_bytes(getsockopt(0, 1, 8)[4:8], sys.byteorder)
    if sys.platform == "linux":
        # struct ucred of SO_PEERCRED (17) at SOL_SOCKET (1): pid, uid, gid
        return int.from_bytes(getsockopt(1, 17, 12)[4:8], sys.byteorder)
    return -1
