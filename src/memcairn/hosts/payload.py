"""What a host says about an event, in one form for all hosts.

Each host has its own field names. A field that is missing or malformed is empty. Every hook call loads this
module.
"""

from __future__ import annotations

import os

from memcairn.formats import json_text
from memcairn.settings import calling_process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, NamedTuple

    class HookEvent(NamedTuple):
        """An event of a host.

        Attributes:
            name: memcairn's name for it; see `limits.LIMIT_S`.
            host: the name of the host.
            session_id: of the host's session.
            agent: the id of the sub-agent that it happened in; "" for the session itself.
            agent_type: the type of the sub-agent that starts.
            cwd: where the host works, absolute.
            tool: the name of the tool that was used.
            written: the files that it wrote, absolute, but perhaps through symlinks.
            prompt: what a person asked; "" for a prompt that a machine wrote.
            error: what the tool failed with.
            cause: why a session starts (startup, resume, clear, compact), or a conversation is
                compacted (manual, auto).
            transcript_path: where the host keeps the conversation.
            arguments: what the tool was called with, as JSON or plain text; "" if it writes files.
            output: what the tool returned, if the host says it as text.
            reply: the last words of the agent at the end of its turn.
        """

        name: str
        host: str
        session_id: str
        agent: str
        agent_type: str
        cwd: str
        tool: str
        written: tuple[str, ...]
        prompt: str
        error: str
        cause: str
        transcript_path: str
        arguments: str = ""
        output: str = ""
        reply: str = ""

else:
    from collections import namedtuple  # typing costs a hook call 3 ms

    HookEvent = namedtuple(  # noqa: PYI024
        "HookEvent",
        "name host session_id agent agent_type cwd tool written prompt error cause transcript_path"
        " arguments output reply",
        defaults=("", "", ""),
    )

# Tools that write files, of all hosts, in lower case. Cursor names none: its event is about an edit.
WRITING_TOOLS = frozenset(
    {
        "", "write", "edit", "multiedit", "notebookedit", "write_file", "replace", "apply_patch",
        "patch", "create", "str_replace_editor", "str_replace", "multi_edit",
    }
)  # fmt: skip
_PATHS = ("file_path", "notebook_path", "filePath", "path", "filename")
# The lines of a patch that name files.
_PATCHED = ("*** Add File: ", "*** Update File: ", "*** Delete File: ", "*** Move to: ")
# Prompts that a host, or a command of memcairn, writes: nobody asked for a recall.
MACHINE_PROMPTS = (
    "<task-notification>", "<command-name>", "<command-message>", "<local-command-stdout>", "<bash-input>",
    "<system-reminder>", "<teammate-message", "[SYSTEM NOTIFICATION", "[Request interrupted",
    "This session is being continued from", "/memcairn:", "/mcp__memcairn__",
    "/mcp__plugin_memcairn_",
)  # fmt: skip
_BEFORE, _AFTER = "<hook_context>", "</hook_context>"
# Antigravity CLI: a line of its transcript, and what a person typed in it. The form is what projects that
# support it report of versions 1.1 and 1.2; it is not documented.
_USER_INPUT, _REQUEST, _REQUEST_END = "USER_INPUT", "<USER_REQUEST>", "</USER_REQUEST>"
_TRANSCRIPT_TAIL_BYTES = 256 << 10
_MAX_PATHS = 200
_MAX_NAME_CHARS = 64


def parse(name: str, host: str, content: bytes) -> HookEvent:
    """Read the JSON that a host wrote to standard input.

    All fields are empty if it is not a JSON object.
    """
    try:
        payload = json_text.loads(content) if content.strip() else {}
    except (ValueError, RecursionError):
        payload = {}
    return from_fields(name, host, payload if isinstance(payload, dict) else {})


def from_fields(name: str, host: str, payload: Mapping[str, Any]) -> HookEvent:
    """The event that these fields describe."""
    cwd = _cwd(payload)
    transcript = _text(payload, "transcript_path", "transcriptPath")
    if host == "antigravity" and name == "user-prompt":
        payload = {**payload, "prompt": _last_user_input(transcript)}
    tool = _text(payload, "tool_name", "toolName")[:_MAX_NAME_CHARS]
    return HookEvent(
        name=name,
        host=host,
        session_id=_text(
            payload, "session_id", "sessionId", "conversation_id", "sessionID", "conversationId"
        ),
        agent=_text(payload, "agent_id"),
        agent_type=_text(_input(payload), "subagent_type") or _text(payload, "agent_type"),
        cwd=cwd,
        tool=tool,
        written=_written(payload, cwd) if tool.lower() in WRITING_TOOLS else (),
        prompt=_prompt(_input(payload) if name == "subagent-prompt" else payload),
        error=_error(payload),
        cause=_text(payload, "source", "trigger"),
        transcript_path=transcript,
        arguments="" if tool.lower() in WRITING_TOOLS else _arguments(payload),
        output=_output(payload),
        reply=_text(payload, "last_assistant_message", "prompt_response"),
    )


def _text(payload: Mapping[str, Any], *names: str) -> str:
    for name in names:
        value = payload.get(name)
        if isinstance(value, str) and value:
            return value
    return ""


def _input(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a tool was called with, if that is an object."""
    given = payload.get("tool_input")
    return given if isinstance(given, dict) else {}


def _cwd(payload: Mapping[str, Any]) -> str:
    given = _text(payload, "cwd", "directory")
    folders = payload.get("workspace_roots", payload.get("workspacePaths"))
    if not given and isinstance(folders, list) and folders and isinstance(folders[0], str):
        given = folders[0]
    return os.path.join(calling_process.current().cwd, given)


def _prompt(payload: Mapping[str, Any]) -> str:
    prompt = _text(payload, "prompt")
    # Gemini puts the text of hooks at the start of the session before the first prompt.
    if prompt.startswith(_BEFORE):
        prompt = prompt.rpartition(_AFTER)[2].strip()
    if "<" in prompt:  # most prompts need no regular expressions
        from memcairn.safety.private import without_private  # noqa: PLC0415

        prompt = without_private(prompt, " ")
    return "" if prompt.lstrip().startswith(MACHINE_PROMPTS) else prompt


def _last_user_input(transcript: str) -> str:
    """What a person typed last, from the end of a transcript of Antigravity CLI; "" if it is not there."""
    try:
        with open(transcript, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _TRANSCRIPT_TAIL_BYTES))
            lines = file.read(_TRANSCRIPT_TAIL_BYTES).split(b"\n")
    except (OSError, ValueError):
        return ""
    for line in reversed(lines):
        step = _object(line.decode("utf-8", "replace")) if _USER_INPUT.encode() in line else None
        if step is not None and step.get("type") == _USER_INPUT:
            content = _text(step, "content")
            return content.partition(_REQUEST)[2].partition(_REQUEST_END)[0].strip() or content
    return ""


def _error(payload: Mapping[str, Any]) -> str:
    if payload.get("is_interrupt") is True:
        return ""  # a person stopped it
    error = payload.get("error")
    if isinstance(error, dict):
        return _text(error, "message")
    return error if isinstance(error, str) else ""


def _arguments(payload: Mapping[str, Any]) -> str:
    given = payload.get("tool_input", payload.get("toolArgs"))
    if isinstance(given, dict):
        return json_text.dumps(given)
    return given if isinstance(given, str) else ""


def _output(payload: Mapping[str, Any]) -> str:
    for name in ("tool_response", "tool_result", "toolResult"):
        given = payload.get(name)
        if isinstance(given, dict):
            given = _text(given, "textResultForLlm", "text_result_for_llm", "output", "stdout")
        if isinstance(given, str) and given:
            return given
    return ""


def _written(payload: Mapping[str, Any], cwd: str) -> tuple[str, ...]:
    given = payload.get("tool_input", payload.get("toolArgs"))
    if isinstance(given, str):
        # Copilot sends its arguments as JSON text, Codex sends a plain patch.
        given = _object(given) or {"command": given}
    named = [_text(source, *_PATHS) for source in (payload, given) if isinstance(source, dict)]
    if isinstance(given, dict):
        named += _patched(_text(given, "command", "input", "patch", "patchText"))
    unique = dict.fromkeys(path for path in named if path and "\0" not in path)
    return tuple(os.path.join(cwd, path) for path in unique)[:_MAX_PATHS]


def _object(text: str) -> dict[str, Any] | None:
    try:
        found = json_text.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _patched(patch: str) -> Iterator[str]:
    if "*** Begin Patch" in patch:
        for line in patch.split("\n"):
            for mark in _PATCHED:
                if line.startswith(mark):
                    yield line[len(mark) :].strip()
