"""Read the transcripts of hosts: JSON Lines, one file for each session, to which the host appends.

OpenCode has a database for all sessions, from which `store.opencode` makes such lines.

    claude-code  ~/.claude/projects/<folder>/<session>.jsonl, <session>/subagents/agent-*.jsonl
    codex        ~/.codex/sessions/<year>/<month>/<day>/rollout-*.jsonl
    gemini       ~/.gemini/tmp/<folder>/chats/session-*.jsonl
    copilot      ~/.copilot/session-state/<session>/events.jsonl
    opencode     ~/.local/share/opencode/opencode.db

The hosts do not document these forms. They are those of Claude Code 2.1, Codex 0.169, Gemini CLI 0.61,
Copilot CLI 1.0 and OpenCode 1.18. A line of another form is skipped, so that a later version is no error.
"""

from __future__ import annotations

import glob
import json
import os
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from memcairn.safety.private import WITHHELD, without_private

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import BinaryIO

# A longer line holds a picture or the output of a tool.
MAX_LINE_BYTES = 32 << 20
# Stands between the path of a database and the id of a session in it.
SESSION_MARK = "#"


class Source(NamedTuple):
    """Where a host keeps transcripts: its folder below HOME, the variable that moves it, and patterns."""

    folder: str
    variable: str
    patterns: tuple[str, ...]


SOURCES: Mapping[str, Source] = {
    "claude-code": Source(
        ".claude",
        "CLAUDE_CONFIG_DIR",
        ("projects/*/*.jsonl", "projects/*/*/subagents/*.jsonl"),
    ),
    "codex": Source(
        ".codex",
        "CODEX_HOME",
        ("sessions/*/*/*/rollout-*.jsonl", "archived_sessions/rollout-*.jsonl"),
    ),
    "gemini": Source(".gemini", "", ("tmp/*/chats/session-*.jsonl",)),
    "copilot": Source(".copilot", "COPILOT_HOME", ("session-state/*/events.jsonl",)),
    "opencode": Source(".local/share", "XDG_DATA_HOME", ("opencode/opencode*.db",)),
}


class Item(NamedTuple):
    """One thing that was said or done in a session.

    Attributes:
        kind: what a person asked, what the agent said, a call of a tool, or its result.
        text: of a prompt or a reply, without what the host added and without `<private>` parts; the
            output of a result.
        time: ISO 8601 as the host wrote it; "" if unknown.
        id: of the message if the host gave one; of the call, for a call and its result.
        tool: the host's name of the called tool.
        command: the command line of a call that runs one.
        paths: the files that a call is about.
        writes: whether the call writes these files.
        failed: whether the result is an error.
        exit_code: of the command, if the result states it.
        arguments: of the call, as the host wrote them.
    """

    kind: Literal["prompt", "reply", "call", "result"]
    text: str
    time: str = ""
    id: str = ""
    tool: str = ""
    command: str = ""
    paths: tuple[str, ...] = ()
    writes: bool = False
    failed: bool = False
    exit_code: int | None = None
    arguments: Mapping[str, Any] = MappingProxyType({})


def find_files(environ: Mapping[str, str], home: str) -> Iterator[tuple[str, str]]:
    """Yield the transcripts of a user: the name of the host, and the path.

    Args:
        environ: may move the folders of hosts.
        home: the user's home folder.
    """
    for host, source in SOURCES.items():
        folder = environ.get(source.variable) if source.variable else None
        folder = os.path.abspath(folder or os.path.join(home, source.folder))
        for pattern in source.patterns:
            for path in glob.iglob(os.path.join(glob.escape(folder), pattern)):
                yield host, path


def exists(path: str) -> bool:
    """Whether the host still has a transcript, or the database that it is in."""
    return os.path.exists(path.partition(SESSION_MARK)[0])


def read_lines(file: BinaryIO, offset: int = 0) -> Iterator[tuple[int, bytes]]:
    """Yield each complete line from an offset on, after the offset of its end.

    A last line that is still being written is left for the next time. Lines over `MAX_LINE_BYTES` are
    skipped.
    """
    file.seek(offset)
    while line := file.readline(MAX_LINE_BYTES):
        offset += len(line)
        if line.endswith(b"\n"):
            yield offset, line
        elif len(line) == MAX_LINE_BYTES:
            while line and not line.endswith(b"\n"):
                line = file.readline(MAX_LINE_BYTES)
                offset += len(line)
        elif _loads(line) is not None:  # a part of an object is not JSON
            yield offset, line


class Transcript:
    """Reads the lines of one transcript, in order.

    Args:
        host: its host, a name in `SOURCES`.
        session: what earlier lines said; the same for the others.
        cwd: where the session works.
        branch: the git branch there, if the host writes it.
        with_results: also return the results of tools, which are most of a transcript.

    Attributes:
        session, cwd, branch: what the lines have said so far; "" if nothing.
    """

    def __init__(
        self,
        host: str,
        session: str = "",
        cwd: str = "",
        branch: str = "",
        *,
        with_results: bool = True,
    ) -> None:
        self.session = session
        self.cwd = cwd
        self.branch = branch
        self._with_results = with_results
        self._parse = {
            "claude-code": self._claude_code,
            "codex": self._codex,
            "gemini": self._gemini,
            "copilot": self._copilot,
            "opencode": self._opencode,
        }[host]

    def items(self, line: bytes) -> list[Item]:
        """What one line says; empty for what is not a part of the conversation."""
        if not self._with_results and _is_output(line):
            return []
        entry = _loads(line)
        return [] if entry is None else [item for item in self._parse(entry) if self._is_used(item)]

    def _is_used(self, item: Item) -> bool:
        if item.kind == "result":
            return self._with_results
        return item.kind == "call" or bool(item.text)

    # ── the forms of the hosts ───────────────────────────────────────────────────────────────────

    def _claude_code(self, entry: dict[str, Any]) -> Iterator[Item]:
        kind, message = entry.get("type"), entry.get("message")
        if kind not in ("user", "assistant") or not isinstance(message, dict):
            return
        self._state(entry.get("sessionId"), entry.get("cwd"), entry.get("gitBranch"))
        time = _text(entry.get("timestamp"))
        # The host wrote these: a summary repeats the conversation.
        is_context = any(
            entry.get(key)
            for key in (
                "isMeta",
                "isCompactSummary",
                "isVisibleInTranscriptOnly",
                "isApiErrorMessage",
            )
        )
        blocks = _blocks(message.get("content"))
        if not is_context:
            texts = [_text(block.get("text")) for block in blocks if block.get("type") == "text"]
            said: Literal["prompt", "reply"] = "prompt" if kind == "user" else "reply"
            yield Item(said, _said(*texts), time, _text(entry.get("uuid")))
        for block in blocks:
            match block:
                case {"type": "tool_use", "name": str(tool)}:
                    yield tool_call(_text(block.get("id")), time, tool, block.get("input"))
                case {"type": "tool_result"} if self._with_results:
                    output = _joined(block.get("content"))
                    failed = block.get("is_error") is True
                    yield tool_result(block.get("tool_use_id"), time, output, failed=failed)

    def _codex(self, entry: dict[str, Any]) -> Iterator[Item]:
        payload = entry.get("payload")
        if not isinstance(payload, dict):
            return
        time = _text(entry.get("timestamp"))
        if entry.get("type") in ("session_meta", "turn_context"):
            git = payload.get("git")
            branch = git.get("branch") if isinstance(git, dict) else ""
            self._state(payload.get("id"), payload.get("cwd"), branch)
        if entry.get("type") != "response_item":
            return
        identity = _text(payload.get("call_id") or payload.get("id"))
        match payload:
            case {"type": "message", "role": "user"}:
                texts = [_text(block.get("text")) for block in _blocks(payload.get("content"))]
                yield Item("prompt", _said(*texts), time, identity)
            case {"type": "message", "role": "assistant"}:
                yield Item("reply", _said(_joined(payload.get("content"))), time, identity)
            case {"type": "function_call" | "custom_tool_call", "name": str(tool)}:
                given = payload.get("arguments", payload.get("input"))
                yield tool_call(identity, time, tool, given)
            case {"type": "local_shell_call"}:
                yield tool_call(identity, time, "shell", payload.get("action"))
            case {"type": "function_call_output" | "custom_tool_call_output"} if self._with_results:
                yield tool_result(identity, time, _joined(payload.get("output")))

    def _gemini(self, entry: dict[str, Any]) -> Iterator[Item]:
        self._state(entry.get("sessionId"), "", "")
        changed = entry.get("$set")
        messages = changed.get("messages") if isinstance(changed, dict) else [entry]
        for message in messages if isinstance(messages, list) else []:
            if not isinstance(message, dict) or message.get("type") not in ("user", "gemini"):
                continue
            said: Literal["prompt", "reply"] = "prompt" if message["type"] == "user" else "reply"
            time, identity = _text(message.get("timestamp")), _text(message.get("id"))
            yield Item(said, _said(_joined(message.get("content"))), time, identity)
            calls = message.get("toolCalls")
            for call in calls if isinstance(calls, list) else []:
                if isinstance(call, dict):
                    called = _text(call.get("id"))
                    yield tool_call(called, time, _text(call.get("name")), call.get("args"))
                    if self._with_results and "result" in call:
                        output = _text(call.get("resultDisplay")) or _joined(call["result"])
                        yield tool_result(
                            called, time, output, failed=call.get("status") == "error"
                        )

    def _copilot(self, entry: dict[str, Any]) -> Iterator[Item]:
        data, time = entry.get("data"), _text(entry.get("timestamp"))
        if not isinstance(data, dict):
            return
        match entry.get("type"):
            case "session.start":
                context = data.get("context")
                context = context if isinstance(context, dict) else {}
                self._state(data.get("sessionId"), context.get("cwd"), context.get("branch"))
            case "user.message":
                yield Item(
                    "prompt", _said(_text(data.get("content"))), time, _text(entry.get("id"))
                )
            case "assistant.message":
                yield Item("reply", _said(_text(data.get("content"))), time, _text(entry.get("id")))
                calls = data.get("toolRequests")
                for call in calls if isinstance(calls, list) else []:
                    if isinstance(call, dict):
                        called = _text(call.get("toolCallId"))
                        yield tool_call(
                            called, time, _text(call.get("name")), call.get("arguments")
                        )
            case "tool.execution_complete" if self._with_results:
                result = data.get("result")
                output = _joined(result.get("content")) if isinstance(result, dict) else ""
                failed = data.get("success") is False
                yield tool_result(data.get("toolCallId"), time, output, failed=failed)

    def _opencode(self, entry: dict[str, Any]) -> Iterator[Item]:
        self._state(entry.get("session"), entry.get("directory"), "")
        time = _text(entry.get("time"))
        said: Literal["prompt", "reply"] = "prompt" if entry.get("role") == "user" else "reply"
        match entry.get("part"):
            case {"type": "text", "synthetic": True}:
                return  # the host wrote it
            case {"type": "text", "text": str(text)}:
                yield Item(said, _said(text), time)
            case {"type": "tool", "tool": str(tool), "callID": str(identity), "state": dict(state)}:
                yield tool_call(identity, time, tool, state.get("input"))
                if self._with_results:
                    failed = state.get("status") == "error"
                    output = _text(state.get("error" if failed else "output"))
                    yield tool_result(identity, time, output, failed=failed)

    def _state(self, session: object, cwd: object, branch: object) -> None:
        self.session = self.session or clean(_text(session))[:_MAX_ID_CHARS]
        self.cwd = clean(_text(cwd))[:_MAX_CWD_CHARS] or self.cwd
        self.branch = clean(_text(branch))[:_MAX_ID_CHARS] or self.branch


# ── calls and results ────────────────────────────────────────────────────────────────────────────

_WRITING_TOOLS = frozenset(
    {
        "write", "edit", "multiedit", "multi_edit", "notebookedit", "write_file", "replace", "apply_patch",
        "patch", "create", "str_replace_editor", "str_replace",
    }
)  # fmt: skip
_PATH_KEYS = ("file_path", "notebook_path", "filePath", "path", "filename", "absolute_path")
_COMMAND_KEYS = ("command", "cmd")
_SHELLS = frozenset({"bash", "sh", "zsh", "pwsh", "powershell"})
_PATCHED = re.compile(r"^\*\*\* (?:Add|Update|Delete) File: (.+?)\s*$", re.MULTILINE)
_EXIT_CODE = re.compile(r"(?:exit code:?|exited with code:?) (-?\d{1,10})\b", re.IGNORECASE)
# An exit code is in the host's own lines, above the output; Copilot has it at the end.
_EXIT_CODE_CHARS = 300
# The type of a line is near its beginning.
_HEAD_BYTES = 200
_MAX_ID_CHARS = 200
_MAX_CWD_CHARS = 4096


def _is_output(line: bytes) -> bool:
    """Whether a line holds nothing but the output of tools; most of a transcript need not be parsed."""
    head = line[:_HEAD_BYTES]
    is_output = (
        b'"type":"tool_result"' in line or b'_call_output"' in head or b'"type":"event_msg"' in head
    )
    # In a text, these quotes would be escaped.
    return is_output and b'"type":"text"' not in line


def tool_call(identity: str, time: str, tool: str, given: object) -> Item:
    """A call; `given` are its arguments as an object, as JSON, or as the text of a patch."""
    if isinstance(given, str):
        given = _loads(given.encode("utf-8", "replace")) or {"input": given}
    values: dict[str, Any] = given if isinstance(given, dict) else {}
    command = next((_command(values[key]) for key in _COMMAND_KEYS if key in values), "")
    paths = [values[key] for key in _PATH_KEYS if isinstance(values.get(key), str)]
    patch = command or _text(values.get("input")) or _text(values.get("patch"))
    patched = _PATCHED.findall(patch) if "*** Begin Patch" in patch else []
    return Item(
        "call",
        "",
        time,
        identity,
        tool,
        clean(command),
        tuple(map(clean, [*paths, *patched])),
        tool.lower() in _WRITING_TOOLS or bool(patched),
        arguments=values,
    )


def _command(value: object) -> str:
    """A command line, which some hosts give as the arguments of a shell."""
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        is_shell = len(value) == 3 and os.path.basename(value[0]) in _SHELLS
        return str(value[2]) if is_shell else " ".join(value)
    return _text(value)


def tool_result(call: object, time: str, output: str, *, failed: bool = False) -> Item:
    """A result, with the exit code that the output states.

    Args:
        call: the id of the call.
        time: of the result.
        output: as the host wrote it.
        failed: whether the host says that the call failed.
    """
    exit_code = None
    recorded = _loads(output.encode("utf-8", "replace")) if output.startswith("{") else None
    if recorded is not None and isinstance(
        recorded.get("metadata"), dict
    ):  # earlier versions of Codex
        code = recorded["metadata"].get("exit_code")
        exit_code = code if isinstance(code, int) else None
        output = _text(recorded.get("output"))
    else:
        edges = output[:_EXIT_CODE_CHARS] + "\n" + output[_EXIT_CODE_CHARS:][-_EXIT_CODE_CHARS:]
        found = _EXIT_CODE.search(edges)
        exit_code = int(found[1]) if found else None
    failed = failed or exit_code not in (None, 0)
    return Item("result", clean(output), time, _text(call), failed=failed, exit_code=exit_code)


# ── texts ────────────────────────────────────────────────────────────────────────────────────────

# What hosts, and hooks such as memcairn's, add to a prompt: the same text in many sessions.
_CONTEXT = re.compile(
    r"<(system-reminder|system_reminder|task-notification|command-name|command-message|command-args"
    r"|command-contents|local-command-stdout|local-command-stderr|local-command-caveat|bash-input|bash-stdout"
    r"|bash-stderr|teammate-message|environment_context|user_instructions|permissions instructions"
    r"|skills_instructions|collaboration_mode|INSTRUCTIONS|turn_aborted|session_context|hook_context"
    r"|current_datetime|ide_opened_file|ide_selection|user-prompt-submit-hook|memcairn[\w-]*)\b[^>]{0,200}>"
)
_NOT_A_PROMPT = (
    "# AGENTS.md instructions",
    "[SYSTEM NOTIFICATION",
    "[Request interrupted by user",
    "Caveat: The messages below were generated",
    "This session is being continued from a previous conversation",
)


def _said(*texts: str) -> str:
    """The text of a message without what the host added and without private parts."""
    kept = []
    for text in map(clean, texts):
        said = (_without_context(text) if "<" in text else text).strip()
        if said and not said.startswith(_NOT_A_PROMPT):
            kept.append(said)
    # A private part may reach from one block of a message to another.
    joined = without_private("\n".join(kept)).strip()
    return joined if joined.replace(WITHHELD, "").strip() else ""


def _without_context(text: str) -> str:
    parts, at = [], 0
    while (opening := _CONTEXT.search(text, at)) is not None:
        parts.append(text[at : opening.start()])
        closing = f"</{opening[1]}>"
        end = text.find(closing, opening.end())
        if end < 0:
            return "".join(parts)  # the host cut it
        at = end + len(closing)
    return "".join([*parts, text[at:]])


def clean(text: str) -> str:
    """The text without lone surrogates, which JSON may hold and no database takes, and without NULs."""
    if text.isascii():
        return text.replace("\0", "")
    return text.encode("utf-8", "replace").decode().replace("\0", "")


def _loads(line: bytes) -> dict[str, Any] | None:
    try:
        entry = json.loads(line.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _blocks(content: object) -> list[dict[str, Any]]:
    """The blocks of a message, whose content may be one text."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return (
        [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []
    )


def _joined(content: object) -> str:
    """The text of all blocks."""
    return "\n".join(filter(None, (_text(block.get("text")) for block in _blocks(content))))
