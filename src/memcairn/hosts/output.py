"""The output of a hook call, in the form of the host that reads it.

Each host takes text for the model at some events only, in its own form, and refuses or misreads anything
else.
"""

from __future__ import annotations

from memcairn.formats import json_text

# The events at which a host takes text for the model; with the host's name for the event where the answer
# must repeat it.
_TAKES_TEXT: dict[str, dict[str, str] | tuple[str, ...]] = {
    "claude-code": {
        "session-start": "SessionStart",
        "user-prompt": "UserPromptSubmit",
        "subagent-start": "SubagentStart",
        "tool-failed": "PostToolUseFailure",
    },
    "codex": {"session-start": "SessionStart", "user-prompt": "UserPromptSubmit"},
    "gemini": {"session-start": "SessionStart", "user-prompt": "BeforeAgent"},
    "cursor": ("session-start",),
    "opencode": ("session-start", "user-prompt", "pre-compact"),
    "copilot": ("session-start", "user-prompt", "tool-failed"),
    "antigravity": ("user-prompt",),
}

# These hosts need a JSON object even without an answer.
JSON_ONLY = frozenset({"gemini", "cursor", "opencode", "antigravity"})


# These hosts show the user a message beside the text.
_SHOWS_MESSAGE = frozenset({"claude-code"})


def takes_text(host: str, event: str) -> bool:
    """Whether a host takes text for the model at this event."""
    return event in _TAKES_TEXT.get(host, ())


def answer(host: str, event: str, text: str, message: str = "") -> dict[str, object]:
    """The answer as JSON; empty if there is nothing to say, or the host would not take it.

    Args:
        host: who reads it.
        event: memcairn's name of the event.
        text: for the model.
        message: for the user.
    """
    if not text or not takes_text(host, event):
        return {}
    names = _TAKES_TEXT[host]
    if isinstance(names, dict):
        said = {"hookEventName": names[event], "additionalContext": text}
        shown = {"systemMessage": message} if message and host in _SHOWS_MESSAGE else {}
        return {"hookSpecificOutput": said, **shown}
    if host == "antigravity":
        return {"injectSteps": [{"ephemeralMessage": text}]}
    return {"additional_context" if host == "cursor" else "additionalContext": text}


def printed(host: str, event: str, text: str, message: str = "") -> bytes:
    """The bytes for standard output; ASCII, independent of the locale."""
    found = answer(host, event, text, message)
    if not found and host not in JSON_ONLY:
        return b""
    return json_text.dumps(found).encode("ascii") + b"\n"
