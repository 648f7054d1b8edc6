"""The sessions in a database of OpenCode, in the form of OpenCode 1.18."""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from memcairn.search import transcripts as searching
from memcairn.search.query import Query
from memcairn.sessions.transcripts import copying

if TYPE_CHECKING:
    from pathlib import Path

    from memcairn.search.transcripts import TranscriptPassage

SCHEMA = """
CREATE TABLE session (id text PRIMARY KEY, directory text NOT NULL, time_updated integer NOT NULL);
CREATE TABLE message (id text PRIMARY KEY, session_id text NOT NULL, time_created integer,
                      data text NOT NULL);
CREATE TABLE part (id text PRIMARY KEY, message_id text NOT NULL, session_id text NOT NULL,
                   time_created integer, data text NOT NULL);
"""


class OpenCode:
    """A database that grows like that of the client."""

    def __init__(self, user: Path) -> None:
        self.path = user / ".local" / "share" / "opencode" / "opencode.db"
        self.path.parent.mkdir(parents=True)
        self._number = 0
        with closing(sqlite3.connect(self.path)) as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.executescript(SCHEMA)

    def add(
        self, role: str, *parts: dict[str, Any], session: str = "ses_1", whole: bool = True
    ) -> str:
        """One message."""
        now = int(time.time() * 1000)
        message = f"msg_{self._next()}"
        times = {"created": now} | ({"completed": now} if whole and role == "assistant" else {})
        with closing(sqlite3.connect(self.path)) as db, db:
            db.execute(
                "INSERT OR REPLACE INTO session VALUES (?, '/home/me/shop', ?)",
                (session, self._number),
            )
            data = json.dumps({"role": role, "time": times})
            db.execute("INSERT INTO message VALUES (?, ?, ?, ?)", (message, session, now, data))
            for part in parts:
                row = (f"prt_{self._next()}", message, session, now, json.dumps(part))
                db.execute("INSERT INTO part VALUES (?, ?, ?, ?, ?)", row)
        return message

    def complete(self, message: str) -> None:
        with closing(sqlite3.connect(self.path)) as db, db:
            data = json.dumps({"role": "assistant", "time": {"completed": 1}})
            db.execute("UPDATE message SET data = ? WHERE id = ?", (data, message))
            db.execute("UPDATE session SET time_updated = ?", (int(self._next()),))

    def _next(self) -> str:
        self._number += 1
        return f"{self._number:06}"


def text(words: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": words, **more}


def ran(command: str, output: str) -> dict[str, Any]:
    state = {"status": "completed", "input": {"command": command}, "output": output}
    return {"type": "tool", "tool": "bash", "callID": "c1", "state": state}


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    return tmp_path / "user"


def copied(home: Path) -> copying.CopyReport:
    return copying.update(str(home), {})


def found(home: Path, query: str) -> list[TranscriptPassage]:
    with copying.copies(str(home)) as db:
        return searching.search(db, Query(query))


def test_what_was_said_is_found_with_its_session_and_turn(home: Path, user: Path) -> None:
    client = OpenCode(user)
    client.add("user", text("Fix the flaky test"), text("a reminder of the host", synthetic=True))
    client.add(
        "assistant",
        text("I look."),
        ran("pytest -x", "zyzzyva failed"),
        text("The clock was wrong."),
    )

    copied(home)

    (one,) = found(home, "flaky clock")
    assert (one.host, one.session, one.turn, one.cwd) == ("opencode", "ses_1", 1, "/home/me/shop")
    assert one.text.splitlines() == [
        "user: Fix the flaky test",
        "agent: I look.",
        "$ pytest -x",
        "agent: The clock was wrong.",
    ]
    assert (one.path, one.is_deleted) == (f"{client.path}#ses_1", False)
    assert found(home, "zyzzyva reminder") == []
    assert copying.status(str(home), {}, is_on=True).sessions == {"opencode": 1}


def test_only_what_was_added_is_read(home: Path, user: Path) -> None:
    client = OpenCode(user)
    client.add("user", text("first question"))
    client.add("assistant", text("first answer"))
    client.add("user", text("another session"), session="ses_2")
    copied(home)
    assert copied(home).read_bytes == 0

    client.add("user", text("second question"))
    client.add("assistant", text("second answer"))

    assert copied(home).passages == 1
    (one,) = found(home, "second")
    assert one.turn == 2
    assert "first" not in one.text


def test_a_message_that_is_being_written_is_read_when_it_is_complete(
    home: Path, user: Path
) -> None:
    client = OpenCode(user)
    client.add("user", text("question"))
    message = client.add("assistant", text("half of it"), whole=False)
    copied(home)
    assert found(home, "half") == []

    client.complete(message)
    copied(home)

    assert len(found(home, "half")) == 1


def test_the_copy_stays_when_the_database_goes(home: Path, user: Path) -> None:
    client = OpenCode(user)
    client.add("user", text("Fix the flaky test"))
    copied(home)
    for path in client.path.parent.iterdir():
        path.unlink()

    copied(home)

    assert [one.is_deleted for one in found(home, "flaky")] == [True]


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" + b"x" * 5000])
def test_a_database_of_another_form_is_passed_over(home: Path, user: Path, content: bytes) -> None:
    client = OpenCode(user)
    for path in client.path.parent.iterdir():
        path.unlink()
    client.path.write_bytes(content)

    assert copied(home).read_bytes == 0


def test_hostile_rows_hide_no_others(home: Path, user: Path) -> None:
    client = OpenCode(user)
    client.add(
        "user", {"type": "text", "text": 7}, {"type": "tool", "state": []}, text("a\0b \ud800")
    )
    with closing(sqlite3.connect(client.path)) as db, db:
        db.execute("UPDATE part SET data = '[[[' WHERE id = 'prt_000002'")
    client.add("assistant", text("token ghp_" + "a1B2" * 9), text("<private>plugh</private>"))
    client.add("user", text("an ordinary question"))

    copied(home)

    assert len(found(home, "ordinary")) == 1
    with copying.copies(str(home)) as db:
        said = " ".join(one.text for one in searching.session(db, "ses_1", None))
    assert "a1B2" not in said
    assert "plugh" not in said
