from __future__ import annotations

import contextlib
import random
import sqlite3
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memcairn.errors import MemcairnError, OutsideRoot, StateDamaged, UsageError
from memcairn.history import Bounds, Journal, Restoration, Snapshots, restore, states
from memcairn.history.database import HistoryDatabase

from .conftest import Days
from .restoration_cases import check_counts
from .test_history import write

if TYPE_CHECKING:
    from pathlib import Path

    from memcairn.vault import Vault

State = dict[str, bytes]
START: State = {
    "a.md": b"one",
    "f/b.md": b"two\r\n",
    "f/deep/c.txt": b"\xff\x00",
    "MEMORY.md": b"m",
}


def fill(root: Path, state: State) -> None:
    for path, content in state.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)


def state(root: Path) -> State:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and not path.is_symlink()
    }


def changed(folder: Path, statement: str) -> None:
    """Change the database behind the back of memcairn."""
    with contextlib.closing(sqlite3.connect(folder / "history.db")) as db, db:
        db.execute(statement)


def dump(folder: Path) -> list[str]:
    with contextlib.closing(sqlite3.connect(folder / "history.db")) as db:
        return list(db.iterdump())


def rows(folder: Path, table: str) -> int:
    with contextlib.closing(sqlite3.connect(folder / "history.db")) as db:
        return int(db.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0])


def test_restoring_brings_every_file_back(snapshots: Snapshots, root: Path) -> None:
    fill(root, START)
    snapshot = snapshots.create("before the change")
    (root / "a.md").write_bytes(b"changed")
    (root / "f" / "b.md").unlink()
    fill(root, {"new/d.md": b"new"})

    restored = snapshots.restore(snapshot.id)

    assert state(root) == START
    assert not (root / "new").exists()
    before = snapshots.list()[0]
    assert restored == Restoration(
        snapshot.id, before.id, ("f/b.md",), ("a.md",), ("new/d.md",), {}
    )
    assert restored.changed == ("f/b.md", "a.md", "new/d.md")
    assert before.before_restoring == snapshot.id


def test_restoring_can_be_undone(snapshots: Snapshots, root: Path) -> None:
    fill(root, START)
    snapshot = snapshots.create()
    other = {"a.md": b"other", "g/e.md": b"e"}
    for path in START:
        (root / path).unlink()
    fill(root, other)
    restored = snapshots.restore(snapshot.id)

    assert restored.before is not None
    snapshots.restore(restored.before)

    assert state(root) == other


def test_a_snapshot_says_what_it_holds(snapshots: Snapshots, root: Path, days: Days) -> None:
    fill(root, START)

    snapshot = snapshots.create("named")

    assert (snapshot.name, snapshot.before_restoring) == ("named", None)
    assert snapshot.created_at.date() == days.now.date()
    assert (snapshot.files, snapshot.size_bytes) == (4, sum(map(len, START.values())))
    assert snapshots.list() == [snapshot]


def test_the_newest_snapshot_is_first(snapshots: Snapshots, root: Path) -> None:
    made = [snapshots.create(str(n)).id for n in range(3)]

    assert [snapshot.id for snapshot in snapshots.list()] == made[::-1]


def test_nothing_is_listed_where_nothing_was_taken(snapshots: Snapshots, folder: Path) -> None:
    assert snapshots.list() == []
    assert snapshots.complete() is None
    assert not folder.exists()


def test_stored_versions_are_private(snapshots: Snapshots, root: Path, folder: Path) -> None:
    fill(root, START)
    snapshots.create()

    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_the_same_content_is_stored_once(snapshots: Snapshots, root: Path) -> None:
    fill(root, {f"{n}.md": bytes(15 << 20) for n in range(5)})
    snapshot = snapshots.create()
    (root / "0.md").unlink()

    assert snapshot.size_bytes > 200 * snapshot.stored_bytes
    assert snapshots.restore(snapshot.id, dry_run=True).added == ("0.md",)


def test_a_dry_run_changes_nothing_and_reports_the_same(
    snapshots: Snapshots, root: Path, folder: Path
) -> None:
    fill(root, START)
    snapshot = snapshots.create()
    fill(root, {"a.md": b"changed", "new.md": b"new"})
    before = state(root), dump(folder)

    dry = snapshots.restore(snapshot.id, dry_run=True)

    assert (state(root), dump(folder)) == before
    assert dry.before is None
    assert dry.changed == snapshots.restore(snapshot.id).changed == ("a.md", "new.md")


def test_restoring_the_current_state_takes_no_snapshot(snapshots: Snapshots, root: Path) -> None:
    fill(root, START)
    snapshot = snapshots.create()

    restored = snapshots.restore(snapshot.id)

    assert restored == Restoration(snapshot.id, None, (), (), ())
    assert snapshots.list() == [snapshot]


def test_only_the_given_paths_are_restored(snapshots: Snapshots, root: Path) -> None:
    fill(root, START)
    snapshot = snapshots.create()
    changed = {"a.md": b"1", "f/b.md": b"2", "f/new.md": b"3", "fg.md": b"4"}
    fill(root, changed)

    restored = snapshots.restore(snapshot.id, ["f", "MEMORY.md"])

    assert restored.changed == ("f/b.md", "f/new.md")
    assert state(root) == START | {"a.md": b"1", "fg.md": b"4"}


def test_a_path_that_nothing_has_is_refused(snapshots: Snapshots, root: Path) -> None:
    fill(root, START)
    snapshot = snapshots.create()

    with pytest.raises(UsageError, match="neither"):
        snapshots.restore(snapshot.id, ["no.md"])
    with pytest.raises(OutsideRoot):
        snapshots.restore(snapshot.id, ["../a.md"])


def test_a_file_and_a_folder_change_places(snapshots: Snapshots, root: Path) -> None:
    fill(root, {"x": b"file", "y/a.md": b"in a folder"})
    snapshot = snapshots.create()
    (root / "x").unlink()
    (root / "y" / "a.md").unlink()
    (root / "y").rmdir()
    fill(root, {"x/b.md": b"in a folder", "y": b"file"})

    snapshots.restore(snapshot.id)

    assert state(root) == {"x": b"file", "y/a.md": b"in a folder"}


@pytest.mark.parametrize("snapshot_id", ["", "no", "../x", "a/b", "\0", "restoring"])
def test_an_unknown_id_is_refused(snapshots: Snapshots, root: Path, snapshot_id: str) -> None:
    snapshots.create()

    with pytest.raises(UsageError, match="no such snapshot"):
        snapshots.restore(snapshot_id)


@pytest.mark.parametrize("name", ["a" * 101, "a\nb", "\x1b[2J"])
def test_a_name_that_cannot_be_shown_is_refused(snapshots: Snapshots, name: str) -> None:
    with pytest.raises(UsageError, match="printable"):
        snapshots.create(name)


# ── what is in it ────────────────────────────────────────────────────────────────────────────────


def test_what_programs_fill_is_left_out_and_left_alone(snapshots: Snapshots, root: Path) -> None:
    fill(root, START | {".gitignore": b"x"})
    others = {
        ".git/config": b"g",
        ".obsidian/app.json": b"o",
        "node_modules/m/a.md": b"n",
        ".memcairn.toml": b"t",
        "index/topics.md": b"<!-- memcairn:page 1 -->\n",
    }
    fill(root, others)
    snapshot = snapshots.create()
    fill(root, dict.fromkeys(others, b"<!-- memcairn:page changed"))

    restored = snapshots.restore(snapshot.id)

    assert snapshot.files == len(START) + 1
    assert restored.changed == ()


def test_links_are_left_out_and_never_followed(
    snapshots: Snapshots, root: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    fill(outside, {"secret.md": b"secret"})
    fill(root, {"a.md": b"one", "f/b.md": b"two"})
    snapshot = snapshots.create()
    (root / "a.md").unlink()
    (root / "a.md").symlink_to(outside / "secret.md")
    (root / "f" / "b.md").unlink()
    (root / "f").rmdir()
    (root / "f").symlink_to(outside)
    (root / "hard.md").hardlink_to(outside / "secret.md")

    restored = snapshots.restore(snapshot.id)
    after = snapshots.create()

    assert set(restored.failed) == {"a.md", "f/b.md", "hard.md"}
    assert state(outside) == {"secret.md": b"secret"}
    assert (root / "a.md").is_symlink()
    assert after.files == 0
    assert set(after.left_out) == {"hard.md"}


def test_a_file_that_is_too_large_is_named_and_left_alone(
    snapshots: Snapshots, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(states, "MAX_FILE_BYTES", 10)
    fill(root, {"a.md": b"small", "large.md": b"x" * 11})

    snapshot = snapshots.create()
    fill(root, {"large.md": b"y" * 12})
    restored = snapshots.restore(snapshot.id)

    assert set(snapshot.left_out) == {"large.md"}
    assert "larger" in snapshot.left_out["large.md"]
    assert restored.changed == ()


def test_a_file_that_has_grown_too_large_is_not_replaced(
    snapshots: Snapshots, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(states, "MAX_FILE_BYTES", 10)
    fill(root, {"a.md": b"small", "b.md": b"b"})
    snapshot = snapshots.create()
    fill(root, {"a.md": b"too large now", "b.md": b"c"})

    restored = snapshots.restore(snapshot.id)

    assert set(restored.failed) == {"a.md"}
    assert state(root) == {"a.md": b"too large now", "b.md": b"b"}


@pytest.mark.parametrize(("limit", "value"), [("MAX_FILES", 2), ("MAX_TOTAL_BYTES", 5)])
def test_a_root_that_is_too_large_is_refused(
    snapshots: Snapshots,
    root: Path,
    folder: Path,
    limit: str,
    value: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(restore, limit, value)
    fill(root, {"a.md": b"aaa", "b.md": b"bbb", "c.md": b"ccc"})

    with pytest.raises(UsageError, match="more than"):
        snapshots.create()

    assert snapshots.list() == []
    assert rows(folder, "content") == 0


# ── retention ────────────────────────────────────────────────────────────────────────────────────


def test_the_oldest_snapshots_go_with_their_contents(
    root: Path, history_db: HistoryDatabase, folder: Path, days: Days
) -> None:
    snapshots = Snapshots(history_db, root, keep=3, clock=days)

    taken = []
    for n in range(6):
        fill(root, {"a.md": str(n).encode(), "same.md": b"same"})
        taken.append(snapshots.create(str(n)).id)

    assert [snapshot.id for snapshot in snapshots.list()] == taken[:-4:-1]
    assert rows(folder, "content") == 4
    check_counts(history_db)


def test_old_unnamed_snapshots_are_deleted(
    root: Path, history_db: HistoryDatabase, days: Days
) -> None:
    snapshots = Snapshots(history_db, root, max_days=30, clock=days)
    named = snapshots.create("named")
    snapshots.create()
    days.pass_(31)

    new = snapshots.create()

    assert [snapshot.id for snapshot in snapshots.list()] == [new.id, named.id]


def test_the_restored_snapshot_and_the_one_before_it_are_kept(
    root: Path, history_db: HistoryDatabase, days: Days
) -> None:
    snapshots = Snapshots(history_db, root, keep=1, clock=days)
    fill(root, {"a.md": b"one"})
    snapshot = snapshots.create()
    fill(root, {"a.md": b"two"})

    restored = snapshots.restore(snapshot.id)

    assert restored.before is not None
    assert snapshots.restore(restored.before).replaced == ("a.md",)
    assert state(root) == {"a.md": b"two"}


# ── together with the journal ────────────────────────────────────────────────────────────────────


def test_a_snapshot_survives_the_pruning_of_the_journal(
    root: Path, folder: Path, vault: Vault, days: Days
) -> None:
    journal = Journal(folder, root, bounds=Bounds(max_revisions=2))
    snapshots = Snapshots(journal.database, root, clock=days)
    for n in range(4):
        write(journal, vault, "a.md", f"before {n}")
    snapshot = snapshots.create()
    for n in range(6):
        write(journal, vault, "a.md", f"after {n}")

    snapshots.restore(snapshot.id)

    assert state(root) == {"a.md": b"before 3"}
    check_counts(journal.database)
    journal.close()


def test_a_snapshot_does_not_push_revisions_out_of_the_journal(
    root: Path, folder: Path, vault: Vault, days: Days
) -> None:
    journal = Journal(folder, root, bounds=Bounds(max_bytes=10_000))
    snapshots = Snapshots(journal.database, root, clock=days)
    fill(root, {"large.bin": random.Random(1).randbytes(50_000)})
    snapshots.create()

    written = [write(journal, vault, "a.md", str(n)) for n in range(5)]

    assert [revision.id for revision in journal.log()] == written[::-1]
    journal.close()


def test_contents_are_shared_with_the_journal(
    root: Path, folder: Path, vault: Vault, days: Days
) -> None:
    journal = Journal(folder, root)
    for n in range(3):
        write(journal, vault, f"{n}.md", str(n))

    Snapshots(journal.database, root, clock=days).create()

    assert rows(folder, "content") == 3
    check_counts(journal.database)
    journal.close()


def test_a_file_that_the_journal_never_saw_is_in_a_snapshot(
    root: Path, folder: Path, vault: Vault, days: Days
) -> None:
    journal = Journal(folder, root)
    snapshots = Snapshots(journal.database, root, clock=days)
    write(journal, vault, "a.md", "by a tool")
    fill(root, {"hand.md": b"by an editor", "f/picture.png": b"\x89PNG"})
    before = state(root)
    snapshot = snapshots.create()
    (root / "hand.md").unlink()
    fill(root, {"f/picture.png": b"other"})

    snapshots.restore(snapshot.id)

    assert state(root) == before
    assert len(journal.log()) == 1
    journal.close()


# ── damage and hostility ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE data SET deflated = x'00'",
        "UPDATE data SET deflated = (SELECT MAX(deflated) FROM data)",
        "DELETE FROM data",
        "DELETE FROM content",
    ],
)
def test_a_damaged_snapshot_is_refused_whole(
    snapshots: Snapshots,
    history_db: HistoryDatabase,
    root: Path,
    folder: Path,
    statement: str,
) -> None:
    fill(root, {"a.md": b"one", "b.md": b"two", "same.md": b"same"})
    snapshot = snapshots.create()
    history_db.close()
    changed(folder, statement)
    fill(root, {"a.md": b"changed", "b.md": b"changed, too", "more.md": b"more"})
    before = state(root)

    with pytest.raises(StateDamaged) as error:
        snapshots.restore(snapshot.id)

    assert "nothing was restored" in (error.value.hint or "")
    assert state(root) == before
    assert snapshots.list() == [snapshot]


@pytest.mark.parametrize("path", ["../out.md", "/tmp/memcairn-out.md", ".git/config", "a/../../b"])
def test_a_path_that_leads_out_of_the_root_is_never_written(
    snapshots: Snapshots,
    history_db: HistoryDatabase,
    root: Path,
    folder: Path,
    tmp_path: Path,
    path: str,
) -> None:
    fill(root, {"a.md": b"one", "b.md": b"two"})
    snapshot = snapshots.create()
    history_db.close()
    changed(folder, f"UPDATE snapshot_file SET path = '{path}' WHERE path = 'b.md'")

    restored = snapshots.restore(snapshot.id)

    assert set(restored.failed) == {path}
    assert state(root) == {"a.md": b"one"}
    assert {file.name for file in tmp_path.iterdir()} == {"root", "home"}


# ── a model ──────────────────────────────────────────────────────────────────────────────────────

PATHS = st.sampled_from(["a.md", "b.md", "f/a.md", "f/b/c.md", "g", "g/a.md", "ä ☃.md"])
STATES = st.dictionaries(PATHS, st.binary(max_size=5), max_size=6).filter(
    lambda files: not {"g", "g/a.md"} <= set(files)
)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(states=st.lists(STATES, min_size=2, max_size=4), data=st.data())
def test_every_state_that_was_taken_can_be_gone_back_to(
    tmp_path_factory: pytest.TempPathFactory, states: list[State], data: st.DataObject
) -> None:
    base = tmp_path_factory.mktemp("model")
    root = base / "root"
    root.mkdir()
    history_db = HistoryDatabase(str(base / "history.db"))
    snapshots = Snapshots(history_db, root, clock=Days())
    taken: dict[str, State] = {}
    for files in states:
        for path in sorted(state(root), reverse=True):
            (root / path).unlink()
        if (root / "g").is_dir():
            (root / "g").rmdir()
        fill(root, files)
        taken[snapshots.create().id] = files

    for _ in range(3):
        chosen = data.draw(st.sampled_from(sorted(taken)))
        now = state(root)
        restored = snapshots.restore(chosen)
        assert state(root) == taken[chosen]
        assert set(restored.changed) == {
            path for path in now | taken[chosen] if now.get(path) != taken[chosen].get(path)
        }
        if restored.before is not None:
            taken[restored.before] = now
    check_counts(history_db)
    history_db.close()


def test_errors_are_memcairn_errors(snapshots: Snapshots, root: Path) -> None:
    root.rmdir()

    with pytest.raises(MemcairnError):
        snapshots.create()
