"""JSON for hook calls: reads and writes what `json` does, and costs a third to import.

`import json` loads the re module, which takes half as long as starting Python. The parser is written in C
and does not need re. Where a Python has no C parser, `json` is used.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class _Rules:
    """The options that `json.JSONDecoder()` gives to the parser."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    array_hook = None
    parse_float = float
    parse_int = int
    parse_constant = float


def loads(content: bytes | str) -> Any:
    """Parse a JSON text; bytes are UTF-8.

    Raises:
        ValueError: it is not JSON, or is nested too deeply.
    """
    text = content if isinstance(content, str) else content.decode()
    text = text.strip(" \t\n\r")
    try:
        value, end = _scan(text, 0)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    except (StopIteration, SystemError):
        # The parser raises these while `json`, which defines its own error, is not loaded.
        value, end = None, -1
    if end != len(text):
        raise ValueError("not a single JSON value")
    return value


def dumps(value: object) -> str:
    """Serialize a value as ASCII JSON.

    Raises:
        TypeError: a part of the value cannot be represented in JSON.
    """
    match value:
        case str():
            return _quoted(value)
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case dict():
            members = (f"{_quoted(key)}:{dumps(member)}" for key, member in value.items())
            return "{" + ",".join(members) + "}"
        case list() | tuple():
            return "[" + ",".join(map(dumps, value)) + "]"
        case _:
            raise TypeError(f"{type(value).__name__} cannot be represented in JSON")


def _parts() -> tuple[Callable[[str, int], tuple[Any, int]], Callable[[str], str]]:
    """The parser, and the function that quotes a string."""
    try:
        import _json  # noqa: PLC0415 - not every Python has it
    except ImportError:
        import json  # noqa: PLC0415 - as above

        return json.JSONDecoder().raw_decode, json.dumps
    rules: Any = _Rules
    return _json.make_scanner(rules), _json.encode_basestring_ascii


_scan, _quoted = _parts()
