"""`memcairn hook` as hosts run it: whatever happens, exit code 0 and an answer that is whole or nothing."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import memcairn
from hooks.conftest import write
from memcairn.fs import json_lines
from memcairn.hosts import output
from memcairn.hosts.known_hosts import BY_NAME
from memcairn.hosts.limits import LIMIT_S
from memcairn.sessions import Sessions
from support import PROGRAM, stop_resident

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from memcairn.memory import Memory

PROMPT = "How does the load balancer switch when we deploy blue-green?"
TEXT = "# Deploying\n\nWe deploy blue-green; the load balancer switches.\n"
# With and without a resident process.
ANSWERED = {"answered", "answered here"}
SILENT = {"silent", "silent here"}
posix_only = pytest.mark.skipif(os.name == "nt", reason="a POSIX shell")


def payload(project: Path, **fields: object) -> bytes:
    given = {
        "session_id": "s1",
        "cwd": str(project),
        "source": "startup",
        "trigger": "auto",
    } | fields
    return json.dumps(given).encode()


def hook(event: str, content: bytes = b"", host: str = "claude-code", **options: object) -> bytes:
    """Run one; returns what it printed, which is silence or one JSON object."""
    done = subprocess.run(
        [*PROGRAM, "hook", event, "--host", host],
        input=content, capture_output=True, check=False, timeout=60, **options,  # type: ignore[call-overload]
    )  # fmt: skip
    assert done.returncode == 0
    assert done.stderr == b""
    if done.stdout:
        assert isinstance(json.loads(done.stdout), dict)
    else:
        assert host not in ("gemini", "cursor", "opencode")
    return bytes(done.stdout)


def outcomes(home: Path) -> list[str]:
    return [line["outcome"] for line in json_lines.read(str(home / "logs" / "hook.log"), keep=1)]


@pytest.fixture
def root(memory: Memory, notes: Path) -> Path:
    write(notes, "deploy.md", TEXT)
    memory.refresh_memory_md(notes)
    memory.close()
    return notes


def test_a_session_from_its_start_to_its_end(
    root: Path, project: Path, home: Path, memory: Memory
) -> None:
    assert b"[Deploying](deploy.md)" in hook("session-start", payload(project))
    assert b"blue-green" in hook("user-prompt", payload(project, prompt=PROMPT))
    assert hook("user-prompt", payload(project, prompt=PROMPT)) == b""
    note = write(root, "quokka.md", "# Quokka\n\nA quokka smiles.\n")
    used = payload(project, tool_name="Write", tool_input={"file_path": str(note)})
    assert hook("tool-used", used) == b""
    assert memory.queue_status().depth == 1
    assert hook("pre-compact", payload(project)) == b""
    assert memory.queue_status().depth == 0
    assert b"quokka.md" in hook("session-start", payload(project, source="compact"))
    assert hook("stop", payload(project)) == b""
    assert hook("session-end", payload(project)) == b""
    assert Sessions(str(home)).open("s1") is None
    assert set(outcomes(home)) <= ANSWERED | SILENT


@pytest.mark.parametrize(
    "host", [host for host in BY_NAME if output.answer(host, "session-start", "x")]
)
def test_every_host_gets_text_at_session_start(host: str, root: Path, project: Path) -> None:
    assert b"[Deploying](deploy.md)" in hook("session-start", payload(project), host)


def test_the_resident_process_answers_for_the_home_of_the_platform_too(
    root: Path, project: Path, home: Path, user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = user / ".local" / "share"
    monkeypatch.setenv("XDG_DATA_HOME", str(data))
    data.mkdir(parents=True)
    home.rename(data / "memcairn")
    monkeypatch.delenv("MEMCAIRN_HOME")
    hook("user-prompt", payload(project, prompt=PROMPT))

    hook("user-prompt", payload(project, prompt=PROMPT))

    assert outcomes(data / "memcairn")[-1] == "silent"
    stop_resident(data / "memcairn")


HOSTILE = {
    "nothing": b"",
    "no json": b"{'prompt': 1",
    "no object": b"[1, 2]",
    "not utf-8": b'{"prompt": "\xff\xfe", "cwd": "\xff"}',
    "utf-16": '{"prompt": "x"}'.encode("utf-16"),
    "deep": b'{"a":' * 200_000,
    "types": b'{"session_id": [], "cwd": 3, "prompt": {}, "tool_input": "x", "error": null}',
    "nul": b'{"session_id": "a\\u0000", "cwd": "/\\u0000", "tool_input": {"file_path": "\\u0000"}}',
    "surrogate": b'{"session_id": "\\ud800", "cwd": "/\\ud800", "prompt": "\\udfff", "error": "\\udfff"}',
    "escape": b'{"session_id": "../../../x", "tool_name": "../x", "file_path": "/etc/x.md"}',
    "digits": b'{"session_id": ' + b"9" * 10_000 + b"}",
    "twice": b'{"prompt": "x"}{"prompt": "y"}',
}


@pytest.mark.parametrize("event", ["user-prompt", "tool-used"])
@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_input_is_answered_with_silence(what: str, event: str, tmp_path: Path) -> None:
    before = {path for path in tmp_path.iterdir() if path.name != "home"}

    assert hook(event, HOSTILE[what], cwd=tmp_path) == b""

    assert {path for path in tmp_path.iterdir() if path.name != "home"} == before


@pytest.mark.parametrize("event", ["user-prompt", "tool-used"])
def test_a_hundred_megabytes_are_read_to_their_end(event: str, project: Path) -> None:
    content = payload(project, prompt=PROMPT, tool_name="Write", filler="x" * (100 << 20))

    assert hook(event, content) == b""


def test_a_large_event_is_understood(root: Path, project: Path) -> None:
    content = payload(project, prompt=PROMPT, filler="x" * (8 << 20))

    assert b"blue-green" in hook("user-prompt", content)


@pytest.mark.parametrize(
    "arguments", [[], ["nonsense"], ["--host"], ["stop"], ["stop", "--host", "me"], ["-x"]]
)
def test_a_call_that_is_wrong_is_silence(arguments: list[str]) -> None:
    done = subprocess.run(
        [*PROGRAM, "hook", *arguments], input=b"{}", capture_output=True, check=False, timeout=60
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@posix_only
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("event", ["user-prompt", "tool-used"])
def test_hooks_work_with_closed_streams(
    closed: str, event: str, root: Path, project: Path, home: Path
) -> None:
    words = " ".join(f"'{word}'" for word in [*PROGRAM, "hook", event, "--host", "claude-code"])
    content = payload(
        project, prompt=PROMPT, tool_name="Write", tool_input={"file_path": str(root / "a.md")}
    )
    files = {name: (home / name).read_bytes()[:16] for name in ("index.db",)}

    done = subprocess.run(
        ["/bin/sh", "-c", f"exec {words} {closed}"],
        input=content,
        capture_output=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 0
    assert done.stderr == b""
    for name, start in files.items():
        assert (home / name).read_bytes()[:16] == start, "an answer went into a database"


@posix_only
def test_hooks_work_without_a_reader(root: Path, project: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [*PROGRAM, "hook", "user-prompt", "--host", "claude-code"],
            input=payload(project, prompt=PROMPT), stdout=writing, stderr=subprocess.PIPE, check=False,
        )  # fmt: skip
    finally:
        os.close(writing)

    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_hooks_work_with_a_full_output(root: Path, project: Path) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*PROGRAM, "hook", "user-prompt", "--host", "claude-code"],
            input=payload(project, prompt=PROMPT), stdout=full, stderr=subprocess.PIPE, check=False,
        )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, b"")


ALL_EVENTS = pytest.mark.parametrize("event", list(LIMIT_S))


def everything(project: Path, root: Path) -> bytes:
    return payload(
        project,
        prompt=PROMPT,
        error=PROMPT,
        tool_name="Write",
        tool_input={"file_path": str(root / "a.md")},
    )


@ALL_EVENTS
def test_a_home_that_does_not_exist_is_made(
    event: str, notes: Path, project: Path, home: Path
) -> None:
    assert hook(event, everything(project, notes)) == b""

    (outcome,) = outcomes(home)
    assert outcome in SILENT | {"late"}  # a busy machine is late for the end of a session


@ALL_EVENTS
@pytest.mark.parametrize("host", ["claude-code", "gemini"])
def test_a_home_that_cannot_be_written_is_silence(
    event: str, host: str, notes: Path, project: Path, home: Path
) -> None:
    home.write_text("a file", encoding="utf-8")

    assert hook(event, everything(project, notes), host) in (b"", b"{}\n")


@posix_only
@ALL_EVENTS
def test_hooks_work_with_a_full_disk(event: str, root: Path, project: Path) -> None:
    import resource

    hook(
        event,
        everything(project, root),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)),
    )


@pytest.mark.parametrize(
    "name", ["index.db", "queue.db", "roots.json", "../config.toml", "sessions"]
)
@ALL_EVENTS
def test_hooks_work_with_a_damaged_state_file(
    event: str, name: str, root: Path, project: Path, home: Path
) -> None:
    for beside in ("-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{home / name}{beside}")
    (home / name).write_bytes(b"\xff damaged [" * 1_000)

    hook(event, everything(project, root))


def test_a_damaged_queue_is_found_at_the_end_of_a_turn_and_what_it_held_is_indexed(
    root: Path, project: Path, home: Path, memory: Memory
) -> None:
    write(root, "late.md", "# Late\n\nA quokka smiles.\n")
    (home / "queue.db").write_bytes(b"damaged" * 1_000)

    hook("stop", payload(project))
    hook("session-start", payload(project))

    assert memory.queue_status().depth == 0
    assert memory.status().notes == 2


def test_a_damaged_queue_is_rebuilt_and_all_roots_are_scanned(
    root: Path, project: Path, home: Path, memory: Memory
) -> None:
    Sessions(str(home)).start("s1")
    (home / "queue.db").write_bytes(b"damaged" * 1_000)

    hook("tool-used", everything(project, root))

    assert memory.queue_status().depth == 2
    assert memory.queue_status().failing == 0


@pytest.fixture
def locked(home: Path, root: Path, memory: Memory) -> Iterator[None]:
    """Something waits in the queue; somebody holds it, and does not let go."""
    memory.enqueue(root)
    db = sqlite3.connect(home / "queue.db", isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        db.execute("ROLLBACK")
        db.close()


@pytest.mark.parametrize("host", ["claude-code", "gemini"])
def test_it_ends_within_its_limit_when_something_holds_it_up(
    host: str, locked: None, root: Path, project: Path, home: Path
) -> None:
    assert hook("session-end", everything(project, root), host) == (
        b"{}\n" if host == "gemini" else b""
    )

    assert outcomes(home) == ["late"]


def test_it_ends_within_its_limit_when_its_input_does_not_end(home: Path) -> None:
    with subprocess.Popen(
        [*PROGRAM, "hook", "session-end", "--host", "gemini"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        process.stdin.write(b'{"session_id": "s1"')
        process.stdin.flush()

        assert process.wait(timeout=60) == 0
        assert process.stdout is not None
        assert process.stdout.read() == b"{}\n"

    assert outcomes(home) == ["late"]


@posix_only
def test_hooks_work_in_a_deleted_working_folder(root: Path, tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    words = " ".join(f"'{word}'" for word in [*PROGRAM, "hook", "user-prompt", "--host", "codex"])
    script = f"cd '{tmp_path}/gone' && rmdir '{tmp_path}/gone' && exec {words}"

    done = subprocess.run(
        ["/bin/sh", "-c", script],
        input=json.dumps({"prompt": PROMPT}).encode(),
        capture_output=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, b"")


def test_the_log_never_says_what_was_asked(root: Path, project: Path, home: Path) -> None:
    hook("user-prompt", payload(project, prompt=PROMPT))
    hook("user-prompt", payload(project, prompt=PROMPT, cwd="/secret\0balancer"))
    hook("tool-failed", payload(project, error="balancer \ud800"))

    text = (home / "logs" / "hook.log").read_text(encoding="utf-8")
    assert text.count("\n") == 3
    assert "balancer" not in text
    assert (home / "logs" / "hook.log").stat().st_mode & 0o777 == 0o600


def test_a_queueing_call_loads_little() -> None:
    code = (
        "import sys; import memcairn.hosts.hook, memcairn.queue, memcairn.sessions;"
        "print(*sorted(sys.modules))"
    )

    source = os.path.dirname(os.path.dirname(memcairn.__file__))
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        env=os.environ | {"PYTHONPATH": source}, capture_output=True, text=True, check=True,
    )  # fmt: skip

    heavy = {"click", "yaml", "numpy", "dataclasses", "pathlib", "typing", "logging",
             "memcairn.settings.config", "memcairn.memory", "memcairn.store", "subprocess", "threading",
             "hashlib", "mcp"}  # fmt: skip
    assert heavy.isdisjoint(done.stdout.split())


def test_a_session_starts_without_what_indexes_where_nothing_is_to_be_indexed(
    root: Path, project: Path
) -> None:
    subprocess.run([*PROGRAM, "daemon", "start"], capture_output=True, check=True, timeout=60)
    hook("session-start", payload(project))  # the first one may have something to do
    heavy = ("memcairn.memory", "memcairn.indexing", "dataclasses", "typing", "logging", "json")
    program = f"""
import os, sys
def loaded_at_exit(code, exit=os._exit):
    os.write(2, repr([m for m in {heavy} if m in sys.modules]).encode())
    exit(code)
os._exit = loaded_at_exit
from memcairn.cli import main
main()
"""

    done = subprocess.run(
        [sys.executable, "-c", program, "hook", "session-start", "--host", "codex"],
        input=payload(project, session_id="s2"), capture_output=True, check=True, timeout=60,
    )  # fmt: skip

    assert b"[Deploying](deploy.md)" in done.stdout
    assert done.stderr == b"[]"


def test_a_session_start_brings_memory_md_up_to_date(root: Path, project: Path) -> None:
    (root / "MEMORY.md").unlink()

    assert b"[Deploying](deploy.md)" in hook("session-start", payload(project))
    assert "[Deploying](deploy.md)" in (root / "MEMORY.md").read_text(encoding="utf-8")


@posix_only
def test_a_memory_md_that_is_a_symlink_is_not_shown(
    root: Path, project: Path, tmp_path: Path
) -> None:
    elsewhere = write(tmp_path, "elsewhere.md", "# Elsewhere\n\nNot to be told.\n")
    (root / "MEMORY.md").unlink()
    (root / "MEMORY.md").symlink_to(elsewhere)

    assert b"Not to be told" not in hook("session-start", payload(project))


def test_a_host_note_without_a_hook_event_is_in_memory_md_after_the_session(
    project: Path, tmp_path: Path, home: Path
) -> None:
    folder = tmp_path / ".claude" / "projects" / "-project" / "memory"
    given = payload(project, transcript_path=str(folder.parent / "s1.jsonl"))
    write(folder, "first.md", "# First\n")
    hook("session-start", given)
    for name in ("second", "third"):
        write(folder, f"{name}.md", f"# {name.title()}\n")

        hook("session-end", given)

        assert f"({name}.md)" in (folder / "MEMORY.md").read_text(encoding="utf-8")


def test_uninstall_stops_the_resident_process_which_would_write_memory_md_again(
    root: Path, project: Path, home: Path
) -> None:
    for _ in range(2):
        hook("user-prompt", payload(project, prompt=PROMPT))
    assert (home / "daemon" / "socket").exists()
    assert (root / "MEMORY.md").exists()

    subprocess.run([*PROGRAM, "uninstall", "--yes"], cwd=project, check=True, capture_output=True)

    assert not home.exists()
    assert not (root / "MEMORY.md").exists()
    assert (root / "deploy.md").exists()
