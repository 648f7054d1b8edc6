"""What a session did, by rules, from what its host reports: no model is asked.

    prompt, reply, call, result ──► Work.add ──► note

A `Work` is as large as its limits allow, however long the session is, so each step costs the same. What it
stores of a text is redacted first: secrets go, and so do `<private>` parts.

    error    a command failed, and what changed until the same command, or one that does more, succeeded
    decision a sentence that the agent marked, or that a later prompt of the user states
    open end a command that still fails, a step of the agent's plan, a sentence of its last reply
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from memcairn import paths
from memcairn.safety import secrets
from memcairn.safety.private import without_private
from memcairn.sessions import commands, sentences
from memcairn.settings import project

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from memcairn.sessions.commands import CommandLine
    from memcairn.sessions.transcripts.reading import Item

MAX_FILES = 200
MAX_RUNS = 100
MAX_SENTENCES = 20
MAX_PLAN = 50
MAX_BRANCHES = 10
# The states of a step of a plan that leave nothing to do.
DONE = frozenset({"completed", "done", "cancelled", "canceled"})
_MAX_PENDING = 50
_MAX_CHANGES = 40
_MAX_FIXES = 3
_MAX_TEXT_CHARS = 240
# Secrets are redacted before a text is cut, since a part of a secret does not look like one.
_MAX_RAW_CHARS = 4_000
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
class Run:
    """A command and all its runs.

    Attributes:
        text: the command line, cut and redacted.
        runs: how often it ran.
        failed: whether the last run failed.
        code: the exit code of the last run; None if the host did not report it.
        error: the name of the last error; with its line, if the user keeps outputs.
        failed_code: the exit code of the last run that failed.
        failed_at: the step at which it began to fail; 0 if it never failed.
        fixed_by: what changed between the failure and the success; None while it fails.
    """

    text: str
    runs: int = 0
    failed: bool = False
    code: int | None = None
    error: str = ""
    failed_code: int | None = None
    failed_at: int = 0
    fixed_by: list[str] | None = None


@dataclass(slots=True)
class Part:
    """What a session did on one branch.

    Attributes:
        files: the files that it wrote, with the number of writes.
        uncommitted: those written since the last commit of the session.
        runs: the commands, without those that only read.
        commits: the subjects of its commits.
        decisions: the sentences.
        dropped: how many files and commands the limits left out.
    """

    files: dict[str, int] = field(default_factory=dict)
    uncommitted: list[str] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    commits: list[str] = field(default_factory=list)
    decisions: list[str] = field(default_factory=list)
    dropped: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to tell."""
        return not (self.files or self.runs or self.commits or self.decisions)

    @property
    def failing(self) -> list[Run]:
        """The commands whose last run failed, and that no later command made up for."""
        return [run for run in self.runs if run.failed and run.fixed_by is None]


@dataclass(slots=True)
class Work:
    """What a session did.

    Attributes:
        session: its id.
        host: the name of its host.
        project: the folder of its project.
        base: the folder that file names are relative to.
        branch: the branch that it works on now, or the detached HEAD; "" outside git.
        started: seconds since 1970.
        updated: likewise, of the last change.
        step: the number of things that happened.
        prompts: the number of prompts.
        in_turn: whether the agent was still working.
        asked: the first prompt, if the user keeps prompts.
        said: the first sentences of the last reply.
        parts: by branch.
        plan: the steps of the agent's plan: text, status, and the id of the step.
        left_open: open ends of the last reply.
        pending: calls without a result: kind, command or tool, and paths.
        background: commands that run on in a session of the host's shell.
        changes: the last changes: step, and what changed.
    """

    session: str
    host: str
    project: str
    base: str
    branch: str
    started: float
    updated: float = 0.0
    step: int = 0
    prompts: int = 0
    in_turn: bool = False
    asked: str = ""
    said: str = ""
    parts: dict[str, Part] = field(default_factory=dict)
    plan: list[list[str]] = field(default_factory=list)
    left_open: list[str] = field(default_factory=list)
    pending: dict[str, list[Any]] = field(default_factory=dict)
    background: dict[str, str] = field(default_factory=dict)
    changes: list[list[Any]] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether nothing happened that a note could tell."""
        nothing = all(part.is_empty for part in self.parts.values())
        return nothing and not self.plan and not self.left_open and not self.asked

    @property
    def part(self) -> Part:
        """What happened on the present branch."""
        if self.branch not in self.parts and len(self.parts) >= MAX_BRANCHES:
            self.parts.pop(next(iter(self.parts)))
        return self.parts.setdefault(self.branch, Part())

    @property
    def open_ends(self) -> list[str]:
        """What is left open besides failing commands, the most certain first."""
        found = [f"`{command[:80]}` had not ended" for command in self.running[:2]]
        found += [
            f"{text} ({status or 'not begun'})"
            for text, status, _ in self.plan
            if status not in DONE
        ]
        part = self.parts.get(self.branch)
        if part is not None and part.commits and part.uncommitted:
            found.append(f"not committed: {', '.join(part.uncommitted[-3:])}")
        return [*found, *self.left_open]

    @property
    def running(self) -> list[str]:
        """The commands that have not ended."""
        waiting = [str(call[1]) for call in self.pending.values() if call[0] == "command"]
        return list(dict.fromkeys([*waiting, *self.background.values()]))

    def to_record(self) -> dict[str, Any]:
        """The work as JSON values."""
        parts = {
            branch: _fields(part) | {"runs": [_fields(run) for run in part.runs]}
            for branch, part in self.parts.items()
        }
        return _fields(self) | {"parts": parts}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Work:
        """The work from what `to_record` returned.

        Raises:
            TypeError: the record is of another version.
        """
        parts = {
            branch: Part(**{**part, "runs": [Run(**run) for run in part["runs"]]})
            for branch, part in record["parts"].items()
        }
        return cls(**{**record, "parts": parts})

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
        """The agent has finished its turn."""
        self.in_turn = False
        self.pending.clear()

    def add_reply(self, text: str) -> None:
        """The agent says something; the same text again changes nothing."""
        left_open, decided = sentences.open_ends(text), sentences.decisions(text)
        said = sentences.summary(text)
        if said:
            # What is open or decided is said elsewhere in the note.
            others = [one for one in said if not any(known in one for known in left_open + decided)]
            self.said = _clean(" ".join(others))
            self.left_open = [_clean(one) for one in left_open]
        self._decide(decided)

    def add_file(self, path: str) -> None:
        """A file was written; a memory is not work, and the next session has it anyway."""
        self.step += 1
        if _OF_CLAUDE in path or paths.is_inside(path, paths.home()):
            return
        part, name = self.part, self._name(path)
        if name in part.files or len(part.files) < MAX_FILES:
            part.files[name] = part.files.get(name, 0) + 1
        else:
            part.dropped += 1
        if name not in part.uncommitted and len(part.uncommitted) < MAX_FILES:
            part.uncommitted.append(name)
        self._changed(name)

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
            self._revert(line.reverted, "reverted")
            self._revert(line.removed, "removed")
        if not line.steps:
            return
        run = self._run(_clean(line.shown))
        run.runs += 1
        run.code, run.failed = code, failed
        if failed:
            run.failed_code = code
            run.failed_at = (
                self.step if run.fixed_by is not None or not run.failed_at else run.failed_at
            )
            run.fixed_by = None
            run.error = _error(output, keep_line=keep_output)
            return
        self._resolve(line)
        if line.commit is not None:
            _append(self.part.commits, _clean(line.commit) or "(no subject)")
            self.part.uncommitted.clear()
        elif not line.is_check:
            self._changed(f"`{run.text}`")
        if line.branch and line.branch != self.branch:
            self.switch(line.branch)

    def _revert(self, paths_: Sequence[str], how: str) -> None:
        """What the session wrote since its last commit to these files is gone."""
        names = {self._name(os.path.join(self.base, path)) for path in paths_ if path != "."}
        part = self.part
        for name in [one for one in part.uncommitted if one in names or "." in paths_]:
            part.uncommitted.remove(name)
            part.files.pop(name, None)
            self._changed(f"{name} ({how})")

    def switch(self, branch: str) -> None:
        """The work goes on on another branch; what is not committed comes along."""
        if branch == self.branch:
            return
        before = self.parts.get(self.branch)
        if all(one.startswith(project.DETACHED) for one in (self.branch, branch)):
            # A commit on a detached HEAD moves it: what was done before it belongs to the same work.
            if before is not None and branch not in self.parts:
                self.parts[branch] = self.parts.pop(self.branch)
            before = None
        self.branch = branch
        if before is not None and before.uncommitted:
            mine = self.part.uncommitted
            mine.extend(name for name in before.uncommitted if name not in mine)
            before.uncommitted = []

    def _add_prompt(self, text: str, *, keep: bool) -> None:
        self.prompts += 1
        self.in_turn = True
        self.pending.clear()
        self.left_open = [one for one in self.left_open if not sentences.is_question(one)]
        if self.prompts > 1:
            self._decide(sentences.corrections(text))
        elif keep:
            self.asked = _clean(text[:_MAX_RAW_CHARS])

    def _add_call(self, item: Item) -> None:
        if item.writes:
            call: list[Any] = ["write", item.tool, list(item.paths)]
        elif item.command:
            only_reads = commands.parse(item.command).only_reads
            call = ["read", ""] if only_reads else ["command", _redacted(item.command)]
        elif item.tool.lower() in (*_PLAN_TOOLS, "taskcreate", "taskupdate"):
            call = ["plan", item.tool.lower(), _plan(item.arguments)]
        else:
            call = ["tool", item.tool, str(item.arguments.get("session_id", ""))]
        self.pending[item.id] = call
        if len(self.pending) > _MAX_PENDING:
            self.pending.pop(next(iter(self.pending)))

    def _add_result(self, item: Item, *, keep_output: bool) -> None:
        kind, name, *more = self.pending.pop(item.id, ["", ""])
        runs_on = _RUNS_ON.search(item.text[:_MAX_TEXT_CHARS])
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
            self._add_tool(name, item, keep_output=keep_output)

    def _add_tool(self, name: str, item: Item, *, keep_output: bool) -> None:
        """A tool that is neither a command nor writes files is listed if it fails."""
        known = any(run.text == _clean(name) for run in self.part.runs)
        if not item.failed and not known:
            return
        run = self._run(_clean(name))
        run.runs += 1
        run.failed = item.failed
        if item.failed:
            run.failed_at, run.fixed_by = self.step, None
            run.error = _error(item.text, keep_line=keep_output)
        else:
            self._fix(run)

    def _update_plan(self, tool: str, steps: list[list[str]], output: str) -> None:
        if tool == "taskcreate":
            number = _CREATED_TASK.search(output[:_MAX_TEXT_CHARS])
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

    # ── errors and decisions ─────────────────────────────────────────────────────────────────────

    def _run(self, text: str) -> Run:
        part = self.part
        for run in part.runs:
            if run.text == text:
                part.runs.remove(run)
                part.runs.append(run)
                return run
        if len(part.runs) >= MAX_RUNS:
            # A command that fails is what the next session has to know.
            fine = next((run for run in part.runs if not run.failed), part.runs[0])
            part.runs.remove(fine)
            part.dropped += 1
        part.runs.append(Run(text))
        return part.runs[-1]

    def _resolve(self, line: CommandLine) -> None:
        """A command succeeded: the failures of what it covers are fixed."""
        shown = _clean(line.shown)
        ends_merge = line.commit is not None or any(one.is_git_merge for one in line.steps)
        for run in self.part.runs:
            if run.failed_at and run.fixed_by is None:
                failing = commands.parse(run.text.removesuffix(" …")).steps
                if (
                    run.text == shown
                    or (failing and any(step.covers(failing[-1]) for step in line.steps))
                    or (ends_merge and any(one.is_git_merge for one in failing))
                ):
                    self._fix(run)

    def _fix(self, run: Run) -> None:
        since = [what for step, what in self.changes if step >= run.failed_at]
        since = [what for what in dict.fromkeys(reversed(since)) if what != f"`{run.text}`"]
        files = [what for what in since if not what.startswith("`")]
        run.fixed_by = [*files, *(what for what in since if what not in files)][:_MAX_FIXES]

    def _changed(self, what: str) -> None:
        self.changes.append([self.step, what])
        del self.changes[:-_MAX_CHANGES]

    def _decide(self, found: Iterable[str]) -> None:
        for sentence in found:
            _append(self.part.decisions, _clean(sentence))

    def _name(self, path: str) -> str:
        """A path below the work tree or the project relative to it; others as they are."""
        for folder in (self.base, self.project):
            if folder and path.startswith(folder.rstrip(os.sep) + os.sep):
                path = path[len(folder.rstrip(os.sep)) + 1 :]
                break
        return _clean(path)


def _fields(value: Run | Part | Work) -> dict[str, Any]:
    """The attributes; `dataclasses.asdict` would copy all that they hold, at the end of each turn."""
    return {name: getattr(value, name) for name in value.__slots__}


def _append(texts: list[str], text: str) -> None:
    if text and text not in texts:
        texts.append(text)
        del texts[:-MAX_SENTENCES]


def _clean(text: str) -> str:
    """A text on one line, cut, without secrets and without what is private."""
    text = " ".join(_redacted(text).split())
    return text if len(text) <= _MAX_TEXT_CHARS else text[:_MAX_TEXT_CHARS].rsplit(" ", 1)[0] + " …"


@lru_cache(maxsize=1_000)
def _redacted(text: str) -> str:
    return secrets.redact(without_private(text[:_MAX_RAW_CHARS]))


def _error(output: str, *, keep_line: bool) -> str:
    if keep_line:
        return _clean(commands.error_line(output))
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
                steps.append([_clean(text), _clean(known), _clean(identity)])
    return steps[:MAX_PLAN]
