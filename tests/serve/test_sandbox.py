"""Attack every path argument of every tool: nothing outside the root is read or changed."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from memcairn.mcp import toolbox
from vault.test_names import IMPOSSIBLE, OUTSIDE, RESERVED
from vault.test_tricks import SPECIAL, TRICKS, everything

from .clients import Connection, said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECRET = "the secret that nobody may read"
ATTACKER = Path(__file__).parents[1] / "vault" / "attacker.py"

# tool -> arguments that are right; each of its paths is replaced by a hostile one in turn.
RIGHT: dict[str, dict[str, Any]] = {
    "mem_read": {"path": "plain.md"},
    "mem_write": {"path": "plain.md", "content": "mine", "overwrite": True},
    "mem_append": {"path": "plain.md", "content": "mine"},
    "mem_edit": {"path": "plain.md", "old_str": "secret", "new_str": "mine"},
    "mem_remove": {"path": "plain.md", "recursive": True},
    "mem_list": {"dir": "folder", "recursive": True},
    "mem_grep": {"dir": "folder", "pattern": "secret"},
    "mem_diff": {"path1": "plain.md", "path2": "folder/note.md"},
    "mem_mkdir": {"path": "new"},
    "mem_move": {"from": "plain.md", "to": "moved.md"},
    "memory_forget": {"paths": ["plain.md"]},
    "mem_promote": {"session_path": "scratch/draft.md", "store_path": "kept.md"},
    "mem_export": {"path": "new.json"},
    "mem_import": {"path": "archive.json"},
    "mem_log": {"path": "plain.md"},
    "mem_revert": {"path": "plain.md"},
    "memory_propose": {"action": "forget", "paths": ["plain.md"], "why": "it is wrong"},
}
PATHS = {
    *("path", "path1", "path2", "from", "to", "dir", "paths", "session_path", "store_path"),
}
# For these the empty path and "." are the root, and a folder may end in a slash.
ON_FOLDERS = {("mem_list", "dir"), ("mem_grep", "dir"), ("mem_mkdir", "path")}
READING = {"mem_read", "mem_list", "mem_grep", "mem_diff", "mem_log", "mem_import"}

CALLS = [
    (tool, parameter) for tool, right in RIGHT.items() for parameter in right if parameter in PATHS
]


def with_path(tool: str, parameter: str, path: str) -> dict[str, Any]:
    value = [path] if parameter == "paths" else path
    # What would otherwise refuse the call for a reason of its own.
    other = {"path2": "folder/note.md"} if parameter == "path1" else {}
    return RIGHT[tool] | other | {parameter: value}


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Path]:
    outside = tmp_path / "outside"
    (outside / "folder").mkdir(parents=True)
    (outside / "secret.md").write_text(SECRET, encoding="utf-8")
    (outside / "folder" / "note.md").write_text(SECRET, encoding="utf-8")
    before = everything(outside)

    yield outside

    assert everything(outside) == before


@pytest.fixture
def armed(full: Connection) -> Connection:
    full.call("mem_write", path="plain.md", content="plain")
    full.call("mem_write", path="folder/note.md", content="note")
    full.call("mem_write", path="scratch/draft.md", content="draft")
    return full


def refused(connection: Connection, tool: str, arguments: dict[str, Any]) -> str:
    result = connection.do("call_tool", tool, arguments)
    assert result.is_error, (tool, arguments, result.structured_content)
    return said(result)


def test_each_parameter_that_names_a_path_is_attacked() -> None:
    taken = {
        (tool.name, field.alias or name)
        for tool in toolbox.ALL
        for name, field in tool.arguments.model_fields.items()
        if name.rstrip("_") in ("from", "to")
        or {"path", "dir"} & set(name.rstrip("_12s").split("_"))
    }

    assert taken == {*CALLS, ("mem_snapshot_restore", "paths")}


@pytest.mark.parametrize(("tool", "parameter"), CALLS)
def test_every_hostile_path_is_refused(
    tool: str, parameter: str, armed: Connection, root: Path, outside: Path
) -> None:
    paths = {*OUTSIDE, *RESERVED, *IMPOSSIBLE} - {"\ud800.md"}  # which is no JSON text
    paths |= {"../outside/secret.md", f"{outside}/secret.md", "folder/../../outside/secret.md"}
    if (tool, parameter) in ON_FOLDERS:
        paths -= {"", ".", "a/", "a/b/"}
    before = everything(root)

    for path in sorted(paths):
        why = refused(armed, tool, with_path(tool, parameter, path))

        assert "the server's log" not in why
        assert SECRET not in why
        assert path.startswith(str(outside)) or str(root.parent) not in why
    assert everything(root) == before


@pytest.mark.parametrize("trick", [*TRICKS, *SPECIAL])
def test_special_files_and_links_are_refused(
    trick: Callable[[Path, Path], None], armed: Connection, root: Path, outside: Path
) -> None:
    trick(root, outside)
    before = everything(root)

    for tool, parameter in CALLS:
        if tool == "mem_log":  # looks at no file
            continue
        why = refused(armed, tool, with_path(tool, parameter, "trick"))

        assert SECRET not in why
    assert everything(root) == before


@pytest.mark.parametrize("target", ["folder", "nowhere", "secret.md"])
def test_a_symlink_in_the_path_is_refused(
    target: str, armed: Connection, root: Path, outside: Path
) -> None:
    (root / "trick").symlink_to(outside / target)
    before = everything(root)

    for tool, parameter in CALLS:
        if tool == "mem_log" or parameter == "session_path":
            continue
        for name in ("note.md", "new.md", "deep/new.md"):
            why = refused(armed, tool, with_path(tool, parameter, f"trick/{name}"))

            assert "symlink" in why or tool == "mem_revert"
    assert everything(root) == before


def test_a_hard_link_is_not_read_and_its_other_name_keeps_its_content(
    armed: Connection, root: Path, outside: Path
) -> None:
    for tool, parameter in CALLS:
        (root / "trick.md").unlink(missing_ok=True)
        (root / "moved.md").unlink(missing_ok=True)
        os.link(outside / "secret.md", root / "trick.md")

        result = armed.do("call_tool", tool, with_path(tool, parameter, "trick.md"))

        assert SECRET not in said(result), tool
        assert SECRET not in json.dumps(result.structured_content), tool


def test_targets_of_links_are_not_found(armed: Connection, root: Path, outside: Path) -> None:
    os.link(outside / "secret.md", root / "hard.md")
    (root / "soft.md").symlink_to(outside / "secret.md")
    (root / "place").symlink_to(outside / "folder")
    armed.call("mem_index_refresh")

    for tool, arguments in [
        ("memory_search", {"query": "secret nobody"}),
        ("memory_about", {"topic": "secret nobody"}),
        ("memory_summary", {}),
    ]:
        answer = armed.do("call_tool", tool, arguments)
        assert SECRET not in said(answer)
        assert SECRET not in json.dumps(answer.structured_content)


@pytest.mark.parametrize("path", ["MEMORY.md", "memory.md", "index/people.md", "Index/x.md"])
def test_no_tool_writes_generated_files(path: str, armed: Connection, root: Path) -> None:
    (root / "index").mkdir(exist_ok=True)
    (root / "index" / "people.md").write_text("mine", encoding="utf-8")
    armed.call("mem_index_refresh")
    before = everything(root)

    for tool, parameter in CALLS:
        # memory_propose writes to the inbox only.
        if tool in {*READING, "memory_forget", "memory_propose"} or parameter == "session_path":
            continue
        why = refused(armed, tool, with_path(tool, parameter, path))

        assert "is generated by memcairn" in why or tool == "mem_revert"
    assert everything(root) == before


def test_nothing_outside_is_restored_from_a_snapshot(
    armed: Connection, root: Path, outside: Path
) -> None:
    taken = armed.call("mem_snapshot")["id"]
    armed.call("mem_write", path="plain.md", content="changed", overwrite=True)
    shutil.rmtree(root / "folder")
    (root / "folder").symlink_to(outside / "folder")
    before = everything(root)

    for path in sorted({*OUTSIDE, *RESERVED, *IMPOSSIBLE} - {"\ud800.md", "", ".", "a/", "a/b/"}):
        refused(armed, "mem_snapshot_restore", {"id": taken, "paths": [path]})
    assert everything(root) == before
    armed.raw("mem_snapshot_restore", id=taken)
    assert (root / "plain.md").read_text(encoding="utf-8") == "plain"


def test_a_generated_file_cannot_be_forgotten(armed: Connection, root: Path) -> None:
    token = armed.call("memory_forget", paths=["MEMORY.md"])["preview"]["confirm_token"]

    assert "is generated by memcairn" in refused(armed, "memory_forget", {"confirm_token": token})
    assert (root / "MEMORY.md").exists()


def test_a_process_that_swaps_links_in_leads_no_tool_outside(
    root: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "note.md").write_text(SECRET, encoding="utf-8")
    (root / "folder").mkdir()
    for name in ("folder/note.md", "file.md", "plain.md"):
        (root / name).write_text("inside\n", encoding="utf-8")
    full: Connection = request.getfixturevalue("full")
    calls: list[tuple[str, dict[str, Any]]] = [
        *((tool, with_path(tool, parameter, path)) for tool, parameter in CALLS
          for path in ("folder/note.md", "file.md")),
        ("memory_observe", {"content": "inside, an observation of this"}),
        ("memory_search", {"query": "secret inside"}),
        ("memory_about", {"topic": "secret inside"}),
        ("memory_summary", {}),
        ("memory_get_context", {}),
    ]  # fmt: skip
    attacker = subprocess.Popen(
        [sys.executable, str(ATTACKER), str(root), str(outside)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8",
    )  # fmt: skip
    done = refusals = 0
    with attacker:
        assert attacker.stdout is not None
        assert attacker.stdout.readline() == "ready\n"
        began = time.monotonic()
        # Long enough to meet, and on a busy machine often enough.
        while (past := time.monotonic() - began) < 2 or (min(done, refusals) <= 50 and past < 60):
            for tool, arguments in calls:
                result = full.do("call_tool", tool, arguments)
                assert SECRET not in said(result), tool
                assert SECRET not in json.dumps(result.structured_content), tool
                done += not result.is_error
                refusals += bool(result.is_error)
        swaps = int(attacker.communicate("")[0])

    assert [path.name for path in outside.iterdir()] == ["note.md"]
    assert (outside / "note.md").read_text(encoding="utf-8") == SECRET
    assert min(swaps, done, refusals) > 50
    for path in root.rglob("*.md"):
        with contextlib.suppress(FileNotFoundError):
            linked = path.is_symlink() or path.stat().st_nlink > 1
            assert linked or SECRET not in path.read_text(encoding="utf-8"), path
