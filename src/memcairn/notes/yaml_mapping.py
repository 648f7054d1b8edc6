"""Read frontmatter with the YAML parser, where `plain_yaml` cannot.

YAML input may be hostile: deep nesting overruns the stack of the C parser, aliases expand a line to
gigabytes or make a list its own member, and a date may not exist. For any text, `read` returns a mapping of
strings to finite values and a list of problems; it never raises.

Imported only when needed: loading PyYAML takes longer than reading most notes.
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Any

import yaml

from memcairn.notes.problem import Problem

if TYPE_CHECKING:
    from yaml import SafeLoader as _Base
else:
    _Base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Loader(_Base):
    """PyYAML's safe loader, except that an impossible number or date is read as text."""

    def construct_as_text_if_impossible(self, node: yaml.ScalarNode) -> object:
        """The value of a scalar that looks like a number or a date."""
        try:
            return _Base.yaml_constructors[node.tag](self, node)
        except (ValueError, OverflowError):
            return node.value


for _kind in ("timestamp", "int", "float"):
    Loader.add_constructor(f"tag:yaml.org,2002:{_kind}", Loader.construct_as_text_if_impossible)

MAX_CHARACTERS = 64 * 1024
"""Longer frontmatter is refused."""

MAX_NESTING = 400
"""The maximum number of opening brackets."""

MAX_VALUES = 10_000
"""The maximum number of values, where each alias counts as all the values it refers to."""

_BRACKETS = re.compile(r"[\[{]")
_DASHES = re.compile(r"(?:[-?:][ \t]+){20}")
_TOP_LEVEL_KEY = re.compile(r"^(?P<key>[^\s#\-?:&*!|>%@`\[\]{},\"'][^:\n]*):(?=\s|$)", re.MULTILINE)


def read(  # noqa: PLR0911 - one for each refusal
    raw: str, first_line: int
) -> tuple[dict[str, Any], list[Problem]]:
    """The mapping in `raw`, whose first line is the file's line `first_line`, and problems.

    Keys that are not text become text. If there is no valid mapping, it is empty.
    """
    refused = refuse(raw)
    if refused:
        return {}, [Problem(first_line, refused)]
    try:
        value = yaml.load(raw, Loader=Loader)  # noqa: S506 - a safe loader
        too_large = _count(value, {}, set()) > MAX_VALUES
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = first_line + (mark.line if mark else 0)
        line = min(line, first_line + max(raw.count("\n") - 1, 0))
        return {}, [
            Problem(line, f"frontmatter is not valid YAML: {error.problem or error.context}")
        ]
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        line = first_line + raw.count("\n", 0, getattr(error, "position", None) or 0)
        reason = str(error).partition("\n")[0][:200]
        return {}, [Problem(line, f"frontmatter cannot be read: {reason}")]
    if value is None:
        return {}, []
    if not isinstance(value, dict):
        return {}, [Problem(first_line, "frontmatter is not a list of `key: value` lines")]
    if too_large:
        return {}, [Problem(first_line, "frontmatter refers to itself, or is far too large")]
    return {_key(key): item for key, item in value.items()}, _duplicates(raw, first_line)


def refuse(raw: str) -> str | None:
    """Why `raw` must not be given to the parser, or None."""
    if len(raw) > MAX_CHARACTERS:
        return f"frontmatter is longer than {MAX_CHARACTERS // 1024} KiB"
    if len(_BRACKETS.findall(raw)) > MAX_NESTING or _DASHES.search(raw):
        return "frontmatter nests too deeply"
    return None


def _key(key: object) -> str:
    if isinstance(key, str):
        return key
    if isinstance(key, bool):
        return "true" if key else "false"
    if key is None:
        return "null"
    return key.isoformat() if isinstance(key, date) else str(key)


def _count(value: object, sizes: dict[int, int], inside: set[int]) -> int:
    """The number of values with aliases expanded; above `MAX_VALUES` if a value contains itself."""
    if not isinstance(value, dict | list | set | tuple):
        return 1
    identity = id(value)
    if identity in sizes:
        return sizes[identity]
    if identity in inside:
        return MAX_VALUES + 1
    inside.add(identity)
    parts = [*value.keys(), *value.values()] if isinstance(value, dict) else value
    size = 1 + sum(_count(part, sizes, inside) for part in parts)
    inside.discard(identity)
    sizes[identity] = size
    return size


def _duplicates(raw: str, first_line: int) -> list[Problem]:
    """A problem for each duplicate key; YAML forbids them, and the parser uses the last value."""
    seen: set[str] = set()
    problems = []
    for match in _TOP_LEVEL_KEY.finditer(raw):
        key = match["key"].rstrip()
        if key in seen:
            line = first_line + raw.count("\n", 0, match.start())
            problems.append(
                Problem(line, f"frontmatter has the key {key!r} twice; the last counts")
            )
        seen.add(key)
    return problems
