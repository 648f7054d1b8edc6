"""Read, write, append, edit, mkdir and move: what they do, and what they say when they do not."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memcairn.errors import (
    NoteChanged,
    NoteError,
    NoteExists,
    NoteMissing,
    NoteUnreadable,
    UsageError,
)
from memcairn.fs import lock, sandbox
from memcairn.vault import Vault, VaultLimits

if TYPE_CHECKING:
    from pathlib import Path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_window_says_where_it_is_and_what_the_whole_file_is(vault: Vault, root: Path) -> None:
    data = "\ufeffone\r\ntwo\r\nthree".encode()
    (root / "note.md").write_bytes(data)

    window = vault.read("note.md", start_line=1, end_line=2)

    assert (window.text, window.first_line, window.last_line) == ("one\r\ntwo\r\n", 1, 2)
    assert (window.total_lines, window.truncated, window.size_bytes) == (3, False, len(data))
    assert window.sha256 == hashlib.sha256(data).hexdigest()


def test_a_file_over_the_cap_is_read_in_windows(root: Path, tmp_path: Path) -> None:
    whole = "".join(f"line {number}\n" for number in range(1000))
    (root / "note.md").write_text(whole, encoding="utf-8")
    vault = Vault(root, trash=tmp_path / "t", limits=VaultLimits(read_bytes=1000))

    read, line, windows = "", 1, 0
    while (window := vault.read("note.md", start_line=line, max_bytes=10**9)).truncated:
        read, line, windows = read + window.text, window.last_line + 1, windows + 1

    assert read + window.text == whole
    assert windows == 8


@pytest.mark.parametrize("data", [b"\xff\xfe", b"ok\nbad \xe9\n", "x".encode("utf-16")])
def test_a_file_that_is_not_utf8_is_reported_with_its_line_and_listed(
    data: bytes, vault: Vault, root: Path
) -> None:
    (root / "note.md").write_bytes(data)
    line = 2 if data.startswith(b"ok") else 1

    for call in (
        lambda: vault.read("note.md"),
        lambda: vault.append("note.md", "x"),
        lambda: vault.edit("note.md", "a", "b"),
        lambda: vault.diff("note.md", "note.md"),
    ):
        with pytest.raises(NoteUnreadable, match=rf"^note.md: is not UTF-8 text \(line {line}\)$"):
            call()

    assert (root / "note.md").read_bytes() == data
    assert [entry.path for entry in vault.list().entries] == ["note.md"]
    assert vault.grep("x").skipped == (("note.md", "is not UTF-8 text"),) or b"\0" in data


def test_a_missing_file_and_a_folder_are_errors(vault: Vault, root: Path) -> None:
    (root / "folder").mkdir()

    with pytest.raises(NoteUnreadable, match=r"^a/b\.md: |^a: does not exist"):
        vault.read("a/b.md")
    with pytest.raises(NoteUnreadable, match=r"^note\.md: does not exist$"):
        vault.read("note.md")
    with pytest.raises(NoteUnreadable, match=r"^folder: is a folder, not a file$"):
        vault.read("folder")
    with pytest.raises(NoteUnreadable, match=r"^folder: is a folder, not a file$"):
        vault.write("folder", "x", overwrite=True)


def test_a_file_is_not_a_folder(vault: Vault) -> None:
    vault.write("note.md", "x")

    for call in (
        lambda: vault.read("note.md/a.md"),
        lambda: vault.write("note.md/a.md", "x"),
        lambda: vault.mkdir("note.md"),
        lambda: vault.mkdir("note.md/deep"),
        lambda: vault.list("note.md"),
    ):
        with pytest.raises(NoteUnreadable, match=r"^note\.md: is a file, not a folder$"):
            call()


def test_a_root_that_is_gone_is_said_without_its_path(vault: Vault, root: Path) -> None:
    root.rmdir()

    with pytest.raises(NoteUnreadable) as refusal:
        vault.list()

    assert str(root.parent) not in str(refusal.value)


def test_a_name_that_is_too_long_for_the_file_system_is_said(vault: Vault) -> None:
    with pytest.raises(UsageError, match="255 bytes"):
        vault.write("x" * 256, "x")


def test_new_files_and_folders_are_private(vault: Vault, root: Path) -> None:
    written = vault.write("a/b/note.md", "text\n")

    assert written.created
    assert written.changed == ("a/b/note.md",)
    assert written.sha256 == hashlib.sha256(b"text\n").hexdigest()
    assert mode(root / "a/b/note.md") == 0o600
    assert mode(root / "a") == mode(root / "a/b") == 0o700
    vault.mkdir("c/d")
    vault.append("c/d/e.md", "x")
    assert mode(root / "c/d") == 0o700
    assert mode(root / "c/d/e.md") == 0o600


@pytest.mark.parametrize("change", ["write", "append", "edit"])
def test_the_mode_of_a_file_is_kept_and_the_content_is_exact(
    change: str, vault: Vault, root: Path
) -> None:
    (root / "note.md").write_text("old", encoding="utf-8")
    (root / "note.md").chmod(0o640)

    if change == "write":
        vault.write("note.md", "\ufeffa\r\nb\n", overwrite=True)
        assert (root / "note.md").read_bytes() == "\ufeffa\r\nb\n".encode()
    elif change == "append":
        vault.append("note.md", "new")
        assert (root / "note.md").read_bytes() == b"old\nnew"
    else:
        vault.edit("note.md", "ol", "co")
        assert (root / "note.md").read_bytes() == b"cod"

    assert mode(root / "note.md") == 0o640


def test_a_file_is_not_overwritten_unasked(vault: Vault, root: Path) -> None:
    vault.write("note.md", "old")

    with pytest.raises(NoteExists, match=r"^note\.md: exists already$") as refusal:
        vault.write("note.md", "new")

    assert "overwrite" in (refusal.value.hint or "")
    assert (root / "note.md").read_text(encoding="utf-8") == "old"
    assert not vault.write("note.md", "new", overwrite=True).created


def test_a_write_that_matches_replaces_and_one_that_does_not_refuses(
    vault: Vault, root: Path
) -> None:
    first = vault.write("note.md", "one").sha256
    second = vault.write("note.md", "two", if_match=first.upper()).sha256

    with pytest.raises(NoteChanged, match=f"its sha256 is now {second}"):
        vault.write("note.md", "three", if_match=first, overwrite=True)
    with pytest.raises(NoteMissing, match="does not exist"):
        vault.write("new.md", "three", if_match=first)

    assert (root / "note.md").read_text(encoding="utf-8") == "two"


def test_a_change_between_look_and_write_is_not_overwritten(
    vault: Vault, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = vault.write("note.md", "one two").sha256
    sync = os.fsync

    def meanwhile(descriptor: int) -> None:
        (root / "note.md").write_text("by another process", encoding="utf-8")
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", meanwhile)

    for change in (
        lambda: vault.write("note.md", "mine", if_match=digest),
        lambda: vault.edit("note.md", "one", "1"),
        lambda: vault.append("note.md", "three"),
    ):
        (root / "note.md").write_text("one two", encoding="utf-8")
        with pytest.raises(NoteChanged, match="by another process"):
            change()
        assert (root / "note.md").read_text(encoding="utf-8") == "by another process"


@pytest.mark.parametrize(
    ("limits", "call"),
    [
        (VaultLimits(write_bytes=10), lambda vault: vault.write("new.md", "é" * 6)),
        (VaultLimits(append_bytes=10), lambda vault: vault.append("note.md", "x" * 11)),
        (VaultLimits(write_bytes=10), lambda vault: vault.append("note.md", "x" * 8)),
        (VaultLimits(write_bytes=10), lambda vault: vault.edit("note.md", "old", "x" * 11)),
    ],
)
def test_more_than_the_limit_is_refused(
    limits: VaultLimits, call: object, root: Path, tmp_path: Path
) -> None:
    (root / "note.md").write_text("old", encoding="utf-8")
    vault = Vault(root, trash=tmp_path / "t", limits=limits)

    with pytest.raises(UsageError, match="at most 10"):
        call(vault)  # type: ignore[operator]

    assert (root / "note.md").read_text(encoding="utf-8") == "old"
    assert [path.name for path in root.iterdir()] == ["note.md"]


def test_text_that_is_not_unicode_is_refused(vault: Vault) -> None:
    with pytest.raises(UsageError, match="not valid Unicode"):
        vault.write("note.md", "\ud800")


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["write", "append", "edit"]),
            st.sampled_from(["a.md", "d/b.md"]),
            st.text("ab\n", max_size=6),
            st.text("ab\n", max_size=6),
        ),
        max_size=12,
    )
)
def test_any_sequence_of_changes_gives_what_a_dictionary_gives(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, str, str]]
) -> None:
    base = tmp_path_factory.mktemp("model")
    (base / "root").mkdir()
    vault = Vault(base / "root", trash=base / "trash")
    model: dict[str, str] = {}

    for kind, path, first, second in steps:
        if kind == "write":
            vault.write(path, first, overwrite=True)
            model[path] = first
        elif kind == "append":
            vault.append(path, first)
            old = model.get(path, "")
            model[path] = old + ("\n" if old and not old.endswith("\n") else "") + first
        else:
            try:
                vault.edit(path, first, second)
            except (UsageError, NoteUnreadable):
                continue
            assert model[path].count(first) == 1
            model[path] = model[path].replace(first, second)

    assert {path: vault.read(path).text for path in model} == model


@pytest.mark.parametrize("change", ["write", "overwrite", "append", "edit"])
def test_a_file_is_on_the_disk_before_it_has_its_name_and_then_the_name_is(
    change: str, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = Vault(root, trash=tmp_path / "t")
    if change != "write":
        vault.write("note.md", "old")
    synced: list[tuple[bool, list[str]]] = []

    def sync(descriptor: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        synced.append((is_folder, sorted(path.suffix for path in root.iterdir())))

    monkeypatch.setattr(os, "fsync", sync)
    {
        "write": lambda: vault.write("note.md", "new"),
        "overwrite": lambda: vault.write("note.md", "new", overwrite=True),
        "append": lambda: vault.append("note.md", "new"),
        "edit": lambda: vault.edit("note.md", "old", "new"),
    }[change]()

    before = [".tmp"] if change == "write" else [".md", ".tmp"]
    assert synced == [(False, before), (True, [".md"])]


def test_threads_that_append_at_once_lose_nothing(vault: Vault, root: Path) -> None:
    def append(name: str) -> None:
        for number in range(20):
            vault.append("log.md", f"{name} {number}")

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(append, "abcdefgh"))

    lines = (root / "log.md").read_text(encoding="utf-8").splitlines()
    assert sorted(lines) == sorted(f"{name} {n}" for name in "abcdefgh" for n in range(20))


@pytest.mark.parametrize("holder", ["thread", "process"])
def test_waiting_for_a_writer_that_never_ends_times_out(
    holder: str, vault: Vault, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "TIMEOUT_S", 0.01)
    with sandbox.open_root(root) as other, other.lock():
        if holder == "process":
            monkeypatch.setattr(lock, "_threads", {})
        with pytest.raises(NoteError, match="too long"):
            vault.write("note.md", "x")

    assert vault.write("note.md", "x").created


def test_processes_that_append_at_once_lose_nothing(root: Path, tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from memcairn.vault import Vault\n"
        "vault = Vault(Path(sys.argv[1]), trash=Path(sys.argv[2]))\n"
        "for n in range(40): vault.append('log.md', f'{sys.argv[3]} {n}\\n')"
    )
    arguments = [sys.executable, "-c", program, str(root), str(tmp_path / "t")]
    writers = [subprocess.Popen([*arguments, name]) for name in "abc"]

    assert [writer.wait() for writer in writers] == [0, 0, 0]
    lines = (root / "log.md").read_text(encoding="utf-8").splitlines()
    assert sorted(lines) == sorted(f"{name} {n}" for name in "abc" for n in range(40))


def test_a_folder_may_exist_already(vault: Vault, root: Path) -> None:
    vault.mkdir("a/b")
    vault.mkdir("a/b/")

    assert (root / "a" / "b").is_dir()


def test_a_file_moves_with_its_folders_made(vault: Vault, root: Path) -> None:
    vault.write("a.md", "text")

    moved = vault.move("a.md", "b/c/d.md")

    assert (moved.path, moved.target) == ("a.md", "b/c/d.md")
    assert moved.changed == ("a.md", "b/c/d.md")
    assert (root / "b/c/d.md").read_text(encoding="utf-8") == "text"
    assert not (root / "a.md").exists()


def test_a_folder_moves_with_every_path_named(tree: Vault) -> None:
    moved = tree.move("b", "z/b")

    assert moved.changed == (
        *("b/c.md", "b/d/e.md", "b/d/f.txt"),
        *("z/b/c.md", "z/b/d/e.md", "z/b/d/f.txt"),
    )


def test_nothing_is_moved_over_something(vault: Vault, root: Path) -> None:
    vault.write("a.md", "a")
    vault.write("b.md", "b")
    vault.write("full/c.md", "c")
    vault.mkdir("empty")

    for source, target in (
        *(("a.md", "b.md"), ("a.md", "empty"), ("empty", "b.md"), ("full", "empty")),
        *(("a.md", "full"), ("empty", "full")),
    ):
        with pytest.raises(NoteExists, match=f"^{target}: exists already$"):
            vault.move(source, target)

    assert (root / "b.md").read_text(encoding="utf-8") == "b"


@pytest.mark.parametrize("target", ["a", "a/b", "a/b/c"])
def test_a_folder_does_not_move_into_itself(target: str, vault: Vault) -> None:
    vault.mkdir("a/b")

    with pytest.raises(UsageError, match="into itself"):
        vault.move("a", target)


def test_a_file_system_without_the_call_moves_and_writes_without_overwriting(
    vault: Vault, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("memcairn.fs.rename._kernel_call", lambda: None)

    vault.write("a.md", "a")
    vault.move("a.md", "b/c.md")
    vault.move("b", "d")
    vault.write("a.md", "a")
    for call in (
        lambda: vault.move("a.md", "d/c.md"),
        lambda: vault.move("d", "a.md"),
        lambda: vault.write("a.md", "x"),
    ):
        with pytest.raises(NoteExists):
            call()

    assert vault.read("d/c.md").text == "a"
    assert [path.name for path in root.rglob("*.tmp")] == []
