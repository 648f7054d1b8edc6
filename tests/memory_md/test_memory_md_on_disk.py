"""MEMORY.md on disk: current after every operation; text by hand and other files are preserved."""

import errno
import itertools
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from roots_on_disk import SMALL, index_files, is_whole, make_root, rebuilt, write

from memcairn import Memory, Query
from memcairn.cli.commands import run
from memcairn.engine import Engine
from memcairn.errors import ConfigError, MemoryMdError, StateError, UsageError
from memcairn.hosts import scopes, start_text
from memcairn.hosts.payload import from_fields
from memcairn.memory_md import managed_roots, note_table, refresh
from memcairn.store import memory_md


@pytest.fixture
def root(tmp_path):
    return make_root(tmp_path / "notes", 3)


@pytest.fixture
def small(monkeypatch):
    for name, value in SMALL.items():
        monkeypatch.setenv(name, value)


def text(root: Path) -> str:
    return (root / "MEMORY.md").read_text(encoding="utf-8")


def first_entry(root: Path) -> str:
    return next(line for line in text(root).splitlines() if line.startswith("- "))


# ── every operation ────────────────────────────────────────────────────────────────────────────────


def index(memory, file):
    memory.index(file)


def index_the_root(memory, file):
    memory.index(file.parent)


def drain(memory, file):
    memory.enqueue(file)
    memory.drain(0)


def flush(memory, file):
    memory.enqueue(file)
    memory.flush()


def search(memory, file):
    memory.search("title")


WAYS = [index, index_the_root, drain, flush]


@pytest.mark.parametrize("way", [*WAYS, search])
def test_a_new_note_is_in_memory_md(root, way):
    file = write(root, "new.md", "Quite new", "Text.")
    with Memory() as memory:
        way(memory, file)
        assert "- [Quite new](new.md) — Text." in text(root)
        assert memory.check_memory_md(root) == []


@pytest.mark.parametrize("way", [*WAYS, search])
def test_a_note_that_is_gone_is_not_in_memory_md(root, way):
    (root / "a" / "note-0.md").unlink()
    with Memory() as memory:
        way(memory, root / "a" / "note-0.md") if way != index_the_root else memory.index(root)
        assert "note-0" not in text(root)
        assert memory.check_memory_md(root) == []


@pytest.mark.parametrize("way", WAYS)
def test_another_title_is_in_memory_md(root, way):
    file = write(root, "a/note-0.md", "Another", "Text.")
    with Memory() as memory:
        way(memory, file)
    assert "[Another](a/note-0.md)" in text(root)
    assert "Title 0" not in text(root)


def test_a_search_notices_an_edited_note_that_it_finds(root):
    write(root, "a/note-0.md", "Title 0 anew", "About 0.")
    with Memory() as memory:
        memory.search("title 0")
    assert "[Title 0 anew](a/note-0.md)" in text(root)


def test_a_renamed_note_is_listed_once_under_its_new_path(root):
    (root / "a" / "note-0.md").rename(root / "b" / "other.md")
    with Memory() as memory:
        memory.index(root)
    assert "(a/note-0.md)" not in text(root)
    assert text(root).count("(b/other.md)") == 1


@pytest.mark.parametrize("way", [index, drain, flush, search])
def test_a_memory_md_that_was_emptied_is_filled_again(root, way):
    (root / "MEMORY.md").write_text("mine\n")
    with Memory() as memory:
        way(memory, root / "MEMORY.md")
        assert memory.check_memory_md(root) == []
        assert [one.path for one in memory.roots()] == [str(root)]
    assert text(root).startswith("mine\n")
    assert "[Title 0](a/note-0.md)" in text(root)


def test_a_memory_md_that_a_person_creates_is_managed_from_then_on(tmp_path):
    root = tmp_path / "notes"
    note = write(root, "a.md", "A", "Text.")
    with Memory() as memory:
        memory.index(root)
        (root / "MEMORY.md").write_text("mine\n")
        memory.enqueue(root / "MEMORY.md")
        memory.flush()
    assert f"[A]({note.name})" in text(root)


def test_a_host_that_writes_the_memory_md_it_read_loses_no_entry(root):
    """Claude Code reads MEMORY.md, and writes it back with a line more, after other notes came."""
    read = text(root)
    with Memory() as memory:
        memory.index(write(root, "meanwhile.md", "Meanwhile", "Text."))
        mine = write(root, "theirs.md", "Theirs", "Text.")
        (root / "MEMORY.md").write_text(
            read + "- [As the host says it](theirs.md) \u2014 own words\n"
        )
        memory.enqueue(mine)
        memory.flush()
        assert memory.check_memory_md(root) == []
    assert "- [As the host says it](theirs.md) \u2014 own words\n" in text(root)
    assert text(root).count("(theirs.md)") == 1
    assert "[Meanwhile](meanwhile.md)" in text(root)


def test_pinned_notes_come_first_until_they_are_unpinned(root):
    note = write(root, "b/note-1.md", "Title 1", "About 1.", modified="2025-11-20")
    with Memory() as memory:
        assert memory.pin(note)
        assert first_entry(root) == "- [Title 1](b/note-1.md) — About 1."
        assert not memory.pin(note)
        assert memory.explain_memory_md(note).pinned
        assert memory.unpin(note)
    assert first_entry(root) == "- [Title 0](a/note-0.md) — About 0."
    assert "pinned" not in note.read_text()


def test_a_missed_update_happens_later(root, monkeypatch):
    write(root, "new.md", "Quite new", "Text.")
    with Memory() as memory:
        with monkeypatch.context() as patched:
            patched.setattr(Engine, "refresh_memory_md", lambda _: None)
            memory.index(root)
        assert "Quite new" not in text(root)
        assert [f.kind for f in memory.check_memory_md(root)] == ["stale"]
    with Memory() as memory:
        memory.search("nothing of the kind")
    assert "Quite new" in text(root)


def test_a_new_day_takes_expired_notes_off_the_first_page(root, monkeypatch):
    write(root, "old.md", "Soon over", "Text.", valid_until=f"{managed_roots.this_day()}")
    with Memory() as memory:
        memory.index(root)
        assert "[Soon over](old.md)" in text(root)
    tomorrow = managed_roots.this_day().fromordinal(managed_roots.this_day().toordinal() + 1)
    monkeypatch.setattr(managed_roots, "this_day", lambda: tomorrow)
    with Memory() as memory:
        memory.refresh_memory_md(root)
    assert "[Soon over](old.md)" not in text(root)
    assert "old.md" in "".join(file.read_text() for file in (root / "index").glob("*.md"))


# ── which roots ──────────────────────────────────────────────────────────────────────────────────


def test_a_folder_gets_no_memory_md_unasked(tmp_path):
    write(tmp_path / "docs", "a.md", "A", "Text.")
    with Memory() as memory:
        memory.index(tmp_path / "docs")
        with pytest.raises(UsageError, match=r"has no MEMORY\.md"):
            memory.check_memory_md(tmp_path / "docs")
    assert not (tmp_path / "docs" / "MEMORY.md").exists()


def test_the_explanation_as_json_says_the_day_as_people_write_it(tmp_path, capsys):
    write(tmp_path / "docs", "2026-03-02-a.md", "A", "Text.")
    with Memory() as memory:
        memory.refresh_memory_md(tmp_path / "docs")

    assert run(["memory-md", "explain", str(tmp_path / "docs" / "2026-03-02-a.md"), "--json"]) == 0

    assert json.loads(capsys.readouterr().out)["standing"]["changed"] == "2026-03-02"


def test_a_memory_md_that_is_turned_off_is_not_reported_as_missing(tmp_path):
    write(tmp_path / "docs", "a.md", "A", "Text.")
    with Memory() as memory:
        memory.refresh_memory_md(tmp_path / "docs")
        memory.stop_memory_md(tmp_path / "docs")
        with pytest.raises(UsageError, match=r"its MEMORY\.md is not kept current"):
            memory.check_memory_md(tmp_path / "docs")


@pytest.mark.parametrize("place", [".claude/projects/-x/memory", ".claude/agent-memory/reviewer"])
def test_memory_folders_of_claude_code_have_one(tmp_path, place):
    write(tmp_path / place, "a.md", "A", "Text.")
    with Memory() as memory:
        memory.index(tmp_path / place)
    assert "- [A](a.md) — Text." in text(tmp_path / place)


def test_a_root_gets_a_memory_md_with_its_first_note(tmp_path):
    root = tmp_path / ".claude" / "projects" / "-x" / "memory"
    root.mkdir(parents=True)
    with Memory() as memory:
        memory.index(root)
        assert list(root.iterdir()) == []
        memory.index(write(root, "a.md", "A", "Text."))
    assert "- [A](a.md) — Text." in text(root)


def test_a_refresh_of_an_empty_root_makes_no_memory_md_until_it_has_a_note(tmp_path):
    root = tmp_path / "notes"
    root.mkdir()
    with Memory() as memory:
        done = memory.refresh_memory_md(root)
        assert (done.notes, done.written) == (0, ())
        memory.engine.refresh_memory_md()
        assert memory.check_memory_md(root) == []
        assert list(root.iterdir()) == []
        memory.index(write(root, "a.md", "A", "Text."))
        assert memory.check_memory_md(root) == []
    assert "- [A](a.md) — Text." in text(root)


def test_a_memory_md_of_an_empty_root_is_adopted(tmp_path):
    root = tmp_path / "notes"
    root.mkdir()
    (root / "MEMORY.md").write_text("mine\n")
    with Memory() as memory:
        memory.index(root)
        assert memory.check_memory_md(root) == []
    assert text(root).startswith("mine\n\n<!-- memcairn:begin 0 notes")


def test_a_memory_md_stays_when_its_root_loses_the_last_note(root):
    with Memory() as memory:
        for note in root.glob("*/*.md"):
            note.unlink()
        memory.index(
            root, force=True
        )  # all notes at the same time: the root is away until confirmed
        assert memory.check_memory_md(root) == []
    assert "memcairn:begin 0 notes" in text(root)


def test_a_memory_md_from_before_memcairn_keeps_its_text(tmp_path):
    root = tmp_path / "notes"
    write(root, "a.md", "A", "Text.")
    write(root, "b.md", "B", "Text.")
    theirs = b"\xef\xbb\xbf# My memory\r\n\r\n- [my own word for it](b.md) - mine\r\n"
    (root / "MEMORY.md").write_bytes(theirs)
    with Memory() as memory:
        memory.index(root)
        backups = list(Path(memory.home, "backups").iterdir())
        notices = memory.notices
    after = (root / "MEMORY.md").read_bytes()
    assert theirs.rstrip() in after
    assert after.count(b"(b.md)") == 1
    assert b"- [A](a.md)" in after
    assert [file.read_bytes() for file in backups] == [theirs]
    assert str(backups[0]) in "".join(notices)


def test_text_beyond_the_limits_is_reported_and_the_block_is_loaded(tmp_path, capsys, home):
    root = tmp_path / "notes"
    write(root, "a.md", "A", "Text.")
    theirs = "".join(f"- fact {n}\n" for n in range(361))
    (root / "MEMORY.md").write_text(theirs)
    run(["index", str(root)])
    assert "has 364 lines, but only 200 are loaded" in capsys.readouterr().err
    assert text(root).endswith(f"<!-- memcairn:end -->\n{theirs}")
    assert "(index/more.md)" in "".join(text(root).splitlines()[:200])
    run(["doctor"])
    assert "has 364 lines, but only 200 are loaded" in capsys.readouterr().out
    event = from_fields("session-start", "codex", {"session_id": "s", "cwd": str(root)})
    with Memory() as memory:
        scope = scopes.of_event(event, [str(root)], memory.config, memory.home)
        shown = start_text.text(event, scope, None, memory.config)
    assert f"memcairn: {root}/MEMORY.md has 364 lines, but only 200 are loaded" in shown


@pytest.mark.parametrize(
    ("title", "description", "path", "line"),
    [
        ("feedback_ui_timeouts", "Wait 30 s", "feedback_ui_timeouts.md", "ui timeouts — Wait 30 s"),
        ("commit-style", "Use feat and fix", "commit-style.md", "commit style — Use feat and fix"),
        ("commit-style", "Use feat and fix", "other.md", "commit-style — Use feat and fix"),
        ("Deploy to staging", "deploy to staging.", "a.md", "Deploy to staging"),
        ("Deploy", "Deploy with care.", "a.md", "Deploy — Deploy with care."),
        ("Index", "Guides for users.", "docs/user_guides/Index.md", "user guides — Guides for users."),
        ("README", "A server.", "README.md", "README — A server."),
        ("A", "**Global** _settings_ in [c](c.md), a_b_c", "a.md", "A — Global settings in c, a_b_c"),
        (
            "The staging database listens on port 5433 of…",
            "The staging database listens on port 5433 of host db1.",
            "a.md",
            "Staging database — The staging database listens on port 5433 of host db1.",
        ),
    ],
)  # fmt: skip
def test_a_line_says_everything_once(title, description, path, line):
    assert " — ".join(filter(None, note_table.line_text(title, description, path))) == line


def test_text_by_hand_in_memory_md_is_searched_and_nothing_else_of_it(root):
    with Memory() as memory:
        (root / "MEMORY.md").write_text(text(root) + "\nThe zebra server restarts at noon.\n")
        memory.index(root)
        (found,) = memory.search("zebra server restarts")
        assert (Path(found.path).name, found.start_line) == (
            "MEMORY.md",
            len(text(root).splitlines()),
        )
        assert "MEMORY.md" not in text(root)
        assert memory.check_memory_md(root) == []
        assert all("MEMORY.md" not in hit.path for hit in memory.search("Title 1"))
        (root / "MEMORY.md").write_text(text(root).replace("zebra", "gnu"))
        assert [Path(hit.path).name for hit in memory.search("gnu server")] == ["MEMORY.md"]


def test_in_a_clone_the_last_commit_orders_notes_without_a_date(tmp_path, monkeypatch):
    names = ["d", "b", "a", "c"]
    origin = tmp_path / "origin"
    origin.mkdir()

    def git(*arguments, **more):
        command = ["git", "-c", "user.name=A", "-c", "user.email=a@b.c", *arguments]
        subprocess.run(command, cwd=origin, check=True, env={**os.environ, **more})

    git("init", "-q")
    for day, name in enumerate(names, 1):
        write(origin, f"n/{name}.md", name.upper(), "Text.")
        git("add", "-A")
        date = f"2026-03-0{day}T10:00:00Z"
        git("commit", "-qm", name, GIT_AUTHOR_DATE=date, GIT_COMMITTER_DATE=date)
    clone = tmp_path / "clone"
    git("clone", "-q", str(origin), str(clone))
    write(clone, "n/dated.md", "Dated", "Text.", modified="2026-03-03T12:00:00Z")
    with Memory() as memory:
        memory.index(clone / "n")
        memory.refresh_memory_md(clone / "n")
    entries = [line for line in text(clone / "n").splitlines() if line.startswith("- ")]
    assert [line[3] for line in entries] == ["C", "D", "A", "B", "D"]


def test_a_backup_is_made_once(root):
    with Memory() as memory:
        (root / "MEMORY.md").write_text("mine\n" + text(root))
        memory.index(root)
        assert not Path(memory.home, "backups").exists()
    assert text(root).startswith("mine\n")


def test_it_can_be_turned_off(root):
    before = text(root)
    with Memory() as memory:
        memory.stop_memory_md(root)
        write(root, "new.md", "Quite new", "Text.")
        memory.index(root)
    assert text(root) == before
    with Memory() as memory:
        memory.refresh_memory_md(root)
    assert "Quite new" in text(root)


def test_it_stays_on_and_off_without_an_index(root, home):
    for file in home.glob("index.db*"):
        file.unlink()
    (root / "MEMORY.md").unlink()
    with Memory() as memory:
        memory.search("title")
        assert "note-0" in text(root)
        memory.stop_memory_md(root)
    before = text(root)
    for file in home.glob("index.db*"):
        file.unlink()
    write(root, "new.md", "Quite new", "Text.")
    with Memory() as memory:
        memory.search("title")
    assert text(root) == before


def test_a_file_that_is_a_root_has_none(tmp_path):
    file = write(tmp_path, "alone.md", "A", "Text.")
    with Memory() as memory:
        memory.index(file)
        with pytest.raises(UsageError):
            memory.refresh_memory_md(file)
    assert not (tmp_path / "MEMORY.md").exists()


def test_limits_that_leave_no_room_are_refused(root, monkeypatch):
    monkeypatch.setenv("MEMCAIRN_MEMORY_MD_MAX_LINES", "3")
    with Memory() as memory, pytest.raises(ConfigError, match="lines must be at least"):
        memory.refresh_memory_md(root)


# ── pages ────────────────────────────────────────────────────────────────────────────────────────


def test_pages_are_not_notes(tmp_path, small):
    root = make_root(tmp_path / "notes", 40)
    assert len(index_files(root)) > 2
    with Memory() as memory:
        report = memory.index(root)
        assert (report.indexed, report.left_out, report.failed) == ([], {}, {})
        assert memory.status().notes == 40
        assert memory.status().problems == ()


def test_a_lost_page_comes_back_and_one_that_nothing_leads_to_goes(tmp_path, small):
    root = make_root(tmp_path / "notes", 40)
    files = index_files(root)
    page = next(iter(set(files) - {"MEMORY.md"}))
    (root / "index" / "left-over.md").write_bytes(files[page])
    (root / page).unlink()
    with Memory() as memory:
        kinds = {finding.kind for finding in memory.check_memory_md(root)}
        assert kinds == {"missing", "left-over"}
        memory.refresh_memory_md(root)
        assert memory.check_memory_md(root) == []
    assert index_files(root) == files


def test_a_note_beside_the_pages_is_neither_replaced_nor_removed(tmp_path, small):
    root = make_root(tmp_path / "notes", 40)
    mine = write(root, "index/mine.md", "Mine", "Text.")
    before = mine.read_bytes()
    with Memory() as memory:
        memory.index(root)
        memory.refresh_memory_md(root)
        for number in range(40):
            (root / f"{'abc'[number % 3]}/note-{number}.md").unlink()
        memory.index(root)
    assert mine.read_bytes() == before
    assert list(index_files(root)) == ["MEMORY.md", "index/mine.md"]
    assert "[Mine](index/mine.md)" in text(root)


def test_an_ignored_file_where_a_page_belongs_is_an_error_and_stays(tmp_path, small):
    root = make_root(tmp_path / "notes", 40)
    page = next(iter(set(index_files(root)) - {"MEMORY.md"}))
    (root / ".gitignore").write_text("/index/\n")
    (root / page).write_text("mine\n")
    with Memory() as memory, pytest.raises(MemoryMdError, match="is not an index page"):
        memory.refresh_memory_md(root)
    assert (root / page).read_text() == "mine\n"


# ── errors ───────────────────────────────────────────────────────────────────────────────────────


def write_and_index(root):
    """The notice of a change whose MEMORY.md cannot be written; search finds the note anyway."""
    write(root, "new.md", "Quite new", "Text.")
    with Memory() as memory:
        report = memory.index(root)
        assert report.is_whole
        assert [passage.title for passage in memory.search("quite")] == ["Quite new"]
        with pytest.raises(MemoryMdError) as caught:
            memory.refresh_memory_md(root)
        assert caught.value.hint
        assert len(memory.notices) == 1
        return memory.notices[0]


def is_current_again(root):
    with Memory() as memory:
        memory.search("quite")
        assert memory.check_memory_md(root) == []
    return b"Quite new" in b"".join(index_files(root).values())


def test_a_symlink_is_neither_followed_nor_replaced(root, tmp_path):
    outside = tmp_path / "outside.md"
    outside.write_text("outside\n")
    (root / "MEMORY.md").unlink()
    (root / "MEMORY.md").symlink_to(outside)
    assert "is a symlink" in write_and_index(root)
    assert outside.read_text() == "outside\n"
    assert (root / "MEMORY.md").is_symlink()
    (root / "MEMORY.md").unlink()
    assert is_current_again(root)


def test_a_folder_of_pages_that_is_a_symlink_is_not_followed(tmp_path, small):
    root = make_root(tmp_path / "notes", 40)
    (root / "index").rename(tmp_path / "elsewhere")
    before = {file: file.read_bytes() for file in (tmp_path / "elsewhere").iterdir()}
    (root / "index").symlink_to(tmp_path / "elsewhere")
    assert "cannot be used as the folder of the index pages" in write_and_index(root)
    assert {file: file.read_bytes() for file in (tmp_path / "elsewhere").iterdir()} == before
    (root / "index").unlink()
    assert is_current_again(root)


def test_a_read_only_file_is_left_as_it_is(root):
    before = text(root)
    (root / "MEMORY.md").chmod(0o444)
    assert "is read-only" in write_and_index(root)
    assert text(root) == before
    (root / "MEMORY.md").chmod(0o644)
    assert is_current_again(root)
    assert (root / "MEMORY.md").stat().st_mode & 0o777 == 0o644


def test_a_folder_in_its_place_is_an_error(root):
    (root / "MEMORY.md").unlink()
    (root / "MEMORY.md").mkdir()
    assert "MEMORY.md" in write_and_index(root)
    (root / "MEMORY.md").rmdir()
    assert is_current_again(root)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_a_fifo_in_its_place_does_not_hold_up(root):
    (root / "MEMORY.md").unlink()
    os.mkfifo(root / "MEMORY.md")
    assert "a pipe" in write_and_index(root)
    (root / "MEMORY.md").unlink()
    assert is_current_again(root)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EROFS, errno.EACCES])
def test_a_disk_that_fails_leaves_the_old_file(root, monkeypatch, code):
    before = text(root)

    def fail(*_, **__):
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", fail)
        assert os.strerror(code) in write_and_index(root)
    assert text(root) == before
    assert is_current_again(root)


def test_an_index_that_cannot_be_written_is_reported_and_updated_later(root, monkeypatch):
    def fail(*_, **__):
        raise StateError("cannot be used: database or disk is full", path="index.db")

    with monkeypatch.context() as patched:
        patched.setattr(memory_md, "mark_current", fail)
        assert "disk is full" in write_and_index(root)
    assert is_current_again(root)


class DiskThatFills:
    """Has room for `room` changes; `failed` is True after a change that found no room."""

    def __init__(self, room: int) -> None:
        self.room, self.failed = room, False

    def filling(self, call, is_change=lambda *_, **__: True):
        def changed(*arguments, **keywords):
            if is_change(*arguments, **keywords):
                self.room -= 1
                if self.room < 0:
                    self.failed = True
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return call(*arguments, **keywords)

        return changed


def test_a_disk_that_fills_at_any_moment_leaves_whole_files_and_the_notes(
    tmp_path, small, monkeypatch
):
    def creates(_path, flags, *_, **__):
        return bool(flags & os.O_CREAT)

    root = make_root(tmp_path / "notes", 30)
    hindered = 0
    for room in itertools.count():
        disk, before = DiskThatFills(room), index_files(root)
        title = f"Zebra{room}"
        write(root, "a/note-0.md", title, "Text.")
        write(root, f"b/new-{room}.md", "Quite new", "Text.")
        with Memory() as memory:
            with monkeypatch.context() as patched:
                for name in ("fsync", "replace", "mkdir"):
                    patched.setattr(os, name, disk.filling(getattr(os, name)))
                patched.setattr(os, "open", disk.filling(os.open, creates))
                memory.index(root)
            left = index_files(root)
            assert [found.title for found in memory.search(Query(title, limit=1))] == [title]
            assert memory.check_memory_md(root) == []
            assert disk.failed or not memory.notices
            assert all("make room" in notice for notice in memory.notices)
        after = index_files(root)
        assert is_whole(left["MEMORY.md"], 14, 2200)
        for path, data in left.items():
            assert data in (before.get(path), after.get(path))
        assert [file for file in root.rglob(".memcairn-*") if file.is_file()] == []
        if not disk.failed:
            break
        hindered += bool(memory.notices)
    assert hindered > 5, "the disk was hardly ever full: the test tests nothing"


def test_a_concurrent_writer_of_memory_md_loses_nothing(root, monkeypatch):
    write(root, "new.md", "Quite new", "Text.")
    render = refresh.render
    writers = iter(["one\n", "two\n"])

    def render_slowly(*arguments, **keywords):
        done = render(*arguments, **keywords)
        line = next(writers, None)
        if line is not None:
            (root / "MEMORY.md").write_text(line + text(root))
        return done

    monkeypatch.setattr(refresh, "render", render_slowly)
    with Memory() as memory:
        memory.index(root)
    assert text(root).startswith("two\none\n")
    assert "Quite new" in text(root)


def test_threads_of_one_process_take_turns(root):
    def add(number):
        with Memory() as memory:
            memory.index(write(root, f"t/{number}.md", f"Thread {number}", "Text."))

    threads = [threading.Thread(target=add, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(f"[Thread {number}]" in text(root) for number in range(6))


# ── hostile notes, secrets ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "title",
    [
        "fix](x) <!-- memcairn:end -->",
        "](javascript:alert(1))",
        "a\u2028b\u2029c\x85d",
        "<!-- memcairn:begin -->",
        "```",
        "\u202eabc",
        "[[x]] `y` | z \\",
    ],
)
def test_a_title_stays_one_harmless_entry(root, title):
    with Memory() as memory:
        write(root, "bad.md", title, "Text.")
        memory.index(root)
        assert memory.check_memory_md(root) == []
        assert is_whole((root / "MEMORY.md").read_bytes())
        before = text(root)
        memory.refresh_memory_md(root)
    assert text(root) == before
    assert text(root).count("(bad.md)") == 1
    assert text(root).count("<!-- memcairn:end -->") == 1


def test_secrets_in_titles_and_descriptions_do_not_enter_it(root):
    key = "AKIA" + "Q3EGZ7XJWLPVN5TD"
    with Memory() as memory:
        memory.index(write(root, "keys.md", f"The key {key}", f"It is {key}."))
    assert key not in text(root)
    assert "redacted" in text(root)


# ── what a person asks ───────────────────────────────────────────────────────────────────────────


def test_explain_names_the_page_of_a_folded_note(tmp_path, small):
    root = make_root(tmp_path / "notes", 40)
    with Memory() as memory:
        found = [memory.explain_memory_md(root / f"c/note-{n}.md") for n in (2, 38)]
        with pytest.raises(UsageError):
            memory.explain_memory_md(root / "MEMORY.md")
    assert {one.how for one in found} <= {"listed", "folded"}
    for one in found:
        assert f"{Path(one.path).name})" in (root / one.where).read_text()


def test_explain_finds_the_same_with_and_without_the_cache_of_the_last_update(
    tmp_path, small, monkeypatch
):
    root = make_root(tmp_path / "notes", 40)
    notes = sorted(root.rglob("*.md"), key=str)[:25]
    notes = [note for note in notes if note.name.startswith("note-")]
    with Memory() as memory:
        memory.refresh_memory_md(root)
        found = [memory.explain_memory_md(note) for note in notes]
        write(root, "c/note-2.md", "Changed", "Another text.")
        changed = [memory.explain_memory_md(note) for note in notes]
        monkeypatch.setattr(memory_md, "render_cache", lambda *_: None)
        fresh = [memory.explain_memory_md(note) for note in notes]

    assert {one.how for one in found} >= {"listed", "folded"}
    assert changed == fresh


def test_show_marks_what_a_host_cuts(root):
    (root / "MEMORY.md").write_text("mine\n" * 250)
    with Memory() as memory:
        loaded = memory.show_memory_md(root)
    assert loaded.text.count("\n") == 200
    assert loaded.cut.startswith("mine\n")


def test_the_command_line_says_and_exits_what_it_found(root, tmp_path):
    def memcairn(*arguments):
        code = f"import sys; from memcairn.cli.commands import run; sys.exit(run({arguments!r}))"
        return subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path
        )

    assert memcairn("memory-md", "check").returncode == 0
    assert "3 notes, 3 listed" in memcairn("memory-md", "refresh").stdout
    (root / "MEMORY.md").write_text("[gone](gone.md)\n")
    found = memcairn("memory-md", "check", str(root))
    assert found.returncode == 1
    assert "gone.md: orphan" in found.stdout
    assert memcairn("memory-md", "check", str(tmp_path / "nowhere")).returncode == 2


# ── any sequence ─────────────────────────────────────────────────────────────────────────────────

NAMES = st.sampled_from(
    [f"{folder}{n}.md" for folder in ("", "a/", "b/c/", "index/") for n in range(12)]
)
TITLES = st.sampled_from(
    ["Deploy", "Build fails", "](x) <!-- memcairn:end -->", "発表の手順", "Ünïcode"]
)


class Life(RuleBasedStateMachine):
    """A root lives; after each step MEMORY.md is what a rebuild from nothing gives."""

    place = None  # set by the test

    def __init__(self):
        super().__init__()
        self.folder = Path(self.place.mktemp("life"))
        self.root = self.folder / "notes"

    @initialize(count=st.integers(0, 45))
    def begin(self, count):
        make_root(self.root, count)
        self.memory = Memory()

    def teardown(self):
        if hasattr(self, "memory"):
            try:
                assert rebuilt(self.root, self.folder / "scratch") == index_files(self.root)
            finally:
                self.memory.forget_root(self.root)
                self.memory.close()

    @rule(path=NAMES, title=TITLES, kind=st.sampled_from(["user", "project", "odd"]))
    def write(self, path, title, kind):
        self.memory.index(write(self.root, path, title, "Text.", type=kind))

    @rule(count=st.integers(1, 20), folder=st.sampled_from(["a", "m", "z"]))
    def write_many(self, count, folder):
        for number in range(count):
            self.memory.enqueue(
                write(self.root, f"{folder}/{number}.md", f"Many {number}", "Text.")
            )
        self.memory.flush()

    @rule(which=st.integers(0, 99))
    def remove(self, which):
        if notes := self.notes():
            note = notes[which % len(notes)]
            note.unlink()
            self.memory.index(note)

    @rule(which=st.integers(0, 99), path=NAMES)
    def rename(self, which, path):
        if notes := self.notes():
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            notes[which % len(notes)].rename(self.root / path)
            self.memory.index(self.root)

    @rule(which=st.integers(0, 99), pinned=st.booleans())
    def pin(self, which, pinned):
        if notes := self.notes():
            self.memory.pin(notes[which % len(notes)], pinned=pinned)

    @rule(
        which=st.integers(0, 99), line=st.sampled_from(["mine", "- [own](0.md) words", "", "```"])
    )
    def edit_by_hand(self, which, line):
        lines = self.memory_md().splitlines()
        lines.insert(which % (len(lines) + 1), line)
        (self.root / "MEMORY.md").write_text("\n".join(lines) + "\n")
        self.memory.index(self.root)

    @rule(which=st.integers(0, 99))
    def cut_by_hand(self, which):
        lines = self.memory_md().splitlines()
        del lines[which % max(len(lines), 1) :]
        (self.root / "MEMORY.md").write_text("\n".join(lines))
        self.memory.index(self.root)

    def memory_md(self):
        """The text of MEMORY.md; an empty root may have none."""
        file = self.root / "MEMORY.md"
        return file.read_text() if file.exists() else ""

    def notes(self):
        files = sorted(self.root.rglob("*.md"))
        return [
            f for f in files if f.name != "MEMORY.md" and b"memcairn:page" not in f.read_bytes()
        ]

    @invariant()
    def is_current(self):
        if hasattr(self, "memory"):
            kinds = [finding.kind for finding in self.memory.check_memory_md(self.root)]
            assert set(kinds) <= {"orphan", "over-limit"}


def test_after_any_sequence_it_is_what_a_rebuild_gives(tmp_path_factory, small):
    Life.place = tmp_path_factory
    checks = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    limits = settings(
        max_examples=12, stateful_step_count=12, deadline=None, suppress_health_check=checks
    )
    run_state_machine_as_test(Life, settings=limits)
