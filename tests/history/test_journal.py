from __future__ import annotations

import os
import random
import shutil
import sqlite3
from typing import TYPE_CHECKING

import pytest

from memcairn.errors import SchemaTooNew, StateError, UsageError
from memcairn.history import Bounds, Journal, Snapshots, database
from support import unreadable

from .test_history import write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from memcairn.vault import Vault
    from support import Clock


@pytest.fixture
def journal(folder: Path, root: Path, clock: Clock) -> Iterator[Journal]:
    journal = Journal(folder, root, clock=clock)
    yield journal
    journal.close()


def rows(folder: Path, table: str) -> int:
    db = sqlite3.connect(folder / "history.db")
    try:
        return int(db.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0])
    finally:
        db.close()


def stored_bytes(folder: Path) -> tuple[int, int]:
    """As counted by the triggers, and as they are."""
    db = sqlite3.connect(folder / "history.db")
    try:
        (counted,) = db.execute("SELECT stored_bytes FROM total").fetchone()
        (real,) = db.execute("SELECT COALESCE(SUM(LENGTH(deflated)), 0) FROM data").fetchone()
    finally:
        db.close()
    return counted, real


def test_nothing_is_made_before_it_is_used(journal: Journal, folder: Path) -> None:
    assert not folder.exists()


def test_the_folder_and_the_database_are_private(
    journal: Journal, vault: Vault, folder: Path
) -> None:
    write(journal, vault, "a.md", "one")

    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}


def test_a_content_is_stored_once(journal: Journal, vault: Vault, folder: Path) -> None:
    for n in range(4):
        write(journal, vault, f"{n}.md", "the same")

    assert rows(folder, "content") == 1


def test_revisions_that_are_too_old_go_and_take_their_contents_along(
    journal: Journal, vault: Vault, clock: Clock, folder: Path
) -> None:
    first = write(journal, vault, "a.md", "one")
    clock.pass_(364 * 86_400)
    second = write(journal, vault, "a.md", "two")
    clock.pass_(2 * 86_400)

    third = write(journal, vault, "a.md", "three")

    assert [r.id for r in journal.log()] == [third, second]
    # What the oldest revision has replaced can still be restored.
    assert journal.before(second) == {"a.md": b"one"}
    assert journal.content("a.md", first) == b"one"
    assert rows(folder, "content") == 3
    with pytest.raises(UsageError, match="no longer kept"):
        journal.content("a.md", first - 1)


def test_an_unchanged_note_is_known_when_its_last_revision_is_not_kept(
    folder: Path, root: Path, vault: Vault
) -> None:
    journal = Journal(folder, root, bounds=Bounds(max_revisions=2))
    write(journal, vault, "old.md", "old")
    for n in range(5):
        write(journal, vault, "a.md", str(n))

    assert journal.keep([""]) is None
    write(journal, vault, "old.md", "new")

    last, before, *_ = journal.log()
    assert (last.tool, before.tool) == ("write", "write")
    assert journal.before(last.id) == {"old.md": b"old"}
    journal.close()


def test_what_was_stored_for_a_change_that_did_not_happen_goes_with_the_next_one(
    folder: Path, root: Path, vault: Vault
) -> None:
    journal = Journal(folder, root, bounds=Bounds(max_revisions=1))
    write(journal, vault, "old.md", "old")
    write(journal, vault, "a.md", "a")
    with journal.recording("write", ["old.md"]):
        pass

    write(journal, vault, "a.md", "b")

    assert rows(folder, "content") == rows(folder, "data") == 2
    assert stored_bytes(folder)[0] == stored_bytes(folder)[1]
    journal.close()


def test_a_clock_that_is_set_back_loses_nothing(
    journal: Journal, vault: Vault, clock: Clock
) -> None:
    first = write(journal, vault, "a.md", "one")
    clock.pass_(-1000 * 86_400)
    second = write(journal, vault, "a.md", "two")

    assert [r.id for r in journal.log()] == [second, first]


def test_the_bytes_are_bounded_and_the_latest_revision_stays(
    folder: Path, root: Path, vault: Vault
) -> None:
    journal = Journal(folder, root, bounds=Bounds(max_bytes=10_000))
    noise = random.Random(1)
    for _ in range(30):
        write(journal, vault, "a.md", noise.randbytes(1000).hex())
    within = [r.id for r in journal.log()]

    large = write(journal, vault, "a.md", noise.randbytes(20_000).hex())

    assert 5 < len(within) < 20
    assert [r.id for r in journal.log()] == [large]
    counted, real = stored_bytes(folder)
    assert counted == real
    journal.close()


def test_contents_that_no_revision_mentions_are_gone(
    folder: Path, root: Path, vault: Vault
) -> None:
    journal = Journal(folder, root, bounds=Bounds(max_revisions=2))
    for n in range(20):
        write(journal, vault, "a.md", str(n))

    # The states before and after each of the two revisions.
    assert rows(folder, "content") == rows(folder, "data") == 3
    assert stored_bytes(folder)[0] == stored_bytes(folder)[1]
    journal.close()


def test_a_file_shrinks_when_its_bounds_do(folder: Path, root: Path, vault: Vault) -> None:
    journal = Journal(folder, root)
    noise = random.Random(2)
    for _ in range(20):
        write(journal, vault, "a.md", noise.randbytes(80_000).hex())
    journal.close()
    large = (folder / "history.db").stat().st_size

    journal = Journal(folder, root, bounds=Bounds(max_bytes=50_000))
    write(journal, vault, "a.md", "small")
    journal.close()

    assert (folder / "history.db").stat().st_size < large / 4


def test_a_damaged_journal_is_set_aside_and_a_new_one_begins(
    folder: Path, root: Path, vault: Vault
) -> None:
    journal = Journal(folder, root)
    write(journal, vault, "a.md", "one")
    journal.close()
    for file in folder.glob("history.db*"):
        file.write_bytes(b"not a database" * 1000)

    journal = Journal(folder, root)
    write(journal, vault, "a.md", "two")

    assert journal.before(journal.log(1)[0].id) == {"a.md": b"one"}
    assert list(folder.glob("history.db.damaged-*"))
    journal.close()


def test_a_journal_of_a_later_version_is_left_alone(folder: Path, root: Path, vault: Vault) -> None:
    journal = Journal(folder, root)
    write(journal, vault, "a.md", "one")
    journal.close()
    db = sqlite3.connect(folder / "history.db")
    db.execute("PRAGMA user_version = 99")
    db.close()

    with pytest.raises(SchemaTooNew), journal.recording("write", ["a.md"]):
        vault.write("a.md", "two", overwrite=True)

    assert (root / "a.md").read_text(encoding="utf-8") == "one"


def test_a_journal_of_an_earlier_version_goes_on(folder: Path, root: Path, vault: Vault) -> None:
    folder.mkdir(parents=True)
    db = sqlite3.connect(folder / "history.db")
    for statement in database.MIGRATIONS[0]:
        db.execute(statement)
    db.execute("PRAGMA user_version = 1")
    db.execute("INSERT INTO revision (at_us, tool) VALUES (0, 'write')")
    db.commit()
    db.close()

    journal = Journal(folder, root, bounds=Bounds(max_days=36_500))
    second = write(journal, vault, "a.md", "two")
    snapshots = Snapshots(journal.database, root)
    snapshot = snapshots.create()

    assert [revision.id for revision in journal.log()] == [second, 1]
    assert snapshots.list() == [snapshot]
    journal.close()


def test_a_full_disk_stops_a_change_whose_old_state_cannot_be_kept(
    journal: Journal, vault: Vault, root: Path
) -> None:
    (root / "a.md").write_bytes(os.urandom(300_000))
    before = (root / "a.md").read_bytes()
    write(journal, vault, "b.md", "b")
    journal.database.run(lambda db: None)
    connection = journal.database._connection
    assert connection is not None
    connection.execute("PRAGMA max_page_count = 1")

    with (
        pytest.raises(StateError, match="full") as error,
        journal.recording("write", ["a.md"]),
    ):
        vault.write("a.md", "two", overwrite=True)

    assert error.value.hint == "make room on the disk"
    assert (root / "a.md").read_bytes() == before


def test_a_change_that_cannot_be_recorded_is_found_by_the_next_call(
    journal: Journal, vault: Vault, caplog: pytest.LogCaptureFixture
) -> None:
    write(journal, vault, "a.md", "one")
    connection = journal.database._connection
    assert connection is not None
    connection.execute("PRAGMA max_page_count = 1")
    large = os.urandom(200_000).hex()

    with journal.recording("write", ["a.md"]):
        vault.write("a.md", large, overwrite=True)

    assert "history.not_recorded" in caplog.text
    connection.execute("PRAGMA max_page_count = 100000")
    assert len(journal.log()) == 1
    found = journal.keep(["a.md"])
    assert found is not None
    assert journal.content("a.md", found.id) == large.encode()


def test_a_journal_whose_folder_cannot_be_made_refuses_the_change(
    folder: Path, root: Path, journal: Journal
) -> None:
    folder.parent.mkdir(exist_ok=True)
    folder.write_text("in its place", encoding="utf-8")

    with (
        pytest.raises(StateError, match="cannot be created") as error,
        journal.recording("write", []),
    ):
        (root / "a.md").write_text("not reached", encoding="utf-8")

    assert error.value.path == folder
    assert not (root / "a.md").exists()


def test_a_history_that_was_deleted_or_replaced_is_opened_anew(
    root: Path, tmp_path: Path, clock: Clock
) -> None:
    def recorded(folder: str) -> Journal:
        journal = Journal(tmp_path / folder, root, clock=clock)
        with journal.recording(folder, ["b.md"]):
            (root / "b.md").write_text(folder)
        return journal

    running = recorded("here")
    recorded("there").close()

    shutil.rmtree(tmp_path / "here")
    assert list(running.log(10)) == []
    recorded("here").close()
    assert [one.tool for one in running.log(1)] == ["here"]
    shutil.rmtree(tmp_path / "here")
    os.rename(tmp_path / "there", tmp_path / "here")
    assert [one.tool for one in running.log(1)] == ["there"]
    running.close()


def test_a_change_of_what_the_disk_cannot_read_does_not_begin(
    journal: Journal, root: Path, folder: Path
) -> None:
    (root / "a.md").write_text("never kept")
    (root / "sub").mkdir()

    for name, path in (("a.md", "a.md"), ("a.md", ""), ("sub", "")):
        with (
            unreadable(name),
            pytest.raises(StateError, match="nothing was changed"),
            journal.recording("sync", [path]),
        ):
            pytest.fail("the content would be lost")

    assert rows(folder, "revision") == 0
    with journal.recording("write", ["a.md"]):
        (root / "a.md").write_text("new")
    assert journal.content("a.md", 1) == b"never kept"
