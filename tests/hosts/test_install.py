"""Installing memcairn into hosts, and taking it out again: all of theirs stays."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tomllib
from pathlib import Path

import pytest

from memcairn.cli.commands import run
from memcairn.errors import ConfigError
from memcairn.hosts import executable, install, jsonc
from memcairn.hosts.known_hosts import BY_NAME, HOSTS
from memcairn.hosts.limits import LIMIT_S
from support import at_a_terminal

NAMES = [host.name for host in HOSTS]


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own folder, empty, on a machine without hosts."""
    folder = tmp_path / "user"
    folder.mkdir()
    for host in HOSTS:
        if host.variable:
            monkeypatch.delenv(host.variable, raising=False)
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("USERPROFILE", str(folder))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    project = tmp_path / "project"
    (project / ".git").mkdir(parents=True)
    monkeypatch.chdir(project)
    return folder


def snapshot(folder: Path) -> dict[str, bytes | None]:
    """Every file with its content, every folder with None."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


def write(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode())
    return file


THEIRS = {
    ".claude/settings.json": '{\n  "hooks": {}\n}',
    ".claude/CLAUDE.md": "# Mine\n\nTerse answers.\n",
    ".codex/config.toml": 'model = "x" # mine\r\n\r\n[mcp_servers.other]\r\ncommand = "y"',
    ".codex/hooks.json": '{"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "bell"}]}]}}',
    ".gemini/settings.json": (
        '// settings\n{\n\t"theme": "x", // nice\n\t"mcpServers": {\n\t\t"a": {"command": "b"},\n\t},\n}'
    ),
    ".cursor/mcp.json": "\ufeff{ }",
    ".cursor/hooks.json": '{\r\n   "version": 1,\r\n   "hooks": {\r\n   }\r\n}\r\n',
    ".config/opencode/opencode.jsonc": '{\n  // none yet\n  "mcp": {}\n}\n',
    ".copilot/mcp-config.json": "",
    ".copilot/hooks/own.json": '{"version":1,"hooks":{}}',
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scope", ["user", "project"])
def test_a_host_that_had_nothing_has_nothing_again(
    name: str, scope: str, user: Path, home: Path
) -> None:
    before, project = snapshot(user), snapshot(Path.cwd())
    if scope == "project" and name in ("windsurf", "claude-desktop"):
        pytest.skip("it has no settings of a project")

    assert run(["init", "--host", name, "--scope", scope]) == 0
    assert snapshot(user if scope == "user" else Path.cwd()) not in (before, project)
    assert run(["uninstall", "--host", name]) == 0

    assert snapshot(user) == before
    assert snapshot(Path.cwd()) == project


def test_uninstalling_restores_every_byte_of_all_hosts(user: Path, home: Path) -> None:
    for path, text in THEIRS.items():
        write(user / path, text)
    before = snapshot(user)

    assert run(["init"]) == 0
    changed = snapshot(user)
    assert run(["uninstall", "--yes"]) == 0

    assert all(
        changed[path] != before[path] for path in before if path.endswith(("mcp.json", "toml"))
    )
    assert snapshot(user) == before
    assert not home.exists()


def test_what_was_changed_meanwhile_stays(user: Path) -> None:
    for path, text in THEIRS.items():
        write(user / path, text)
    run(["init"])
    gemini = user / ".gemini/settings.json"
    gemini.write_text(jsonc.put(gemini.read_text(), ("later",), [1]))
    codex = user / ".codex/config.toml"
    codex.write_bytes(codex.read_bytes() + b"\n[later]\nx = 1\n")
    hooks = user / ".codex/hooks.json"
    hooks.write_text(jsonc.append(hooks.read_text(), ("hooks", "Stop"), {"hooks": []}))

    assert run(["uninstall", "--keep-memory"]) == 0

    assert gemini.read_bytes().decode() == jsonc.put(
        THEIRS[".gemini/settings.json"], ("later",), [1]
    )
    assert tomllib.loads(codex.read_bytes().decode()) == {
        "model": "x", "mcp_servers": {"other": {"command": "y"}}, "later": {"x": 1},
    }  # fmt: skip
    assert jsonc.read(hooks.read_text()).value == {
        "hooks": {"Stop": [{"hooks": [{"type": "command", "command": "bell"}]}, {"hooks": []}]}
    }


def test_a_second_init_changes_nothing(user: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path, text in THEIRS.items():
        write(user / path, text)
    run(["init"])
    once = snapshot(user)
    capsys.readouterr()

    assert run(["init"]) == 0

    assert snapshot(user) == once
    assert "---" not in capsys.readouterr().out


def test_init_finds_the_hosts_that_are_there(user: Path, tmp_path: Path) -> None:
    (user / ".gemini").mkdir()
    program_file = write(tmp_path / "bin" / "codex", "#!/bin/sh\n")
    program_file.chmod(0o755)

    run(["init"])

    assert (user / ".gemini/settings.json").exists()
    assert (user / ".codex/hooks.json").exists()
    assert not (user / ".cursor").exists()


def test_without_a_host_init_says_what_there_is(
    user: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["init"]) == 2

    message = capsys.readouterr().err
    assert all(name in message for name in NAMES)


def test_a_dry_run_shows_the_change_and_makes_none(
    user: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(user / ".gemini/settings.json", '{\n  "theme": "x"\n}\n')
    before = snapshot(user)

    assert run(["init", "--dry-run"]) == 0

    shown = capsys.readouterr().out
    assert '-  "theme": "x"' in shown
    assert '+  "mcpServers": {' in shown
    assert snapshot(user) == before
    assert not home.exists()


@pytest.mark.parametrize(
    ("file", "text", "line"),
    [
        (".gemini/settings.json", '{\n  "a": 1\n  "b": 2\n}', 3),
        (".codex/config.toml", "a = 1\nb = \n", 2),
        (".cursor/mcp.json", '{"mcpServers": []}', 1),
        (".cursor/hooks.json", '{\n"hooks": {"stop": {}}}', 2),
        (".config/opencode/opencode.json", '{\n"a": "\xff', 2),
    ],
)
def test_a_broken_configuration_stops_everything_with_its_line(
    file: str, text: str, line: int, user: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(user / file, "").write_bytes(text.encode("latin-1"))
    before = snapshot(user)

    assert run(["init", *(f"--host={name}" for name in NAMES)]) == 2

    assert f"{file}: line {line}: " in capsys.readouterr().err
    assert snapshot(user) == before
    assert not home.exists()


def test_the_first_change_of_a_file_leaves_a_copy(user: Path, home: Path) -> None:
    write(user / ".gemini/settings.json", THEIRS[".gemini/settings.json"])

    run(["init"])

    copies = [path.read_text() for path in (home / "backups").iterdir() if "gemini" in path.name]
    assert copies == [THEIRS[".gemini/settings.json"]]


def test_a_link_to_a_file_of_settings_stays_a_link(user: Path) -> None:
    real = write(user / "dotfiles/gemini.json", "{}")
    (user / ".gemini").mkdir()
    (user / ".gemini/settings.json").symlink_to(real)

    run(["init"])
    assert "mcpServers" in real.read_text()
    run(["uninstall", "--keep-memory"])

    assert (user / ".gemini/settings.json").is_symlink()
    assert real.read_text() == "{}"


def test_a_folder_of_another_user_is_not_written(
    user: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(user / ".claude/skills/memcairn/SKILL.md", "mine")

    assert run(["init"]) == 2

    assert "is not a plugin of memcairn" in capsys.readouterr().err


def test_a_plugin_from_a_marketplace_is_not_installed_a_second_time(
    user: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(
        user / ".claude/plugins/installed_plugins.json",
        '{"version": 2, "plugins": {"memcairn@memcairn": []}}',
    )

    assert run(["init"]) == 0

    assert not (user / ".claude/skills").exists()
    assert "has the plugin from a marketplace" in capsys.readouterr().out


def test_an_update_replaces_what_an_earlier_version_wrote(
    user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = snapshot(user)
    monkeypatch.setattr(executable, "installed_path", lambda: "/old place/memcairn")
    run(["init", "--host", "codex", "--host", "cursor", "--host", "claude-code"])
    old = write(user / ".claude/skills/memcairn/commands/gone.md", "an earlier version had this")
    hooks = user / ".codex/hooks.json"
    assert "'/old place/memcairn' hook stop --host codex" in hooks.read_text()
    monkeypatch.undo()
    monkeypatch.setenv("HOME", str(user))
    monkeypatch.setenv("MEMCAIRN_HOME", str(user.parent / "home"))
    old.unlink()

    run(["init", "--host", "codex", "--host", "cursor", "--host", "claude-code"])

    assert "/old place" not in "".join(
        path.read_text() for path in user.rglob("*") if path.is_file()
    )
    run(["uninstall", "--keep-memory"])
    assert snapshot(user) == before


def test_a_file_that_only_an_earlier_version_had_goes(user: Path, home: Path) -> None:
    run(["init", "--host", "claude-code"])
    old = write(user / ".claude/skills/memcairn/commands/gone.md", "an earlier version had this")
    account = json.loads((home / "hosts.json").read_text())
    account["files"].append(account["files"][0] | {"path": str(old), "name": "gone.md"})
    (home / "hosts.json").write_text(json.dumps(account))

    assert run(["init"]) == 0

    assert not old.exists()
    assert "gone.md" not in (home / "hosts.json").read_text()


def test_the_trust_of_a_person_in_our_hooks_goes_with_them_and_other_trust_stays(
    user: Path,
) -> None:
    theirs = {"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "bell"}]}]}}
    hooks = write(user / ".codex/hooks.json", json.dumps(theirs))
    settings = write(user / ".codex/config.toml", 'model = "x"\n')
    run(["init", "--host", "codex", "-q"])
    trusted = settings.read_text()
    for place in ("session_start:0", "user_prompt_submit:0", "stop:0", "stop:1"):
        trusted += f'\n[hooks.state."{hooks}:{place}:0"]\ntrusted_hash = "sha256:1"\n'
    other = user / "elsewhere" / "hooks.json"
    trusted += f'\n[hooks.state."{other}:session_start:0:0"]\ntrusted_hash = "sha256:2"\n'
    settings.write_text(trusted)

    run(["uninstall", "-q"])

    assert json.loads(hooks.read_text()) == theirs
    left = tomllib.loads(settings.read_text())
    assert set(left) == {"model", "hooks"}
    assert set(left["hooks"]["state"]) == {f"{hooks}:stop:0:0", f"{other}:session_start:0:0"}


def test_hosts_says_that_codex_waits_for_trust(
    user: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["init", "--host", "codex", "-q"])
    assert run(["hosts"]) == 0
    assert "run /hooks in Codex" in capsys.readouterr().out

    hooks, settings = user / ".codex/hooks.json", user / ".codex/config.toml"
    names = ("session_start", "user_prompt_submit", "post_tool_use", "pre_compact", "stop")
    for name in (*names, "subagent_stop", "session_end"):
        with settings.open("a") as file:
            file.write(f'[hooks.state."{hooks}:{name}:0:0"]\ntrusted_hash = "sha256:1"\n')
    assert run(["hosts"]) == 0
    assert "run /hooks in Codex" not in capsys.readouterr().out


USED = {
    "pluginUsage": {"memcairn@skills-dir": {"usageCount": 3}},
    "skillUsage": {"memcairn:recall": {"usageCount": 1}, "verify": {"usageCount": 2}},
    "theirs": "memcairn@skills-dir",
}


@pytest.mark.parametrize("moved", [False, True])
def test_what_claude_code_counted_of_our_plugin_goes(
    moved: bool,  # noqa: FBT001
    user: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if moved:
        monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(user / "moved"))
    run(["init", "--host", "claude-code", "-q"])
    state = write(user / ("moved" if moved else ".") / ".claude.json", json.dumps(USED, indent=2))
    state.chmod(0o640)

    run(["uninstall", "-q"])

    left = {"skillUsage": {"verify": {"usageCount": 2}}, "theirs": "memcairn@skills-dir"}
    assert state.read_text() == json.dumps(left, indent=2)
    assert state.stat().st_mode & 0o777 == 0o640


def test_what_hosts_cached_of_our_server_goes_and_of_others_stays(user: Path) -> None:
    run(["init", "--host", "copilot", "--host", "claude-code", "-q"])
    caches = user / ".cache"
    write(caches / "copilot/mcp-tools/1.json", '{"serverName":"memcairn","tools":[]}')
    other = write(caches / "copilot/mcp-tools/2.json", '{"serverName":"other","tools":[]}')
    write(caches / "claude-cli-nodejs/-p/mcp-logs-plugin-memcairn-memory/1.jsonl", "{}")

    run(["uninstall", "-q"])

    assert [path for path in caches.rglob("*") if path.is_file()] == [other]


@pytest.mark.parametrize("theirs", [{}, {"other": {"timestamp": 2}}])
def test_that_our_server_was_not_reached_is_forgotten(
    theirs: dict[str, object], user: Path
) -> None:
    run(["init", "--host", "claude-code", "-q"])
    cache = user / ".claude" / "mcp-needs-auth-cache.json"
    write(cache, json.dumps({"plugin:memcairn:memory": {"timestamp": 1}} | theirs))

    run(["uninstall", "-q"])

    assert cache.exists() == bool(theirs)
    assert not theirs or json.loads(cache.read_text()) == theirs


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pluginUsage": []}', '{"memcairn@": 1}'])
def test_a_state_of_claude_code_that_is_not_understood_stays(content: str, user: Path) -> None:
    run(["init", "--host", "claude-code", "-q"])
    state = write(user / ".claude.json", content)

    run(["uninstall", "-q"])

    assert state.read_text() == content


def test_uninstall_works_without_the_account_of_what_was_done(user: Path, home: Path) -> None:
    write(user / ".gemini/settings.json", THEIRS[".gemini/settings.json"])
    run(["init", *(f"--host={name}" for name in NAMES)])
    shutil.rmtree(home)

    assert run(["uninstall", "--yes"]) == 0

    assert (user / ".gemini/settings.json").read_text().count("memcairn") == 0
    assert not [
        path for path in user.rglob("*") if path.is_file() and b"memcairn" in path.read_bytes()
    ]


def test_notes_of_the_home_are_not_removed_unasked(user: Path, home: Path) -> None:
    run(["init", "--host", "gemini"])
    run(["add", "we deploy with blue-green"])

    assert run(["uninstall"]) == 2
    assert list((home / "memory").glob("*.md"))
    assert (user / ".gemini/settings.json").exists()

    assert run(["uninstall", "--keep-memory"]) == 0
    assert list((home / "memory").glob("*.md"))
    assert not (user / ".gemini/settings.json").exists()

    assert run(["uninstall", "--yes"]) == 0
    assert not home.exists()


def test_init_indexes_the_hosts_own_memory_in_place(
    user: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    memory = user / ".claude/projects/-tmp-x/memory"
    write(memory / "pm.md", "# Package manager\n\nWe use pnpm.\n")
    write(user / ".claude/CLAUDE.md", "Terse answers, please.\n")
    write(Path.cwd() / "AGENTS.md", "Run the linters first.\n")
    before = snapshot(user)

    run(["init"])
    capsys.readouterr()
    for words in ("pnpm", "terse", "linters"):
        run(["search", words])
    found = capsys.readouterr().out

    assert all(word in found for word in ("pm.md", "CLAUDE.md", "AGENTS.md"))
    assert (memory / "MEMORY.md").exists()
    run(["uninstall", "--yes"])
    assert snapshot(user) == before


def test_a_memory_md_that_was_there_before_comes_back_as_it_was(user: Path) -> None:
    memory = user / ".claude/projects/-tmp-x/memory"
    for number in range(300):
        write(memory / f"note_{number}.md", f"# Note {number}\n\nAbout {number}.\n")
    write(memory / "MEMORY.md", "- [Zero](note_0.md) — mine\r\n\r\nmore")
    before = snapshot(user)

    run(["init"])
    assert (memory / "index").is_dir()
    run(["uninstall", "--yes"])

    assert snapshot(user) == before


def test_keep_memory_leaves_notes_and_index_pages_as_they_are(user: Path, home: Path) -> None:
    memory = user / ".claude/projects/-tmp-x/memory"
    write(memory / "pm.md", "# Package manager\n\nWe use pnpm.\n")
    run(["init"])
    kept = (memory / "MEMORY.md").read_bytes()

    run(["uninstall", "--keep-memory"])

    assert (memory / "MEMORY.md").read_bytes() == kept
    assert (home / "index.db").exists()


def test_a_project_gets_no_path_of_this_machine(user: Path) -> None:
    run(["init", "--scope", "project", *(f"--host={name}" for name in NAMES)])

    written = "".join(path.read_text() for path in Path.cwd().rglob("*") if path.is_file())
    assert "memcairn hook" in written
    assert str(Path(sys.prefix)) not in written


def test_timeouts_are_in_the_unit_of_each_host(user: Path) -> None:
    run(["init", *(f"--host={name}" for name in NAMES)])

    def hooks(file: str) -> dict[str, list[dict[str, object]]]:
        found: dict[str, list[dict[str, object]]] = json.loads((user / file).read_text())["hooks"]
        return found

    limit = LIMIT_S["user-prompt"]
    assert hooks(".gemini/settings.json")["BeforeAgent"][0]["hooks"][0]["timeout"] == limit * 1000  # type: ignore[index]
    assert hooks(".codex/hooks.json")["UserPromptSubmit"][0]["hooks"][0]["timeout"] == limit  # type: ignore[index]
    assert hooks(".copilot/hooks/memcairn.json")["userPromptSubmitted"][0]["timeoutSec"] == limit
    assert hooks(".cursor/hooks.json")["stop"][0]["timeout"] == LIMIT_S["stop"]


def test_each_event_is_in_the_files_of_its_host(user: Path) -> None:
    run(["init", *(f"--host={name}" for name in NAMES)])

    for host in HOSTS:
        if host.hooks is None:
            continue
        file = Path(os.path.normpath(f"{host.folder_of('user', '', os.environ)}/{host.hooks.user}"))
        hooks = json.loads(file.read_text())["memcairn" if host.hooks.form == "bundle" else "hooks"]
        assert set(hooks) == {event.name for event in host.hooks.events}
        for event in host.hooks.events:
            assert f"hook {event.event} --host {host.name}" in json.dumps(hooks[event.name])


def test_antigravity_gets_a_bundle_of_flat_hooks_and_keeps_the_others(user: Path) -> None:
    (user / ".gemini/antigravity-cli").mkdir(parents=True)
    file = write(user / ".gemini/config/hooks.json", '{"other": {"Stop": []}}')
    before = snapshot(user)

    assert run(["init", "--host", "antigravity"]) == 0

    found = json.loads(file.read_text())
    (hook,) = found["memcairn"]["SessionStart"]
    assert found["other"] == {"Stop": []}
    assert (hook["type"], hook["timeout"]) == ("command", LIMIT_S["session-start"])
    servers = json.loads((user / ".gemini/config/mcp_config.json").read_text())["mcpServers"]
    assert servers["memcairn"]["args"] == ["serve"]
    assert run(["uninstall", "--host", "antigravity"]) == 0
    assert snapshot(user) == before


# What Cursor's documentation says of hooks.json: events, and what a hook may say.
CURSORS_EVENTS = {
    "sessionStart", "sessionEnd", "preToolUse", "postToolUse", "postToolUseFailure", "subagentStart",
    "subagentStop", "beforeShellExecution", "afterShellExecution", "beforeMCPExecution", "afterMCPExecution",
    "beforeReadFile", "afterFileEdit", "beforeSubmitPrompt", "preCompact", "stop", "afterAgentResponse",
    "afterAgentThought",
}  # fmt: skip
CURSORS_FIELDS: dict[str, type | tuple[type, ...]] = {
    "command": str, "matcher": str, "timeout": (int, float), "loop_limit": int,
}  # fmt: skip


@pytest.mark.parametrize("scope", ["user", "project"])
def test_what_cursor_gets_has_the_form_that_is_documented(scope: str, user: Path) -> None:
    run(["init", "--host", "cursor", "--scope", scope, "-q"])
    folder = (user if scope == "user" else Path.cwd()) / ".cursor"

    hooks = json.loads((folder / "hooks.json").read_text())
    assert set(hooks) == {"version", "hooks"}
    assert hooks["version"] == 1
    assert set(hooks["hooks"]) <= CURSORS_EVENTS
    for entries in hooks["hooks"].values():
        for entry in entries:
            assert all(isinstance(value, CURSORS_FIELDS[key]) for key, value in entry.items())
            assert "command" in entry
    (server,) = json.loads((folder / "mcp.json").read_text())["mcpServers"].values()
    assert {"command", "args"} <= set(server) <= {"command", "args", "env"}


def test_the_files_of_hooks_do_not_change_with_the_version(
    user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = []
    for version in ("0.1.0", "9.9.9"):
        monkeypatch.setattr("memcairn.__version__", version)
        edits = install.host_edits(BY_NAME["codex"], "user", "", "/usr/bin/memcairn", {})
        contents.append([edit.put(None) for edit in edits])

    assert contents[0] == contents[1]


def test_a_file_that_changes_at_that_moment_is_left_alone(
    user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from memcairn.hosts import plan

    settings = write(user / ".gemini/settings.json", "{}")
    planned = install.planned_changes([BY_NAME["gemini"]], "user", "", str(user / "home"))
    settings.write_text('{"theme": "new"}')

    with pytest.raises(Exception, match="was changed by another program"):
        plan.apply(planned, str(user / "home"), install=True)

    assert settings.read_text() == '{"theme": "new"}'


def test_an_unreadable_account_is_said(user: Path, home: Path) -> None:
    home.mkdir()
    (home / "hosts.json").write_text("nonsense")

    assert run(["init", "--host", "gemini"]) == 1
    assert not (user / ".gemini").exists()


def test_a_wrong_name_of_a_host_is_wrong_usage() -> None:
    assert run(["init", "--host", "nonsense"]) == 2


def test_a_broken_file_is_a_configuration_error(tmp_path: Path) -> None:
    edit = install.host_edits(BY_NAME["gemini"], "project", str(tmp_path), "memcairn", {})[0]

    with pytest.raises(ConfigError):
        edit.put(b"{")


def states(capsys: pytest.CaptureFixture[str]) -> dict[str, list[dict[str, object]]]:
    capsys.readouterr()
    run(["hosts", "--json"])
    return {
        row["name"]: row["installations"] for row in json.loads(capsys.readouterr().out)["hosts"]
    }


def test_hosts_reports_the_installation_and_that_it_works(
    user: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["hosts"]) == 0
    assert "Codex CLI (codex): not on this machine" in capsys.readouterr().out

    run(["init", *(f"--host={name}" for name in NAMES)])
    assert run(["hosts"]) == 0

    found = states(capsys)
    assert all([one["state"] for one in found[name]] == ["installed"] for name in NAMES)
    assert all(
        one["command"] == executable.installed_path() for name in NAMES for one in found[name]
    )


def test_hosts_tells_of_an_environment_that_was_moved(
    user: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(executable, "installed_path", lambda: str(tmp_path / "old/bin/memcairn"))
        run(["init", *(f"--host={name}" for name in NAMES)])
    capsys.readouterr()

    assert run(["hosts"]) == 1

    shown = capsys.readouterr().out
    assert shown.count("old/bin/memcairn does not exist: run `memcairn init`") == len(NAMES)


def test_hosts_tells_of_a_part_that_is_missing(
    user: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["init", "--host", "codex"])
    (user / ".codex/hooks.json").unlink()

    assert run(["hosts"]) == 1
    assert "run `memcairn init --host codex`" in capsys.readouterr().out


def test_hosts_tells_of_a_server_that_does_not_answer(
    user: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = write(tmp_path / "memcairn", "#!/bin/sh\necho no package mcp >&2\nexit 2\n")
    broken.chmod(0o755)
    monkeypatch.setattr(executable, "installed_path", lambda: str(broken))
    run(["init", "--host", "gemini"])
    capsys.readouterr()

    assert run(["hosts"]) == 1
    assert "serve does not answer: no package mcp" in capsys.readouterr().out


def test_hosts_leaves_no_trace(user: Path, home: Path) -> None:
    run(["init", "--host", "gemini"])
    shutil.rmtree(home)
    before = snapshot(user)

    run(["hosts"])

    assert snapshot(user) == before
    assert not home.exists()


def test_hosts_tells_of_a_version_that_is_too_old(
    user: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    claude = write(tmp_path / "bin/claude", "#!/bin/sh\necho '2.1.100 (Claude Code)'\n")
    claude.chmod(0o755)
    run(["init"])
    capsys.readouterr()

    assert run(["hosts"]) == 1
    assert (
        "Claude Code 2.1.100 does not load the plugin: update to 2.1.157" in capsys.readouterr().out
    )


def test_a_project_elsewhere_is_found_again(
    user: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Path.cwd()
    write(project / "opencode.json", '{ "theme": "x" }')
    write(project / ".gemini/settings.json", "{}")
    before = snapshot(project)
    run(["init", "--scope", "project", *(f"--host={name}" for name in NAMES)])
    write(
        project / ".gemini/settings.json",
        jsonc.put((project / ".gemini/settings.json").read_text(), ("a",), 1),
    )
    monkeypatch.chdir(tmp_path)

    assert run(["uninstall", "--keep-memory"]) == 0

    assert snapshot(project) == {**before, ".gemini/settings.json": b'{"a": 1}'} or snapshot(
        project
    ) == {**before, ".gemini/settings.json": b'{\n  "a": 1\n}'}


def test_a_file_of_the_host_is_never_removed_even_if_the_host_has_moved(
    user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = write(user / ".codex/config.toml", 'model = "x"\n')
    run(["init"])
    config.write_text(config.read_text() + "\n[later]\nx = 1\n")
    monkeypatch.setenv("CODEX_HOME", str(user / "elsewhere"))

    run(["uninstall", "--keep-memory"])

    assert tomllib.loads(config.read_text()) == {"model": "x", "later": {"x": 1}}


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_read_only_file_is_left_alone(user: Path, home: Path) -> None:
    settings = write(user / ".gemini/settings.json", "{}")
    settings.chmod(0o444)

    assert run(["init"]) == 1
    assert settings.read_text() == "{}"
    assert not home.exists()


def test_an_environment_in_a_cache_is_not_what_hosts_should_call(
    user: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scripts = tmp_path / ".cache/uv/environments/bin"
    write(scripts / "memcairn", "").chmod(0o755)
    monkeypatch.setattr("sysconfig.get_path", lambda _: str(scripts))

    assert run(["init", "--host", "gemini"]) == 1

    assert "uv tool install memcairn" in capsys.readouterr().err
    assert snapshot(user) == {}


def test_a_link_on_the_path_is_called_instead_of_its_target(
    user: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    behind = write(tmp_path / "venvs/memcairn/bin/memcairn", "#!/bin/sh\n")
    behind.chmod(0o755)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/memcairn").symlink_to(behind)
    monkeypatch.setattr("sysconfig.get_path", lambda _: str(behind.parent))

    assert executable.installed_path() == str(tmp_path / "bin/memcairn")


def test_the_folder_of_settings_may_have_been_moved(
    user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(user / "etc"))
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(user / "claude"))

    run(["init", "--host", "opencode", "--host", "claude-code"])

    assert (user / "etc/opencode/plugins/memcairn.js").exists()
    assert (user / "claude/skills/memcairn/hooks/hooks.json").exists()
    run(["uninstall", "--keep-memory"])
    assert snapshot(user) == {}


def test_what_they_removed_meanwhile_does_not_come_back(user: Path) -> None:
    settings = write(user / ".gemini/settings.json", '{\n  "theme": "x"\n}\n')
    run(["init"])
    settings.write_text(jsonc.remove(settings.read_text(), ("theme",)))

    run(["uninstall", "--keep-memory"])

    assert jsonc.read(settings.read_text()).value == {}


def test_a_plugin_of_an_earlier_version_does_not_come_back(user: Path, home: Path) -> None:
    run(["init", "--host", "claude-code", "--host", "copilot"])
    shutil.rmtree(home)
    for path in (".claude/skills/memcairn/hooks/hooks.json", ".copilot/hooks/memcairn.json"):
        write(user / path, '{"of": "an earlier memcairn"}')
    run(["init"])

    run(["uninstall", "--yes"])

    files = [path for path, content in snapshot(user).items() if content is not None]
    assert files == [".copilot/mcp-config.json"]


def test_a_root_with_a_read_only_memory_md_is_reported_and_stops_nothing(
    user: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    memory = user / ".claude/projects/-tmp-x/memory"
    write(memory / "pm.md", "# Package manager\n\nWe use pnpm.\n")
    run(["init"])
    (memory / "MEMORY.md").unlink()
    (memory / "MEMORY.md").mkdir()
    (home / "mine.txt").write_text("not ours")
    capsys.readouterr()

    assert run(["uninstall", "--yes"]) == 0

    shown = capsys.readouterr().out
    assert f"left: {memory}" in shown
    assert "mine.txt: not a file of memcairn" in shown
    assert [path.name for path in home.iterdir()] == ["mine.txt"]


def test_an_init_that_is_killed_at_any_write_can_be_taken_back(
    user: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path, text in THEIRS.items():
        write(user / path, text)
    before = snapshot(user)

    class Killed(BaseException):
        pass

    rename = os.replace
    killed = 0
    while True:
        left = killed

        def replace(*arguments: str) -> None:
            nonlocal left
            if left == 0:
                raise Killed
            left -= 1
            rename(*arguments)

        with monkeypatch.context() as patch:
            patch.setattr("os.replace", replace)
            try:
                run(["init", "-q"])
            except Killed:
                killed += 1
            else:
                break
        assert run(["uninstall", "-q", "--yes"]) == 0
        assert snapshot(user) == before
        assert not home.exists()
    assert killed > 20, "nothing was killed: the test tests nothing"


def test_an_uninstall_that_is_killed_at_any_step_can_be_finished(
    user: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path, text in THEIRS.items():
        write(user / path, text)
    before = snapshot(user)

    class Killed(BaseException):
        pass

    rename, remove = os.replace, Path.unlink
    killed = 0
    while True:
        left = killed

        def count() -> None:
            nonlocal left
            if left == 0:
                raise Killed
            left -= 1

        def replace(*arguments: str) -> None:
            count()
            rename(*arguments)

        def unlink(path: Path, *, missing_ok: bool = False) -> None:
            count()
            remove(path, missing_ok=missing_ok)

        run(["init", "-q"])
        with monkeypatch.context() as patch:
            patch.setattr("os.replace", replace)
            patch.setattr(Path, "unlink", unlink)
            try:
                run(["uninstall", "-q", "--keep-memory"])
            except Killed:
                killed += 1
            else:
                break
        assert run(["uninstall", "-q", "--keep-memory"]) == 0
        assert snapshot(user) == before
    assert killed > 10, "nothing was killed: the test tests nothing"


def test_init_says_what_runs_and_what_is_read_and_that_nothing_is_sent(
    user: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(user / ".claude/CLAUDE.md", "# Mine\n")

    assert run(["init", "--host", "claude-code", "--host", "cursor"]) == 0

    said = capsys.readouterr().out
    assert "before each prompt" in said
    assert "the MCP server while a session is open" in said
    assert "CLAUDE.md" in said.partition("Reads: ")[2]
    assert "Nothing is sent from this machine." in said


def test_a_part_that_is_missing_is_an_error_with_the_command_that_adds_it(
    user: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from memcairn.cli import init
    from memcairn.settings import installer

    monkeypatch.setattr(init, "find_spec", lambda _: None)
    (user / ".claude").mkdir()
    before = snapshot(user)

    assert run(["init"]) == 2

    assert installer.command("mcp") in capsys.readouterr().err
    assert snapshot(user) == before


@pytest.mark.parametrize(("answer", "code"), [("n", 1), ("y", 0)])
def test_init_asks_at_a_terminal(answer: str, code: int, user: Path) -> None:
    (user / ".cursor").mkdir()

    ended, said = at_a_terminal("init", "--host", "cursor", answers=f"{answer}\n")

    assert ended == code
    assert "Install?" in said
    assert (user / ".cursor/mcp.json").exists() == (answer == "y")


def test_two_installations_of_the_plugin_are_reported(
    user: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["init", "--host", "claude-code"]) == 0
    write(
        user / ".claude/plugins/installed_plugins.json",
        '{"version": 2, "plugins": {"memcairn@memcairn": []}}',
    )

    assert run(["hosts"]) == 1
    assert "installed twice" in capsys.readouterr().out

    run(["init", "--host", "claude-code"])
    run(["hosts"])
    assert "installed twice" not in capsys.readouterr().out


def test_uninstall_says_what_it_leaves(
    user: Path, notes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from memcairn.settings import installer

    write(notes / "a.md", "# A\n")
    run(["index", str(notes)])
    capsys.readouterr()

    assert run(["uninstall", "--yes"]) == 0

    said = capsys.readouterr().out
    assert f"left: your notes in {notes.resolve()}" in said.replace("\n", "")
    assert installer.removal() in said


@pytest.mark.parametrize(
    ("marker", "text", "wanted"),
    [
        ("uv-receipt.toml", "", "uv tool install memcairn --with"),
        ("pipx_metadata.json", "{}", "pipx inject memcairn"),
        ("pyvenv.cfg", "home = /usr\nuv = 0.13.9\n", "uv pip install --python"),
        ("pyvenv.cfg", "home = /usr\n", "-m pip install"),
    ],
)
def test_a_missing_package_is_added_with_the_tool_that_installed_memcairn(
    marker: str, text: str, wanted: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from memcairn.settings import installer

    (tmp_path / marker).write_text(text, encoding="utf-8")
    monkeypatch.setattr(sys, "prefix", str(tmp_path))

    assert wanted in installer.command("tokenizers")


def test_hosts_reports_a_hook_that_fails(
    user: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program_file = write(
        tmp_path / "program" / "memcairn",
        f"""#!{sys.executable}
import sys
if sys.argv[1] == "serve":
    print('{{"serverInfo": 1}}')
""",
    )
    program_file.chmod(0o755)
    monkeypatch.setattr(executable, "installed_path", lambda: str(program_file))
    assert run(["init", "--host", "cursor"]) == 0

    assert run(["hosts"]) == 1
    assert "hook does not work: it logs nothing" in capsys.readouterr().out
