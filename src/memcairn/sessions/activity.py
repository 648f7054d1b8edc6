"""What a session did, by rules, from what its host reports: no model is asked.

    prompt, reply, call, result ──► Activity.add ──► BranchActivity ──► note

An `Activity` is as large as its limits allow, however long the session is, so each step costs the same. What
it stores of a text is redacted first: secrets go, and so do `<private>` parts.

    decision a sentence that the agent marked, or that a later prompt of the user states
    open end a command that still fails, a step of the agent's plan, a sentence of its last reply
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from memcairn import paths
from memcairn.sessions import commands, sentences
from memcairn.sessions.branch_activity import BranchActivity
from memcairn.sessions.kept_text import MAX_CHARS, MAX_RAW_CHARS, one_line, redacted
from memcairn.settings import project

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from memcairn.sessions.transcripts.reading import Item

MAX_PLAN = 50
MAX_BRANCHES = 10
# The states of a step of a plan that leave nothing to do.
DONE = frozenset({"completed", "done", "cancelled", "canceled"})
_STATES = {"": "not begun", "pending": "not begun"}
_MAX_PENDING = 50
_PLAN_TOOLS = frozenset({"todowrite", "update_plan", "write_todos", "todo_write"})
_CREATED_TASK = re.compile(r"#(\w+)")
# Tools whose failures say nothing about the work: the agent tries again at once.
_QUIET_TOOLS = re.compile(
    r"\A(?:read|glob|grep|ls|search|find|view|list|todo|task|update_plan|write_todos|get_|toolsearch|ask|exit|enter"
    r"|.*memcairn|.*memory_|.*mem_)",
    re.IGNORECASE,
)
_RUNS_ON = re.compile(
    r"\ACommand running in background|Process running with session ID (\d+)", re.MULTILINE
)
# Where Claude Code keeps memories and transcripts.
_OF_CLAUDE = "/.claude/projects/"
_REFUSED = re.compile(r"\A(?:unsupported|apply_patch verification failed|failed to parse)")


@dataclass(slots=True)
class Activity:
    """What a session did.

    Attributes:
        session: its id.
        host: the name of its host.
        project: the folder of its project.
        base: the folder that file names are relative to.
        branch: the branch that it works on now, or the detached HEAD; "" outside git.
        told_branch: the one that the transcript said last; it says the old one for a while.
        started: seconds since 1970.
        updated: likewise, of the last change.
        step: the number of things that happened.
        prompts: the number of prompts.
        in_turn: whether the agent was still working.
        asked: the first prompt, if the user keeps prompts.
        said: the first sentences of the last reply.
        branches: what it did on each.
        plan: the steps of the agent's plan: text, status, and the id of the step.
        left_open: open ends of the last reply.
        pending: calls without a result: kind, command or tool, and paths.
        background: commands that run on in a session of the host's shell.
    """

    session: str
    host: str
    project: str
    base: str
    branch: str
    started: float
    told_branch: str = ""
    updated: float = 0.0
    step: int = 0
    prompts: int = 0
    in_turn: bool = False
    asked: str = ""
    said: str = ""
    branches: dict[str, BranchActivity] = field(default_factory=dict)
    plan: list[list[str]] = field(default_factory=list)
    left_open: list[str] = field(default_factory=list)
    pending: dict[str, list[Any]] = field(default_factory=dict)
    background: dict[str, str] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether nothing happened that a note could tell."""
        nothing = all(did.is_empty for did in self.branches.values())
        return nothing and not self.plan and not self.left_open and not self.asked

    @property
    def here(self) -> BranchActivity:
        """What happened on the present branch."""
        if self.branch not in self.branches and len(self.branches) >= MAX_BRANCHES:
            self.branches.pop(next(iter(self.branches)))
        return self.branches.setdefault(self.branch, BranchActivity())

    @property
    def open_ends(self) -> list[str]:
        """What is left open besides failing commands, the most certain first."""
        found = [f"`{command[:80]}` had not ended" for command in self.running[:2]]
        found += [
            f"{text} ({_STATES.get(status, status.replace('_', ' '))})"
            for text, status, _ in self.plan
            if status not in DONE
        ]
        here = self.branches.get(self.branch)
        if here is not None and here.commits and here.uncommitted:
            found.append(f"not committed: {', '.join(here.uncommitted[-3:])}")
        return [*found, *self.left_open]

    @property
    def running(self) -> list[str]:
        """The commands that have not ended."""
        calls = self.pending.values() if self.in_turn else ()
        waiting = [str(call[1]) for call in calls if call[0] == "command"]
        return list(dict.fromkeys([*waiting, *self.background.values()]))

    def to_record(self) -> dict[str, Any]:
        """The activity as JSON values."""
        branches = {branch: did.to_record() for branch, did in self.branches.items()}
        record = {name: getattr(self, name) for name in self.__slots__}
        return record | {"branches": branches}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Activity:
        """The activity from what `to_record` returned.

        Raises:
            TypeError: the record is of another version.
        """
        branches = {
            branch: BranchActivity.from_record(did) for branch, did in record["branches"].items()
        }
        return cls(**{**record, "branches": branches})

    # ── what happens ─────────────────────────────────────────────────────────────────────────────

    def add(self, item: Item, *, keep_prompts: bool, keep_outputs: bool) -> None:
        """Add one thing that happened.

        Args:
            item: it.
            keep_prompts: store the first prompt.
            keep_outputs: store the line of an output that names the error.
        """
        self.step += 1
        match item.kind:
            case "prompt":
                self._add_prompt(item.text, keep=keep_prompts)
            case "reply":
                self.add_reply(item.text)
            case "call":
                self._add_call(item)
            case "result":
                self._add_result(item, keep_output=keep_outputs)

    def end_turn(self) -> None:
        """The agent has finished its turn; the host may write the last results to its transcript later."""
        self.in_turn = False

    def add_reply(self, text: str) -> None:
        """The agent says something; the same text again changes nothing."""
        left_open, decided = sentences.open_ends(text), sentences.decisions(text)
        said = sentences.summary(text)
        if said:
            # What is open or decided is said elsewhere in the note.
            others = [one for one in said if not any(known in one for known in left_open + decided)]
            self.said = one_line(" ".join(others))
            self.left_open = [one_line(one) for one in left_open]
        if decided:
            self.here.decide(decided)

    def add_file(self, path: str) -> None:
        """A file was written; a memory is not work, and the next session has it anyway."""
        self.step += 1
        if _OF_CLAUDE in path or paths.is_inside(path, paths.home()):
            return
        self.here.add_file(self._name(path), self.step)

    def add_run(
        self, command: str, output: str, *, failed: bool, code: int | None, keep_output: bool
    ) -> None:
        """A command has run."""
        self.step += 1
        line = commands.parse(command)
        if line.only_reads:
            return
        if line.hides_exit_code and not failed:
            code, failed = None, commands.reports_failure(output)
        if not failed:
            for path in line.written:
                self.add_file(os.path.join(self.base, path))
            self._discard(line.reverted, "reverted")
            self._discard(line.removed, "removed")
        if not line.steps:
            return
        error = _error(output, keep_line=keep_output) if failed else ""
        self.here.add_run(line, self.step, failed=failed, code=code, error=error)
        if not failed and line.branch:
            self.switch(line.branch)

    def _discard(self, given: Sequence[str], how: str) -> None:
        """What the session wrote to these files since its last commit is gone; "." is all of them."""
        here = self.here
        names = [self._name(os.path.join(self.base, path)) for path in given if path != "."]
        here.discard(here.uncommitted if "." in given else names, self.step, how)

    def follow(self, branch: str) -> None:
        """The transcript says a branch; only another one than before is news."""
        if branch != self.told_branch:
            self.told_branch = branch
            self.switch(branch)

    def switch(self, branch: str) -> None:
        """The work goes on on another branch; what is not committed comes along."""
        if branch == self.branch:
            return
        before = self.branches.get(self.branch)
        if all(one.startswith(project.DETACHED) for one in (self.branch, branch)):
            # A commit on a detached HEAD moves it: what was done before it belongs to the same work.
            if before is not None and branch not in self.branches:
                self.branches[branch] = self.branches.pop(self.branch)
            before = None
        self.branch = branch
        if before is not None and before.uncommitted:
            self.here.take_over(before)

    def _add_prompt(self, text: str, *, keep: bool) -> None:
        self.prompts += 1
        self.in_turn = True
        self.pending.clear()
        self.left_open = [one for one in self.left_open if not sentences.is_question(one)]
        corrections = sentences.corrections(text) if self.prompts > 1 else []
        if corrections:
            self.here.decide(corrections)
        elif keep and self.prompts == 1:
            self.asked = one_line(text[:MAX_RAW_CHARS])

    def _add_call(self, item: Item) -> None:
        if item.writes:
            call: list[Any] = ["write", item.tool, list(item.paths)]
        elif item.command:
            only_reads = commands.parse(item.command).only_reads
            call = ["read", ""] if only_reads else ["command", redacted(item.command)]
        elif item.tool.lower() in (*_PLAN_TOOLS, "taskcreate", "taskupdate"):
            call = ["plan", item.tool.lower(), _plan(item.arguments)]
        else:
            call = ["tool", item.tool, str(item.arguments.get("session_id", ""))]
        self.pending[item.id] = call
        if len(self.pending) > _MAX_PENDING:
            self.pending.pop(next(iter(self.pending)))

    def _add_result(self, item: Item, *, keep_output: bool) -> None:
        kind, name, *more = self.pending.pop(item.id, ["", ""])
        runs_on = _RUNS_ON.search(item.text[:MAX_CHARS])
        if kind == "tool" and more[0] in self.background and not runs_on:
            kind, name = "command", self.background.pop(more[0])
        if kind == "write" and not item.failed and not _REFUSED.match(item.text):
            for path in more[0]:
                self.add_file(path)
        elif kind == "command" and runs_on:
            if runs_on[1]:
                self.background[runs_on[1]] = name
        elif kind == "command":
            code = item.exit_code
            if code is None and not item.failed and self.host == "claude-code":
                code = 0  # it reports the exit code of failures only
            self.add_run(name, item.text, failed=item.failed, code=code, keep_output=keep_output)
        elif kind == "plan" and not item.failed:
            self._update_plan(name, more[0], item.text)
        elif kind == "tool" and not _QUIET_TOOLS.match(name):
            error = _error(item.text, keep_line=keep_output) if item.failed else ""
            self.here.add_tool(one_line(name), self.step, failed=item.failed, error=error)

    def _update_plan(self, tool: str, steps: list[list[str]], output: str) -> None:
        if tool == "taskcreate":
            number = _CREATED_TASK.search(output[:MAX_CHARS])
            for step in steps:
                step[2] = number[1] if number else ""
            self.plan.extend(steps)
        elif tool == "taskupdate":
            for text, status, identity in steps:
                for known in self.plan:
                    if known[2] == identity:
                        known[0], known[1] = text or known[0], status or known[1]
        else:
            self.plan = steps
        self.plan = [step for step in self.plan if step[1] != "deleted"][-MAX_PLAN:]

    def _name(self, path: str) -> str:
        """A path below the work tree or the project relative to it; others as they are."""
        for folder in (self.base, self.project):
            if folder and path.startswith(folder.rstrip(os.sep) + os.sep):
                path = path[len(folder.rstrip(os.sep)) + 1 :]
                break
        return one_line(path)


def _error(output: str, *, keep_line: bool) -> str:
    if keep_line:
        return one_line(commands.error_line(output))
    return commands.error_name(output)


def _plan(arguments: Mapping[str, Any]) -> list[list[str]]:
    """The steps of a plan in the arguments of a call: text, status, id."""
    given = arguments.get("todos", arguments.get("plan", [arguments]))
    steps = []
    for step in given if isinstance(given, list) else []:
        if isinstance(step, dict):
            texts = (step.get(key) for key in ("content", "step", "subject", "description"))
            text = next((one for one in texts if isinstance(one, str) and one), "")
            status = step.get("status")
            known = status if isinstance(status, str) else ""
            identity = str(step.get("taskId", ""))
            if text or identity:
                steps.append([one_line(text), one_line(known), one_line(identity)])
    return steps[:MAX_PLAN]
