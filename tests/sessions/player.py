"""Play sessions as the real clients report them: hook calls, and a transcript that grows beside them.

player = Player(home, folder, "claude-code")
player.start()
player.prompt("fix the test")
player.run("pytest -q", "1 failed", code=1)
player.write("src/a.py")
player.stop("Done. Still open: the docs.")

The forms were copied from transcripts and hook calls of Claude Code 2.1.197 and Codex 0.169.0. Another host
has no transcript here: its hooks say what they saw, as those of Copilot CLI do.
"""

from __future__ import annotations

import itertools
import json
import time
from typing import TYPE_CHECKING, Any

from memcairn.formats.utc import utc_text
from memcairn.hosts.events import answer

if TYPE_CHECKING:
    from pathlib import Path

    from memcairn.memory import Memory

_ids = itertools.count(1)


def check_out(folder: Path, branch: str) -> None:
    """Make a folder a work tree with this branch."""
    (folder / ".git").mkdir(parents=True, exist_ok=True)
    (folder / ".git" / "HEAD").write_text(f"ref: refs/heads/{branch}\n")


def branch_of(folder: Path) -> str:
    """The branch as Claude Code writes it."""
    head = (folder / ".git" / "HEAD").read_text().strip()
    return head.removeprefix("ref: refs/heads/") if head.startswith("ref: ") else "HEAD"


class Player:
    """One session of a host in a folder."""

    def __init__(self, memory: Memory, folder: Path, host: str, session: str = "") -> None:
        self.session = session or f"{host}-{next(_ids)}"
        self._memory, self._folder, self._host = memory, folder, host
        self._calls = itertools.count(1)
        self._last_run = ""
        self.transcript = folder.parent / f"{self.session}.jsonl"
        self._has_transcript = host in ("claude-code", "codex")
        if host == "codex":
            self._line(type="session_meta", payload={"id": self.session, "cwd": str(folder)})

    # ── what happens ─────────────────────────────────────────────────────────────────────────────

    def start(self, source: str = "startup") -> str:
        """The text that the model gets."""
        return self._hook("session-start", source=source)

    def prompt(self, text: str) -> str:
        if self._host == "claude-code":
            self._claude("user", text)
        elif self._host == "codex":
            content = [{"type": "input_text", "text": text}]
            self._codex(type="message", role="user", content=content)
        return self._hook("user-prompt", prompt=text)

    def say(self, text: str) -> None:
        if self._host == "claude-code":
            self._claude("assistant", [{"type": "text", "text": text}])
        elif self._host == "codex":
            content = [{"type": "output_text", "text": text, "annotations": []}]
            self._codex(type="message", role="assistant", content=content)

    def run(self, command: str, output: str = "", code: int | None = 0) -> None:
        """Run a command; without a code it is still running."""
        if self._has_transcript:
            self._last_run = call = self._call_id()
            if self._host == "claude-code":
                self._use(call, "Bash", {"command": command, "description": "run"})
            else:
                arguments = json.dumps({"cmd": command})
                self._codex(
                    type="function_call", name="exec_command", arguments=arguments, call_id=call
                )
            if code is not None:
                self.finish(output, code)
        else:
            said = f"{output}\n<exited with exit code {code}>"
            self._hook(
                "tool-used",
                toolName="bash",
                toolArgs=json.dumps({"command": command}),
                toolResult={"resultType": "success", "textResultForLlm": said},
            )

    def finish(self, output: str = "", code: int = 0) -> None:
        """The result of the last command is in the transcript."""
        if self._host == "claude-code":
            said = f"Exit code {code}\n{output}" if code else output
            self._used(self._last_run, said, failed=code != 0)
        else:
            said = (
                f"Chunk ID: 1\nWall time: 0.1 seconds\nProcess exited with code {code}\nOutput:\n"
            )
            self._codex(type="function_call_output", call_id=self._last_run, output=said + output)

    def write(self, name: str, *, failed: bool = False) -> None:
        path, call = str(self._folder / name), self._call_id()
        if self._host == "claude-code":
            self._use(call, "Edit", {"file_path": path, "old_string": "a", "new_string": "b"})
            error = "<tool_use_error>String to replace not found in file.</tool_use_error>"
            self._used(
                call, error if failed else f"The file {path} has been updated", failed=failed
            )
            if not failed:
                self._hook("tool-used", tool_name="Edit", tool_input={"file_path": path})
        elif self._host == "codex":
            patch = f"*** Begin Patch\n*** Update File: {path}\n@@\n-a\n+b\n*** End Patch\n"
            self._codex(type="custom_tool_call", name="apply_patch", input=patch, call_id=call)
            said = (
                "apply_patch verification failed: no such line"
                if failed
                else "Exit code: 0\nSuccess."
            )
            self._codex(type="custom_tool_call_output", call_id=call, output=said)
        else:
            self._hook("tool-used", toolName="edit", toolArgs=json.dumps({"path": path}))

    def plan(self, **steps: str) -> None:
        """The agent writes its plan: the status of each step; `_` in a name stands for a blank."""
        named = {name.replace("_", " "): status for name, status in steps.items()}
        call = self._call_id()
        if self._host == "claude-code":
            todos = [{"content": name, "status": status} for name, status in named.items()]
            self._use(call, "TodoWrite", {"todos": todos})
            self._used(call, "Todos have been modified successfully")
        else:
            given = {"plan": [{"step": name, "status": status} for name, status in named.items()]}
            self._codex(
                type="function_call", name="update_plan", arguments=json.dumps(given), call_id=call
            )
            self._codex(type="function_call_output", call_id=call, output="Plan updated")

    def tool(self, name: str, output: str = "", *, failed: bool = False) -> None:
        """Use another tool of Claude Code."""
        call = self._call_id()
        self._use(call, name, {})
        self._used(call, output, failed=failed)

    def stop(self, reply: str = "") -> None:
        """The agent ends its turn with these words."""
        if reply:
            self.say(reply)
        self._hook("stop", last_assistant_message=reply, stop_hook_active=False)

    def end(self) -> None:
        self._hook("session-end", reason="prompt_input_exit")

    # ── the forms of the hosts ───────────────────────────────────────────────────────────────────

    def _hook(self, event: str, **fields: Any) -> str:
        path = str(self.transcript) if self._has_transcript else None
        payload = {"session_id": self.session, "transcript_path": path, "cwd": str(self._folder)}
        content = json.dumps(payload | fields).encode()
        return answer(self._memory, event, self._host, content, time.monotonic() + 60)[1]

    def _call_id(self) -> str:
        return f"call_{next(self._calls)}"

    def _use(self, call: str, tool: str, given: dict[str, Any]) -> None:
        use = {"type": "tool_use", "id": call, "name": tool, "input": given}
        self._claude("assistant", [use])

    def _used(self, call: str, output: str, *, failed: bool = False) -> None:
        result = {"type": "tool_result", "tool_use_id": call, "content": output, "is_error": failed}
        self._claude("user", [result])

    def _claude(self, role: str, content: Any) -> None:
        self._line(
            type=role,
            isSidechain=False,
            message={"role": role, "content": content},
            sessionId=self.session,
            cwd=str(self._folder),
            gitBranch=branch_of(self._folder),
        )

    def _codex(self, **payload: Any) -> None:
        self._line(type="response_item", payload=payload)

    def _line(self, **fields: Any) -> None:
        line = {"timestamp": utc_text(time.time(), milliseconds=True)} | fields
        with self.transcript.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
