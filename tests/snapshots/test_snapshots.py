from __future__ import annotations

import gzip
import json
import tarfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.hostile import HOSTILE, file, tar
from memcairn.errors import ArchiveRefused, MemcairnError, OutsideRoot, StateDamaged, UsageError
from memcairn.fs.tar import ArchiveLimits
from memcairn.snapshots import Restoration, Snapshots, take

from .conftest import Days

if TYPE_CHECKING:
    from pathlib import Path

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


def test_nothing_is_listed_where_nothing_was_taken(snapshots: Snapshots, shelf: Path) -> None:
    assert snapshots.list() == []
    assert snapshots.complete() is None
    assert not shelf.exists()


def test_any_tar_program_can_read_it(snapshots: Snapshots, root: Path, shelf: Path) -> None:
    fill(root, START)
    snapshot = snapshots.create()

    with tarfile.open(shelf / f"{snapshot.id}.tar.gz") as archive:
        found = {i.name: archive.extractfile(i).read() for i in archive}  # type: ignore[union-attr]

    assert found == START


def test_what_is_kept_is_private(snapshots: Snapshots, root: Path, shelf: Path) -> None:
    fill(root, START)
    snapshots.create()

    assert shelf.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in shelf.iterdir()} == {0o600}


def test_notes_that_repeat_themselves_are_no_bomb(snapshots: Snapshots, root: Path) -> None:
    fill(root, {f"{n}.md": bytes(15 << 20) for n in range(5)})
    snapshot = snapshots.create()
    (root / "0.md").unlink()

    assert snapshot.size_bytes > 200 * snapshot.stored_bytes
    assert snapshots.restore(snapshot.id, dry_run=True).added == ("0.md",)


def test_a_dry_run_changes_nothing_and_says_the_same(
    snapshots: Snapshots, root: Path, shelf: Path
) -> None:
    fill(root, START)
    snapshot = snapshots.create()
    fill(root, {"a.md": b"changed", "new.md": b"new"})
    before = state(root), state(shelf)

    dry = snapshots.restore(snapshot.id, dry_run=True)

    assert (state(root), state(shelf)) == before
    assert dry.before is None
    assert dry.changed == snapshots.restore(snapshot.id).changed == ("a.md", "new.md")


def test_restoring_what_is_there_takes_no_snapshot(snapshots: Snapshots, root: Path) -> None:
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
    monkeypatch.setattr(take, "LIMITS", ArchiveLimits(max_file_bytes=10))
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
    monkeypatch.setattr(take, "LIMITS", ArchiveLimits(max_file_bytes=10))
    fill(root, {"a.md": b"small", "b.md": b"b"})
    snapshot = snapshots.create()
    fill(root, {"a.md": b"too large now", "b.md": b"c"})

    restored = snapshots.restore(snapshot.id)

    assert set(restored.failed) == {"a.md"}
    assert state(root) == {"a.md": b"too large now", "b.md": b"b"}


@pytest.mark.parametrize(
    "limits", [ArchiveLimits(max_files=2), ArchiveLimits(max_total_bytes=5)], ids=["files", "bytes"]
)
def test_a_root_that_is_too_large_is_refused(
    snapshots: Snapshots,
    root: Path,
    shelf: Path,
    limits: ArchiveLimits,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(take, "LIMITS", limits)
    fill(root, {"a.md": b"aaa", "b.md": b"bbb", "c.md": b"ccc"})

    with pytest.raises(UsageError, match="more than"):
        snapshots.create()

    assert list(shelf.iterdir()) == []


# ── retention ────────────────────────────────────────────────────────────────────────────────────


def test_only_so_many_are_kept(root: Path, shelf: Path, days: Days) -> None:
    snapshots = Snapshots(shelf, root, keep=3, clock=days)

    made = [snapshots.create(str(n)).id for n in range(6)]

    assert [snapshot.id for snapshot in snapshots.list()] == made[:-4:-1]
    assert len(list(shelf.iterdir())) == 6


def test_what_is_old_and_has_no_name_goes(root: Path, shelf: Path, days: Days) -> None:
    snapshots = Snapshots(shelf, root, max_days=30, clock=days)
    named = snapshots.create("named")
    snapshots.create()
    days.pass_(31)

    new = snapshots.create()

    assert [snapshot.id for snapshot in snapshots.list()] == [new.id, named.id]


def test_what_is_being_restored_and_the_way_back_are_kept(
    root: Path, shelf: Path, days: Days
) -> None:
    snapshots = Snapshots(shelf, root, keep=1, clock=days)
    fill(root, {"a.md": b"one"})
    snapshot = snapshots.create()
    fill(root, {"a.md": b"two"})

    restored = snapshots.restore(snapshot.id)

    assert restored.before is not None
    assert snapshots.restore(restored.before).replaced == ("a.md",)
    assert state(root) == {"a.md": b"two"}


def test_rests_of_what_died_go_with_the_next_snapshot(snapshots: Snapshots, shelf: Path) -> None:
    snapshots.create()
    fill(shelf, {".memcairn-12.tmp": b"half", "20200101T000000-x.tar.gz": b"without a manifest"})

    snapshots.create()

    assert len(list(shelf.iterdir())) == 4


# ── damage and hostility ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_archive_is_refused_whole(
    root: Path, shelf: Path, tmp_path: Path, name: str
) -> None:
    snapshots = Snapshots(shelf, root)
    fill(root, {"good.md": b"good"})
    snapshot = snapshots.create()
    (shelf / f"{snapshot.id}.tar.gz").write_bytes(HOSTILE[name]())
    fill(root, {"good.md": b"changed", "more.md": b"more"})
    before = state(tmp_path)

    with pytest.raises(ArchiveRefused) as error:
        snapshots.restore(snapshot.id)

    assert "nothing of it was restored" in (error.value.hint or "")
    assert state(tmp_path) == before


@pytest.mark.parametrize(
    "data",
    [
        tar(file("a.md", b"other"), file("b.md", b"two")),
        tar(file("a.md", b"one")),
        tar(file("a.md", b"one"), file("b.md", b"two"), file("c.md", b"more")),
    ],
    ids=["another content", "a file too few", "a file too many"],
)
def test_an_archive_that_is_not_what_its_manifest_says_is_refused(
    snapshots: Snapshots, root: Path, shelf: Path, data: bytes
) -> None:
    fill(root, {"a.md": b"one", "b.md": b"two"})
    snapshot = snapshots.create()
    (shelf / f"{snapshot.id}.tar.gz").write_bytes(gzip.compress(data))
    fill(root, {"a.md": b"changed"})

    with pytest.raises(ArchiveRefused, match="manifest"):
        snapshots.restore(snapshot.id)

    assert state(root) == {"a.md": b"changed", "b.md": b"two"}


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: text[:-20],
        lambda text: "not json\n" + text,
        lambda text: text.splitlines()[0] + "\n[1]\n",
        lambda text: text.splitlines()[0] + "\nnull\n",
        lambda text: json.dumps({"id": "x"}) + "\n",
    ],
)
def test_a_damaged_manifest_is_never_used(
    snapshots: Snapshots, root: Path, shelf: Path, damage: object
) -> None:
    fill(root, {"a.md": b"one"})
    snapshot = snapshots.create()
    manifest = shelf / f"{snapshot.id}.jsonl"
    manifest.write_text(damage(manifest.read_text("utf-8")), "utf-8")  # type: ignore[operator]
    fill(root, {"a.md": b"changed"})

    with pytest.raises((UsageError, StateDamaged)):
        snapshots.restore(snapshot.id)

    assert state(root) == {"a.md": b"changed"}


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
    snapshots = Snapshots(base / "shelf", root, clock=Days())
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


def test_errors_are_ours(snapshots: Snapshots, root: Path) -> None:
    root.rmdir()

    with pytest.raises(MemcairnError):
        snapshots.create()
