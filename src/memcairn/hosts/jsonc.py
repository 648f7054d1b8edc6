"""Change one entry of a JSON file that a person wrote: comments, order, indentation and line ends stay.

    read(text)                      the value, and where each part of it stands
    put(text, ("a", "b"), value)    set a member; makes the objects on the way
    append(text, ("a",), value)     one more element at the end of an array
    remove(text, ("a", "b"))        take a member or an element out, with the comma that it needed

Read is JSON with `//` and `/* */` comments and commas at the end of objects and arrays, as editors allow
in configuration files. What is put in and taken out again leaves the text as it was.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

Path = tuple[str | int, ...]

_SPACE = re.compile(r"(?:[ \t\r\n]|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_REST_OF_LINE = re.compile(r"(?:[ \t]|/\*[^\n]*?\*/)*(?://[^\r\n]*)?")
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"')
_WORD = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null")
_DEEPEST = 200


class NotJson(ValueError):  # noqa: N818 - reads as what it says
    """The text is invalid. `line` and `column` are 1-based."""

    def __init__(self, message: str, text: str, at: int) -> None:
        super().__init__(message)
        self.line = text.count("\n", 0, at) + 1
        self.column = at - text.rfind("\n", 0, at)


@dataclass(slots=True)
class Node:
    """A value and its place: `text[start:end]`.

    `parts` are the members or elements in order; `key_start` is where a member begins, at its key; for an
    element it is `start`.
    """

    value: Any
    start: int
    end: int
    key_start: int
    parts: list[tuple[str | int, Node]] = field(default_factory=list)

    def part(self, key: str | int) -> Node | None:
        """The member or element with that name; the last of several, as in JSON readers."""
        return next((node for name, node in reversed(self.parts) if name == key), None)

    def at(self, path: Path) -> Node | None:
        """The node at a path below."""
        node: Node | None = self
        for key in path:
            node = node.part(key) if node is not None else None
        return node


def read(text: str) -> Node:
    """Parse a text; an empty one is an empty object.

    Raises:
        NotJson: it cannot be understood.
    """
    bom = text.startswith("\ufeff")
    start = _skip(text, int(bom))
    if start == len(text):
        return Node({}, start, start, start)
    node = _value(text, start, start, 0)
    end = _skip(text, node.end)
    if end < len(text):
        raise NotJson("something follows the end of the value", text, end)
    return node


def put(text: str, path: Path, value: Any) -> str:
    """The text with `value` at `path`; another value there is replaced.

    Raises:
        NotJson: the text cannot be understood, or something on the way is no object.
    """
    top = read(text)
    if top.start == top.end:
        return put(f"{text}{{}}{_newline(text)}", path, value)
    node = top
    for depth, key in enumerate(path):
        inner = node.part(key)
        if inner is None:
            if not isinstance(node.value, dict):
                name = ".".join(map(str, path[:depth])) or "the whole"
                raise NotJson(f"{name} is no object", text, node.start)
            for outer in reversed(path[depth + 1 :]):
                value = {outer: value}
            return _insert(text, node, value, str(key))
        node = inner
    if node.value == value:
        return text
    inline = "\n" not in text[node.start : node.end]
    shown = _dump(text, value, _indent_at(text, node.key_start), inline=inline)
    return text[: node.start] + shown + text[node.end :]


def append(text: str, path: Path, value: Any) -> str:
    """The text with one more element in the array at `path`, which is made if it is not there.

    Raises:
        NotJson: the text cannot be understood, or what stands there is no array.
    """
    node = read(text).at(path)
    if node is None or not text.strip("\ufeff \t\r\n"):
        return put(text, path, [value])
    if not isinstance(node.value, list):
        raise NotJson(f"{'.'.join(map(str, path))} is no array", text, node.start)
    return _insert(text, node, value, None)


def remove(text: str, path: Path) -> str:
    """The text without the value at `path`; unchanged if there is none.

    Raises:
        NotJson: the text cannot be understood.
    """
    container = read(text).at(path[:-1])
    node = container.part(path[-1]) if container is not None else None
    if container is None or node is None:
        return text
    place = next(at for at, (_, part) in enumerate(container.parts) if part is node)
    before = container.parts[place - 1][1] if place else None
    comma = _comma_after(text, node.end)
    start, end = node.key_start, node.end if comma is None else comma + 1
    gap = _gap_before(text, start)
    its_comma = _comma_after(text, before.end) if before is not None else None
    above = text[container.start + 1 if its_comma is None else its_comma + 1 : max(gap, 0)]
    rest = text[end : _line_end(text, end)].rstrip("\r")
    # What follows on the same line moves up: not behind what may be a comment.
    if (
        "\n" not in text[gap:start]
        or "//" not in above.rpartition("\n")[2]
        or _REST_OF_LINE.fullmatch(rest)
    ):
        start = gap
    if comma is not None:
        return text[:start] + text[end:]
    if its_comma is not None:
        return text[:its_comma] + text[its_comma + 1 : start] + text[end:]
    around = text[container.start + 1 : start] + text[end : container.end - 1]
    kept = around if around.strip() else ""
    return text[: container.start + 1] + kept + text[container.end - 1 :]


def _gap_before(text: str, at: int) -> int:
    """The start of the white space that `_insert` puts before a part: a new line, or one space."""
    indent = len(text[:at].rstrip(" \t"))
    if text.startswith("\n", indent - 1):
        return indent - 2 if text.startswith("\r", indent - 2) else indent - 1
    return max(indent, at - 1)


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _insert(text: str, container: Node, value: Any, key: str | None) -> str:
    """One more part at the end of an object or an array."""
    newline = _newline(text)
    name = "" if key is None else json.dumps(key, ensure_ascii=False) + ": "
    if not container.parts:
        outer = _indent_at(text, container.key_start)
        shown = name + _dump(text, value, outer + _unit(text), inline=False)
        body = text[container.start + 1 : container.end - 1].rstrip(" \t\r\n")
        # Below the comments that stand in it.
        at = container.start + 1 + len(body)
        end = container.end - 1
        tail = text[at:end] if body and "\n" in text[at:end] else newline + outer
        return text[:at] + newline + outer + _unit(text) + shown + tail + text[end:]
    last = container.parts[-1][1]
    comma = _comma_after(text, last.end)
    after = last.end if comma is None else comma + 1
    if "\n" not in text[container.start : container.end]:
        shown = name + _dump(text, value, "", inline=True)
        return text[:after] + (f", {shown}" if comma is None else f" {shown},") + text[after:]
    indent = _indent_at(text, last.key_start)
    shown = newline + indent + name + _dump(text, value, indent, inline=False)
    found = _REST_OF_LINE.match(text, after)
    # A comment beside the last part stays beside it.
    at = found.end() if found is not None and text[found.end()] in "\r\n" else after
    if comma is not None:
        return text[:at] + shown + "," + text[at:]
    return text[: last.end] + "," + text[last.end : at] + shown + text[at:]


def _dump(text: str, value: Any, indent: str, *, inline: bool) -> str:
    if inline:
        return json.dumps(value, ensure_ascii=False)
    lines = json.dumps(value, ensure_ascii=False, indent=_unit(text)).split("\n")
    return (_newline(text) + indent).join(lines)


def _unit(text: str) -> str:
    """One step of indentation: the first that the text has, else two spaces."""
    found = re.search(r"^([ \t]+)[\"{\[]", text, re.MULTILINE)
    return found[1] if found is not None else "  "


def _indent_at(text: str, at: int) -> str:
    """The white space that the line begins with in which `at` stands."""
    start = text.rfind("\n", 0, at) + 1
    found = re.compile(r"[ \t]*").match(text, start)
    return found[0] if found is not None else ""


def _newline(text: str) -> str:
    end = text.find("\n")
    return "\r\n" if end > 0 and text[end - 1] == "\r" else "\n"


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    assert found is not None
    end = found.end()
    if text.startswith("/*", end):
        raise NotJson("a comment has no end", text, end)
    return end


def _comma_after(text: str, at: int) -> int | None:
    end = _skip(text, at)
    return end if text.startswith(",", end) else None


def _value(text: str, at: int, key_start: int, depth: int) -> Node:
    if depth > _DEEPEST:
        raise NotJson("is nested too deep", text, at)
    if text.startswith("{", at):
        return _container(text, at, key_start, depth, "}")
    if text.startswith("[", at):
        return _container(text, at, key_start, depth, "]")
    found = _STRING.match(text, at) or _WORD.match(text, at)
    if found is None:
        what = "ends too early" if at >= len(text) else f"a value was expected, not {text[at]!r}"
        raise NotJson(what, text, at)
    return Node(json.loads(found[0]), at, found.end(), key_start)


def _container(text: str, at: int, key_start: int, depth: int, close: str) -> Node:
    node = Node({} if close == "}" else [], at, at, key_start)
    place = _skip(text, at + 1)
    while not text.startswith(close, place):
        start = place
        key: str | int = len(node.parts)
        if close == "}":
            found = _STRING.match(text, place)
            if found is None:
                raise NotJson('a name in double quotes or "}" was expected', text, place)
            key = json.loads(found[0])
            place = _skip(text, found.end())
            if not text.startswith(":", place):
                raise NotJson('":" was expected', text, place)
            place = _skip(text, place + 1)
        part = _value(text, place, start, depth + 1)
        node.parts.append((key, part))
        if isinstance(node.value, dict):
            node.value[key] = part.value
        else:
            node.value.append(part.value)
        place = _skip(text, part.end)
        if text.startswith(",", place):
            place = _skip(text, place + 1)
        elif not text.startswith(close, place):
            raise NotJson(f'"," or "{close}" was expected', text, place)
    node.end = place + 1
    return node
