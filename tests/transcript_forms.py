"""Small transcripts in the forms that real hosts write."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

TIME = "2026-11-30T21:06:07.391Z"


def claude(session: str = "c1", folder: str = "-home-me-shop") -> Writer:
    return Writer("claude-code", f".claude/projects/{folder}/{session}.jsonl", session)


def codex(session: str = "x1") -> Writer:
    return Writer(
        "codex", f".codex/sessions/2026/11/30/rollout-2026-11-30T21-06-07-{session}.jsonl", session
    )


def gemini(session: str = "g1") -> Writer:
    return Writer(
        "gemini", f".gemini/tmp/shop/chats/session-2026-11-30T21-06-{session}.jsonl", session
    )


def copilot(session: str = "p1") -> Writer:
    return Writer("copilot", f".copilot/session-state/{session}/events.jsonl", session)


ALL = (claude, codex, gemini, copilot)


class Writer:
    """Collects the lines of one transcript."""

    def __init__(self, host: str, path: str, session: str) -> None:
        self.host, self.path, self.session = host, path, session
        self.lines: list[dict[str, Any]] = []
        self._number = 0
        if host == "codex":
            self._add(
                "session_meta",
                payload={"id": session, "cwd": "/home/me/shop", "git": {"branch": "main"}},
            )
        elif host == "gemini":
            self.lines.append(
                {"sessionId": session, "projectHash": "0a8f", "startTime": TIME, "kind": "main"}
            )
        elif host == "copilot":
            data = {"sessionId": session, "context": {"cwd": "/home/me/shop", "branch": "main"}}
            self._add("session.start", data=data)

    def prompt(self, text: Any, **more: Any) -> Writer:
        match self.host:
            case "claude-code":
                return self._claude("user", text, **more)
            case "codex":
                return self._codex(
                    type="message", role="user", content=[{"type": "input_text", "text": text}]
                )
            case "gemini":
                self.lines.append(self._gemini("user", [{"text": text}]))
                return self
        return self._add("user.message", data={"content": text}, id=self._id())

    def reply(self, text: str) -> Writer:
        match self.host:
            case "claude-code":
                return self._claude("assistant", [{"type": "text", "text": text}])
            case "codex":
                content = [{"type": "output_text", "text": text, "annotations": []}]
                return self._codex(type="message", role="assistant", content=content)
            case "gemini":
                self.lines.append(self._gemini("gemini", text))
                return self
        return self._add(
            "assistant.message", data={"content": text, "toolRequests": []}, id=self._id()
        )

    def run(self, command: str, output: str, exit_code: int = 0) -> Writer:
        call = self._id()
        match self.host:
            case "claude-code":
                used = {
                    "type": "tool_use",
                    "id": call,
                    "name": "Bash",
                    "input": {"command": command},
                }
                failed = {"is_error": True} if exit_code else {}
                text = f"Exit code {exit_code}\n{output}" if exit_code else output
                result = {"type": "tool_result", "tool_use_id": call, "content": text, **failed}
                return self._claude("assistant", [used])._claude(
                    "user", [result], toolUseResult={"stdout": output}
                )
            case "codex":
                given = json.dumps({"cmd": command})
                self._codex(
                    type="function_call", name="exec_command", arguments=given, call_id=call
                )
                text = f"Wall time: 0.0 seconds\nProcess exited with code {exit_code}\nOutput:\n{output}"
                return self._codex(type="function_call_output", call_id=call, output=text)
            case "gemini":
                used = {"id": call, "name": "run_shell_command", "args": {"command": command}}
                done = used | {
                    "resultDisplay": f"{output}\nExit Code: {exit_code}",
                    "result": [],
                    "status": "success",
                }
                self.lines.append(self._gemini("gemini", "") | {"toolCalls": [done]})
                return self
        request = {"toolCallId": call, "name": "bash", "arguments": {"command": command}}
        self._add("assistant.message", data={"content": "", "toolRequests": [request]})
        text = f"{output}\n<exited with exit code {exit_code}>"
        done = {"toolCallId": call, "success": True, "result": {"content": text}}
        return self._add("tool.execution_complete", data=done)

    def write(self, home: Path) -> Path:
        file = home / self.path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(self.data())
        return file

    def data(self) -> bytes:
        return b"".join(
            json.dumps(line, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"
            for line in self.lines
        )

    def _id(self) -> str:
        self._number += 1
        return f"{self.session}-{self._number}"

    def _add(self, kind: str, **fields: Any) -> Writer:
        self.lines.append({"timestamp": TIME, "type": kind, **fields})
        return self

    def _codex(self, **payload: Any) -> Writer:
        return self._add("response_item", payload={"id": self._id(), **payload})

    def _claude(self, role: str, content: Any, **more: Any) -> Writer:
        message = {"role": role, "content": content}
        about = {
            "cwd": "/home/me/shop",
            "sessionId": self.session,
            "gitBranch": "main",
            "version": "2.1.197",
        }
        return self._add(role, message=message, uuid=self._id(), isSidechain=False, **about, **more)

    def _gemini(self, kind: str, content: Any) -> dict[str, Any]:
        return {"id": self._id(), "timestamp": TIME, "type": kind, "content": content}
