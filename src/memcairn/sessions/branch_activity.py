"""What a session did on one branch: files, commands, errors and what fixed them, commits, decisions.

    error    a command failed, and what changed until the same command, or one that does more, succeeded
    commit   what was written before it is no longer uncommitted

Each list has a limit, so that a long session costs no more at each step than a short one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from memcairn.sessions import commands
from memcairn.sessions.kept_text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from memcairn.sessions.commands import CommandLine

MAX_FILES = 200
MAX_RUNS = 100
MAX_SENTENCES = 20
_MAX_CHANGES = 40
_MAX_FIXES = 3
_TAKEN_BACK = (" (reverted)", " (removed)")


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
        ran_at: the step of its last run.
        fixed_by: what changed between the failure and the success; None while it fails.
    """

    text: str
    runs: int = 0
    failed: bool = False
    code: int | None = None
    error: str = ""
    failed_code: int | None = None
    failed_at: int = 0
    ran_at: int = 0
    fixed_by: list[str] | None = None

    def fail(self, step: int, error: str, code: int | None) -> None:
        """The run of this step failed."""
        if self.fixed_by is not None or not self.failed_at:
            self.failed_at = step
        self.failed, self.code, self.failed_code = True, code, code
        self.error, self.fixed_by = error, None


@dataclass(slots=True)
class BranchActivity:
    """What a session did on one branch.

    Attributes:
        files: the files that it wrote, with the number of writes.
        uncommitted: those written since the last commit of the session.
        committed: those that its commits contain.
        runs: the commands, without those that only read.
        commits: the subjects of its commits.
        decisions: the sentences.
        dropped: how many files and commands the limits left out.
        changes: the last changes: step, and what changed.
    """

    files: dict[str, int] = field(default_factory=dict)
    uncommitted: list[str] = field(default_factory=list)
    committed: list[str] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    commits: list[str] = field(default_factory=list)
    decisions: list[str] = field(default_factory=list)
    dropped: int = 0
    changes: list[tuple[int, str]] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to tell."""
        return not (self.files or self.runs or self.commits or self.decisions)

    @property
    def failing(self) -> list[Run]:
        """The commands whose last run failed, and that no later command made up for."""
        return [run for run in self.runs if run.failed and run.fixed_by is None]

    def to_record(self) -> dict[str, Any]:
        """The activity as JSON values; `dataclasses.asdict` would copy all of it, at the end of each turn."""
        record = {name: getattr(self, name) for name in self.__slots__}
        runs = [{name: getattr(run, name) for name in run.__slots__} for run in self.runs]
        return record | {"runs": runs}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> BranchActivity:
        """The activity from what `to_record` returned.

        Raises:
            TypeError: the record is of another version.
        """
        runs = [Run(**run) for run in record["runs"]]
        changes = [(step, what) for step, what in record["changes"]]
        return cls(**{**record, "runs": runs, "changes": changes})

    @property
    def taken_back(self) -> list[str]:
        """The files that it wrote and then reverted or removed, with which of both."""
        found = dict.fromkeys(what for _, what in self.changes if what.endswith(_TAKEN_BACK))
        return [what for what in found if what.rpartition(" (")[0] not in self.files]

    def changed_since(self, run: Run) -> str:
        """The last file that changed after a command had run; "" if none did."""
        later = (what for step, what in reversed(self.changes) if step > run.ran_at)
        return next((what for what in later if not what.startswith("`")), "")

    def add_file(self, name: str, step: int) -> None:
        """A file was written."""
        if name in self.files or len(self.files) < MAX_FILES:
            self.files[name] = self.files.get(name, 0) + 1
        else:
            self.dropped += 1
        if name not in self.uncommitted and len(self.uncommitted) < MAX_FILES:
            self.uncommitted.append(name)
        self._changed(step, name)

    def take_over(self, before: BranchActivity) -> None:
        """What is not committed comes along from another branch."""
        for name in before.uncommitted:
            number = before.files.get(name, 1)
            if name not in before.committed:
                before.files.pop(name, None)
            if name in self.files or len(self.files) < MAX_FILES:
                self.files[name] = self.files.get(name, 0) + number
            if name not in self.uncommitted and len(self.uncommitted) < MAX_FILES:
                self.uncommitted.append(name)
        before.uncommitted = []

    def discard(self, names: Iterable[str], step: int, how: str) -> None:
        """What the session wrote to these files since its last commit is gone."""
        gone = set(names)
        for name in [one for one in self.uncommitted if one in gone]:
            self.uncommitted.remove(name)
            self.files.pop(name, None)
            self._changed(step, f"{name} ({how})")

    def add_run(
        self, line: CommandLine, step: int, *, failed: bool, code: int | None, error: str
    ) -> None:
        """A command has run.

        Args:
            line: it.
            step: the number of this step of the session.
            failed: whether it failed.
            code: its exit code; None if it is not known.
            error: the name of the error of a run that failed.
        """
        run = self._run(one_line(line.shown), step)
        if failed:
            run.fail(step, error, code)
            return
        run.failed, run.code = False, code
        self._resolve(line)
        if line.commit is not None:
            _append(self.commits, one_line(line.commit) or "(no subject)")
            new = (name for name in self.uncommitted if name not in self.committed)
            self.committed = [*self.committed, *new][-MAX_FILES:]
            self.uncommitted.clear()
        elif not line.is_check:
            self._changed(step, f"`{run.text}`")

    def add_tool(self, name: str, step: int, *, failed: bool, error: str) -> None:
        """A tool was called that is neither a command nor writes files: listed if it fails."""
        if not failed and all(run.text != name for run in self.runs):
            return
        run = self._run(name, step)
        if failed:
            run.fail(step, error, None)
        else:
            run.failed = False
            self._fix(run)

    def decide(self, sentences: Iterable[str]) -> None:
        """The agent or the user decided something."""
        for sentence in sentences:
            _append(self.decisions, one_line(sentence))

    def _run(self, text: str, step: int) -> Run:
        """The command with this text, which ran once more, and is now the last one."""
        found = next((run for run in self.runs if run.text == text), None)
        if found is not None:
            self.runs.remove(found)
        elif len(self.runs) >= MAX_RUNS:
            # A command that fails is what the next session has to know.
            self.runs.remove(next((run for run in self.runs if not run.failed), self.runs[0]))
            self.dropped += 1
        run = found or Run(text)
        self.runs.append(run)
        run.runs += 1
        run.ran_at = step
        return run

    def _resolve(self, line: CommandLine) -> None:
        """A command succeeded: the failures of what it covers are fixed."""
        shown = one_line(line.shown)
        ends_merge = line.commit is not None or any(one.is_git_merge for one in line.steps)
        for run in self.runs:
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

    def _changed(self, step: int, what: str) -> None:
        self.changes.append((step, what))
        del self.changes[:-_MAX_CHANGES]


def _append(texts: list[str], text: str) -> None:
    if text and text not in texts:
        texts.append(text)
        del texts[:-MAX_SENTENCES]
