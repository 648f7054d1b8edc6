"""`memcairn serve` as a pipe to a session of the resident process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from daemon.conftest import TIMEOUT_S, Session, is_gone, running, start, status, wait_until
from memcairn.cli.commands import run
from memcairn.memory import Memory
from memcairn.sessions import Sessions
from support import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="asks /proc")


@pytest.fixture
def session(root: Path) -> Iterator[Session]:
    session = Session("--root", str(root), "--profile", "full").initialize()
    yield session
    session.close()


def kill(home: Path) -> None:
    pid = status(home)["pid"]  # type: ignore[index]
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: is_gone(pid))


def test_a_session_goes_on_when_the_process_dies(home: Path, session: Session) -> None:
    assert session.call("memory_search", query="balancer")["passages"]

    kill(home)

    id_ = session.send("tools/call", name="memory_search", arguments={"query": "balancer"})
    answer = session.answer(id_)
    if "error" in answer:  # the pipe had not noticed yet
        assert "ended before it answered" in answer["error"]["message"]
    assert session.call("memory_search", query="balancer")["passages"]
    assert running(home) == [status(home)["pid"]]  # type: ignore[index]


def test_what_is_under_way_when_the_process_dies_is_answered(home: Path, session: Session) -> None:
    session.call("mem_read", path="deploy.md")
    pid = status(home)["pid"]  # type: ignore[index]
    os.kill(pid, signal.SIGSTOP)
    ids = [session.send("tools/list"), session.send("tools/list")]
    wait_until(session.waits)

    os.kill(pid, signal.SIGKILL)

    for id_ in ids:
        assert "ended before it answered" in session.answer(id_)["error"]["message"]
    assert session.call("mem_read", path="deploy.md")


def test_a_process_that_dies_before_the_handshake_is_answered_is_replaced(
    home: Path, root: Path
) -> None:
    pid = start(home)
    session = Session("--root", str(root))
    wait_until(lambda: status(home)["sessions"] == 1)  # type: ignore[index]
    os.kill(pid, signal.SIGSTOP)
    about = {"name": "test", "version": "1"}
    id_ = session.send(
        "initialize", protocolVersion="2025-11-25", capabilities={}, clientInfo=about
    )
    wait_until(session.waits)

    os.kill(pid, signal.SIGKILL)

    assert session.answer(id_)["result"]["serverInfo"]["name"] == "memcairn"
    session.write({"method": "notifications/initialized"})
    assert session.call("memory_search", query="balancer")["passages"]
    assert session.close() == 0


DISCOVERY = {
    "_meta": {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    }
}


def test_a_client_may_fall_back_to_a_handshake_before_there_is_a_process(root: Path) -> None:
    session = Session("--root", str(root))
    session.send("server/discover", **DISCOVERY)

    session.initialize()

    assert session.call("memory_search", query="balancer")["passages"]
    assert session.close() == 0


def test_a_client_may_fall_back_to_a_handshake_when_the_process_is_slow(
    home: Path, root: Path
) -> None:
    pid = start(home)
    session = Session("--root", str(root))
    wait_until(lambda: status(home)["sessions"] == 1)  # type: ignore[index]
    os.kill(pid, signal.SIGSTOP)
    session.send("server/discover", **DISCOVERY)
    about = {"name": "test", "version": "1"}
    id_ = session.send(
        "initialize", protocolVersion="2025-11-25", capabilities={}, clientInfo=about
    )

    os.kill(pid, signal.SIGCONT)

    assert session.answer(id_)["result"]["serverInfo"]["name"] == "memcairn"
    session.write({"method": "notifications/initialized"})
    assert session.call("memory_search", query="balancer")["passages"]
    assert session.close() == 0


def test_subscriptions_outlive_the_process(home: Path, root: Path, session: Session) -> None:
    uri = session.answer(session.send("resources/list"))["result"]["resources"][0]["uri"]
    session.answer(session.send("resources/subscribe", uri=uri))
    kill(home)
    session.answer(session.send("ping"))
    session.call("memory_search", query="balancer")

    rewritten(session, root, uri)


def rewritten(session: Session, root: Path, uri: str) -> None:
    """Change notes until the client hears of it."""
    number = 0
    while not any(
        message["method"] == "notifications/resources/updated" and message["params"]["uri"] == uri
        for message in session.notified
    ):
        number += 1
        assert number < 2_000
        (root / "deploy.md").write_text(f"# Deploying {number}\n\n{number}\n", encoding="utf-8")
        with Memory() as memory:
            memory.index(root)
        session.answer(session.send("ping"))


def test_changes_reach_each_client(home: Path, root: Path) -> None:
    sessions = [Session("--root", str(root)).initialize() for _ in range(3)]
    uri = sessions[0].answer(sessions[0].send("resources/list"))["result"]["resources"][0]["uri"]
    for session in sessions:
        session.call("memory_search", query="balancer")
        session.answer(session.send("resources/subscribe", uri=uri))

    for session in sessions:
        rewritten(session, root, uri)

    assert [session.close() for session in sessions] == [0, 0, 0]
    assert len(running(home)) == 1


def test_a_note_of_two_megabytes(
    home: Path, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "# Big\n\n" + "\n".join(f"line {number} " + "ü" * 40 for number in range(20_000)) + "\n"
    size = len(text.encode())
    assert size > 1_500_000

    found = session.answer(
        session.send("tools/call", name="mem_write", arguments={"path": "big.md", "content": text})
    )
    read = session.answer(session.send("tools/call", name="mem_read", arguments={"path": "big.md"}))

    # Either it is written, or it is larger than the setting allows; the session goes on.
    assert "result" in found
    assert "result" in read
    assert session.call("memory_search", query="balancer")["passages"]


@pytest.mark.parametrize("says", [b"", b'{"jsonrpc": "2.0", "id": 1, "method": "ping"}\n'])
def test_it_ends_when_its_client_closes(root: Path, says: bytes) -> None:
    done = subprocess.run(
        [*PROGRAM, "serve", "--root", str(root)],
        input=says, capture_output=True, check=False, timeout=TIMEOUT_S,
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, b"")


def test_each_session_has_its_own_root_and_host_session(home: Path, tmp_path: Path) -> None:
    def work(number: int) -> tuple[str, list[str]]:
        folder = tmp_path / "roots" / str(number)
        (folder / "notes").mkdir(parents=True)
        Sessions(str(home)).start(f"host-{number}", pid=os.getpid())
        env = {**os.environ, "CLAUDE_CODE_SESSION_ID": f"host-{number}"}
        # A path that is relative to the client's working directory.
        session = Session("--root", "notes", "--profile", "full", cwd=folder, env=env).initialize()
        for step in range(5):
            session.call("mem_write", path=f"{step}.md", content=f"# N{number}\n\nquokka{number}\n")
        found = session.call("memory_search", query=f"quokka{number}")["passages"]
        assert session.close() == 0
        return str(folder / "notes"), [passage["path"] for passage in found]

    with ThreadPoolExecutor(8) as pool:
        for number, (folder, found) in enumerate(pool.map(work, range(8))):
            assert found
            assert len(os.listdir(folder)) == 6  # and MEMORY.md
            session = Sessions(str(home)).open(f"host-{number}")
            assert session is not None
            assert len(session.touched()) == 5
            assert all(path.startswith(folder) for path in session.touched())


def test_sessions_leave_nothing_behind(home: Path, root: Path) -> None:
    pid = start(home)

    def held() -> tuple[int, int]:
        return len(os.listdir(f"/proc/{pid}/fd")), len(os.listdir(f"/proc/{pid}/task"))

    def some(count: int) -> None:
        def one(_: int) -> None:
            session = Session("--root", str(root)).initialize()
            session.call("memory_search", query="balancer")
            assert session.close() == 0

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(one, range(count)))
        wait_until(lambda: status(home)["sessions"] == 0)  # type: ignore[index]

    some(24)  # each thread opens its databases once
    files, threads = held()
    memory = status(home)["memory_bytes"]  # type: ignore[index]

    some(int(os.environ.get("MEMCAIRN_TEST_SESSIONS", "40")))

    assert held()[0] <= files + 24
    assert held()[1] <= threads + 8
    # Not the whole of it is returned to the system at once.
    grown = status(home)["memory_bytes"] - memory  # type: ignore[index]
    assert grown < 30_000_000


LISTS = ("tools/list", "prompts/list", "resources/templates/list")


def test_a_server_answers_what_never_changes_before_the_resident_process_does(
    home: Path, root: Path
) -> None:
    first = Session("--root", str(root)).initialize()
    answers = [first.answer(first.send(method)) for method in LISTS]
    pid = status(home)["pid"]  # type: ignore[index]
    os.kill(pid, signal.SIGSTOP)

    session = Session("--root", str(root)).initialize()
    ids = [session.send(method) for method in LISTS]
    assert [session.answer(id_)["result"] for id_ in ids] == [each["result"] for each in answers]
    listed = session.answer(session.send("resources/list"))
    call = session.send("tools/call", name="memory_search", arguments={"query": "balancer"})
    os.kill(pid, signal.SIGCONT)

    assert listed["result"] == {"resources": []}
    assert session.answer(call)["result"]["structuredContent"]["passages"]
    assert {message["method"] for message in session.notified} == {
        "notifications/resources/list_changed"
    }
    assert session.answer(session.send("resources/list"))["result"]["resources"]


@pytest.mark.parametrize(
    "content",
    ['{"identity": 1, "tools/list": 1}', "{"],
)
def test_answers_of_another_version_or_a_broken_file_are_not_used(
    home: Path, root: Path, content: str
) -> None:
    start(home)
    kept = home / "daemon" / "answers-core.json"
    kept.write_text(content, encoding="utf-8", errors="surrogatepass")

    session = Session("--root", str(root)).initialize()

    assert session.answer(session.send("tools/list"))["result"]["tools"]
    assert session.close() == 0
    assert set(json.loads(kept.read_text())) == {
        "identity", "initialize 2025-11-25", "tools/list 2025-11-25"
    }  # fmt: skip


def test_a_client_that_was_answered_early_is_served_without_a_resident_process(
    home: Path, root: Path
) -> None:
    session = Session("--root", str(root)).initialize()
    session.close()
    kill(home)
    # Its lock is taken by a process that never listens, and another one cannot start.
    (home / "daemon" / "lock").unlink()
    (home / "daemon" / "lock").mkdir()

    session = Session("--root", str(root)).initialize()

    assert session.call("memory_search", query="balancer")["passages"]
    assert session.close() == 0
    assert running(home) == []


def test_the_first_session_after_init_is_answered_early(home: Path, root: Path) -> None:
    assert run(["init", "--host", "claude-code", "--yes", "--quiet"]) == 0
    pid = start(home)
    os.kill(pid, signal.SIGSTOP)

    session = Session("--root", str(root)).initialize()
    early = [session.answer(session.send(method))["result"] for method in LISTS]
    os.kill(pid, signal.SIGCONT)
    session.call("memory_search", query="balancer")
    session.close()
    (home / "daemon" / "answers-core.json").unlink()
    session = Session("--root", str(root)).initialize()

    assert [session.answer(session.send(method))["result"] for method in LISTS] == early
