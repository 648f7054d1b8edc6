"""One resident process for each home: how it starts, answers and ends."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from daemon.conftest import (
    PROMPT,
    TIMEOUT_S,
    Session,
    folder_of,
    hook,
    is_gone,
    running,
    start,
    status,
    wait_until,
)
from memcairn.daemon import client, protocol
from support import PROGRAM

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="asks /proc")


def prompt(project: Path, **fields: object) -> dict[str, Any]:
    return {"session_id": "s1", "cwd": str(project), "prompt": PROMPT, **fields}


def assert_answered_or_silent(project: Path, program: list[str] = PROGRAM) -> None:
    """A hook that does the work itself is silent if it does not finish within its limit."""
    text = hook("user-prompt", prompt(project, session_id="alone"), program)
    assert text is None or "blue-green" in text


def memcairn(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *arguments], capture_output=True, text=True, check=False, timeout=TIMEOUT_S, **options
    )  # fmt: skip


def test_64_clients_that_start_at_once_share_one(home: Path, root: Path, project: Path) -> None:
    def ask(number: int) -> object:
        if number % 8 == 0:
            session = Session("--root", str(root)).initialize()
            found = session.call("memory_search", query="blue-green")
            assert session.close() == 0
            return found["passages"]
        return hook("tool-used", prompt(project, session_id=f"s{number}"))

    with ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(ask, range(64)))

    assert all(answers[::8])
    wait_until(lambda: len(running(home)) == 1)
    assert running(home) == [status(home)["pid"]]  # type: ignore[index]


def test_without_variables_the_home_is_found_by_clients_and_process_alike(
    root: Path, project: Path, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MEMCAIRN_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    os.makedirs(tmp_path / "data")
    os.rename(home, tmp_path / "data" / "memcairn")
    pid = start(tmp_path / "data" / "memcairn")
    try:
        assert "blue-green" in str(hook("user-prompt", prompt(project)))
        assert status(tmp_path / "data" / "memcairn")["requests"] == 1  # type: ignore[index]
    finally:
        os.kill(pid, 9)


def test_the_lock_is_held_for_life(home: Path) -> None:
    pid = start(home)

    second = subprocess.run([sys.executable, "-m", "memcairn.cli.daemon_handlers"], check=False)

    assert second.returncode == 0
    assert running(home) == [pid]


def test_it_ends_when_it_is_idle(home: Path, project: Path) -> None:
    pid = start(home, MEMCAIRN_DAEMON_IDLE_S="0.1")

    wait_until(lambda: is_gone(pid))
    assert not os.path.exists(os.path.join(folder_of(home), "socket"))


def test_a_session_keeps_it(home: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEMCAIRN_DAEMON_IDLE_S", "0.1")
    session = Session("--root", str(root)).initialize()
    pid = status(home)["pid"]  # type: ignore[index]
    before = status(home)["cpu_s"]  # type: ignore[index]
    # It has checked whether it is idle several times when it has used this much.
    wait_until(lambda: status(home)["cpu_s"] > before + 0.05)  # type: ignore[index]

    assert session.call("memory_search", query="balancer")["passages"]
    assert session.close() == 0

    wait_until(lambda: is_gone(pid))


def test_it_ends_with_its_home_and_does_not_make_it_again(home: Path, tmp_path: Path) -> None:
    pid = start(home)
    wait_until((home / "queue.db").exists)

    os.rename(home, tmp_path / "deleted")

    wait_until(lambda: is_gone(pid))
    assert not home.exists()


def test_it_ends_when_its_socket_is_replaced(home: Path) -> None:
    pid = start(home)
    path = os.path.join(folder_of(home), "socket")

    os.unlink(path)
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(path)
        wait_until(lambda: is_gone(pid))

        assert os.path.exists(path)


@pytest.mark.parametrize("how", ["SIGTERM", "stop"])
def test_running_requests_are_finished(home: Path, root: Path, how: str) -> None:
    session = Session("--root", str(root), "--profile", "full").initialize()
    session.call("memory_search", query="balancer")
    pid = status(home)["pid"]  # type: ignore[index]
    text = "".join(f"# Quokka {number}\n\nA quokka smiles {number}.\n\n" for number in range(3_000))
    id_ = session.send("tools/call", name="mem_write", arguments={"path": "q.md", "content": text})
    wait_until((root / "q.md").exists)

    if how == "stop":
        assert memcairn("daemon", "stop").stdout == "stopped\n"
    else:
        os.kill(pid, signal.SIGTERM)

    assert "result" in session.answer(id_)
    wait_until(lambda: is_gone(pid))
    assert session.call("memory_search", query="quokka smiles")["passages"]
    assert session.close() == 0


def test_a_process_of_another_version_ends_when_it_is_idle(
    home: Path, root: Path, project: Path
) -> None:
    code = "import memcairn; memcairn.__version__ = '0.0.1'; "
    old = [
        sys.executable,
        "-c",
        code + "from memcairn.cli import daemon_handlers; daemon_handlers.main()",
    ]
    os.posix_spawn(old[0], old, os.environ)
    pid = wait_until(lambda: status(home))["pid"]

    assert_answered_or_silent(project)

    wait_until(lambda: is_gone(pid))
    hook("tool-used", prompt(project))
    new = wait_until(lambda: status(home))
    assert new["version"] != "0.0.1"
    old = [sys.executable, "-c", code + "from memcairn.cli import main; main()"]
    assert_answered_or_silent(project, old)
    wait_until(lambda: is_gone(new["pid"]))


def test_a_client_with_other_settings_does_the_work_itself(
    home: Path, root: Path, project: Path
) -> None:
    pid = start(home, MEMCAIRN_RECALL_MIN_CONFIDENCE="0.3")

    assert_answered_or_silent(project)

    assert status(home)["requests"] == 0  # type: ignore[index]
    assert running(home) == [pid]


def test_a_home_with_a_long_path_has_its_socket_elsewhere(
    tmp_path: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / ("h" * 150)
    monkeypatch.setenv("MEMCAIRN_HOME", str(home))

    pid = start(home)

    try:
        assert stat.S_IMODE(os.stat(folder_of(home)).st_mode) == 0o700
        assert not folder_of(home).startswith(str(home))
        assert hook("user-prompt", prompt(project)) is None
        assert status(home)["requests"] == 1  # type: ignore[index]
    finally:
        os.kill(pid, 9)
        shutil.rmtree(folder_of(home))


class TestWhereNoneCanRun:
    """A hook answers by itself, or is silent, within its limit."""

    @pytest.mark.parametrize("mode", [0o777, 0o750, 0o701])
    def test_a_folder_that_others_may_enter(
        self, home: Path, root: Path, project: Path, mode: int
    ) -> None:
        os.makedirs(folder_of(home), exist_ok=True)
        os.chmod(folder_of(home), mode)

        assert protocol.make_folder(str(home)) is None
        assert_answered_or_silent(project)
        assert running(home) == []

    @pytest.mark.skipif(os.getuid() != 0, reason="only root gives folders away")
    def test_a_folder_of_another_user(self, home: Path) -> None:
        os.makedirs(folder_of(home), exist_ok=True)
        os.chown(folder_of(home), 65534, -1)

        assert protocol.make_folder(str(home)) is None

    def test_a_folder_that_is_a_link(self, home: Path, tmp_path: Path) -> None:
        (tmp_path / "other").mkdir(mode=0o700)
        home.mkdir()
        os.symlink(tmp_path / "other", home / "daemon")

        assert protocol.make_folder(str(home)) is None

    @pytest.mark.skipif(os.getuid() == 0, reason="root can write everywhere")
    def test_a_home_that_cannot_be_written(self, home: Path, root: Path, project: Path) -> None:
        os.chmod(home, 0o500)
        try:
            hook("user-prompt", prompt(project))
            assert memcairn("daemon", "start").returncode == 1
        finally:
            os.chmod(home, 0o700)
        assert running(home) == []

    def test_a_home_that_is_a_file(self, home: Path, project: Path) -> None:
        home.write_text("a file", encoding="utf-8")

        assert hook("user-prompt", prompt(project)) is None
        done = memcairn("daemon", "start")
        assert (done.returncode, done.stdout) == (1, "")
        assert "cannot run" in done.stderr


def raw(home: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(TIMEOUT_S)
    connection.connect(os.path.join(folder_of(home), "socket"))
    return connection


GARBAGE = {
    "nothing": b"",
    "text": b"GET / HTTP/1.1\r\n\r\n",
    "no object": b"[1]\n",
    "no length": b'{"kind": "hook"}\n',
    "a length below zero": b'{"kind": "hook", "length": -1}\n',
    "a length that is too large": b'{"kind": "hook", "length": 99999999999}\n',
    "no kind": b'{"length": 0}\n',
    "a kind that is a list": b'{"kind": [], "length": 0, "caller": {}}\n',
    "deep": b'{"a":' * 100_000 + b"\n",
    "binary": bytes(range(256)) * 10 + b"\n",
    "a huge header": b"x" * (3 << 20),
    "a caller without fields": b'{"kind": "hook", "length": 0, "caller": {"pid": "x"}}\n',
}


@pytest.mark.parametrize("what", GARBAGE)
def test_garbage_ends_its_own_connection_only(home: Path, what: str) -> None:
    pid = start(home)
    with raw(home) as connection:
        try:
            connection.sendall(GARBAGE[what])
            connection.shutdown(socket.SHUT_WR)
            assert b'"ok":true' not in connection.recv(1 << 16).replace(b" ", b"")
        except (BrokenPipeError, ConnectionResetError):
            pass

    assert status(home)["pid"] == pid  # type: ignore[index]


def test_silent_connections_and_partial_requests_block_no_other(
    home: Path, root: Path, project: Path
) -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = min(1_000, hard - 200)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count + 200), hard))
    pid = start(home)
    silent = [raw(home) for _ in range(count)]
    try:
        for connection in silent[::2]:
            connection.sendall(b'{"kind": "hook", "length": 100}\n{"session_id"')
        assert "blue-green" in str(hook("user-prompt", prompt(project)))
        assert status(home)["pid"] == pid  # type: ignore[index]
        assert status(home)["requests"] == 1  # type: ignore[index]
        # Each is closed from the other side.
        assert all(connection.recv(1) == b"" for connection in silent)
    finally:
        for connection in silent:
            connection.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_request_whose_time_has_passed_is_not_begun(home: Path, project: Path) -> None:
    start(home)
    fields = {"event": "user-prompt", "host": "claude-code", "limit_s": -1}
    with raw(home) as connection:
        client.send_request(connection, "hook", fields, json.dumps(prompt(project)).encode())
        header, _ = client.receive(connection, time.monotonic() + TIMEOUT_S)

    assert header["ok"] is False


def test_a_change_of_config_toml_counts_for_the_next_request(
    home: Path, root: Path, project: Path, tmp_path: Path
) -> None:
    start(home)
    assert "blue-green" in str(hook("user-prompt", prompt(project)))

    (tmp_path / "config.toml").write_text("[recall]\nbudget_words = 1\n", encoding="utf-8")
    off = hook("user-prompt", prompt(project, session_id="s2"))
    (tmp_path / "config.toml").unlink()

    assert off is None
    # A session that does not start is a fork of the one before it, which was shown the passage.
    hook("session-start", {"session_id": "s3", "cwd": str(project), "source": "startup"})
    assert "blue-green" in str(hook("user-prompt", prompt(project, session_id="s3")))
    assert status(home)["requests"] == 4  # type: ignore[index]


def test_a_process_that_starts_it_lends_it_no_files(home: Path) -> None:
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)  # noqa: FBT003
    assert client.start(str(home)) is not None
    os.close(writing)
    wait_until(lambda: status(home))

    ended = threading.Event()
    threading.Thread(target=lambda: (os.read(reading, 1), ended.set()), daemon=True).start()

    assert ended.wait(TIMEOUT_S)
    os.close(reading)


def test_problems_are_logged_without_content(home: Path, root: Path, project: Path) -> None:
    start(home)
    (home / "sessions").mkdir(exist_ok=True)
    shutil.rmtree(home / "sessions")
    (home / "sessions").write_text("in the way", encoding="utf-8")

    hook("session-start", prompt(project))

    for log in (home / "logs").glob("daemon*.log"):
        text = log.read_text(encoding="utf-8")
        assert "balancer" not in text
        assert stat.S_IMODE(log.stat().st_mode) == 0o600


class TestCommands:
    def test_start_status_and_stop(self, home: Path) -> None:
        assert memcairn("daemon", "status").stdout == "the resident process is not running\n"
        assert json.loads(memcairn("daemon", "status", "--json").stdout) == {"running": False}
        assert memcairn("daemon", "start").stdout.startswith("running for ")
        pid = status(home)["pid"]  # type: ignore[index]
        assert json.loads(memcairn("daemon", "start", "--json").stdout)["pid"] == pid
        found = json.loads(memcairn("daemon", "status", "--json").stdout)
        assert (found["running"], found["pid"], found["sessions"]) == (True, pid, 0)
        assert json.loads(memcairn("daemon", "stop", "--json").stdout) == {"stopped": True}
        assert is_gone(pid)
        assert memcairn("daemon", "stop").stdout == "the resident process was not running\n"
        assert json.loads(memcairn("daemon", "stop", "--json").stdout) == {"stopped": False}

    def test_a_start_right_after_a_stop(self, home: Path) -> None:
        memcairn("daemon", "start")
        for _ in range(3):
            assert memcairn("daemon", "stop").returncode == 0
            assert memcairn("daemon", "start").returncode == 0

        assert running(home) == [status(home)["pid"]]  # type: ignore[index]

    def test_run_stays_in_the_foreground(self, home: Path) -> None:
        with subprocess.Popen([*PROGRAM, "daemon", "run"]) as process:
            assert wait_until(lambda: status(home))["pid"] == process.pid

            process.send_signal(signal.SIGINT)

            assert process.wait(TIMEOUT_S) == 0
