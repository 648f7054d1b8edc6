"""Codex, Gemini, OpenCode and Copilot CLI, with memcairn installed by `memcairn init` into an empty HOME."""

from __future__ import annotations

import html
import json
import re
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

import pytest
from other_clients import CLIENTS, SETTINGS
from real_clients import files, memcairn

from memcairn.hosts.known_hosts import BY_NAME

if TYPE_CHECKING:
    from pathlib import Path

    from other_clients import Client

FACT = "Install packages with pnpm, never with npm."
PROMPT = "which of pnpm and npm installs packages here?"
CORE = {"memory_search", "memory_observe", "mem_read", "mem_write", "mem_edit"}

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.parametrize(("name", "client"), CLIENTS.items(), ids=list(CLIENTS)),
]


@pytest.fixture
def user(name: str, tmp_path: Path) -> tuple[Path, Path]:
    """A HOME with at most what the client needs, and a project."""
    home, project = tmp_path / "user", tmp_path / "project"
    home.mkdir()
    if name in SETTINGS:
        file, settings = SETTINGS[name]
        (home / file).parent.mkdir(parents=True)
        (home / file).write_text(settings)
    (project / ".git").mkdir(parents=True)
    return home, project


def test_recall_and_tools_reach_the_model_and_nothing_stays(
    name: str, client: Client, user: tuple[Path, Path]
) -> None:
    home, project = user
    client(home, project, "hello")
    before = files(home)
    memcairn(home, project, "add", FACT, "--title", "Tooling")
    memcairn(home, project, "init", "--host", name)

    asked = client(home, project, PROMPT)

    assert f"{BY_NAME[name].title} ({name}): installed (user), works" in memcairn(
        home, project, "hosts"
    )
    sent = html.unescape(json.dumps(asked, ensure_ascii=False))
    recalled = re.findall(r"<memcairn-recall>.*?</memcairn-recall>", sent)
    assert recalled
    assert all(FACT in block for block in recalled)
    offered = {tool for body in asked for tool in tools(body)}
    assert all(any(tool.endswith(core) for tool in offered) for core in CORE)

    memcairn(home, project, "uninstall", "--yes")

    after = files(home)
    new = kinds(after) - kinds(before)
    assert {file for file in new if not any(fnmatch(file, own) for own in HOSTS_OWN[name])} == set()
    # What was said stays said.
    conversations = ("*/session*", "*.jsonl", "*.log", "*.db", "*.db-wal")
    telling = [file for file, content in after.items() if b"memcairn" in content]
    assert [file for file in telling if not any(fnmatch(file, of) for of in conversations)] == []
    assert [after.get(file) for file, _ in SETTINGS.values()] == [
        before.get(file) for file, _ in SETTINGS.values()
    ]


def test_a_session_is_kept_from_its_start_to_its_end(
    name: str, client: Client, user: tuple[Path, Path]
) -> None:
    home, project = user
    memcairn(home, project, "init", "--host", name)

    client(home, project, PROMPT)

    log = home / ".local" / "share" / "memcairn" / "logs" / "hook.log"
    calls = [json.loads(line) for line in log.read_text().splitlines()]
    called = {call["event"] for call in calls if call["host"] == name}
    expected = {event.event for event in BY_NAME[name].events} & ALWAYS
    assert expected <= called
    assert not [call for call in calls if call["outcome"] == "failed"]


# What happens in every session, tools and compactions aside.
ALWAYS = {"session-start", "user-prompt", "stop", "session-end"}
# What a host itself leaves of a session now and then, or keeps of a server that it talked to.
HOSTS_OWN: dict[str, set[str]] = {
    "codex": {".codex/.tmp/git-*", ".codex/.tmp/.staging-cleanup.lock"},
    "gemini": set(),
    "copilot": set(),
    "opencode": {
        ".local/state/opencode/locks/*.lock/heartbeat",
        ".local/state/opencode/locks/*.lock/meta.json",
    },
}


def tools(body: dict[str, Any]) -> set[str]:
    """The names of the tools in a request, in any of the three forms."""
    found = set()
    for offered in body.get("tools") or []:
        inner = [*offered.get("functionDeclarations", []), *offered.get("tools", [])]
        for one in [offered, offered.get("function") or {}, *inner]:
            if "name" in one:
                found.add(str(one["name"]))
    return found


def kinds(names: dict[str, bytes]) -> set[str]:
    """Names of files, without what differs from one session to the next; no journals of databases."""
    return {
        re.sub(r"[0-9a-f-]{8,}|\d+", "*", name)
        for name in names
        if not name.endswith(("-wal", "-shm"))
    }
