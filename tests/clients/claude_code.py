"""The real Claude Code against a scripted model.

claude = ClaudeCode(home, project)
session = claude.run("write a note", [[tool("Write", file_path=…, content=…)], [text("done")]])
session.messages            what the model was sent last
claude.type(["first prompt", "second prompt"])      the same at a terminal
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loopback import EVENTS, JSON, Loopback, events
from real_clients import PATIENCE_S, environment, find, start
from terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from loopback import Answer

    Block = dict[str, Any]

API_KEY = "sk-ant-scripted-model-on-loopback"
# A request with fewer tools is not of the conversation: a title, a summary of a page.
_FEWEST_TOOLS = 4


def text(words: str) -> Block:
    return {"type": "text", "text": words}


def tool(name: str, /, **arguments: Any) -> Block:
    return {"type": "tool_use", "name": name, "input": arguments}


@dataclass(frozen=True)
class Session:
    """One run of the client: what it printed, and what it asked the model in its conversation."""

    printed: str
    requests: list[dict[str, Any]]

    @property
    def messages(self) -> str:
        """The messages of the last request, as JSON."""
        return json.dumps(self.requests[-1]["messages"], ensure_ascii=False)

    @property
    def tools(self) -> list[str]:
        """The tools that the model was offered last."""
        return [offered["name"] for offered in self.requests[-1]["tools"]]


class ClaudeCode:
    """The client of one user in one folder; skips the test where it is not installed."""

    def __init__(self, home: Path, project: Path, prefix: Sequence[str] = ()) -> None:
        self._home, self._project, self._prefix = home, project, prefix
        self._program = find("claude")

    def run(
        self, prompt: str, turns: Sequence[list[Block]], arguments: Sequence[str] = ()
    ) -> Session:
        """Ask the client something; the model answers turn by turn, then "done" for ever."""
        with Loopback(scripted(turns)) as model:
            env = environment(self._home, self._project) | offline(model.url)
            command = [self._program, "-p", prompt, "--dangerously-skip-permissions", *arguments]
            printed = start([*self._prefix, *command], self._project, env)
        return Session(printed, conversation(model.requests))

    def type(
        self,
        prompts: Sequence[str],
        turns: Sequence[list[Block]] = (),
        arguments: Sequence[str] = (),
        between: Callable[[], None] = lambda: None,
    ) -> Session:
        """Type prompts at a terminal, the first as soon as the client takes one.

        Args:
            prompts: what is typed; each of them waits for the end of the turn before it.
            turns: what the model answers, see `run`.
            arguments: of the client.
            between: called before the second prompt and each later one.
        """
        self._accept_everything()
        with Loopback(scripted(turns)) as model:
            env = environment(self._home, self._project) | offline(model.url)
            command = [self._program, "--dangerously-skip-permissions", *arguments]
            with Terminal([*self._prefix, *command], self._project, env) as terminal:
                for number, prompt in enumerate(prompts):
                    if number:
                        between()
                    terminal.wait_for("❯", PATIENCE_S)
                    terminal.type(
                        prompt, lambda prompt=prompt: is_answered(model, prompt), PATIENCE_S
                    )
                terminal.wait_until_quiet()
                printed = terminal.finish(PATIENCE_S)
        return Session(printed, conversation(model.requests))

    def _accept_everything(self) -> None:
        """Answer the questions of a first start."""
        file = self._home / ".claude.json"
        settings = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        project = settings.setdefault("projects", {}).setdefault(str(self._project), {})
        project.update(hasTrustDialogAccepted=True, hasCompletedProjectOnboarding=True)
        settings.update(
            hasCompletedOnboarding=True,
            bypassPermissionsModeAccepted=True,
            theme="dark",
            customApiKeyResponses={"approved": [API_KEY[-20:]], "rejected": []},
        )
        file.write_text(json.dumps(settings), encoding="utf-8")

    def call(self, *arguments: str) -> str:
        """A command of the client that asks no model."""
        return start(
            [self._program, *arguments], self._project, environment(self._home, self._project)
        )


def scripted(turns: Sequence[list[Block]]) -> Answer:
    """A model that answers turn by turn, then "done" for ever."""
    script = iter(turns)
    answered = 0

    def answer(path: str, body: dict[str, Any]) -> tuple[bytes, str]:
        nonlocal answered
        if "count_tokens" in path:
            return b'{"input_tokens": 10}', JSON
        if not path.startswith("/v1/messages"):
            return b"{}", JSON
        blocks = next(script, None) if _is_conversation(body) else None
        answered += 1
        return reply(blocks or [text("done")], answered, body)

    return answer


def conversation(requests: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The requests of a conversation; the others are for titles and summaries."""
    return [body for body in requests if _is_conversation(body)]


def is_answered(model: Loopback, prompt: str) -> bool:
    """Whether the model has been asked this."""
    return any(prompt in json.dumps(body["messages"]) for body in conversation(model.requests))


def offline(model: str) -> dict[str, str]:
    """The environment in which the client talks to a model at this address, and to nobody else."""
    return {
        "ANTHROPIC_BASE_URL": model,
        "ANTHROPIC_API_KEY": API_KEY,
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
        "DISABLE_TELEMETRY": "1",
        "IS_SANDBOX": "1",
    }


def reply(blocks: list[Block], number: int, request: dict[str, Any]) -> tuple[bytes, str]:
    """An answer of the model, in the form that was asked for; `number` tells it from the others."""
    message = _message(blocks, number, request.get("model"))
    if request.get("stream"):
        return _stream(message), EVENTS
    return json.dumps(message).encode(), JSON


def _is_conversation(body: dict[str, Any]) -> bool:
    return len(body.get("tools", [])) >= _FEWEST_TOOLS


def _message(blocks: list[Block], number: int, model: object) -> dict[str, Any]:
    content = [
        block | {"id": f"toolu_{number}_{place}"} if block["type"] == "tool_use" else block
        for place, block in enumerate(blocks)
    ]
    uses_tool = any(block["type"] == "tool_use" for block in blocks)
    return {
        "id": f"msg_{number}", "type": "message", "role": "assistant", "model": model, "content": content,
        "stop_reason": "tool_use" if uses_tool else "end_turn", "stop_sequence": None,
        "usage": {"input_tokens": 10, "output_tokens": 5},
    }  # fmt: skip


def _stream(message: dict[str, Any]) -> bytes:
    sent: list[tuple[str, dict[str, Any]]] = [
        ("message_start", {"message": message | {"content": [], "stop_reason": None}})
    ]
    for place, block in enumerate(message["content"]):
        if block["type"] == "text":
            begun: Block = {"type": "text", "text": ""}
            delta: Block = {"type": "text_delta", "text": block["text"]}
        else:
            begun = block | {"input": {}}
            delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
        sent += [
            ("content_block_start", {"index": place, "content_block": begun}),
            ("content_block_delta", {"index": place, "delta": delta}),
            ("content_block_stop", {"index": place}),
        ]
    stop = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    sent += [
        ("message_delta", {"delta": stop, "usage": {"output_tokens": 5}}),
        ("message_stop", {}),
    ]
    return events(*sent)
