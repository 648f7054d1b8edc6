"""What a journal records, and what can be read from it."""

from __future__ import annotations

import os
import shutil
import threading
from typing import TYPE_CHECKING

import pytest

from memcairn.errors import NoteUnreadable, OutsideRoot, UsageError
from memcairn.history import FOUND, Bounds, FileChange, Journal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from memcairn.vault import Vault


def write(history: Journal, vault: Vault, path: str, text: str) -> int:
    """A note with a new text; returns the revision."""
    with history.recording("write", [path]):
        vault.write(path, text, overwrite=True)
    return history.log(1)[0].id


@pytest.fixture
def opened(folder: Path, root: Path) -> Iterator[Callable[..., Journal]]:
    """Opens the journal, with bounds or without."""
    journals: list[Journal] = []

    def open_(bounds: Bounds | None = None) -> Journal:
        journals.append(Journal(folder, root, bounds=bounds))
        return journals[-1]

    yield open_
    for journal in journals:
        journal.close()


@pytest.fixture
def history(opened: Callable[..., Journal]) -> Journal:
    return opened()


def test_a_tool_call_is_a_revision(history: Journal, vault: Vault) -> None:
    with history.recording("write", ["a.md"], session="s1"):
        vault.write("a.md", "one")

    (revision,) = history.log()
    assert (revision.tool, revision.session, revision.paths) == ("write", "s1", ("a.md",))
    assert revision.changes == (FileChange("a.md", "added", None, 3),)
    assert revision.time.utcoffset() is not None


def test_every_earlier_state_can_be_read(history: Journal, vault: Vault) -> None:
    texts = ["one", "two\n", "", "two\n", "drei ☃"]
    revisions = [write(history, vault, "a.md", text) for text in texts]

    assert [history.content("a.md", r) for r in revisions] == [t.encode() for t in texts]
    assert history.content("a.md", revisions[0] - 1) is None


def test_bytes_are_kept_as_they_are(history: Journal, root: Path) -> None:
    content = b"\xef\xbb\xbfone\r\n\x00\xff"
    (root / "a.md").write_bytes(content)

    revision = history.keep(["a.md"])

    assert revision is not None
    assert history.content("a.md", revision.id) == content


def test_the_log_begins_with_the_newest_and_goes_on_page_by_page(
    history: Journal, vault: Vault
) -> None:
    revisions = [write(history, vault, f"{n}.md", str(n)) for n in range(5)]

    first = history.log(2)
    rest = history.log(10, before=first[-1].id)

    assert [r.id for r in first + rest] == revisions[::-1]
    assert history.log(0) == []


def test_the_log_of_a_path_has_only_what_concerns_it(history: Journal, vault: Vault) -> None:
    first = write(history, vault, "a.md", "one")
    write(history, vault, "b.md", "b")
    second = write(history, vault, "a.md", "two")

    assert [r.id for r in history.log(path="a.md")] == [second, first]
    assert history.log(path="c.md") == []


def test_a_change_outside_the_tools_is_kept_before_it_is_overwritten(
    history: Journal, vault: Vault, root: Path
) -> None:
    write(history, vault, "a.md", "one")
    (root / "a.md").write_text("by hand", encoding="utf-8")

    write(history, vault, "a.md", "three")

    last, found, _ = history.log()
    assert (found.tool, found.changes) == (FOUND, (FileChange("a.md", "changed", 3, 7),))
    assert history.content("a.md", found.id) == b"by hand"
    assert history.before(last.id) == {"a.md": b"by hand"}


def test_a_file_that_was_there_before_the_history_is_kept(
    history: Journal, vault: Vault, root: Path
) -> None:
    (root / "a.md").write_text("old", encoding="utf-8")

    write(history, vault, "a.md", "new")

    write_, found = history.log()
    assert found.changes == (FileChange("a.md", "found", None, 3),)
    assert history.before(found.id) == {}
    assert history.before(write_.id) == {"a.md": b"old"}


def test_a_removal_outside_the_tools_is_found(history: Journal, vault: Vault, root: Path) -> None:
    write(history, vault, "a.md", "one")
    (root / "a.md").unlink()

    found = history.keep(["a.md"])

    assert found is not None
    assert found.changes == (FileChange("a.md", "removed", 3, None),)
    assert history.content("a.md", found.id) is None


def test_a_folder_that_is_gone_is_found_by_its_notes(
    history: Journal, vault: Vault, root: Path
) -> None:
    for path in ("f/a.md", "f/deep/b.md", "f.md", "f0.md"):
        write(history, vault, path, path)
    shutil.rmtree(root / "f")
    (root / "f.md").unlink()

    found = history.keep(["f"])

    assert found is not None
    assert found.paths == ("f/a.md", "f/deep/b.md")
    assert history.before(found.id) == {"f/a.md": b"f/a.md", "f/deep/b.md": b"f/deep/b.md"}


def test_known_content_is_stored_once(history: Journal, vault: Vault) -> None:
    write(history, vault, "a.md", "one")

    assert history.keep(["a.md", "", "no.md"]) is None
    assert len(history.log()) == 1


def test_a_call_that_changes_nothing_makes_no_revision(history: Journal, vault: Vault) -> None:
    write(history, vault, "a.md", "one")

    with history.recording("write", ["a.md"]):
        vault.write("a.md", "one", overwrite=True)

    assert len(history.log()) == 1


def test_a_removed_note_can_be_read(history: Journal, vault: Vault) -> None:
    before = write(history, vault, "a.md", "one")

    with history.recording("remove", ["a.md"]):
        vault.remove("a.md")

    removal = history.log(1)[0]
    assert removal.changes == (FileChange("a.md", "removed", 3, None),)
    assert history.content("a.md", before) == b"one"
    assert history.content("a.md", removal.id) is None
    assert history.before(removal.id) == {"a.md": b"one"}


def test_every_note_of_a_removed_folder_can_be_read(
    history: Journal, vault: Vault, root: Path
) -> None:
    for path in ("f/a.md", "f/deep/b.md", "f/.hidden/c.md", "g.md"):
        vault.write(path, path)

    with history.recording("remove", ["f"]):
        vault.remove("f", recursive=True)

    (removal,) = (revision for revision in history.log() if revision.tool == "remove")
    paths = ("f/.hidden/c.md", "f/a.md", "f/deep/b.md")
    assert removal.paths == paths
    assert history.before(removal.id) == {path: path.encode() for path in paths}


def test_what_the_trash_gives_back_is_recorded(history: Journal, vault: Vault) -> None:
    write(history, vault, "a.md", "one")
    with history.recording("remove", ["a.md"]):
        trashed = vault.remove("a.md")

    with history.recording("restore", []) as recording:
        recording.created(vault.restore(trashed.id, target="b.md").changed)

    restored = history.log(1)[0]
    assert restored.changes == (FileChange("b.md", "added", None, 3),)
    assert history.content("b.md", restored.id - 1) is None


def test_a_moved_note_takes_its_history_along(history: Journal, vault: Vault) -> None:
    first = write(history, vault, "a.md", "one")
    second = write(history, vault, "a.md", "two")

    with history.recording("move", ["a.md"]) as recording:
        recording.created(vault.move("a.md", "new/b.md").changed)

    moved = history.log(1)[0]
    assert moved.paths == ("a.md", "new/b.md")
    assert [r.id for r in history.log(path="new/b.md")] == [moved.id, second, first]
    assert history.content("new/b.md", first) == b"one"
    assert history.content("new/b.md", first - 1) is None
    assert history.content("a.md", moved.id) is None
    assert history.before(moved.id) == {"a.md": b"two", "new/b.md": None}


def test_what_had_the_path_then_counts_more_than_what_moved_there(
    history: Journal, vault: Vault
) -> None:
    write(history, vault, "a.md", "a")
    then = write(history, vault, "b.md", "b")
    with history.recording("remove", ["b.md"]):
        vault.remove("b.md")
    with history.recording("move", ["a.md"]) as recording:
        recording.created(vault.move("a.md", "b.md").changed)

    assert history.content("b.md", then) == b"b"


def test_a_call_that_fails_half_way_is_recorded(history: Journal, vault: Vault) -> None:
    def break_() -> None:
        with history.recording("write", ["a.md"]):
            vault.write("a.md", "one")
            raise RuntimeError("then it broke")

    with pytest.raises(RuntimeError, match="then it broke"):
        break_()

    assert history.log(1)[0].paths == ("a.md",)


def test_a_hostile_path_stops_the_call(history: Journal) -> None:
    ran = False
    for path in ("../a.md", "/etc/passwd", ".git/config"):
        with pytest.raises(OutsideRoot), history.recording("write", [path]):
            ran = True
        with pytest.raises(OutsideRoot):
            history.content(path, 0)
        with pytest.raises(OutsideRoot):
            history.log(path=path)
    assert not ran


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="needs symlinks")
def test_a_symlink_is_not_followed(history: Journal, root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.md").write_text("secret", encoding="utf-8")
    (root / "link.md").symlink_to(outside / "a.md")
    (root / "folder").symlink_to(outside)

    found = history.keep(["link.md", "folder/a.md", "folder", ""])

    assert found is None
    assert history.log() == []


def test_a_too_large_file_is_distinguished_from_an_absent_one(
    history: Journal, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("memcairn.history.states.MAX_FILE_BYTES", 10)
    (root / "a.md").write_text("small", encoding="utf-8")
    history.keep(["a.md"])
    (root / "a.md").write_text("too large by far", encoding="utf-8")

    found = history.keep(["a.md"])

    assert found is not None
    with pytest.raises(NoteUnreadable, match="was not kept"):
        history.content("a.md", found.id)
    assert history.before(found.id) == {"a.md": b"small"}


def test_a_revision_that_never_was_is_refused(history: Journal, vault: Vault) -> None:
    last = write(history, vault, "a.md", "one")

    for call in (
        lambda: history.content("a.md", last + 1),
        lambda: history.content("a.md", -1),
        lambda: history.before(last + 1),
    ):
        with pytest.raises(UsageError, match="there is no revision"):
            call()
    with pytest.raises(NoteUnreadable, match="no history"):
        history.content("b.md", last)


def test_a_history_is_there_when_it_is_opened_again(
    opened: Callable[..., Journal], vault: Vault
) -> None:
    history = opened()
    first = write(history, vault, "a.md", "one")
    history.close()

    again = opened()
    second = write(again, vault, "a.md", "two")

    assert second > first
    assert again.content("a.md", first) == b"one"


def test_threads_write_at_once_and_every_text_is_in_the_history(
    history: Journal, vault: Vault
) -> None:
    def work(name: int) -> None:
        for n in range(10):
            with history.recording("write", ["a.md"], session=str(name)):
                vault.write("a.md", f"{name}-{n}", overwrite=True)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    revisions = history.log(100)
    texts = {history.content("a.md", r.id) for r in revisions}
    assert texts == {f"{name}-{n}".encode() for name in range(4) for n in range(10)}
    for revision in revisions:
        content = history.content("a.md", revision.id)
        assert content is not None
        assert content.decode().split("-")[0] == revision.session


def test_bounds_are_those_given(opened: Callable[..., Journal], vault: Vault) -> None:
    history = opened(Bounds(max_revisions=3))

    revisions = [write(history, vault, "a.md", str(n)) for n in range(8)]

    assert [r.id for r in history.log()][:3] == revisions[:-4:-1]
    assert history.content("a.md", revisions[-3]) == b"5"
