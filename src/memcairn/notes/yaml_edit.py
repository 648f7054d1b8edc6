"""Set and remove top-level keys of YAML text without touching any other byte.

The parser gives the start and end of each key and value; only that range is replaced. Then the result is
parsed and compared with the intended values: YAML has more forms than this module knows, and an edit must
never damage a note.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import yaml

from memcairn.errors import NoteError
from memcairn.notes import plain_yaml, yaml_mapping

_HINT = "edit the lines between the --- by hand"
_CANNOT = "has frontmatter in a form that cannot be edited safely"
_FLOW_PLAIN = re.compile(r"[^\W\d_][\w ./+-]*")
_BLANK_OR_COMMENT = re.compile(r"[ \t]*(?:#.*)?\r?")


@dataclass(frozen=True, slots=True)
class _Entry:
    """A top-level key and its value: the whole lines from character `start` to `end` of the YAML."""

    key: str
    indent: str
    start: int
    end: int
    colon: int
    value: yaml.Node

    def replacement(self, raw: str, rendered: str) -> tuple[int, int, str]:
        """The range to replace, and the text, so that the value becomes `rendered`."""
        value = self.value
        start, end = value.start_mark.index, value.end_mark.index
        if isinstance(value, yaml.CollectionNode):
            block = not value.flow_style
        else:
            block = isinstance(value, yaml.ScalarNode) and value.style in {"|", ">"}
        if not block and start < end:
            return start, end, rendered
        line_end = raw.find("\n", self.colon)
        beside = raw[self.colon + 1 : line_end].rstrip("\r")
        comment = beside if beside.lstrip().startswith("#") else ""
        stop = self.end - 1 if block else self.colon + 1 + len(beside)
        if raw[stop - 1 : stop] == "\r":
            stop -= 1
        return self.colon + 1, stop, f" {rendered}{comment}"


def change(raw: str, changes: Mapping[str, Any], newline: str) -> str:
    """Set these keys in `raw`, or remove those whose value is None.

    Raises:
        NoteError: `raw` is broken, or has a form that cannot be edited safely.
    """
    before, problems = yaml_mapping.read(raw, 2)
    if problems:
        raise NoteError(problems[0].message, hint=_HINT)
    after = dict(before)
    entries = {entry.key: entry for entry in _entries(raw)}
    indent = next((entry.indent for entry in entries.values()), "")
    edits: list[tuple[int, int, str]] = []
    added = ""
    for key, value in changes.items():
        entry = entries.get(key)
        if value is None:
            after.pop(key, None)
            if entry:
                edits.append((entry.start, entry.end, ""))
            continue
        rendered = render(value)
        after[key] = yaml_mapping.read(f"value: {rendered}\n", 2)[0].get("value")
        if entry:
            edits.append(entry.replacement(raw, rendered))
        else:
            added += f"{indent}{render(key)}: {rendered}{newline}"
    changed = raw
    for start, end, text in sorted(edits, reverse=True):
        changed = changed[:start] + text + changed[end:]
    changed += added
    if yaml_mapping.read(changed, 2) != (after, []):
        raise NoteError(_CANNOT, hint=_HINT)
    return changed


def _entries(raw: str) -> list[_Entry]:
    root = yaml.compose(raw, Loader=yaml_mapping.Loader)
    if root is None:
        return []
    if not isinstance(root, yaml.MappingNode) or root.flow_style:
        raise NoteError(_CANNOT, hint=_HINT)
    entries = []
    starts = [raw.rfind("\n", 0, key.start_mark.index) + 1 for key, _ in root.value]
    for number, (key, value) in enumerate(root.value):
        start = starts[number]
        end = starts[number + 1] if number + 1 < len(starts) else len(raw)
        indent = raw[start : key.start_mark.index]
        colon = raw.find(":", key.end_mark.index)
        if indent.strip(" ") or not isinstance(key, yaml.ScalarNode) or colon < 0:
            raise NoteError(_CANNOT, hint=_HINT)
        end = _without_trailing_comments(raw, start, end)
        entries.append(_Entry(key.value, indent, start, end, colon, value))
    return entries


def _without_trailing_comments(raw: str, start: int, end: int) -> int:
    """The end of an entry; blank lines and comments after it belong to the next entry."""
    lines = raw[start:end].split("\n")[:-1]
    while len(lines) > 1 and _BLANK_OR_COMMENT.fullmatch(lines[-1]):
        if lines[-1].strip() and lines[-1].startswith(" "):
            break
        lines.pop()
    return start + sum(len(line) + 1 for line in lines)


def render(value: object) -> str:  # noqa: PLR0911 - one for each type
    """A value as YAML on one line; text is plain if that is read back unchanged, else double-quoted."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        if plain_yaml.read(f"value: {value}\n") == {"value": value}:
            return value
        return _quoted(value)
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_member(key)}: {_member(item)}' for key, item in value.items())}}}"
    if isinstance(value, Sequence):
        return f"[{', '.join(_member(item) for item in value)}]"
    if value is None:
        return "null"
    raise TypeError(f"cannot be written as YAML: {type(value).__name__}")


def _float(value: float) -> str:
    """A float as YAML 1.1 reads it, with a point, and a sign in the exponent."""
    text = repr(value).replace("inf", ".inf").replace("nan", ".nan")
    return text if "." in text else text.replace("e", ".0e")


def _member(value: object) -> str:
    """A value inside brackets, where plain text allows fewer characters."""
    if isinstance(value, str) and not _FLOW_PLAIN.fullmatch(value):
        return _quoted(value)
    return render(value)


def _quoted(text: str) -> str:
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(sign: str) -> str:
    """One character as written between double quotes."""
    if sign in '"\\':
        return "\\" + sign
    if sign.isprintable():
        return sign
    code = ord(sign)
    width = "x02" if code < 0x100 else "u04" if code < 0x10000 else "U08"
    return {"\n": "\\n", "\t": "\\t"}.get(sign, f"\\{width[0]}{code:{width[1:]}x}")
