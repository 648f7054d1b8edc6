"""Sessions: started, found again, ended, dropped when old."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memcairn.errors import StateError
from memcairn.sessions import Line, Session, Sessions, processes, session
from memcairn.sessions.sessions import KEEP_SESSIONS, folder_name

if TYPE_CHECKING:
    from support import Clock

DAY_S = 86_400


@pytest.fixture
def sessions(home: Path, clock: Clock) -> Sessions:
    return Sessions(str(home), clock=clock)


def gone() -> int:
    """The number of a process that is no more."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


class TestIds:
    @pytest.mark.parametrize(
        "id_", ["5f0c8c1e-0000-4a4f-9d5e-0123456789ab", "20260822-101500-a1b2c3", "a.b_c-d"]
    )
    def test_a_plain_id_is_the_name_of_its_folder(self, id_: str) -> None:
        assert folder_name(id_) == id_

    @pytest.mark.parametrize(
        "id_",
        ["..", ".", "../../etc", "/etc/passwd", "a/b", "a\\b", "a\0b", "a\nb", "con", "NUL.txt", "-rf",
         ".hidden", "a.", "A", "é", "x" * 65, "x" * 100_000, "\udcff", "~", "a~b", " ", "com1.x"],
    )  # fmt: skip
    def test_any_other_id_becomes_a_name_without_harm(self, id_: str) -> None:
        name = folder_name(id_)

        assert name != id_
        assert len(name) <= 64
        assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_.~")
        assert name[0] not in ".-"

    @given(st.text(max_size=20), st.text(max_size=20))
    def test_different_ids_have_different_folders(self, one: str, other: str) -> None:
        assert (folder_name(one) == folder_name(other)) == (one == other)
        assert (folder_name(one).lower() == folder_name(other).lower()) == (one == other)

    @given(st.text(min_size=1, max_size=80))
    def test_a_folder_stands_directly_in_that_of_the_sessions(self, id_: str) -> None:
        path = os.path.normpath(os.path.join("/home/sessions", folder_name(id_)))

        assert os.path.dirname(path) == "/home/sessions"

    @pytest.mark.parametrize("id_", ["../../escape", "a/b\n\0c", "\udcff\ud800", "ü" * 500])
    def test_a_hostile_id_is_kept_as_it_is(
        self, id_: str, sessions: Sessions, tmp_path: Path
    ) -> None:
        before = set(tmp_path.iterdir())
        started = sessions.start(id_)

        assert started.id == id_
        found = sessions.get(id_)
        assert found is not None
        assert found.id == id_
        assert Path(started.folder).parent == Path(sessions.folder)
        assert set(tmp_path.iterdir()) - before <= {tmp_path / "home"}


class TestLife:
    def test_a_session_is_open_until_it_is_ended(self, sessions: Sessions) -> None:
        started = sessions.start("one")
        assert sessions.open("one") is not None

        sessions.end(started)

        assert sessions.open("one") is None
        assert sessions.get("one") is not None

    def test_its_files_are_for_its_owner_only(self, sessions: Sessions) -> None:
        started = sessions.start("one")
        started.log(Line("mem_write"))

        paths = [Path(sessions.folder), *Path(sessions.folder).rglob("*")]
        assert {path.stat().st_mode & 0o077 for path in paths} == {0}

    def test_its_scratch_folder_goes_when_it_ends(self, sessions: Sessions) -> None:
        started = sessions.start("one")
        Path(started.scratch, "draft.md").write_text("draft", encoding="utf-8")

        sessions.end(started)

        assert not Path(started.folder, "scratch").exists()

    def test_its_scratch_folder_may_be_kept(self, sessions: Sessions) -> None:
        started = sessions.start("one")
        Path(started.scratch, "draft.md").write_text("draft", encoding="utf-8")

        sessions.end(started, keep_scratch=True)

        assert Path(started.scratch, "draft.md").read_text(encoding="utf-8") == "draft"

    def test_a_scratch_folder_that_cannot_be_created_is_reported(self, sessions: Sessions) -> None:
        started = sessions.start("one")
        Path(started.scratch).rmdir()
        Path(started.folder, "scratch").write_text("a file", encoding="utf-8")

        with pytest.raises(StateError, match="cannot be written"):
            _ = started.scratch

    def test_one_that_ended_goes_on_when_it_is_started_again(
        self, sessions: Sessions, clock: Clock
    ) -> None:
        first = sessions.start("one", root="/r", host="codex")
        first.log(Line("mem_read", "a.md", "read"))
        sessions.end(first)
        clock.pass_(60)

        again = sessions.start("one")

        assert again.is_open
        assert (again.started_at, again.root, again.host) == (first.started_at, "/r", "codex")
        assert [line["tool"] for line in again.lines()] == ["mem_read"]

    def test_one_without_an_id_gets_one(self, sessions: Sessions) -> None:
        one, other = sessions.start(), sessions.start()

        assert one.id != other.id
        assert {session.id for session in sessions.latest()} == {one.id, other.id}

    def test_the_latest_is_listed_first(self, sessions: Sessions, clock: Clock) -> None:
        for name in ("a", "b", "c"):
            sessions.start(name)
            clock.pass_(1)

        assert [session.id for session in sessions.latest()] == ["c", "b", "a"]

    def test_a_damaged_record_hides_nothing_else(self, sessions: Sessions) -> None:
        sessions.start("whole")
        damaged = sessions.start("damaged")
        damaged.log(Line("mem_read"))
        Path(damaged.folder, "session.json").write_bytes(b'{"id": "damaged", "star')

        assert {session.id for session in sessions.latest()} == {"whole", "damaged"}
        found = sessions.get("damaged")
        assert found is not None
        assert len(found.lines()) == 1

    def test_one_whose_process_is_gone_is_ended_at_the_next_start(self, sessions: Sessions) -> None:
        crashed = sessions.start("crashed", pid=gone())
        Path(crashed.scratch, "draft.md").write_text("draft", encoding="utf-8")
        sessions.start("alive", pid=os.getpid())

        sessions.start("next")

        assert sessions.open("crashed") is None
        assert sessions.open("alive") is not None
        assert Path(crashed.scratch, "draft.md").exists()

    @pytest.mark.skipif(
        processes.process(os.getpid()) is None, reason="nothing is known of processes"
    )
    def test_a_later_process_with_the_same_number_is_another(self, sessions: Sessions) -> None:
        crashed = sessions.start("crashed", pid=os.getpid())
        record = Path(crashed.folder, "session.json")
        text = record.read_text(encoding="utf-8")
        record.write_text(text.replace(crashed.process_started, "1"), encoding="utf-8")

        sessions.start("next", pid=os.getpid())

        assert sessions.open("crashed") is None

    def test_one_of_another_machine_is_ended_when_it_is_silent_for_weeks(
        self, sessions: Sessions, clock: Clock
    ) -> None:
        far = sessions.start("far", pid=1)
        record = Path(far.folder, "session.json")
        text = record.read_text(encoding="utf-8")
        record.write_text(text.replace(far.machine, "elsewhere"), encoding="utf-8")
        clock.pass_(10 * DAY_S)
        sessions.start("a")
        assert sessions.open("far") is not None

        clock.pass_(5 * DAY_S)
        sessions.start("b")

        assert sessions.open("far") is None

    def test_old_ones_are_dropped(self, sessions: Sessions, clock: Clock) -> None:
        sessions.end(sessions.start("old"))
        clock.pass_(91 * DAY_S)

        sessions.start("new")

        assert [session.id for session in sessions.latest()] == ["new"]

    def test_only_the_last_ones_that_ended_are_kept(
        self, sessions: Sessions, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("memcairn.sessions.sessions.KEEP_SESSIONS", 20)
        open_one = sessions.start("open", pid=os.getpid())
        for number in range(30):
            clock.pass_(1)
            sessions.end(sessions.start(f"s{number}", pid=os.getpid()))

        sessions.start("new", pid=os.getpid())

        left = [session.id for session in sessions.latest(300)]
        assert left == ["new", *(f"s{number}" for number in range(29, 9, -1)), open_one.id]

    def test_all_old_ones_are_deleted_some_at_each_start(
        self, sessions: Sessions, clock: Clock
    ) -> None:
        for number in range(8):
            sessions.end(sessions.start(f"s{number}", pid=os.getpid()))
        clock.pass_(91 * DAY_S)

        for number in range(5):
            sessions.start(f"new{number}", pid=os.getpid())
            clock.pass_(1)

        assert all(one.id.startswith("new") for one in sessions.latest())
        assert len(list(Path(sessions.folder).iterdir())) == 6

    def test_a_start_and_a_look_do_not_read_every_record(
        self, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for number in range(40):
            sessions.start(f"s{number}", pid=os.getpid())
        read: list[str] = []
        monkeypatch.setattr(
            session, "read", lambda folder: read.append(folder) or Session(folder, {})
        )

        sessions.start("one more", pid=os.getpid())
        sessions.latest(2)
        sessions.current({})

        assert len(read) < 36

    def test_a_start_among_many_changes_the_list_where_it_is(self, sessions: Sessions) -> None:
        for number in range(KEEP_SESSIONS + 20):
            sessions.end(sessions.start(f"s{number}", pid=os.getpid()))
        before = Path(sessions.folder, "order").stat()

        sessions.start("new", pid=os.getpid())
        sessions.start("s100", pid=os.getpid())

        after = Path(sessions.folder, "order").stat()
        assert (after.st_ino, after.st_size - before.st_size < 100) == (before.st_ino, True)
        assert [one.id for one in sessions.latest(3)] == ["s100", "new", f"s{KEEP_SESSIONS + 19}"]
        assert sessions.count() == len(sessions.latest(1_000)) == KEEP_SESSIONS

    def test_the_list_does_not_grow_with_the_sessions_that_are_gone(
        self, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("memcairn.sessions.sessions.KEEP_SESSIONS", 5)
        for number in range(300):
            sessions.end(sessions.start(f"a-session-with-a-long-name-{number}", pid=os.getpid()))

        assert Path(sessions.folder, "order").stat().st_size < 10_000
        assert sessions.count() < 10

    @settings(max_examples=30, deadline=None)
    @given(st.lists(st.sampled_from(["a", "b", "ab", "a.b", "7", "-ended"]), max_size=25))
    def test_the_latest_are_those_that_were_started_last(
        self, tmp_path_factory: pytest.TempPathFactory, started: list[str]
    ) -> None:
        sessions = Sessions(str(tmp_path_factory.mktemp("home")))
        expected: list[str] = []
        for id_ in started:
            sessions.start(id_, pid=7)
            expected = [id_, *(one for one in expected if one != id_)]

            assert [one.id for one in sessions.latest()] == expected
            assert [one.id for one in sessions.latest(2, 1)] == expected[1:3]

    def test_the_sessions_of_a_home_without_the_order_are_known(self, sessions: Sessions) -> None:
        for name in ("a", "b"):
            sessions.start(name, pid=os.getpid())
        Path(sessions.folder, "order").unlink()

        assert {one.id for one in sessions.latest()} == {"a", "b"}
        assert sessions.start("c", pid=os.getpid()).is_open
        assert {one.id for one in sessions.latest()} == {"a", "b", "c"}


class TestCurrent:
    @pytest.mark.parametrize(
        "variable",
        ["MEMCAIRN_SESSION", "CLAUDE_CODE_SESSION_ID", "GEMINI_SESSION_ID", "CODEX_THREAD_ID"],
    )
    def test_the_environment_says_which_it_is(self, variable: str, sessions: Sessions) -> None:
        sessions.start("other", pid=0)
        sessions.start("mine", pid=0)

        found = sessions.current({variable: "mine"})

        assert found is not None
        assert found.id == "mine"

    def test_one_that_the_environment_names_and_that_has_ended_is_none(
        self, sessions: Sessions
    ) -> None:
        sessions.end(sessions.start("mine"))
        sessions.start("other", pid=os.getppid())

        assert sessions.current({"MEMCAIRN_SESSION": "mine"}) is None

    def test_it_is_that_of_the_process_above(self, sessions: Sessions, clock: Clock) -> None:
        sessions.start("of nobody", pid=0)
        sessions.start("earlier", pid=os.getppid())
        clock.pass_(1)
        sessions.start("mine", pid=os.getppid())

        found = sessions.current({})

        assert found is not None
        assert found.id == "mine"

    def test_there_is_none_where_no_process_above_has_one(self, sessions: Sessions) -> None:
        sessions.start("of nobody", pid=0)

        assert sessions.current({}) is None

    def test_a_shell_that_runs_one_command_owns_nothing(self) -> None:
        code = "from memcairn.sessions.processes import owner; print(owner())"
        # With a second command the shell cannot become the program itself.
        script = f'"{sys.executable}" -c "{code}"; exit 0'

        done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True)

        assert int(done.stdout) == os.getpid()


class TestLog:
    def test_a_line_says_what_was_done(self, sessions: Sessions) -> None:
        started = sessions.start("one")

        started.log(Line("mem_write", "a.md", "created", 12, 3.25))

        (line,) = started.lines()
        assert line.pop("time").endswith("Z")
        assert line == {
            "tool": "mem_write", "path": "a.md", "outcome": "created", "bytes": 12, "took_ms": 3.2,
        }  # fmt: skip

    def test_touched_are_the_files_that_were_changed(self, sessions: Sessions) -> None:
        started = sessions.start("one", root="/r")
        for line in (
            Line("mem_write", "a.md", "created"),
            Line("mem_read", "read.md", "read"),
            Line("mem_write", "refused.md", "failed: OutsideRoot"),
            Line("Write", "/elsewhere/b.md", "queued"),
            Line("mem_edit", "a.md", "written"),
            Line("memory_search", "", "found"),
        ):
            started.log(line)

        assert started.touched() == ["/elsewhere/b.md", "/r/a.md"]

    def test_the_audit_of_a_root_has_the_lines_of_all_its_sessions(
        self, sessions: Sessions, home: Path
    ) -> None:
        one, other = sessions.start("one"), sessions.start("other")

        sessions.audit("notes-1", Line("mem_write", "a.md", "created"), one)
        sessions.audit("notes-1", Line("mem_write", "b.md", "created"), other)
        sessions.audit("notes-2", Line("mem_write", "c.md", "created"))

        text = (home / "logs" / "notes-1.jsonl").read_text(encoding="utf-8")
        assert [line.partition('"path":')[2][:6] for line in text.splitlines()] == [
            '"a.md"',
            '"b.md"',
        ]
        assert '"session":"one"' in text
        assert [line["path"] for line in one.lines()] == ["a.md"]

    def test_an_audit_that_cannot_be_written_stops_nothing(
        self, sessions: Sessions, home: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        home.mkdir(parents=True, exist_ok=True)
        (home / "logs").write_text("a file", encoding="utf-8")

        sessions.audit("notes", Line("mem_write", "a.md", "created"))

        assert "audit.failed" in caplog.text
