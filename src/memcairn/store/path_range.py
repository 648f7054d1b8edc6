"""An SQL condition for a path and everything below it."""

from __future__ import annotations

from memcairn import paths

# Paths that are not UTF-8 are stored as bytes, which sort after all text, so there are two ranges.
AT_OR_BELOW = "(path = ? OR path > ? AND path < ? OR path > ? AND path < ?)"


def bounds(folder: str) -> tuple[str | bytes, ...]:
    """The parameters of `AT_OR_BELOW`."""
    low, high = paths.bounds_below(folder)
    as_bytes = (v if isinstance(v, bytes) else v.encode("utf-8") for v in (low, high))
    return (paths.to_db(folder), low, high, *as_bytes)
