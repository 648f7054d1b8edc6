"""The table of hosts: their settings files and formats, events, and limits.

The installer, `memcairn hosts` and docs/hosts.md use this table only.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Scope = Literal["user", "project"]
SCOPES: tuple[Scope, ...] = ("user", "project")

# The forms of a host's configuration; see snippets.py.
ServerForm = Literal["mcpServers", "codex", "opencode", "copilot"]
HookForm = Literal["groups", "cursor", "copilot", "bundle"]

WRITING_TOOLS = "Write|Edit|MultiEdit|NotebookEdit"
AGENT_TOOLS = "Agent|Task"


@dataclass(frozen=True, slots=True)
class Event:
    """An event and the host's name for it. `matcher` restricts it to tools, in the host's syntax."""

    event: str
    name: str
    matcher: str = ""


@dataclass(frozen=True, slots=True)
class Server:
    """Where the MCP server is registered: a file for each scope, relative to the folder of that scope.

    "" if the host has none for the scope.
    """

    form: ServerForm
    user: str
    project: str


@dataclass(frozen=True, slots=True)
class Hooks:
    """Where hooks are registered, and which. `unit`: units of the timeout in a second; a file may be ""."""

    form: HookForm
    user: str
    project: str
    unit: int
    unit_name: str
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Plugin:
    """A folder or a file that the host loads from its place, without a setting."""

    source: str
    user: str
    project: str
    events: tuple[Event, ...]
    timeouts: str


@dataclass(frozen=True, slots=True)
class Host:
    """One host.

    `folder` has the user's settings, below HOME, and `variable` is the environment variable that moves it;
    `project_folder` is the same in a project. `memory_globs` match the host's own memory below `folder`,
    and `project_memory_globs` below a project; it is indexed in place. `traces` match what the host itself
    keeps of the server below the user's folder of caches; uninstall removes folders, and files that name
    memcairn. `min_version` is the first version that loads the plugin. `after_install` is what a person has
    to do once after `init`.
    """

    name: str
    title: str
    programs: tuple[str, ...]
    folder: str
    variable: str
    project_folder: str
    server: Server | None = None
    hooks: Hooks | None = None
    plugin: Plugin | None = None
    memory_globs: tuple[str, ...] = ()
    project_memory_globs: tuple[str, ...] = ("AGENTS.md",)
    traces: tuple[str, ...] = ()
    min_version: tuple[int, ...] = ()
    after_install: str = ""
    cannot: tuple[str, ...] = ()
    checked: str = ""

    def folder_of(self, scope: Scope, project: str, environ: Mapping[str, str]) -> str:
        """The absolute folder of the settings of a scope."""
        if scope == "project":
            return os.path.join(project, self.project_folder)
        moved = environ.get(self.variable) if self.variable else None
        settings = environ.get("XDG_CONFIG_HOME")
        if not moved and settings and self.folder.startswith(".config/"):
            moved = os.path.join(settings, self.folder.removeprefix(".config/"))
        return os.path.abspath(os.path.expanduser(moved or f"~/{self.folder}"))

    @property
    def events(self) -> tuple[Event, ...]:
        """The events that reach memcairn."""
        return (self.hooks.events if self.hooks else ()) + (
            self.plugin.events if self.plugin else ()
        )


CLAUDE_CODE = Host(
    name="claude-code",
    title="Claude Code",
    programs=("claude",),
    folder=".claude",
    variable="CLAUDE_CONFIG_DIR",
    project_folder=".claude",
    plugin=Plugin(
        source="claude-code",
        user="skills/memcairn",
        project="skills/memcairn",
        events=(
            Event("session-start", "SessionStart"),
            Event("user-prompt", "UserPromptSubmit"),
            Event("subagent-prompt", "PreToolUse", AGENT_TOOLS),
            Event("subagent-start", "SubagentStart"),
            Event("tool-used", "PostToolUse", WRITING_TOOLS),
            Event("tool-failed", "PostToolUseFailure"),
            Event("pre-compact", "PreCompact"),
            Event("stop", "Stop"),
            Event("subagent-stop", "SubagentStop"),
            Event("session-end", "SessionEnd"),
        ),
        timeouts="seconds",
    ),
    memory_globs=("projects/*/memory", "CLAUDE.md"),
    project_memory_globs=("CLAUDE.md", "AGENTS.md"),
    traces=("claude-cli-nodejs/*/mcp-logs-plugin-memcairn-memory",),
    min_version=(2, 1, 157),
    cannot=(
        "before 2.1.157, does not load plugins from the skills folder",
        "does not load it where an administrator restricts plugins to certain marketplaces",
        "in a project, the folder has to be trusted and the server approved first",
        (
            "at a terminal, does not wait for MCP servers before the first prompt: the tools may come with "
            "the second request, the recall does not depend on them"
        ),
        (
            "with -p, waits up to 5 seconds for MCP servers: on a busy machine the tools may come with the "
            "second request, too"
        ),
    ),
    checked="real client",
)

CODEX = Host(
    name="codex",
    title="Codex CLI",
    programs=("codex",),
    folder=".codex",
    variable="CODEX_HOME",
    project_folder=".codex",
    server=Server("codex", user="config.toml", project="config.toml"),
    hooks=Hooks(
        "groups",
        user="hooks.json",
        project="hooks.json",
        unit=1,
        unit_name="s",
        events=(
            Event("session-start", "SessionStart"),
            Event("user-prompt", "UserPromptSubmit"),
            Event("tool-used", "PostToolUse", "apply_patch|Edit|Write"),
            Event("pre-compact", "PreCompact"),
            Event("stop", "Stop"),
            Event("subagent-stop", "SubagentStop"),
            Event("session-end", "SessionEnd"),
        ),
    ),
    memory_globs=("AGENTS.md",),
    after_install="run /hooks in Codex once, and trust the hooks of memcairn",
    cannot=(
        "runs a hook only after you trusted it: /hooks",
        "has no event for a failed tool",
        "in a project, reads .codex only where the folder is trusted",
    ),
    checked="real client",
)

GEMINI = Host(
    name="gemini",
    title="Gemini CLI",
    programs=("gemini",),
    folder=".gemini",
    variable="",
    project_folder=".gemini",
    server=Server("mcpServers", user="settings.json", project="settings.json"),
    hooks=Hooks(
        "groups",
        user="settings.json",
        project="settings.json",
        unit=1000,
        unit_name="ms",
        events=(
            Event("session-start", "SessionStart"),
            Event("user-prompt", "BeforeAgent"),
            Event("tool-used", "AfterTool", "write_file|replace"),
            Event("pre-compact", "PreCompress"),
            Event("stop", "AfterAgent"),
            Event("session-end", "SessionEnd"),
        ),
    ),
    memory_globs=("GEMINI.md",),
    project_memory_globs=("GEMINI.md", "AGENTS.md"),
    cannot=(
        "does not wait for the hooks at the end of a session",
        "has no event for a failed tool or the end of a subagent",
        "with -p, omits tools that need approval, memcairn's too; --approval-mode yolo includes them",
    ),
    checked="real client",
)

CURSOR = Host(
    name="cursor",
    title="Cursor",
    programs=("cursor", "cursor-agent"),
    folder=".cursor",
    variable="",
    project_folder=".cursor",
    server=Server("mcpServers", user="mcp.json", project="mcp.json"),
    hooks=Hooks(
        "cursor",
        user="hooks.json",
        project="hooks.json",
        unit=1,
        unit_name="s",
        events=(
            Event("session-start", "sessionStart"),
            Event("tool-used", "afterFileEdit"),
            Event("pre-compact", "preCompact"),
            Event("stop", "stop"),
            Event("subagent-stop", "subagentStop"),
            Event("session-end", "sessionEnd"),
        ),
    ),
    cannot=(
        "takes no text from a prompt hook: recall happens at the start of a session, or by the tools",
    ),
    checked="documented form",
)

OPENCODE = Host(
    name="opencode",
    title="OpenCode",
    programs=("opencode",),
    folder=".config/opencode",
    variable="OPENCODE_CONFIG_DIR",
    project_folder="",
    server=Server("opencode", user="opencode.json", project="opencode.json"),
    plugin=Plugin(
        source="opencode/memcairn.js",
        user="plugins/memcairn.js",
        project=".opencode/plugins/memcairn.js",
        events=(
            Event("session-start", "chat.message, the first"),
            Event("user-prompt", "chat.message"),
            Event("tool-used", "tool.execute.after", "write|edit|patch"),
            Event("pre-compact", "experimental.session.compacting"),
            Event("stop", "session.idle"),
        ),
        timeouts="milliseconds",
    ),
    memory_globs=("AGENTS.md",),
    cannot=(
        "has no event for a failed tool or the end of a session",
        "downloads its plugin library at the next start, once there is a plugin",
    ),
    checked="real client",
)

COPILOT = Host(
    name="copilot",
    title="Copilot CLI",
    programs=("copilot",),
    folder=".copilot",
    variable="COPILOT_HOME",
    project_folder="",
    server=Server("copilot", user="mcp-config.json", project=".github/mcp.json"),
    hooks=Hooks(
        "copilot",
        user="hooks/memcairn.json",
        project=".github/hooks/memcairn.json",
        unit=1,
        unit_name="s (timeoutSec)",
        events=(
            Event("session-start", "sessionStart"),
            Event("user-prompt", "userPromptSubmitted"),
            Event("tool-used", "postToolUse"),
            Event("tool-failed", "postToolUseFailure"),
            Event("pre-compact", "preCompact"),
            Event("stop", "agentStop"),
            Event("subagent-stop", "subagentStop"),
            Event("session-end", "sessionEnd"),
        ),
    ),
    traces=("copilot/mcp-tools/*.json",),
    cannot=("calls the hook after every tool, not only after tools that write",),
    checked="real client",
)

ANTIGRAVITY = Host(
    name="antigravity",
    title="Antigravity CLI",
    programs=("agy",),
    # The folder shows that it is installed; its settings are beside those of Gemini CLI.
    folder=".gemini/antigravity-cli",
    variable="",
    project_folder=".agents",
    server=Server("mcpServers", user="../config/mcp_config.json", project="mcp_config.json"),
    hooks=Hooks(
        "bundle",
        user="../config/hooks.json",
        project="",
        unit=1,
        unit_name="s",
        events=(
            Event("session-start", "SessionStart"),
            Event("user-prompt", "PreInvocation"),
            Event("stop", "Stop"),
        ),
    ),
    memory_globs=("../GEMINI.md",),
    project_memory_globs=("GEMINI.md", "AGENTS.md"),
    cannot=(
        "gives hooks no prompt: recall reads the last one in its transcript",
        "takes no text at the start of a session: it comes with the first prompt",
        "has hooks in the user's settings only",
    ),
    checked="reported form",
)

WINDSURF = Host(
    name="windsurf",
    title="Windsurf",
    programs=("windsurf",),
    folder=".codeium/windsurf",
    variable="",
    project_folder="",
    server=Server("mcpServers", user="mcp_config.json", project=""),
    cannot=("gets the MCP server only: recall happens by the tools", "has no servers of a project"),
    checked="documented form",
)

KIMI = Host(
    name="kimi",
    title="Kimi Code CLI",
    programs=("kimi",),
    folder=".kimi-code",
    variable="KIMI_CODE_HOME",
    project_folder=".kimi-code",
    server=Server("mcpServers", user="mcp.json", project="mcp.json"),
    cannot=("gets the MCP server only: recall happens by the tools",),
    checked="documented form",
)

_DESKTOP_FOLDERS = {
    "darwin": "Library/Application Support/Claude",
    "win32": "AppData/Roaming/Claude",
}
CLAUDE_DESKTOP = Host(
    name="claude-desktop",
    title="Claude Desktop",
    programs=(),
    folder=_DESKTOP_FOLDERS.get(sys.platform, ".config/Claude"),
    variable="",
    project_folder="",
    server=Server("mcpServers", user="claude_desktop_config.json", project=""),
    project_memory_globs=(),
    after_install="restart Claude Desktop",
    cannot=(
        "gets the MCP server only: recall happens by the tools",
        "has no servers of a project",
        "the bundle of `make mcpb` brings its own memcairn: install that, or run init, not both",
    ),
    checked="documented form",
)

HOSTS: tuple[Host, ...] = (
    CLAUDE_CODE,
    CODEX,
    GEMINI,
    CURSOR,
    OPENCODE,
    COPILOT,
    ANTIGRAVITY,
    WINDSURF,
    KIMI,
    CLAUDE_DESKTOP,
)
BY_NAME: Mapping[str, Host] = {host.name: host for host in HOSTS}
