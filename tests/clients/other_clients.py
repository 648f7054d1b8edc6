"""The other real clients against a scripted model: each says "all done", and what it was asked is kept.

Codex speaks the Responses API, Gemini generateContent, OpenCode and Copilot chat completions. None of them
has a network: the model is on loopback.
"""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

from loopback import EVENTS, JSON, Loopback, events
from real_clients import environment, find, start

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    # (home, project, prompt) -> all bodies that the model was sent
    Client = Callable[[Path, Path, str], list[dict[str, Any]]]

WORDS = "all done"


# Settings of the user that are there before: Gemini has no other way to be told that there is a key, and
# OpenCode looks for plugins only where it has a folder of settings.
SETTINGS = {
    "gemini": (
        ".gemini/settings.json",
        '{\n  // how to log in\n  "security": { "auth": { "selectedType": "gemini-api-key" } }\n}',
    ),
    "opencode": (".config/opencode/opencode.jsonc", '{ "autoupdate": false, /* ! */ }'),
}


def codex(home: Path, project: Path, prompt: str) -> list[dict[str, Any]]:
    """Run Codex CLI, whose hooks a person has trusted before.

    It asks the model before its servers are there, so the model keeps it busy until they are.
    """
    program = find("codex")
    settings = home / ".codex" / "config.toml"
    trust_hooks(program, home, project)
    has_server = settings.exists() and "[mcp_servers." in settings.read_text()

    def answer(_path: str, body: dict[str, Any]) -> tuple[bytes, str]:
        is_early = has_server and "memory_search" not in json.dumps(body.get("tools"))
        return responses(_PAUSE if is_early and len(model.requests) < _MOST_PAUSES else SAID)

    with Loopback(answer) as model:
        command = codex_command(program, model.url)
        start([*command, prompt], project, environment(home, project) | {"SCRIPTED_KEY": "x"})
    return model.requests


def codex_command(program: str, model: str) -> list[str]:
    """The command that runs Codex with a model at this address; a prompt follows."""
    provider = {
        "name": '"scripted"',
        "base_url": f'"{model}/v1"',
        "wire_api": '"responses"',
        "env_key": '"SCRIPTED_KEY"',
    }
    options = {"model": '"scripted"', "model_provider": '"scripted"'}
    options |= {f"model_providers.scripted.{key}": value for key, value in provider.items()}
    command = [program, "exec", "--skip-git-repo-check"]
    command += ["--dangerously-bypass-approvals-and-sandbox"]
    for key, value in options.items():
        command += ["-c", f"{key}={value}"]
    return command


def trust_hooks(program: str, home: Path, project: Path) -> None:
    """Trust all hooks, as a person does with /hooks: Codex tells their digests, and reads them again."""
    hooks = home / ".codex" / "hooks.json"
    settings = home / ".codex" / "config.toml"
    if not hooks.exists() or "trusted_hash" in settings.read_text():
        return
    asked = [
        {"id": 0, "method": "initialize", "params": {
            "clientInfo": {"name": "t", "version": "0"}, "capabilities": {"experimentalApi": True}}},
        {"method": "initialized"},
        {"id": 1, "method": "hooks/list", "params": {"cwds": [str(project)]}},
    ]  # fmt: skip
    with subprocess.Popen(
        [program, "app-server"],
        cwd=project, env=environment(home, project), encoding="utf-8",
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    ) as server:  # fmt: skip
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.writelines(json.dumps(message) + "\n" for message in asked)
        server.stdin.flush()
        said = (json.loads(line) for line in server.stdout)
        listed = next(message for message in said if message.get("id") == 1)
        server.stdin.close()
    with settings.open("a") as file:
        for hook in listed["result"]["data"][0]["hooks"]:
            table = f"[hooks.state.{json.dumps(hook['key'])}]"
            file.write(f"\n{table}\ntrusted_hash = {json.dumps(hook['currentHash'])}\n")


def gemini(home: Path, project: Path, prompt: str) -> list[dict[str, Any]]:
    """Run Gemini CLI; it offers tools that ask first only where everything is approved."""
    program = find("gemini")
    with Loopback(_generate_content) as model:
        env = environment(home, project) | {
            "GEMINI_API_KEY": "x",
            "GOOGLE_GEMINI_BASE_URL": model.url,
            "GEMINI_TELEMETRY_ENABLED": "false",
        }
        command = [program, "--skip-trust", "--approval-mode", "yolo", "-m", "gemini-2.5-pro"]
        start([*command, "-p", prompt], project, env)
    return model.requests


def opencode(home: Path, project: Path, prompt: str) -> list[dict[str, Any]]:
    """Run OpenCode."""
    program = find("opencode")
    with Loopback(_chat) as model:
        provider = {
            "npm": "@ai-sdk/openai-compatible",
            "name": "scripted",
            "options": {"baseURL": f"{model.url}/v1", "apiKey": "x"},
            "models": {"m": {"name": "m"}},
        }
        settings = {"provider": {"scripted": provider}, "model": "scripted/m", "share": "disabled"}
        env = environment(home, project) | {
            "OPENCODE_CONFIG_CONTENT": json.dumps(settings),
            "OPENCODE_DISABLE_AUTOUPDATE": "1",
            "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
            "OPENCODE_DISABLE_MODELS_FETCH": "1",
            # It would fetch a library for plugins that need one.
            "npm_config_registry": "http://127.0.0.1:9/",
            "npm_config_fetch_retries": "0",
        }
        start([program, "run", "--model", "scripted/m", prompt], project, env)
    return model.requests


def copilot(home: Path, project: Path, prompt: str) -> list[dict[str, Any]]:
    """Run Copilot CLI."""
    program = find("copilot")
    with Loopback(_chat) as model:
        env = environment(home, project) | {
            "COPILOT_AUTO_UPDATE": "false",
            "COPILOT_MODEL": "gpt-5",
            "COPILOT_OFFLINE": "true",
            "COPILOT_PROVIDER_API_KEY": "x",
            "COPILOT_PROVIDER_BASE_URL": f"{model.url}/v1",
        }
        start([program, "-p", prompt, "--allow-all-tools", "--allow-all-paths"], project, env)
    return model.requests


CLIENTS: dict[str, Client] = {
    "codex": codex,
    "gemini": gemini,
    "opencode": opencode,
    "copilot": copilot,
}


_MOST_PAUSES = 60
_PAUSE = {
    "type": "function_call", "id": "f1", "call_id": "c1", "name": "exec_command",
    "arguments": '{"cmd": "sleep 0.2"}',
}  # fmt: skip
SAID = {
    "type": "message", "role": "assistant", "id": "m1",
    "content": [{"type": "output_text", "text": WORDS, "annotations": []}],
}  # fmt: skip


def responses(item: dict[str, Any]) -> tuple[bytes, str]:
    usage = {
        "input_tokens": 1, "input_tokens_details": None, "output_tokens": 1,
        "output_tokens_details": None, "total_tokens": 2,
    }  # fmt: skip
    stream = events(
        ("response.created", {"response": {"id": "r1"}}),
        ("response.output_item.done", {"output_index": 0, "item": item}),
        ("response.completed", {"response": {"id": "r1", "output": [item], "usage": usage}}),
    )
    return stream, EVENTS


def _generate_content(path: str, _body: dict[str, Any]) -> tuple[bytes, str]:
    if "countTokens" in path:
        return b'{"totalTokens": 3}', JSON
    content = {"role": "model", "parts": [{"text": WORDS}]}
    reply = {
        "candidates": [{"content": content, "finishReason": "STOP", "index": 0}],
        "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2},
    }
    if "stream" in path:
        return f"data: {json.dumps(reply)}\n\n".encode(), EVENTS
    return json.dumps(reply).encode(), JSON


def _chat(_path: str, body: dict[str, Any]) -> tuple[bytes, str]:
    message = {"role": "assistant", "content": WORDS}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    frame = {"id": "c", "created": 1, "model": "m"}
    if not body.get("stream"):
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        whole = frame | {"object": "chat.completion", "choices": [choice], "usage": usage}
        return json.dumps(whole).encode(), JSON
    frame |= {"object": "chat.completion.chunk"}
    begun = {"index": 0, "delta": message, "finish_reason": None}
    ended: dict[str, Any] = {"index": 0, "delta": {}, "finish_reason": "stop"}
    chunks = [frame | {"choices": [begun]}, frame | {"choices": [ended], "usage": usage}]
    lines = [*map(json.dumps, chunks), "[DONE]"]
    return "".join(f"data: {line}\n\n" for line in lines).encode(), EVENTS
