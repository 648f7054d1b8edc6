"""Times as text: ISO 8601, in UTC.

This module is on the path of every hook call: standard library only.
"""

from __future__ import annotations

import time

# The years 1 to 9999, in seconds since 1970: some file systems have times far beyond them.
_MIN_S, _MAX_S = -62_135_596_800, 253_402_300_799


def utc_text(seconds: float, *, milliseconds: bool = False) -> str:
    """A time in seconds since 1970: `2026-11-21T09:00:00+00:00`, or `2026-11-21T09:00:00.123Z`.

    A time beyond the years 1 to 9999 becomes the nearest one within them.
    """
    within = max(_MIN_S, min(seconds, _MAX_S))
    year, month, day, hour, minute, second, *_ = time.gmtime(within // 1)
    text = f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
    return f"{text}.{int(within * 1000) % 1000:03}Z" if milliseconds else f"{text}+00:00"
