"""What holds for every tool: its schemas, its text, its annotations, its line in the logs, and that what it
changed is in the index and in MEMORY.md when it returns.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from fake_secrets import fake_secrets
from memcairn import paths
from memcairn.mcp import toolbox
from memcairn.sessions.transcripts import copying
from vault.test_tricks import everything

from .clients import Connection, said

if TYPE_CHECKING:
    from collections.abc import Callable

    from memcairn.mcp.typed_tool import Tool

    Arguments = dict[str, Any]

TOOLS = {tool.name: tool for tool in toolbox.ALL}
TEA = "# Tea\n\nThe user drinks oolong.\n"


def snapshot(client: Connection) -> str:
    taken: str = client.call("mem_snapshot")["id"]
    return taken


def token(client: Connection) -> str:
    preview: str = client.call("memory_forget", paths=["tea.md"])["preview"]["confirm_token"]
    return preview


def archive(client: Connection, content: str = TEA) -> str:
    client.call("mem_write", path="tea.md", content=content, overwrite=True)
    text: str = client.call("mem_export")["archive"]
    client.call("mem_remove", path="tea.md")
    return text


def session(client: Connection) -> str:
    found: str = client.call("memory_sessions")["sessions"][0]["id"]
    return found


def task(client: Connection) -> str:
    saved: str = client.call("memory_task_save", title="Tidy up")["id"]
    return saved


# A call that is right, of every tool, where tea.md, cake.md and scratch/draft.md are there.
def transcripts() -> str:
    """A search of the copies of transcripts, of which there are none yet."""
    with copying.opened(paths.home()):
        return "oolong"


EXAMPLES: dict[str, Callable[[Connection], Arguments]] = {
    "memory_search": lambda _: {"query": "oolong"},
    "memory_observe": lambda _: {"content": "The user has a cat named Miso."},
    "memory_get_context": lambda _: {"query": "oolong"},
    "memory_about": lambda _: {"topic": "oolong"},
    "memory_summary": lambda _: {},
    "memory_forget": lambda client: {"confirm_token": token(client)},
    "mem_index_refresh": lambda _: {},
    "mem_read": lambda _: {"path": "tea.md"},
    "mem_write": lambda _: {"path": "tea.md", "content": "new", "overwrite": True},
    "mem_append": lambda _: {"path": "tea.md", "content": "more"},
    "mem_edit": lambda _: {"path": "tea.md", "old_str": "oolong", "new_str": "sencha"},
    "mem_remove": lambda _: {"path": "tea.md"},
    "mem_list": lambda _: {"recursive": True},
    "mem_grep": lambda _: {"pattern": "o+long", "context": 1},
    "mem_diff": lambda _: {"path1": "tea.md", "path2": "cake.md"},
    "mem_mkdir": lambda _: {"path": "new/folder"},
    "mem_move": lambda _: {"from": "tea.md", "to": "drinks/tea.md"},
    "mem_session_log": lambda _: {},
    "memory_sessions": lambda _: {},
    "memory_timeline": lambda client: {"session_id": session(client)},
    "mem_promote": lambda _: {"session_path": "scratch/draft.md", "store_path": "draft.md"},
    "memory_search_transcripts": lambda _: {"query": transcripts()},
    "memory_task_save": lambda _: {"title": "Tidy up", "next_steps": ["the kitchen"]},
    "memory_task_list": lambda _: {"status": "in-progress"},
    "memory_task_resume": lambda client: {"id": task(client)},
    "memory_task_close": lambda client: {"id": task(client), "reason": "it is clean"},
    "memory_session_context": lambda _: {"limit": 3},
    "memory_propose": lambda _: {
        "action": "forget",
        "paths": ["tea.md"],
        "why": "nobody drinks it",
    },
    "memory_review": lambda _: {},
    "memory_auto_created": lambda _: {"limit": 3},
    "memory_consent": lambda _: {"consent": "nothing"},
    "mem_log": lambda _: {"path": "tea.md"},
    "mem_revert": lambda _: {"path": "tea.md"},
    "mem_snapshot": lambda _: {"name": "before"},
    "mem_snapshot_list": lambda _: {},
    "mem_snapshot_restore": lambda client: {"id": snapshot(client)},
    "mem_export": lambda _: {"path": "scratch/all.json"},
    "mem_import": lambda client: {"archive": archive(client)},
}


@pytest.fixture
def client(full: Connection) -> Connection:
    full.call("mem_write", path="tea.md", content=TEA)
    full.call("mem_write", path="cake.md", content="# Cake\n\nWithout sugar.\n")
    full.call("mem_write", path="scratch/draft.md", content="# Draft\n\nA plan.\n")
    full.call("mem_snapshot")
    return full


def test_there_is_an_example_for_every_tool() -> None:
    assert set(EXAMPLES) == set(TOOLS)


@pytest.mark.parametrize("tool", TOOLS.values(), ids=TOOLS)
def test_a_call_fits_the_schemas_and_describes_its_result(tool: Tool, client: Connection) -> None:
    arguments = EXAMPLES[tool.name](client)
    jsonschema.validate(arguments, tool.description.input_schema)

    answer = client.do("call_tool", tool.name, arguments)

    assert not answer.is_error, said(answer)
    schema = tool.description.output_schema
    assert schema is not None
    jsonschema.validate(answer.structured_content, schema)
    assert "$ref" not in json.dumps(schema), "a client's check takes longest to follow references"
    assert answer.structured_content
    # For a reader who does not see the structured content, and who pays for each word.
    assert 0 < len(said(answer)) <= max(300, len(json.dumps(answer.structured_content)))


RAW = ("mem_read", "mem_grep", "mem_diff", "mem_export")
TRUST = Path(__file__).parents[2] / "docs/trust.md"


@pytest.mark.parametrize("tool", TOOLS.values(), ids=TOOLS)
def test_a_secret_of_a_note_is_shown_only_by_tools_that_return_files(
    tool: Tool, client: Connection, root: Path
) -> None:
    secret = next(fake.secret for fake in fake_secrets() if fake.kind == "github personal token")
    text = f"---\ntitle: Tea {secret}\n---\n# Tea {secret}\n\nThe user drinks oolong {secret}.\n"
    (root / "tea.md").write_text(text, encoding="utf-8")
    (root / f"{secret}.md").write_text(text, encoding="utf-8")
    client.call("mem_index_refresh")
    arguments = {} if tool.name == "mem_export" else EXAMPLES[tool.name](client)

    answer = client.do("call_tool", tool.name, arguments)

    shown = said(answer) + json.dumps(answer.structured_content)
    assert (secret in shown) == (tool.name in RAW)


def test_the_documentation_lists_the_tools_that_return_files_as_they_are() -> None:
    raw = TRUST.read_text(encoding="utf-8").partition("Raw by design are:")[2].partition("##")[0]

    assert set(re.findall("`(mem_[a-z]+)`", raw)) == set(RAW)


@pytest.mark.parametrize("name", ["memory_search", "memory_get_context", "memory_about"])
def test_quoted_text_is_preceded_by_a_notice(name: str, client: Connection) -> None:
    answer = client.do("call_tool", name, EXAMPLES[name](client))

    notice = "Records from earlier work."
    # A host shows its model the one or the other.
    assert answer.structured_content["notice"].startswith(notice)
    assert notice in said(answer).split("tea.md")[0]


@pytest.mark.parametrize("tool", TOOLS.values(), ids=TOOLS)
def test_an_unknown_argument_is_an_error_that_lists_the_valid_ones(
    tool: Tool, client: Connection
) -> None:
    answer = client.do("call_tool", tool.name, {**EXAMPLES[tool.name](client), "colour": "red"})

    assert answer.is_error
    assert "colour" in said(answer)
    assert f"{tool.name} takes: " in said(answer)


@pytest.mark.parametrize("name", [name for name, tool in TOOLS.items() if tool.read_only])
def test_a_read_only_tool_changes_nothing(name: str, client: Connection, root: Path) -> None:
    arguments = EXAMPLES[name](client)
    before, revisions = everything(root), client.call("mem_log")

    client.do("call_tool", name, arguments)

    assert (everything(root), client.call("mem_log")) == (before, revisions)


@pytest.mark.parametrize("name", [name for name, tool in TOOLS.items() if tool.idempotent])
def test_a_repeated_call_of_an_idempotent_tool_changes_nothing(
    name: str, client: Connection, root: Path
) -> None:
    arguments = EXAMPLES[name](client)
    client.do("call_tool", name, arguments)
    before = everything(root)

    again = client.do("call_tool", name, arguments)

    assert not again.is_error
    assert everything(root) == before


@pytest.mark.parametrize("tool", TOOLS.values(), ids=TOOLS)
def test_a_call_is_logged_in_both_logs_without_its_text(
    tool: Tool, client: Connection, home: Path
) -> None:
    arguments = EXAMPLES[tool.name](client)
    client.do("call_tool", tool.name, arguments)

    (audit,) = (home / "logs").glob("root-*.jsonl")
    (log,) = (home / "sessions").glob("*/log.jsonl")
    for file in (audit, log):
        text = file.read_text(encoding="utf-8")
        last = json.loads(text.splitlines()[-1])
        assert last["tool"] == tool.name
        assert not last["outcome"].startswith("failed")
        assert last["bytes"] >= 0
        assert last["took_ms"] > 0
        assert not [word for word in ("oolong", "sencha", "Miso") if word in text]


AGENT_MEMORY = json.dumps(
    {
        "format": "anolisa-memory-archive",
        "version": "1.0",
        "memories": [
            {
                "path": "smoke.md",
                "frontmatter": {"title": "Smoke"},
                "content": "Lapsang smells of it.",
            }
        ],
        "tasks": [],
    }
)


@dataclass(frozen=True)
class Change:
    """A way to change notes: what is found afterwards, and what is not; what MEMORY.md leads to."""

    tool: str
    arguments: Callable[[Connection], Arguments]
    found: str = ""
    not_found: str = ""
    listed: str = ""
    not_listed: str = ""


def undo(client: Connection) -> Arguments:
    client.call("mem_edit", path="tea.md", old_str="oolong", new_str="sencha")
    return {"path": "tea.md"}


def before_an_edit(client: Connection) -> Arguments:
    taken = snapshot(client)
    client.call("mem_edit", path="tea.md", old_str="oolong", new_str="sencha")
    client.call("mem_write", path="later.md", content="# Later\n\nMatcha.\n")
    return {"id": taken}


CHANGES = {
    "a new note": Change(
        "mem_write", lambda _: {"path": "a.md", "content": "# A\n\nlapsang"}, "lapsang", "", "a.md"
    ),
    "another content": Change(
        "mem_write", lambda _: {"path": "tea.md", "content": "# Bean\n\nmocha", "overwrite": True},
        "mocha", "oolong", "[Bean](tea.md)", "[Tea]",
    ),
    "text at the end": Change(
        "mem_append", lambda _: {"path": "tea.md", "content": "And lapsang."}, "lapsang"
    ),
    "a new note by appending": Change(
        "mem_append", lambda _: {"path": "a.md", "content": "lapsang"}, "lapsang", "", "a.md"
    ),
    "another title": Change(
        "mem_edit", lambda _: {"path": "tea.md", "old_str": "# Tea", "new_str": "# Lapsang"},
        "lapsang", "", "[Lapsang](tea.md)", "[Tea]",
    ),
    "a memory": Change(
        "memory_observe", lambda _: {"content": "Lapsang is smoked over pine.", "title": "Pine"},
        "lapsang", "", "[Pine]",
    ),
    "a task": Change(
        "memory_task_save", lambda _: {"title": "Buy lapsang", "context": "The shop has it."},
        "lapsang", "", "[Buy lapsang](tasks/",
    ),
    "a closed task": Change(
        "memory_task_close", lambda client: {"id": task(client), "reason": "lapsang"},
        "lapsang", "", "[Tidy up](tasks/",
    ),
    "a removal": Change("mem_remove", lambda _: {"path": "tea.md"}, "", "oolong", "", "tea.md"),
    "a move": Change(
        "mem_move", lambda _: {"from": "tea.md", "to": "new/leaf.md"}, "oolong", "",
        "](new/leaf.md)", "](tea.md)",
    ),
    "forgetting": Change(
        "memory_forget", lambda client: {"confirm_token": token(client)}, "", "oolong", "", "tea.md"
    ),
    "keeping a draft": Change(
        "mem_promote", lambda _: {"session_path": "scratch/draft.md", "store_path": "draft.md"},
        "plan", "", "draft.md",
    ),
    "undoing": Change("mem_revert", undo, "oolong", "sencha", "tea.md"),
    "undoing the making of a note": Change(
        "mem_revert", lambda _: {"path": "tea.md"}, "", "oolong", "", "tea.md"
    ),
    "a snapshot": Change("mem_snapshot_restore", before_an_edit, "oolong", "matcha", "tea.md", "later"),
    "an import": Change(
        "mem_import", lambda client: {"archive": archive(client)}, "oolong", "", "tea.md"
    ),
    "an import from agent-memory": Change(
        "mem_import", lambda _: {"archive": AGENT_MEMORY}, "lapsang", "", "[Smoke](smoke.md)"
    ),
    "an import over what is there": Change(
        "mem_import",
        lambda client: {
            "archive": archive(client, "# Tea\n\nlapsang")
            if client.call("mem_write", path="b.md", content="sencha")
            else "",
            "strategy": "overwrite",
        },
        "lapsang", "oolong", "tea.md",
    ),
}  # fmt: skip


def test_every_tool_that_changes_notes_is_among_the_changes() -> None:
    # These change no note of the root.
    others = {
        "mem_mkdir", "mem_snapshot", "mem_export", "mem_index_refresh", "memory_propose", "memory_consent"
    }  # fmt: skip

    changing = {name for name, tool in TOOLS.items() if not tool.read_only}
    assert {change.tool for change in CHANGES.values()} == changing - others


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_is_in_the_index_in_memory_md_and_in_the_history_when_the_call_returns(
    change: Change, client: Connection, root: Path
) -> None:
    arguments = change.arguments(client)
    newest = client.call("mem_log", limit=1)["revisions"][0]["revision"]

    answer = client.do("call_tool", change.tool, arguments)

    assert not answer.is_error, said(answer)
    index = (root / "MEMORY.md").read_text(encoding="utf-8")  # before a search could mend it
    assert change.listed in index
    assert not change.not_listed or change.not_listed not in index
    if change.found:
        assert client.call("memory_search", query=change.found)["passages"]
    if change.not_found:
        texts = [
            p["text"] for p in client.call("memory_search", query=change.not_found)["passages"]
        ]
        assert not [text for text in texts if change.not_found in text.lower()]
    assert client.call("mem_log", limit=1)["revisions"][0]["revision"] > newest


@pytest.mark.parametrize(
    ("cap", "tool", "arguments", "reason"),
    [
        ("MAX_WRITE_BYTES", "mem_write", {"path": "a.md", "content": "x" * 101}, "append the others"),
        ("MAX_WRITE_BYTES", "mem_edit", {"path": "tea.md", "old_str": "oolong", "new_str": "x" * 99},
         "at most 100"),
        ("MAX_APPEND_BYTES", "mem_append", {"path": "tea.md", "content": "x" * 101}, "at most 100"),
        ("MAX_QUERY_CHARS", "memory_search", {"query": "x" * 101}, "the limit is 100"),
        ("MAX_QUERY_CHARS", "memory_get_context", {"query": "x" * 101}, "the limit is 100"),
        ("MAX_QUERY_CHARS", "memory_about", {"topic": "x" * 101}, "the limit is 100"),
    ],
)  # fmt: skip
def test_limits_come_from_the_settings(
    cap: str,
    tool: str,
    arguments: Arguments,
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    monkeypatch.setenv(f"MEMCAIRN_TOOLS_{cap}", "100")
    client: Connection = request.getfixturevalue("client")

    answer = client.do("call_tool", tool, arguments)

    assert answer.is_error
    assert reason in said(answer)
