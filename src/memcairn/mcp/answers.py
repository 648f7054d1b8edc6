"""Remove secrets, invisible characters and line breaks in names from every string of an answer.

Two things stay as they are: the content of a file that the caller asked for (`_CONTENT`), and values that
the caller has to send back (`_SENT_BACK`).
"""

from __future__ import annotations

import dataclasses
import re
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

from memcairn.hosts import fenced_text
from memcairn.root.archives import ExportResult
from memcairn.safety import secrets
from memcairn.vault.diff import Diff
from memcairn.vault.find import Match
from memcairn.vault.values import Window

if TYPE_CHECKING:
    from typing import Any

T = TypeVar("T")

_CONTENT: dict[type, frozenset[str]] = {
    Window: frozenset({"text"}),
    Match: frozenset({"text", "before", "after"}),
    Diff: frozenset({"text"}),
    ExportResult: frozenset({"archive"}),
}
_SENT_BACK = frozenset({"next_after", "confirm_token", "sha256"})
_SEVERAL_LINES = frozenset({"text", "memory_md"})
_LINE_BREAKS = re.compile("[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+")


def cleaned(value: T) -> T:
    """The result of a tool, with every string in it made safe to show to a model."""
    result: T = _cleaned(value)
    return result


@lru_cache(maxsize=4096)
def line(text: str) -> str:
    """A path, a title or another text of one line."""
    return fenced_text.visible(secrets.redact(_LINE_BREAKS.sub(" ", text)))


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return line(value)
    if isinstance(value, dict):
        return {_cleaned(key): _cleaned(member) for key, member in value.items()}
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return tuple(map(_cleaned, value))
    if isinstance(value, list):
        return list(map(_cleaned, value))
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return value
    kept = _CONTENT.get(type(value), frozenset()) | _SENT_BACK
    changed = {}
    for field in dataclasses.fields(value):
        before = getattr(value, field.name)
        if field.name in kept or not field.init:
            continue
        if field.name in _SEVERAL_LINES and isinstance(before, str):
            after: Any = fenced_text.visible(secrets.redact(before))
        else:
            after = _cleaned(before)
        if after != before:
            changed[field.name] = after
    return dataclasses.replace(value, **changed) if changed else value
