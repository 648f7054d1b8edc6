"""Remove, restore, purge."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from memcairn.errors import NoteChanged, NoteError, NoteExists, OutsideRoot, UsageError
from memcairn.fs import sandbox
from memcairn.vault import Vault

from .steps import move_within_a_file_system

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_removed_file_is_restored_unchanged(vault: Vault, root: Path) -> None:
    vault.write("a/b.md", "text")
    (root / "a/b.md").chmod(0o640)
    os.utime(root / "a/b.md", ns=(5, 7))

    removed = vault.remove("a/b.md", now=NOW)

    assert not (root / "a/b.md").exists()
    assert (removed.path, removed.is_folder, removed.removed_at) == ("a/b.md", False, NOW)
    (record,) = removed.files
    assert (record.path, record.size_bytes) == ("a/b.md", 4)
    assert record.sha256 == hashlib.sha256(b"text").hexdigest()
    assert vault.trash() == (removed,)
    restored = vault.restore(removed.id)
    assert (restored.path, restored.damaged, restored.changed) == ("a/b.md", (), ("a/b.md",))
    assert (root / "a/b.md").read_text(encoding="utf-8") == "text"
    assert mode(root / "a/b.md") == 0o640
    assert (root / "a/b.md").stat().st_mtime_ns == 7
    assert vault.trash() == ()


def test_a_folder_is_removed_only_with_recursive_and_restored_whole(
    tree: Vault, root: Path
) -> None:
    before = sorted(path.relative_to(root).as_posix() for path in root.rglob("*"))
    with pytest.raises(NoteExists, match="2 entries"):
        tree.remove("b")

    removed = tree.remove("b", recursive=True)

    assert [file.path for file in removed.files] == ["b/c.md", "b/d/e.md", "b/d/f.txt"]
    assert not (root / "b").exists()
    assert tree.restore(removed.id, target="b").damaged == ()
    assert sorted(path.relative_to(root).as_posix() for path in root.rglob("*")) == before


def test_an_empty_folder_is_removed_without_recursive(vault: Vault, root: Path) -> None:
    vault.mkdir("a")

    assert vault.remove("a").is_folder
    assert not (root / "a").exists()


def test_what_was_removed_is_restored_elsewhere_but_over_nothing(tree: Vault) -> None:
    removed = tree.remove("b", recursive=True)
    tree.write("b", "in the way")

    with pytest.raises(NoteExists, match=r"^b: exists already"):
        tree.restore(removed.id)
    restored = tree.restore(removed.id, target="new/place")

    assert restored.changed == ("new/place/c.md", "new/place/d/e.md", "new/place/d/f.txt")
    assert tree.read("new/place/d/e.md").text == "b/d/e.md"


def test_what_was_changed_in_the_trash_is_restored_and_said(vault: Vault, tmp_path: Path) -> None:
    vault.write("a/b.md", "text")
    removed = vault.remove("a", recursive=True)
    (content,) = (tmp_path / "home" / "trash").rglob("b.md")
    content.write_text("other", encoding="utf-8")

    assert vault.restore(removed.id).damaged == ("a/b.md",)


@pytest.mark.parametrize("entry_id", ["", "..", ".", "nothing", "../../root", "a\0b", "\ud800"])
def test_an_unknown_trash_entry_is_an_error(entry_id: str, vault: Vault) -> None:
    vault.write("a.md", "x")
    vault.remove("a.md")

    with pytest.raises(UsageError, match="no entry with that id"):
        vault.restore(entry_id)


@pytest.mark.parametrize("path", ["../x.md", "/etc/x", ".git/config", "MEMORY.md"])
def test_an_entry_that_was_tampered_with_restores_nothing_elsewhere(
    path: str, vault: Vault, root: Path, tmp_path: Path
) -> None:
    vault.write("a.md", "x")
    removed = vault.remove("a.md")
    (entry,) = (tmp_path / "home" / "trash").rglob("entry.json")
    entry.write_text(entry.read_text(encoding="utf-8").replace("a.md", path), encoding="utf-8")

    with pytest.raises((OutsideRoot, UsageError)):
        vault.restore(removed.id)

    assert list(root.iterdir()) == []


@pytest.mark.parametrize("content", ["", "null", "[]", "{}", "\x00", '{"path": 1}'])
def test_a_damaged_entry_is_left_alone_and_hides_no_other(
    content: str, vault: Vault, tmp_path: Path
) -> None:
    vault.write("a.md", "x")
    vault.remove("a.md")
    vault.write("b.md", "x")
    kept = vault.remove("b.md")
    damaged, _ = sorted((tmp_path / "home" / "trash").rglob("entry.json"))
    damaged.write_text(content, encoding="utf-8")

    assert vault.trash() == (kept,)
    assert vault.purge_trash(keep=0, max_age_days=0) == (kept.id,)
    assert (damaged.parent / "content").exists()


def test_a_purge_keeps_the_latest_by_count_and_by_age(vault: Vault, tmp_path: Path) -> None:
    ids = []
    for days in (9, 8, 2, 1):
        vault.write("a.md", "x")
        ids.append(vault.remove("a.md", now=NOW - timedelta(days=days)).id)

    assert vault.purge_trash(keep=3, max_age_days=100, now=NOW) == (ids[0],)
    assert vault.purge_trash(keep=3, max_age_days=3, now=NOW) == (ids[1],)
    assert [entry.id for entry in vault.trash()] == [ids[3], ids[2]]
    assert vault.purge_trash(keep=0, max_age_days=3, now=NOW) == (ids[2], ids[3])
    assert list((tmp_path / "home" / "trash").iterdir()) == []


def test_a_purge_clears_what_a_dead_removal_left_but_nothing_that_may_be_content(
    vault: Vault, tmp_path: Path
) -> None:
    trash = tmp_path / "home" / "trash"
    for name in ("empty", "half", "unknown"):
        (trash / name).mkdir(parents=True)
    (trash / "half" / ".memcairn-0123.tmp").write_text("{", encoding="utf-8")
    (trash / "unknown" / "content").write_text("somebody's", encoding="utf-8")

    assert vault.purge_trash(keep=9, max_age_days=9) == ()

    assert [path.name for path in trash.iterdir()] == ["unknown"]


def test_the_copy_beside_a_note_of_a_removal_that_died_is_gone_when_it_is_restored(
    vault: Vault, root: Path, tmp_path: Path
) -> None:
    vault.write("a/b.md", "x")
    removed = vault.remove("a/b.md")
    staged = root / "a" / f".memcairn-{removed.id}.removed"
    staged.write_text("x", encoding="utf-8")

    vault.restore(removed.id)

    assert [path.name for path in (root / "a").iterdir()] == ["b.md"]


def test_a_removal_that_died_before_its_copy_was_complete_is_restored(
    vault: Vault, root: Path, tmp_path: Path
) -> None:
    vault.write("a/b.md", "x")
    removed = vault.remove("a/b.md")
    (content,) = (tmp_path / "home" / "trash").rglob("content")
    content.rename(root / "a" / f".memcairn-{removed.id}.removed")

    assert vault.trash() == (removed,)
    assert vault.restore(removed.id).damaged == ()

    assert [path.name for path in (root / "a").iterdir()] == ["b.md"]
    assert vault.read("a/b.md").text == "x"


def test_a_removal_that_fails_when_the_name_is_taken_again_can_be_restored(
    vault: Vault, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        (root / "a.md").write_text("new", encoding="utf-8")
        raise NoteError("failed", path="a.md")

    vault.write("a.md", "old")
    monkeypatch.setattr(sandbox.Folder, "move", move_within_a_file_system)
    monkeypatch.setattr("memcairn.vault.tree.copy", fail)

    with pytest.raises(NoteError, match="failed"):
        vault.remove("a.md")

    (entry,) = vault.trash()
    vault.restore(entry.id, target="b.md")
    assert (vault.read("a.md").text, vault.read("b.md").text) == ("new", "old")


def test_a_trash_is_private(vault: Vault, tmp_path: Path) -> None:
    vault.write("a.md", "x")
    vault.remove("a.md")

    assert mode(tmp_path / "home" / "trash") == 0o700
    assert all(mode(path) & 0o077 == 0 for path in (tmp_path / "home" / "trash").rglob("*"))


def test_what_cannot_be_copied_to_another_file_system_stays(
    vault: Vault, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox.Folder, "move", move_within_a_file_system)
    vault.write("a/b.md", "x")
    (tmp_path / "secret.md").write_text("secret", encoding="utf-8")
    os.link(tmp_path / "secret.md", root / "a" / "c.md")

    with pytest.raises(NoteError, match="hard link"):
        vault.remove("a", recursive=True)

    assert sorted(path.name for path in root.rglob("*")) == ["a", "b.md", "c.md"]
    assert vault.trash() == ()
    assert not [path for path in (tmp_path / "home").rglob("*") if path.is_file()]


@pytest.fixture
def memory_disk() -> Iterator[Path]:
    shared = Path("/dev/shm")
    if not shared.is_dir():
        pytest.skip("no file system in memory here")
    with tempfile.TemporaryDirectory(dir=shared) as folder:
        yield Path(folder)


def test_a_trash_that_really_is_on_another_file_system_works_alike(
    root: Path, memory_disk: Path
) -> None:
    if memory_disk.stat().st_dev == root.stat().st_dev:
        pytest.skip("the temporary folder is in memory, too")
    vault = Vault(root, trash=memory_disk)
    vault.write("a/b.md", "text")
    (root / "a/b.md").chmod(0o640)
    os.utime(root / "a/b.md", ns=(5, 7))

    removed = vault.remove("a", recursive=True)

    assert list(root.iterdir()) == []
    assert vault.restore(removed.id).damaged == ()
    assert (root / "a/b.md").read_text(encoding="utf-8") == "text"
    assert mode(root / "a/b.md") == 0o640
    assert (root / "a/b.md").stat().st_mtime_ns == 7
    assert [path.name for path in root.rglob("*")] == ["a", "b.md"]
    assert list(memory_disk.iterdir()) == []


def test_a_file_is_removed_only_if_it_is_the_one_that_was_read(vault: Vault, root: Path) -> None:
    old = vault.write("a.md", "one").sha256
    vault.write("a.md", "two", overwrite=True)

    with pytest.raises(NoteChanged, match="has changed since it was read"):
        vault.remove("a.md", if_match=old)
    assert (root / "a.md").read_text(encoding="utf-8") == "two"
    vault.remove("a.md", if_match=vault.read("a.md").sha256)
    assert not (root / "a.md").exists()
