"""What the note of a session keeps of a text: one line, cut, without secrets and without what is private."""

from __future__ import annotations

from functools import lru_cache

from memcairn.safety import secrets
from memcairn.safety.private import without_private

MAX_CHARS = 240
# Secrets are redacted before a text is cut, since a part of a secret does not look like one.
MAX_RAW_CHARS = 4_000


def one_line(text: str) -> str:
    """A text on one line, cut at a word, without secrets and without what is private."""
    text = " ".join(redacted(text).split())
    return text if len(text) <= MAX_CHARS else text[:MAX_CHARS].rsplit(" ", 1)[0] + " …"


@lru_cache(maxsize=1_000)
def redacted(text: str) -> str:
    """The first characters of a text without secrets and without what is private."""
    return secrets.redact(without_private(text[:MAX_RAW_CHARS]))
