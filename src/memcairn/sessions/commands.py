"""What a shell command line is about: which program it runs, on what, and whether it only reads.

The rules read the first lines of a command as a shell would, without running anything. A command line that
they cannot read counts as one that changes something.
"""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

MAX_SHOWN_CHARS = 160
_MAX_CHARS = 1_000
_MAX_OUTPUT_CHARS = 4_000

_READING = frozenset(
    {
        "ls", "cat", "head", "tail", "grep", "egrep", "rg", "ag", "find", "fd", "wc", "pwd", "cd", "echo",
        "printf",
        "which", "type", "env", "printenv", "date", "whoami", "tree", "stat", "file", "du", "df", "ps",
        "less",
        "more", "sort", "uniq", "cut", "awk", "jq", "test", "[", "true", "sleep", "diff", "cmp", "basename",
        "dirname", "realpath", "readlink", "nl", "tr", "column", "hostname", "uname", "id", "command",
        "xargs",
        "sed", "export", "set", "source", ".", "exit", "wait", "tee", "yq", "bat", "hexdump", "xxd",
        "strings",
    }
)  # fmt: skip
_READING_GIT = frozenset(
    {
        "status", "diff", "log", "show", "branch", "remote", "rev-parse", "blame", "ls-files", "grep",
        "describe",
        "reflog", "shortlog", "cat-file", "rev-list", "config", "ls-tree", "merge-base", "for-each-ref",
    }
)  # fmt: skip
# Programs that start another program: the number of words to skip, besides options.
_LAUNCHERS = {
    "sudo": 1, "time": 1, "nohup": 1, "env": 1, "nice": 1, "exec": 1, "npx": 1, "bunx": 1, "xvfb-run": 1,
    "timeout": 2,
}  # fmt: skip
_RUN_LAUNCHERS = frozenset({"uv", "poetry", "pipenv", "rye", "hatch", "pdm", "pixi", "bundle"})
_SUBCOMMANDS = frozenset(
    {
        "git", "npm", "pnpm", "yarn", "bun", "cargo", "go", "docker", "make", "just", "pip", "pip3", "uv",
        "poetry",
        "kubectl", "terraform", "dotnet", "gradle", "gradlew", "mvn", "mix", "rake", "rails", "composer",
        "brew",
        "apt", "apt-get", "gh", "helm", "deno", "nx", "turbo", "task", "tox", "nox", "swift", "flutter",
        "systemctl",
    }
)  # fmt: skip
_RUNS_A_SCRIPT = frozenset({"npm", "pnpm", "yarn", "bun", "deno"})
_CHECKS = re.compile(
    r"\b(?:pytest|test|tests|tox|nox|jest|vitest|mocha|ruff|mypy|pyright|eslint|tsc|lint|check|clippy"
    r"|vet|rspec"
    r"|phpunit|unittest|typecheck|build|fmt|format|ctest)\b"
)
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_LEADING_CD = re.compile(r"\A\s*cd\s+(\"[^\"]*\"|'[^']*'|[^\s;&|]+)\s*(?:&&|;)\s*")
_JOINED_STREAMS = re.compile(r"\d?>&\d?-?(?=\s|\Z|[|;&)])|&>>?\s*\S+")
_REDIRECTION = re.compile(r"\d?(?:>>?|<<?<?-?)")
_HEREDOC = re.compile(r"<<-?\s*['\"]?\w+")
_BEFORE_HEREDOC = re.compile(r"""["']?(?:\$\(cat\s*)?<<-?\s*['"]?\w+""")
# A device, a name that only the shell knows, or a scratch file.
_NO_FILE = re.compile(r"[$`*?<>(){}]|\A(?:/dev|/tmp|/proc)/|\A&")
_MESSAGE = re.compile(
    r"\s(?:-\w*m|--message)[=\s]*"
    r"(?:\"\$\(cat\s*<<-?\s*['\"]?\w+['\"]?\s*\n\s*([^\n]+)|\"((?:[^\"\\]|\\.)*)\"|'([^']*)')"
)
_NEW_BRANCH = re.compile(
    r"\bgit\s+(?:checkout\s+-[bB]|switch\s+(?:-[cC]\s+)?)\s*([\w./@+#-]+)(?:\s|\Z|[;&|])"
)

_MERGES = frozenset(
    f"git {name}" for name in ("merge", "rebase", "pull", "cherry-pick", "revert", "am")
)
# Failures that a program reports in its output; only used where a pipe hides its exit code.
_REPORTS_FAILURE = re.compile(
    r"\b[1-9]\d* (?:failed|failing|failures?|errors?)\b|^(?:FAILED|FAIL|ERROR)\b|test result: FAILED"
    r"|^error(?:\[\w+\])?:|Traceback \(most recent call last\)|npm ERR!|BUILD FAILED|command not found"
    r"|\berror TS\d+",
    re.MULTILINE,
)
# Names of errors. Their messages are output, and are stored only if the user says so.
_NAMES = (
    re.compile(r"\b((?:[A-Z][a-z0-9]+)+(?:Error|Exception))\b"),
    re.compile(r"\berror\[(E\d{4})\]|\berror (TS\d{3,5})\b"),
    re.compile(r"\b(ENOENT|EACCES|EPERM|EADDRINUSE|ECONNREFUSED|ETIMEDOUT|ENOSPC|EEXIST)\b"),
    re.compile(r"\b(command not found|[Pp]ermission denied|[Ss]egmentation fault|ERESOLVE)\b"),
)
_ERROR_LINE = re.compile(
    r"error|exception|failed|failure|fatal|denied|not found|panic", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Step:
    """One program of a command line: its name with the subcommand, and what it works on."""

    program: str
    targets: tuple[str, ...]

    def covers(self, other: Step) -> bool:
        """Whether this does at least what the other does: on the same things, on more, or on everything."""
        if self.program != other.program:
            return False
        return not self.targets or (
            bool(other.targets)
            and all(any(_is_within(one, mine) for mine in self.targets) for one in other.targets)
        )

    @property
    def is_git_merge(self) -> bool:
        """Whether it may stop at a conflict, which a commit ends."""
        return self.program in _MERGES


def _is_within(target: str, other: str) -> bool:
    return target == other or (target.startswith(other) and target[len(other)] in "/:[")


@dataclass(frozen=True, slots=True)
class CommandLine:
    """A command line by the rules of this module.

    Attributes:
        shown: the command on one line, cut; secrets are still in it.
        steps: its programs, without those that only read, or only write a file.
        written: the files that it writes by a redirection, `tee` or `sed -i`, as paths from where it runs.
        reverted: the files that git restores; "." is all of them.
        removed: the files that it deletes or moves away.
        hides_exit_code: the exit code is that of a filter behind the last program, or is dropped.
        commit: the subject of the commit that it makes; None for other commands.
        branch: the branch that it switches to, or "".
    """

    shown: str
    steps: tuple[Step, ...]
    written: tuple[str, ...]
    reverted: tuple[str, ...]
    removed: tuple[str, ...]
    hides_exit_code: bool
    commit: str | None
    branch: str

    @property
    def only_reads(self) -> bool:
        """Whether it changes nothing and checks nothing, so that a note need not list it."""
        return not self.steps and not self.written

    @property
    def is_check(self) -> bool:
        """Whether its last program tests or builds, rather than changes something."""
        return bool(self.steps) and _CHECKS.search(self.steps[-1].program) is not None


@lru_cache(maxsize=2_000)
def parse(command: str) -> CommandLine:
    """Read a command line."""
    text, folder = command.strip(), ""
    while cd := _LEADING_CD.match(text):
        folder = os.path.join(folder, cd[1].strip("\"'"))
        text = text[cd.end() :]
    first = text.split("\n", 1)[0].strip() if _HEREDOC.search(text.split("\n", 1)[0]) else text
    lines = [line.strip() for line in first.split("\n") if line.strip()]
    shown = " ".join(lines[0].split()) if lines else ""
    shown = _BEFORE_HEREDOC.split(shown, maxsplit=1)[0].rstrip()
    is_cut = len(shown) > MAX_SHOWN_CHARS or len(lines) > 1 or first != text
    shown = shown[:MAX_SHOWN_CHARS] + (" …" if is_cut else "")
    segments, separators = _segments(first[:_MAX_CHARS])
    steps = [_step(segment) for segment in segments]
    notable = tuple(step for step in steps if step is not None)
    written = [path for segment in segments for path in _written(segment)]
    reverted = [path for segment in segments for path in _reverted(segment)]
    hides = (
        bool(notable)
        and bool(separators)
        and steps[-1] is None
        and separators[-1] in ("|", ";", "||")
    )
    commit = None
    if any(step.program == "git commit" for step in notable):
        found = _MESSAGE.search(text)
        said = next((group for group in found.groups() if group), "") if found else ""
        commit = said.replace("\\n", "\n").strip().split("\n")[0].strip()
    branch = _NEW_BRANCH.search(first)
    return CommandLine(
        shown,
        notable,
        tuple(os.path.join(folder, path) for path in dict.fromkeys(written)),
        tuple(path if path == "." else os.path.join(folder, path) for path in reverted),
        tuple(os.path.join(folder, path) for segment in segments for path in _removed(segment)),
        hides and "pipefail" not in first,
        commit,
        branch[1] if branch else "",
    )


def reports_failure(output: str) -> bool:
    """Whether a program says in its output that it failed."""
    return _REPORTS_FAILURE.search(output[-_MAX_OUTPUT_CHARS:]) is not None


def error_name(output: str) -> str:
    """The name of the error that an output ends with: `ValueError`, `TS2322`, `ENOENT`; "" if none."""
    tail = output[-_MAX_OUTPUT_CHARS:]
    for names in _NAMES:
        found = list(names.finditer(tail))
        if found:
            return next(group for group in found[-1].groups() if group)
    return ""


def error_line(output: str) -> str:
    """The last line of an output that names an error, else its last line."""
    tail = output[-_MAX_OUTPUT_CHARS:]
    tail = tail if len(output) <= _MAX_OUTPUT_CHARS else tail.partition("\n")[2]
    lines = [line.strip() for line in tail.splitlines() if line.strip()]
    named = [line for line in lines if _ERROR_LINE.search(line)]
    return (named or lines or [""])[-1]


def _segments(text: str) -> tuple[list[list[str]], list[str]]:
    """The words of each program of a command line, and the operators between them."""
    lexer = shlex.shlex(_JOINED_STREAMS.sub(" ", text), posix=True, punctuation_chars="|&;\n")
    lexer.whitespace = " \t\r"
    lexer.whitespace_split = True
    lexer.commenters = ""
    segments: list[list[str]] = [[]]
    separators: list[str] = []
    try:
        for token in lexer:
            if token.strip("|&;\n"):
                segments[-1].append(token)
            elif segments[-1]:
                separators.append(token.strip("\n") or ";")
                segments.append([])
    except ValueError:  # an open quote: the rest is text
        pass
    if not segments[-1]:
        segments.pop()
        del separators[len(segments) - 1 :]
    return segments, separators


def _step(words: list[str]) -> Step | None:
    """A program and its targets; None if it only reads."""
    words, _ = _without_redirections(_without_launchers(words))
    if not words:
        return None
    name = os.path.basename(words[0])
    rest = words[1:]
    if re.fullmatch(r"python[\d.]*", name) and rest[:1] == ["-m"] and len(rest) > 1:
        name, rest = rest[1], rest[2:]
    if name in _READING:
        return None
    if name in _SUBCOMMANDS:
        plain = [word for word in rest if not word.startswith("-")]
        if name == "git" and plain[:1] and plain[0] in _READING_GIT:
            return None
        taken = 2 if name in _RUNS_A_SCRIPT and plain[:1] == ["run"] else 1
        name = " ".join([name, *plain[:taken]])
        rest = plain[taken:] if plain else rest
    targets = [word for word in rest if not word.startswith("-") and not word.isdigit()]
    return Step(name, tuple(targets[:20]))


def _written(words: list[str]) -> list[str]:
    """The files that a program writes by a redirection, `tee` or `sed -i`."""
    words, targets = _without_redirections(_without_launchers(words))
    plain = [word for word in words[1:] if not word.startswith("-")]
    match os.path.basename(words[0]) if words else "":
        case "tee":
            targets += plain
        case "mv" if len(plain) == 2 and not plain[1].endswith("/"):
            targets.append(plain[1])
        case "git" if plain[:1] == ["mv"] and len(plain) == 3 and not plain[2].endswith("/"):
            targets.append(plain[2])
        case "sed" if _edits_in_place(words):
            scripts = [after for before, after in pairwise(words) if before in ("-e", "-f")]
            files = [word for word in plain if word not in scripts]
            targets += files if scripts else files[1:]
    return [path for path in targets if path and not _NO_FILE.search(path)]


def _reverted(words: list[str]) -> list[str]:
    """The files that git sets back to what is committed."""
    words = _without_redirections(_without_launchers(words))[0]
    if os.path.basename(words[0] if words else "") != "git":
        return []
    plain = [word for word in words[2:] if not word.startswith("-")]
    match words[1:2]:
        case ["checkout"] if "--" in words:
            return words[words.index("--") + 1 :]
        case ["restore"] if "--staged" not in words:
            return plain
        case ["reset"] if "--hard" in words:
            return ["."]
    return []


def _removed(words: list[str]) -> list[str]:
    """The files that a program deletes or moves away."""
    words = _without_redirections(_without_launchers(words))[0]
    plain = [word for word in words if not word.startswith("-")]
    if plain[:1] == ["git"]:
        plain = plain[1:]
    match os.path.basename(plain[0]) if plain else "":
        case "rm":
            return plain[1:]
        case "mv":
            return plain[1:-1]
    return []


def _without_redirections(words: list[str]) -> tuple[list[str], list[str]]:
    """The words without redirections, and the files to which the output goes."""
    kept: list[str] = []
    targets: list[str] = []
    expected = ""
    for word in words:
        found = _REDIRECTION.match(word)
        if found:
            expected, word = found[0], word[found.end() :]  # noqa: PLW2901 - the rest of the same word
        elif not expected:
            kept.append(word)
        if word and expected:
            if expected in (">", ">>", "1>", "1>>"):
                targets.append(word)
            expected = ""
    return kept, targets


def _edits_in_place(words: list[str]) -> bool:
    return any(word.startswith(("-i", "--in-place")) for word in words)


def _without_launchers(words: list[str]) -> list[str]:
    while words:
        name = os.path.basename(words[0])
        if _ASSIGNMENT.match(words[0]):
            words = words[1:]
        elif name in _LAUNCHERS and len(words) > _LAUNCHERS[name]:
            words = words[_LAUNCHERS[name] :]
            while words and words[0].startswith("-"):
                words = words[1:]
        elif (name in _RUN_LAUNCHERS and words[1:2] in (["run"], ["exec"])) or (
            name in ("pnpm", "npm") and words[1:2] == ["exec"]
        ):
            words = words[2:]
            while words and words[0].startswith("-"):
                words = words[1:]
        else:
            return words
    return words
