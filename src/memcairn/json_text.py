"""JSON on the way of a hook call: what `json` reads and writes, at a third of its price.

`import json` loads regular expressions, which takes half as long as starting Python does. The parser
itself is in C and needs none of them; where a Python comes without it, `json` does the work.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class _Rules:
    """What `json.JSONDecoder()` says to the same parser."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    array_hook = None
    parse_float = float
    parse_int = int
    parse_constant = float


def loads(content: bytes | str) -> Any:
    """The value that a JSON text stands for; bytes are UTF-8.

    Raises:
        ValueError: it is not JSON.
        RecursionError: it is nested too deeply.
    """
    text = content if isinstance(content, str) else content.decode()
    text = text.strip(" \t\n\r")
    try:
        value, end = _scan(text, 0)
    except (StopIteration, SystemError):
        # How the parser fails while `json` is not loaded, where its error is.
        value, end = None, -1
    if end != len(text):
        raise ValueError("it is not one JSON value")
    return value


def dumps(value: object) -> str:
    """The JSON text of a value, in ASCII.

    Raises:
        TypeError: something in it has no form in JSON.
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
            raise TypeError(f"{type(value).__name__} has no form in JSON")


def _parts() -> tuple[Callable[[str, int], tuple[Any, int]], Callable[[str], str]]:
    """The parser, and what puts a text into quotes."""
    try:
        import _json  # noqa: PLC0415 - some Pythons have none
    except ImportError:
        import json  # noqa: PLC0415 - as above

        return json.JSONDecoder().raw_decode, json.dumps
    rules: Any = _Rules
    return _json.make_scanner(rules), _json.encode_basestring_ascii


_scan, _quoted = _parts()
