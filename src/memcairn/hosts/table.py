"""What each host is: where it keeps its settings, in which form, which events it has, what it cannot do.

The installer, `memcairn hosts` and docs/hosts.md are made from this table, and from nothing else.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Scope = Literal["user", "project"]
SCOPES: tuple[Scope, ...] = ("user", "project")

# How the parts of a host's configuration are written; entries.py has the forms.
ServerForm = Literal["mcpServers", "codex", "opencode", "copilot"]
HookForm = Literal["groups", "cursor", "copilot"]

WRITING_TOOLS = "Write|Edit|MultiEdit|NotebookEdit"


@dataclass(frozen=True, slots=True)
class Event:
    """An event of ours, as the host calls it. `matcher` narrows it to tools, in the host's language."""

    event: str
    name: str
    matcher: str = ""


@dataclass(frozen=True, slots=True)
class Server:
    """Where the MCP server is registered: a file for each scope, relative to the folder of that scope."""

    form: ServerForm
    user: str
    project: str


@dataclass(frozen=True, slots=True)
class Hooks:
    """Where hooks are registered, and which. `unit` is how many of the timeout's units make a second."""

    form: HookForm
    user: str
    project: str
    unit: int
    unit_name: str
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Plugin:
    """A folder or a file of our own that the host loads from its place, and no setting names."""

    source: str
    user: str
    project: str
    events: tuple[Event, ...]
    timeouts: str


@dataclass(frozen=True, slots=True)
class Host:
    """One host.

    `folder` is that of the user's settings, below HOME, and `variable` the environment variable that
    moves it; `project_folder` is the same in a project. `memories` are files and folders of its own memory,
    as globs below the user's folder, and `project_memories` below a project; they are indexed in place.
    `traces` are what the host itself keeps of our server elsewhere, as globs below the user's folder of
    caches: folders, and files that name it, go when memcairn goes. `oldest` is the first version that loads
    what is installed. `after` is what a person has to do once after `init`.
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
    memories: tuple[str, ...] = ()
    project_memories: tuple[str, ...] = ("AGENTS.md",)
    traces: tuple[str, ...] = ()
    oldest: tuple[int, ...] = ()
    after: str = ""
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
            Event("tool-used", "PostToolUse", WRITING_TOOLS),
            Event("tool-failed", "PostToolUseFailure"),
            Event("pre-compact", "PreCompact"),
            Event("stop", "Stop"),
            Event("subagent-stop", "SubagentStop"),
            Event("session-end", "SessionEnd"),
        ),
        timeouts="seconds",
    ),
    memories=("projects/*/memory", "CLAUDE.md"),
    project_memories=("CLAUDE.md", "AGENTS.md"),
    traces=("claude-cli-nodejs/*/mcp-logs-plugin-memcairn-memory",),
    oldest=(2, 1, 157),
    cannot=(
        "before 2.1.157, loads no plugins from the folder of skills",
        "loads none where an administrator allows plugins only from certain marketplaces",
        "in a project, the folder has to be trusted and the server approved first",
        (
            "before the server is connected (a second or two), or while it is down, skips the hooks that "
            "call it: no recall then; what was written meanwhile is taken up when the session ends"
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
    memories=("AGENTS.md",),
    after="run /hooks in Codex once, and trust the hooks of memcairn",
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
    memories=("GEMINI.md",),
    project_memories=("GEMINI.md", "AGENTS.md"),
    cannot=(
        "does not wait for the hooks at the end of a session",
        "has no event for a failed tool or the end of a subagent",
        "with -p leaves out tools that ask first, ours too; --approval-mode yolo brings them",
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
        "takes no text from a hook with a prompt: recall is at the start of a session, or by the tools",
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
    memories=("AGENTS.md",),
    cannot=(
        "has no event for a failed tool or the end of a session",
        "fetches its own library for plugins at the next start, once there is a plugin",
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
    cannot=("calls the hook after every tool, not only after those that write",),
    checked="real client",
)

HOSTS: tuple[Host, ...] = (CLAUDE_CODE, CODEX, GEMINI, CURSOR, OPENCODE, COPILOT)
BY_NAME: Mapping[str, Host] = {host.name: host for host in HOSTS}
