"""TOML from files that anybody may have written: what is nested too deeply is refused.

`tomllib` takes quadratic time for a key of many parts, and its result can be nested deeper than Python
recurses.
"""

from __future__ import annotations

import re
import tomllib
from typing import Any

MAX_DEPTH = 100

_TOO_MANY_PARTS = re.compile(rf"(?:[\w\"'-]+[ \t]*\.[ \t]*){{{MAX_DEPTH}}}")


def loads(text: str) -> dict[str, Any]:
    """Parse a TOML text.

    Raises:
        ValueError: it is not TOML (a `tomllib.TOMLDecodeError`), or is nested too deeply.
    """
    if _TOO_MANY_PARTS.search(text):
        raise ValueError("a key has too many parts")
    try:
        value = tomllib.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if is_deep(value):
        raise ValueError("nested too deeply")
    return value


def is_deep(value: object, left: int = MAX_DEPTH) -> bool:
    """Whether functions that read the value part by part could reach Python's recursion limit."""
    if not isinstance(value, dict | list):
        return False
    parts = value.values() if isinstance(value, dict) else value
    return left == 0 or any(is_deep(part, left - 1) for part in parts)
