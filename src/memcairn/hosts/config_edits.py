"""The edits that install memcairn into a host, one file each: apply, withdraw, check.

Each of the three kinds changes only memcairn's entries. `made` are the objects that an edit had to create
in a file of the host; `withdraw` removes them, too, if they are empty then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from memcairn.errors import ConfigError
from memcairn.hosts import jsonc, snippets, toml_table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


class Edit(Protocol):
    """A change of one file."""

    @property
    def path(self) -> str:
        """The file."""

    def put(self, present: bytes | None) -> bytes:
        """The file with memcairn's part; the same bytes if it is there already.

        Raises:
            ConfigError: the file is invalid; nothing may be changed then.
        """

    def made(self, present: bytes | None) -> tuple[jsonc.Path, ...]:
        """The objects that `put` creates in it, outermost first."""

    def withdraw(self, present: bytes, made: Sequence[jsonc.Path]) -> tuple[bytes, bool]:
        """The file without memcairn's part, and whether nothing else is left in it.

        Raises:
            ConfigError: as in `put`.
        """

    def holds(self, present: bytes) -> bool:
        """Whether memcairn's part is in it."""


@dataclass(frozen=True, slots=True)
class OwnFile:
    """A file that memcairn owns."""

    path: str
    content: bytes

    def put(self, present: bytes | None) -> bytes:  # noqa: ARG002
        """The content, whatever is there."""
        return self.content

    def made(self, present: bytes | None) -> tuple[jsonc.Path, ...]:  # noqa: ARG002
        """None: the whole file is memcairn's."""
        return ()

    def withdraw(
        self,
        present: bytes,  # noqa: ARG002
        made: Sequence[jsonc.Path],  # noqa: ARG002
    ) -> tuple[bytes, bool]:
        """Nothing is left."""
        return b"", True

    def holds(self, present: bytes) -> bool:  # noqa: ARG002
        """Always."""
        return True


@dataclass(frozen=True, slots=True)
class TomlTable:
    """A table in a TOML file; `along` are the host's own tables about it, which go when it goes."""

    path: str
    at: tuple[str, ...]
    table: Mapping[str, Any]
    along: tuple[tuple[str, ...], ...] = ()

    def put(self, present: bytes | None) -> bytes:
        """The file with the table."""

        def edit(text: str) -> str:
            found: Any = toml_table.read(text)
            for key in self.at:
                found = found.get(key) if isinstance(found, dict) else None
            return toml_table.put(text, self.at, snippets.merged_entry(self.table, found))

        return self._edited(present, edit)

    def made(self, present: bytes | None) -> tuple[jsonc.Path, ...]:  # noqa: ARG002
        """None: the tables above it exist by their members."""
        return ()

    def withdraw(self, present: bytes, made: Sequence[jsonc.Path]) -> tuple[bytes, bool]:  # noqa: ARG002
        """The file without the table and the `along` tables."""

        def edit(text: str) -> str:
            for at in (self.at, *self.along):
                text = toml_table.remove(text, at)
            return text

        left = self._edited(present, edit)
        return left, not left.strip()

    def holds(self, present: bytes) -> bool:
        """Whether a table of that name is in it."""
        return self._edited(present, lambda text: toml_table.remove(text, self.at)) != present

    def _edited(self, present: bytes | None, edit: Callable[[str], str]) -> bytes:
        text = _text(self.path, present)
        try:
            return edit(text).encode()
        except toml_table.NotToml as error:
            raise _invalid(self.path, "TOML", error.line, str(error)) from error


@dataclass(frozen=True, slots=True)
class JsonEntries:
    """Members, and elements of lists, in a JSON file.

    Args:
        path: the file.
        members: path in the file -> value.
        lists: path in the file -> memcairn's element of that list.
        assumed: path in the file -> value that the format requires; a present value stays.
    """

    path: str
    members: Mapping[jsonc.Path, Any]
    lists: Mapping[jsonc.Path, Any]
    assumed: Mapping[jsonc.Path, Any]

    def put(self, present: bytes | None) -> bytes:
        """The file with all entries, each once."""

        def edit(text: str) -> str:
            for at, value in self.assumed.items():
                if jsonc.read(text).at(at) is None:
                    text = jsonc.put(text, at, value)
            for at, value in self.members.items():
                text = _merged(text, at, value)
            text = _without_hooks(text, keep=self.lists)
            for at, value in self.lists.items():
                node = jsonc.read(text).at(at)
                places = _hook_places(node)
                text = (
                    jsonc.put(text, (*at, places[0]), value)
                    if places
                    else jsonc.append(text, at, value)
                )
            return text

        return self._edited(present, edit)

    def made(self, present: bytes | None) -> tuple[jsonc.Path, ...]:
        """The missing objects and lists above the entries, and the assumed values."""
        top = _read(self.path, present)
        above = {at[:depth] for at in self.members for depth in range(1, len(at))}
        above |= {at[:depth] for at in self.lists for depth in range(1, len(at) + 1)}
        above |= set(self.assumed)
        return tuple(
            sorted((at for at in above if top.at(at) is None), key=lambda at: (len(at), at))
        )

    def withdraw(self, present: bytes, made: Sequence[jsonc.Path]) -> tuple[bytes, bool]:
        """The file without the entries, and without objects that were made for them and are empty now."""

        def edit(text: str) -> str:
            for at in self.members:
                text = jsonc.remove(text, at)
            text = _without_hooks(text, keep={})
            for at in sorted(made, key=len, reverse=True):
                node = jsonc.read(text).at(at)
                if node is not None and not node.value:
                    text = jsonc.remove(text, at)
            return text

        left = self._edited(present, edit)
        rest = _read(self.path, left).value
        formal = {at[0]: value for at, value in self.assumed.items() if at in made}
        return left, not rest or rest == formal

    def holds(self, present: bytes) -> bool:
        """Whether any entry is in it."""
        top = _read(self.path, present)
        return any(top.at(at) is not None for at in self.members) or bool(_hook_lists(top))

    def _edited(self, present: bytes | None, edit: Callable[[str], str]) -> bytes:
        _read(self.path, present)
        try:
            return edit(_text(self.path, present)).encode()
        except jsonc.NotJson as error:
            raise _invalid(self.path, "JSON", error.line, str(error)) from error


def _merged(text: str, at: jsonc.Path, entry: Mapping[str, Any]) -> str:
    """The text with an entry of the server; a present one is changed member by member."""
    node = jsonc.read(text).at(at)
    if node is None or not isinstance(node.value, dict):
        return jsonc.put(text, at, dict(entry))
    wanted = snippets.merged_entry(entry, node.value)
    for key in node.value.keys() - wanted.keys():
        text = jsonc.remove(text, (*at, key))
    for key, value in wanted.items():
        text = jsonc.put(text, (*at, key), value)
    return text


def _without_hooks(text: str, keep: Mapping[jsonc.Path, Any]) -> str:
    """The text without memcairn's hooks, except the first in each list of `keep`."""
    for at in _hook_lists(jsonc.read(text)):
        places = _hook_places(jsonc.read(text).at(at))
        for place in reversed(places[1:] if at in keep else places):
            text = jsonc.remove(text, (*at, place))
    return text


def _hook_lists(top: jsonc.Node) -> list[jsonc.Path]:
    hooks = top.part("hooks")
    if hooks is None or not isinstance(hooks.value, dict):
        return []
    found = [("hooks", name) for name, node in hooks.parts if _hook_places(node)]
    return list(dict.fromkeys(found))


def _hook_places(node: jsonc.Node | None) -> list[int]:
    if node is None or not isinstance(node.value, list):
        return []
    return [place for place, element in enumerate(node.value) if snippets.calls_memcairn(element)]


def _read(path: str, present: bytes | None) -> jsonc.Node:
    try:
        return jsonc.read(_text(path, present))
    except jsonc.NotJson as error:
        raise _invalid(path, "JSON", error.line, str(error)) from error


def _text(path: str, present: bytes | None) -> str:
    try:
        return (present or b"").decode()
    except UnicodeDecodeError as error:
        line = (present or b"")[: error.start].count(b"\n") + 1
        raise _invalid(path, "UTF-8 text", line, "") from error


def _invalid(path: str, what: str, line: int, why: str) -> ConfigError:
    return ConfigError(
        f"line {line}: not {what} that can be edited" + (f": {why}" if why else ""),
        path=path,
        hint="fix the file, then run the command again; nothing was changed",
    )
