"""roots.json in the home: what the user said of roots, for callers that do not open index.db.

`store.roots` writes it at each change, and a new index.db starts from it.
"""

from __future__ import annotations

import os

from memcairn.formats import json_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FILE_NAME = "roots.json"


def roots(home: str) -> list[str]:
    """The real paths of all roots; none if the file is missing or damaged.

    Raises:
        OSError: the disk cannot be read, so that nobody knows the roots.
    """
    try:
        return [root["path"] for root in _values(home, "roots")]
    except (KeyError, TypeError):
        return []


def loose_files(home: str) -> list[Any]:
    """The paths of all loose files; otherwise as `roots`."""
    return _values(home, "files")


def _values(home: str, key: str) -> list[Any]:
    try:
        with open(os.path.join(home, FILE_NAME), "rb") as file:
            return list(json_text.loads(file.read())[key])
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError, RecursionError):
        return []
