"""What arrives is somebody else's data: scanned for secrets and orders before a model is shown it."""

from __future__ import annotations

import contextlib
import hashlib
import os
from typing import TYPE_CHECKING

from memcairn.errors import MemcairnError
from memcairn.paths import NOTE_SUFFIXES
from memcairn.root import review
from memcairn.root.inbox import ARRIVED, CONFLICT
from memcairn.safety import injection, secrets
from memcairn.sync import merge

if TYPE_CHECKING:
    from collections.abc import Iterable

    from memcairn.root import OpenRoot

_MAX_BYTES = 1 << 20


def scan(root: OpenRoot, arrived: Iterable[tuple[str, bytes]], where: str) -> list[str]:
    """Put what is suspicious into the inbox; no model is shown it before a person decided.

    Args:
        root: the checkout, where they need not be yet.
        arrived: the files that come, relative to the root, and their contents.
        where: the scope, for the person.

    Returns:
        The suspicious notes.
    """
    found = []
    for path, content in arrived:
        if os.path.splitext(path)[1].lower() not in NOTE_SUFFIXES:
            continue
        text = content[:_MAX_BYTES].decode("utf-8", "replace")
        why = [f"contains {secret.kind}" for secret in secrets.find_secrets(text)[:1]]
        why += [
            f"reads like an order to the model ({one})"
            for one in injection.injection_warnings(text)[:1]
        ]
        if why:
            reason = f"came from {where} and {' and '.join(why)}"
            hashes = {path: hashlib.sha256(content).hexdigest()}
            root.inbox.add(ARRIVED, "forget", hashes, why=reason, by="sync")
            found.append(path)
    return found


def report_conflicts(root: OpenRoot, changed: Iterable[str]) -> list[tuple[str, str]]:
    """Put both texts of each conflict into the inbox; returns the notes and the texts beside them."""
    found = []
    for path in changed:
        note = merge.CONFLICT.sub("", path)
        if note != path and os.path.exists(os.path.join(root.root, path)):
            found.append((note, path))
            both = [one for one in (note, path) if os.path.exists(os.path.join(root.root, one))]
            why = "changed on two machines in the same place; both texts are kept"
            with contextlib.suppress(MemcairnError):
                action = "merge" if len(both) > 1 else "keep"
                review.propose(root, action, both, why=why, kind=CONFLICT, by="sync")
    return found
