"""Every operation that changes something: what there is before, and what may be there after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from memcairn.vault import Vault

State = dict[str, bytes]

BEFORE: State = {
    "note.md": b"one\ntwo\n",
    "folder/a.md": b"a",
    "folder/deep/b.md": b"b",
}


@dataclass(frozen=True, slots=True)
class Case:
    """An operation, and the state that it leads to."""

    run: Callable[[Vault], object]
    after: State
    prepare: Callable[[Vault], object] = lambda _: None


def _with(**changes: bytes | None) -> State:
    state = dict(BEFORE)
    for name, content in changes.items():
        path = name.replace("__", "/") + ".md"
        if content is None:
            del state[path]
        else:
            state[path] = content
    return state


def _remove_folder(vault: Vault) -> object:
    return vault.remove("folder", recursive=True)


def _remove_note(vault: Vault) -> object:
    return vault.remove("note.md")


def _restore(vault: Vault) -> object:
    return vault.restore(vault.trash()[0].id)


_NO_FOLDER = _with(folder__a=None, folder__deep__b=None)

CASES = {
    "write": Case(lambda v: v.write("new.md", "new"), _with(new=b"new")),
    "write deep": Case(lambda v: v.write("x/y/z.md", "new"), _with(x__y__z=b"new")),
    "overwrite": Case(lambda v: v.write("note.md", "new", overwrite=True), _with(note=b"new")),
    "append": Case(lambda v: v.append("note.md", "three"), _with(note=b"one\ntwo\nthree")),
    "edit": Case(lambda v: v.edit("note.md", "two", "2"), _with(note=b"one\n2\n")),
    "move": Case(lambda v: v.move("note.md", "x/n.md"), _with(note=None, x__n=BEFORE["note.md"])),
    "move folder": Case(
        lambda v: v.move("folder", "new"), _NO_FOLDER | {"new/a.md": b"a", "new/deep/b.md": b"b"}
    ),
    "remove": Case(_remove_note, _with(note=None)),
    "remove folder": Case(_remove_folder, _NO_FOLDER),
    "restore": Case(_restore, BEFORE, _remove_note),
    "restore folder": Case(_restore, BEFORE, _remove_folder),
    "purge": Case(
        lambda v: v.purge_trash(keep=0, max_age_days=1, now=datetime.now(UTC)),
        _NO_FOLDER,
        _remove_folder,
    ),
}


def start(root: Path) -> None:
    for name, content in BEFORE.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)


def notes(root: Path) -> State:
    """All files, but for the hidden rests of what died."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and not any(p.startswith(".memcairn-") for p in path.parts)
    }


def rests(root: Path) -> list[str]:
    return [path.name for path in root.rglob(".memcairn-*")]


def check_nothing_is_lost(case: Case, vault: Vault, root: Path, *, before: State) -> None:
    """The state is the one before or after, and the operation can still be done.

    What is in neither place can be restored.
    """
    entries = vault.trash()
    state = notes(root)
    assert state in (before, case.after), state
    if state == before and before != case.after:
        case.run(vault)
        assert notes(root) == case.after
    elif entries and set(case.after) < set(BEFORE):
        # Removed, or not quite: then it is in the trash, whole.
        vault.restore(entries[0].id)
        assert notes(root) == BEFORE
