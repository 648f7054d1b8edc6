"""Every operation against every trick, in names and in the file system: the outside is not met."""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
import stat
from typing import TYPE_CHECKING

import pytest

from memcairn.errors import MemcairnError, OutsideRoot
from memcairn.vault import Vault

from .test_names import IMPOSSIBLE, OUTSIDE, RESERVED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SECRET = "the secret that nobody may read"
SECRET_HASH = hashlib.sha256(SECRET.encode()).hexdigest()

OPERATIONS: dict[str, Callable[[Vault, str], object]] = {
    "read": lambda vault, path: vault.read(path),
    "write": lambda vault, path: vault.write(path, "mine"),
    "overwrite": lambda vault, path: vault.write(path, "mine", overwrite=True),
    "write if it matches": lambda vault, path: vault.write(path, "mine", if_match=SECRET_HASH),
    "append": lambda vault, path: vault.append(path, "mine"),
    "edit": lambda vault, path: vault.edit(path, "secret", "mine"),
    "list": lambda vault, path: vault.list(path),
    "list all": lambda vault, path: vault.list(path, recursive=True, glob="*"),
    "grep": lambda vault, path: vault.grep("secret", path),
    "diff before": lambda vault, path: vault.diff(path, "plain.md"),
    "diff after": lambda vault, path: vault.diff("plain.md", path),
    "diff of a text": lambda vault, path: vault.diff_text("x", path, name="x"),
    "mkdir": lambda vault, path: vault.mkdir(path),
    "move": lambda vault, path: vault.move(path, "moved.md"),
    "move to": lambda vault, path: vault.move("plain.md", path),
    "remove": lambda vault, path: vault.remove(path),
    "remove all": lambda vault, path: vault.remove(path, recursive=True),
    "restore to": lambda vault, path: vault.restore(vault.trash()[0].id, target=path),
}
# For these the empty path and "." are the root.
ON_FOLDERS = {"list", "list all", "grep", "mkdir"}
WRITING = {
    *("write", "overwrite", "write if it matches", "append", "edit", "mkdir"),
    *("move", "move to", "remove", "remove all", "restore to"),
}

Seen = dict[str, tuple[int, int, bytes]]


def everything(folder: Path) -> Seen:
    seen = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        content = path.read_bytes() if stat.S_ISREG(status.st_mode) else b""
        seen[str(path.relative_to(folder))] = (status.st_mode, status.st_ino, content)
    return seen


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Path]:
    outside = tmp_path / "outside"
    (outside / "folder").mkdir(parents=True)
    (outside / "secret.md").write_text(SECRET, encoding="utf-8")
    (outside / "folder" / "note.md").write_text(SECRET, encoding="utf-8")
    before = everything(outside)

    yield outside

    assert everything(outside) == before


@pytest.fixture
def armed(vault: Vault, root: Path) -> Vault:
    """A vault with a note, and one note in its trash."""
    vault.write("removed.md", "removed")
    vault.remove("removed.md")
    vault.write("plain.md", "plain")
    vault.write("folder/note.md", "note")
    return vault


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_hostile_path_is_refused(
    operation: str, armed: Vault, root: Path, outside: Path
) -> None:
    paths = {*OUTSIDE, *RESERVED, *IMPOSSIBLE}
    paths |= {"../outside/secret.md", f"{outside}/secret.md", "folder/../../outside/secret.md"}
    if operation in ON_FOLDERS:
        paths -= {"", ".", "a/", "a/b/"}
    before = everything(root)

    for path in sorted(paths):
        with pytest.raises(MemcairnError) as refusal:
            OPERATIONS[operation](armed, path)

        assert path.startswith(str(outside)) or str(root.parent) not in str(refusal.value)
        assert everything(root) == before, path


def link(root: Path, outside: Path) -> None:
    (root / "trick").symlink_to(outside / "secret.md")


def relative_link(root: Path, outside: Path) -> None:
    (root / "trick").symlink_to("../outside/secret.md")


def link_to_folder(root: Path, outside: Path) -> None:
    (root / "trick").symlink_to(outside / "folder")


def dangling_link(root: Path, outside: Path) -> None:
    (root / "trick").symlink_to(outside / "new.md")


def link_inside(root: Path, outside: Path) -> None:
    (root / "trick").symlink_to("plain.md")


def loop(root: Path, outside: Path) -> None:
    (root / "trick").symlink_to("trick")


def magic_link(root: Path, outside: Path) -> None:
    (root / "trick").symlink_to("/proc/self/root" + str(outside / "secret.md"))


def pipe(root: Path, outside: Path) -> None:
    os.mkfifo(root / "trick")


def a_socket(root: Path, outside: Path) -> None:
    # The path of a socket has to be short.
    with contextlib.chdir(root), socket.socket(socket.AF_UNIX) as unix:
        unix.bind("trick")


def device(root: Path, outside: Path) -> None:
    try:
        os.mknod(root / "trick", stat.S_IFCHR | 0o666, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("only root makes devices")


TRICKS = [link, relative_link, link_to_folder, dangling_link, link_inside, loop, magic_link]
SPECIAL = [pipe, a_socket, device]


@pytest.mark.parametrize("trick", [*TRICKS, *SPECIAL])
def test_a_file_that_is_not_regular_is_refused(
    trick: Callable[[Path, Path], None], armed: Vault, root: Path, outside: Path
) -> None:
    trick(root, outside)
    before = everything(root)

    for operation in OPERATIONS.values():
        with pytest.raises(MemcairnError) as refusal:
            operation(armed, "trick")

        assert everything(root) == before
        assert SECRET not in str(refusal.value)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("target", ["folder", "nowhere", "secret.md"])
def test_a_symlink_on_the_way_is_refused(
    operation: str, target: str, armed: Vault, root: Path, outside: Path
) -> None:
    (root / "trick").symlink_to(outside / target)
    before = everything(root)

    for name in ("note.md", "new.md", "deep/new.md"):
        with pytest.raises(OutsideRoot):
            OPERATIONS[operation](armed, f"trick/{name}")

        assert everything(root) == before


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_content_of_a_hard_link_is_neither_read_nor_changed(
    operation: str, armed: Vault, root: Path, outside: Path
) -> None:
    os.link(outside / "secret.md", root / "trick")
    # To give the name to another file, or the file another name, touches no content.
    if operation in {"overwrite", "move", "remove", "remove all"}:
        result = OPERATIONS[operation](armed, "trick")
        assert "secret" not in repr(result)
        assert SECRET_HASH not in repr(result)
        if operation == "overwrite":
            assert (root / "trick").read_text(encoding="utf-8") == "mine"
        return

    with pytest.raises(MemcairnError) as refusal:
        OPERATIONS[operation](armed, "trick")

    assert SECRET not in str(refusal.value)


def test_a_hard_link_that_was_removed_and_restored_is_still_not_read(
    armed: Vault, root: Path, outside: Path
) -> None:
    os.link(outside / "secret.md", root / "trick")

    armed.restore(armed.remove("trick").id, target="back")

    with pytest.raises(OutsideRoot):
        armed.read("back")


@pytest.mark.parametrize("trick", [*TRICKS, pipe, a_socket])
def test_a_search_of_the_whole_root_passes_tricks_over(
    trick: Callable[[Path, Path], None], armed: Vault, root: Path, outside: Path
) -> None:
    trick(root, outside)
    os.link(outside / "secret.md", root / "hard")

    found = armed.grep("secret|plain")
    listed = armed.list(recursive=True)

    assert [match.path for match in found.matches] == ["plain.md"]
    assert [path for path, _ in found.skipped] == ["hard"]
    assert {entry.path for entry in listed.entries} == {
        *("folder", "folder/note.md", "plain.md", "trick", "hard")
    }


@pytest.mark.parametrize(
    "path", ["MEMORY.md", "memory.md", "Memory.MD", "MEMORY.md.", "index/people.md", "Index/x.md"]
)
def test_what_we_generate_is_not_written(path: str, armed: Vault, root: Path) -> None:
    (root / "index").mkdir()
    (root / "index" / "people.md").write_text("secret page", encoding="utf-8")
    (root / "MEMORY.md").write_text("secret index", encoding="utf-8")
    before = everything(root)

    for operation in sorted(WRITING):
        with pytest.raises(OutsideRoot):
            OPERATIONS[operation](armed, path)

        assert everything(root) == before


@pytest.mark.parametrize("operation", ["move", "remove", "remove all", "mkdir"])
def test_the_folder_of_index_pages_stays(operation: str, armed: Vault, root: Path) -> None:
    (root / "index").mkdir()

    with pytest.raises(OutsideRoot):
        OPERATIONS[operation](armed, "index")


def test_what_we_generate_is_read(armed: Vault, root: Path) -> None:
    (root / "index").mkdir()
    (root / "index" / "people.md").write_text("secret page\n", encoding="utf-8")
    (root / "MEMORY.md").write_text("secret index\n", encoding="utf-8")

    assert armed.read("MEMORY.md").text == "secret index\n"
    assert armed.read("index/people.md").text == "secret page\n"
    assert {match.path for match in armed.grep("secret").matches} == {
        *("MEMORY.md", "index/people.md")
    }


def test_another_folder_may_have_a_memory_md(armed: Vault) -> None:
    assert armed.write("project/MEMORY.md", "a note").created


def test_the_caller_defines_generated_files(root: Path, tmp_path: Path) -> None:
    vault = Vault(root, trash=tmp_path / "t", generated=lambda names: names[-1] == "mine.md")

    assert vault.write("index/note.md", "x").created
    with pytest.raises(OutsideRoot):
        vault.write("a/mine.md", "x")


@pytest.mark.parametrize("operation", ["move", "remove all"])
def test_a_folder_that_holds_a_repository_stays(operation: str, armed: Vault, root: Path) -> None:
    (root / "folder" / "deep" / ".git").mkdir(parents=True)

    with pytest.raises(OutsideRoot, match=r"folder/deep/\.git"):
        OPERATIONS[operation](armed, "folder")

    assert (root / "folder" / "note.md").exists()


def test_a_folder_with_the_rest_of_a_crashed_write_can_be_removed(armed: Vault, root: Path) -> None:
    (root / "folder" / ".memcairn-0123.tmp").write_text("half", encoding="utf-8")

    armed.remove("folder", recursive=True)

    assert not (root / "folder").exists()


def test_reserved_names_are_neither_listed_nor_searched(armed: Vault, root: Path) -> None:
    (root / ".git").mkdir()
    (root / ".git" / "config").write_text("secret", encoding="utf-8")
    (root / ".memcairn.toml").write_text("secret", encoding="utf-8")

    assert not armed.grep("secret").matches
    assert not [e for e in armed.list(recursive=True).entries if e.path.startswith(".")]


def test_a_trash_inside_the_root_is_refused(root: Path) -> None:
    with pytest.raises(MemcairnError):
        Vault(root, trash=root / "trash")
    with pytest.raises(MemcairnError):
        Vault(root, trash=root)


def test_a_root_that_is_reached_through_a_symlink_is_a_root(root: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(root)
    vault = Vault(tmp_path / "link", trash=tmp_path / "t")

    vault.write("note.md", "x")

    assert (root / "note.md").read_text(encoding="utf-8") == "x"
