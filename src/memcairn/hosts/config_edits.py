"""The edits that install memcairn into a host, one file each: made, taken back, looked at.

Each of the three kinds changes only what is ours. `made` are the objects that an edit had to create in a
file of theirs; when memcairn goes they go, too, if nothing of theirs came in meanwhile.
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
        """The file with our part; the same bytes if it is there already.

        Raises:
            ConfigError: the file cannot be understood; nothing is to be done then.
        """

    def made(self, present: bytes | None) -> tuple[jsonc.Path, ...]:
        """The objects that `put` creates in it, outermost first."""

    def withdraw(self, present: bytes, made: Sequence[jsonc.Path]) -> tuple[bytes, bool]:
        """The file without our part, and whether nothing is left that was there for another reason.

        Raises:
            ConfigError: as in `put`.
        """

    def holds(self, present: bytes) -> bool:
        """Whether something of ours is in it."""


@dataclass(frozen=True, slots=True)
class OwnFile:
    """A file that is wholly ours."""

    path: str
    content: bytes

    def put(self, present: bytes | None) -> bytes:  # noqa: ARG002
        """Ours, whatever is there."""
        return self.content

    def made(self, present: bytes | None) -> tuple[jsonc.Path, ...]:  # noqa: ARG002
        """Nothing: there is nothing of theirs around it."""
        return ()

    def withdraw(
        self,
        present: bytes,  # noqa: ARG002
        made: Sequence[jsonc.Path],  # noqa: ARG002
    ) -> tuple[bytes, bool]:
        """Nothing is left."""
        return b"", True

    def holds(self, present: bytes) -> bool:  # noqa: ARG002
        """It does."""
        return True


@dataclass(frozen=True, slots=True)
class TomlTable:
    """A table in a TOML file; `along` are tables of the host's own about ours, which go when it goes."""

    path: str
    at: tuple[str, ...]
    table: Mapping[str, Any]
    along: tuple[tuple[str, ...], ...] = ()

    def put(self, present: bytes | None) -> bytes:
        """With the table."""

        def edit(text: str) -> str:
            found: Any = toml_table.read(text)
            for key in self.at:
                found = found.get(key) if isinstance(found, dict) else None
            return toml_table.put(text, self.at, snippets.renewed(self.table, found))

        return self._edited(present, edit)

    def made(self, present: bytes | None) -> tuple[jsonc.Path, ...]:  # noqa: ARG002
        """Nothing: the tables above it exist by their members."""
        return ()

    def withdraw(self, present: bytes, made: Sequence[jsonc.Path]) -> tuple[bytes, bool]:  # noqa: ARG002
        """Without the table, and those that go along."""

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
            raise _broken(self.path, "TOML", error.line, str(error)) from error


@dataclass(frozen=True, slots=True)
class JsonEntries:
    """Members, and elements of lists, in a JSON file.

    Args:
        path: the file.
        members: path in the file -> value, ours.
        lists: path in the file -> the one element of that list that is ours.
        assumed: path in the file -> value that the format wants; theirs counts if there is one.
    """

    path: str
    members: Mapping[jsonc.Path, Any]
    lists: Mapping[jsonc.Path, Any]
    assumed: Mapping[jsonc.Path, Any]

    def put(self, present: bytes | None) -> bytes:
        """With all of ours, each once."""

        def edit(text: str) -> str:
            for at, value in self.assumed.items():
                if jsonc.read(text).at(at) is None:
                    text = jsonc.put(text, at, value)
            for at, value in self.members.items():
                text = _renewed(text, at, value)
            text = _without_ours(text, keep=self.lists)
            for at, value in self.lists.items():
                node = jsonc.read(text).at(at)
                places = _places_of_ours(node)
                text = (
                    jsonc.put(text, (*at, places[0]), value)
                    if places
                    else jsonc.append(text, at, value)
                )
            return text

        return self._edited(present, edit)

    def made(self, present: bytes | None) -> tuple[jsonc.Path, ...]:
        """The objects and lists above ours that are not there, and what was assumed."""
        top = _read(self.path, present)
        above = {at[:depth] for at in self.members for depth in range(1, len(at))}
        above |= {at[:depth] for at in self.lists for depth in range(1, len(at) + 1)}
        above |= set(self.assumed)
        return tuple(
            sorted((at for at in above if top.at(at) is None), key=lambda at: (len(at), at))
        )

    def withdraw(self, present: bytes, made: Sequence[jsonc.Path]) -> tuple[bytes, bool]:
        """Without ours, and without what was made for them and is empty now."""

        def edit(text: str) -> str:
            for at in self.members:
                text = jsonc.remove(text, at)
            text = _without_ours(text, keep={})
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
        """Whether anything of ours is in it."""
        top = _read(self.path, present)
        return any(top.at(at) is not None for at in self.members) or bool(_lists_with_ours(top))

    def _edited(self, present: bytes | None, edit: Callable[[str], str]) -> bytes:
        _read(self.path, present)
        try:
            return edit(_text(self.path, present)).encode()
        except jsonc.NotJson as error:
            raise _broken(self.path, "JSON", error.line, str(error)) from error


def _renewed(text: str, at: jsonc.Path, entry: Mapping[str, Any]) -> str:
    """The text with an entry of the server; member by member, where there is one."""
    node = jsonc.read(text).at(at)
    if node is None or not isinstance(node.value, dict):
        return jsonc.put(text, at, dict(entry))
    wanted = snippets.renewed(entry, node.value)
    for key in node.value.keys() - wanted.keys():
        text = jsonc.remove(text, (*at, key))
    for key, value in wanted.items():
        text = jsonc.put(text, (*at, key), value)
    return text


def _without_ours(text: str, keep: Mapping[jsonc.Path, Any]) -> str:
    """The text without hooks of ours, but for the first in each list of `keep`."""
    for at in _lists_with_ours(jsonc.read(text)):
        places = _places_of_ours(jsonc.read(text).at(at))
        for place in reversed(places[1:] if at in keep else places):
            text = jsonc.remove(text, (*at, place))
    return text


def _lists_with_ours(top: jsonc.Node) -> list[jsonc.Path]:
    hooks = top.part("hooks")
    if hooks is None or not isinstance(hooks.value, dict):
        return []
    found = [("hooks", name) for name, node in hooks.parts if _places_of_ours(node)]
    return list(dict.fromkeys(found))


def _places_of_ours(node: jsonc.Node | None) -> list[int]:
    if node is None or not isinstance(node.value, list):
        return []
    return [place for place, element in enumerate(node.value) if snippets.is_ours(element)]


def _read(path: str, present: bytes | None) -> jsonc.Node:
    try:
        return jsonc.read(_text(path, present))
    except jsonc.NotJson as error:
        raise _broken(path, "JSON", error.line, str(error)) from error


def _text(path: str, present: bytes | None) -> str:
    try:
        return (present or b"").decode()
    except UnicodeDecodeError as error:
        line = (present or b"")[: error.start].count(b"\n") + 1
        raise _broken(path, "UTF-8 text", line, "") from error


def _broken(path: str, what: str, line: int, why: str) -> ConfigError:
    return ConfigError(
        f"line {line}: is not {what} that can be changed" + (f": {why}" if why else ""),
        path=path,
        hint="mend the file, then run the command again; nothing was changed",
    )
