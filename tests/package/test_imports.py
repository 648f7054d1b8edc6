"""What each short command loads: its start-up time, as a list that does not depend on the machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from memcairn.daemon import client
from memcairn.memory import Memory

if TYPE_CHECKING:
    from pathlib import Path

TIMEOUT_S = 60
PROGRAM = """
import os, sys
before = set(sys.modules)
def exit(code, exit=os._exit):
    with open(sys.argv[-1], "w") as file:
        file.write("\\n".join(set(sys.modules) - before))
    exit(code)
os._exit = exit
result = sys.argv.pop()
from memcairn.cli import main
sys.argv, arguments = ["memcairn", *sys.argv[1:]], sys.argv
def leave(code, leave=exit):
    sys.argv.append(result)
    leave(code)
os._exit = leave
main()
"""
# Modules of memcairn, and of others by their first name, without C modules.
BASE = {"gc", "memcairn", "memcairn.cli", "memcairn.errors", "memcairn.paths"}
ASK = {
    "contextvars", "memcairn.daemon", "memcairn.daemon.client", "memcairn.daemon.protocol",
    "memcairn.formats", "memcairn.formats.json_text", "memcairn.settings",
    "memcairn.settings.calling_process",
}  # fmt: skip
LOG = {"memcairn.fs", "memcairn.fs.json_lines", "memcairn.formats.utc"}
HOOK = BASE | ASK | LOG | {"memcairn.hosts", "memcairn.hosts.hook", "memcairn.hosts.limits",
                           "memcairn.hosts.output"}  # fmt: skip
PIPE = BASE | ASK | {"memcairn.daemon.stdio_pipe"}
SEARCH = BASE | ASK | {"memcairn.cli.text"}
ENQUEUE = BASE | {"collections", "datetime", "memcairn.queue", "memcairn.sqlite", "sqlite3"}
# What `import sqlite3` loads.
OF_SQLITE = {"functools", "itertools", "keyword", "math", "operator", "reprlib", "time", "types"}
# What an index without changes must not load.
NOT_INDEX = {
    "asyncio", "click", "mcp", "memcairn.embedding.worker", "memcairn.indexing.reading",
    "memcairn.memory_md.render", "numpy", "onnxruntime", "pathlib", "pyromark", "rich", "tokenizers",
    "yaml",
}  # fmt: skip
# What the page adds to the resident process, without the standard library.
OF_THE_PAGE = {
    "anyio", "click", "colorama", "h11", "httptools", "idna", "jinja2", "markupsafe", "pyromark",
    "python_multipart", "sniffio", "starlette", "tomlkit", "typing_extensions", "uvicorn", "uvloop",
    "watchfiles",
}  # fmt: skip


@pytest.fixture
def resident(home: Path, notes: Path) -> None:
    """A resident process that has answered, and a root of one note."""
    (notes / "deploy.md").write_text("# Deploying\n\nWe deploy blue-green.\n", encoding="utf-8")
    with Memory() as memory:
        memory.index(notes)
    pid = client.start(str(home))
    assert pid is not None
    connection = client.wait_until_started(str(home), pid, TIMEOUT_S)
    assert connection is not None
    connection.close()


def loaded(tmp_path: Path, *arguments: str, content: bytes = b"") -> set[str]:
    """What a command loads, beside what a bare Python has loaded."""
    result = tmp_path / "modules"
    subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments, str(result)],
        input=content, stdout=subprocess.DEVNULL, check=True, timeout=TIMEOUT_S,
    )  # fmt: skip
    names = result.read_text(encoding="utf-8").split()
    return {name if name.startswith("memcairn") else name.partition(".")[0] for name in names} - {
        name for name in names if name.startswith("_")
    }


def index_old_note(notes: Path) -> None:
    """Index a note that has not changed lately: one that has is read again."""
    note = notes / "deploy.md"
    note.write_text("# Deploying\n\nWe deploy blue-green.\n", encoding="utf-8")
    for path in (note, notes):
        os.utime(path, (1, 1))
    with Memory() as memory:
        memory.index(notes)


def test_a_hook_that_is_answered(resident: None, tmp_path: Path, notes: Path) -> None:
    event = json.dumps({"session_id": "s1", "cwd": str(notes), "prompt": "blue-green?"}).encode()
    for _ in range(2):
        found = loaded(tmp_path, "hook", "user-prompt", "--host", "claude-code", content=event)

    assert found == HOOK


def test_an_enqueue(tmp_path: Path, notes: Path) -> None:
    (notes / "a.md").touch()

    found = loaded(tmp_path, "index", "--debounce-window", "5", str(notes / "a.md"))
    assert found <= ENQUEUE | OF_SQLITE


def test_a_server_that_is_a_pipe(resident: None, tmp_path: Path, notes: Path) -> None:
    found = loaded(tmp_path, "serve", "--root", str(notes))
    assert found == PIPE


def test_a_search_that_is_answered(resident: None, tmp_path: Path) -> None:
    found = loaded(tmp_path, "search", "blue-green")
    assert found == SEARCH


def test_a_search_without_a_resident_process(tmp_path: Path, notes: Path) -> None:
    index_old_note(notes)

    found = loaded(tmp_path, "search", "blue-green")
    assert "memcairn.cli.answer" in found
    unwanted = found & (NOT_INDEX | {"dataclasses", "inspect", "json"})
    assert not unwanted


def test_an_index_without_changes(tmp_path: Path, notes: Path) -> None:
    index_old_note(notes)

    found = loaded(tmp_path, "index", str(notes))
    assert not found & NOT_INDEX


def test_the_page_is_loaded_by_the_resident_process_when_it_is_asked_for() -> None:
    program = (
        "import json, sys; import memcairn.cli.daemon_handlers as handlers;"
        "from memcairn.memory import Memory; handlers.warm_up(Memory()); before = set(sys.modules);"
        "import memcairn.ui.serving; print(json.dumps([sorted(before), sorted(set(sys.modules) - before)]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, timeout=TIMEOUT_S
    )
    before, page = ({name.partition(".")[0] for name in names} for names in json.loads(done.stdout))

    assert not before & {"h11", "jinja2", "mcp", "starlette", "uvicorn"}
    others = {name for name in page - {"memcairn"} - sys.stdlib_module_names if name[0] != "_"}
    assert others <= OF_THE_PAGE
