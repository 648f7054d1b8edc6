"""Use of notes: counted by the day, and in the order of MEMORY.md from the next day on."""

from datetime import date, timedelta

import pytest
from roots_on_disk import index_files, make_root, rebuilt, write

from memcairn import Memory
from memcairn.memory_md import managed_roots

FIRST = date(2026, 3, 2)


class Calendar:
    def __init__(self, monkeypatch):
        self.today = FIRST
        monkeypatch.setattr(managed_roots, "this_day", lambda: self.today)

    def pass_(self, days):
        self.today += timedelta(days=days)


@pytest.fixture
def calendar(monkeypatch):
    return Calendar(monkeypatch)


@pytest.fixture
def root(tmp_path, calendar):
    """Three notes: a, b and c, changed one after the other, c last."""
    for number, name in enumerate("abc"):
        day = (FIRST - timedelta(days=3 - number)).isoformat()
        write(tmp_path / "notes", f"{name}.md", name.upper(), f"About {name}.", modified=day)
    return make_root(tmp_path / "notes", 0)


def listed(root):
    lines = (root / "MEMORY.md").read_text(encoding="utf-8").splitlines()
    return "".join(line[3] for line in lines if line.startswith("- ["))


def days_of_use(memory, file):
    return round(memory.explain_memory_md(file).standing.use_days)


def test_a_used_note_ranks_higher_from_the_next_day_on(root, calendar):
    with Memory() as memory:
        before = index_files(root)
        memory.note_used([root / "a.md"])
        memory.engine.refresh_memory_md()
        assert memory.check_memory_md(root) == []
        assert index_files(root) == before
        assert listed(root) == "CBA"

        calendar.pass_(1)
        memory.engine.refresh_memory_md()
        assert listed(root) == "ACB"
        assert memory.check_memory_md(root) == []


def test_an_update_finds_what_a_rebuild_finds(root, calendar):
    with Memory() as memory:
        for name in "aab":
            calendar.pass_(1)
            memory.note_used([root / f"{name}.md"])
            memory.index(write(root, f"{name}{name}.md", "X", "Text.", modified="2026-01-01"))
        updated = index_files(root)
        memory.refresh_memory_md(root)
        assert index_files(root) == updated
        assert listed(root).startswith("AC")
        calendar.pass_(1)
        memory.engine.refresh_memory_md()
        updated = index_files(root)
        memory.refresh_memory_md(root)
        assert index_files(root) == updated
        assert listed(root).startswith("AB")


def test_a_day_counts_once(root, calendar):
    with Memory() as memory:
        for _ in range(5):
            memory.note_used([root / "c.md", root / "c.md"])
        calendar.pass_(1)
        once = days_of_use(memory, root / "c.md")
        memory.note_used([root / "c.md"])
        calendar.pass_(1)
        assert 0 < once < days_of_use(memory, root / "c.md")


def test_only_the_days_that_count_are_stored(root, calendar):
    with Memory() as memory:
        for _ in range(30):
            memory.note_used([root / "c.md"])
            calendar.pass_(1)
        kept = memory.engine.databases.opened().db.execute(
            "SELECT COUNT(*), MAX(day) FROM note_use"
        )
        assert kept.fetchone() == (9, calendar.today.toordinal() - 1)


def test_use_follows_a_renamed_note_and_goes_with_a_removed_one(root, calendar):
    with Memory() as memory:
        memory.note_used([root / "a.md", root / "b.md"])
        (root / "a.md").rename(root / "z.md")
        (root / "b.md").unlink()
        memory.index(root)
        calendar.pass_(1)
        assert days_of_use(memory, root / "z.md") > 0
        write(root, "b.md", "B", "About b.")
        memory.index(root)
        assert days_of_use(memory, root / "b.md") == 0


def test_use_of_other_paths_is_ignored(root, tmp_path):
    with Memory() as memory:
        memory.note_used([tmp_path / "nowhere.md", root / "MEMORY.md"])
        assert (
            memory.engine.databases.opened().db.execute("SELECT * FROM note_use").fetchall() == []
        )


def test_use_does_not_wait_for_another_writer(root):
    with Memory() as memory, Memory() as other:
        with other.engine.databases.opened().db.transaction():
            memory.note_used([root / "a.md"])
        assert (
            memory.engine.databases.opened().db.execute("SELECT * FROM note_use").fetchall() == []
        )
        memory.note_used([root / "a.md"])
        assert (
            len(memory.engine.databases.opened().db.execute("SELECT * FROM note_use").fetchall())
            == 1
        )


def test_a_note_of_the_future_counts_as_of_today_every_day(root, calendar):
    later = (FIRST + timedelta(days=40)).isoformat()
    with Memory() as memory:
        memory.index(write(root, "f.md", "F", "Text.", modified=later))
        for _ in range(3):
            calendar.pass_(10)
            memory.engine.refresh_memory_md()
            assert memory.explain_memory_md(root / "f.md").standing.changed == (
                calendar.today.toordinal()
            )
            assert memory.check_memory_md(root) == []


def test_of_notes_of_one_day_the_last_one_changed_comes_first(tmp_path):
    root = tmp_path / "notes"
    for name, said in [("a", "09:00:00Z"), ("b", "11:30:00Z"), ("c", "11:29:59Z")]:
        write(root, f"{name}.md", name.upper(), "Text.", modified=f"2026-03-01T{said}")
    write(root, "d.md", "D", "Text.", modified="2026-03-01")
    make_root(root, 0)
    assert listed(root) == "BCAD"
    assert rebuilt(root, tmp_path / "scratch") == index_files(root)


def test_a_note_edited_before_its_time_is_trusted_ranks_as_in_a_rebuild(tmp_path):
    """A file that is indexed at once is too young for its time to be trusted."""
    import os

    root = make_root(tmp_path / "notes", 0)
    with Memory() as memory:
        for second in range(4):
            for name in "ab":
                file = write(root, f"{name}.md", name.upper(), f"Text {second // 2}.")
                memory.index(file)
                moment = 1_700_000_000 + 10 * second + (name == "ab"[second % 2])
                os.utime(file, (moment, moment))
                memory.index(file)
            assert rebuilt(root, tmp_path / "scratch") == index_files(root)
            assert listed(root) == ("AB" if second % 2 == 0 else "BA")
