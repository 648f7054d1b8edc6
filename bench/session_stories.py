"""Twenty stories in the real Claude Code and Codex, and the session notes that they leave.

    python bench/session_stories.py [--only NAME ...] > notes.md

A scripted model on loopback, as in tests/clients, tells the client which files to write and which commands to
run; the client runs them in a git repository, and calls the hooks that `memcairn init` installed. The output
has, for each story, what the next session on the branch is shown, and the note. Read it as a stranger: what
was done, what failed, and what is open?
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

TESTS = Path(__file__).resolve().parents[1] / "tests"
sys.path[:0] = [str(TESTS), str(TESTS / "clients")]

from claude_code import offline, scripted, text, tool  # noqa: E402 - where it is was said above
from loopback import Loopback  # noqa: E402 - as above
from other_clients import codex_command, responses, trust_hooks  # noqa: E402 - as above
from real_clients import environment, find, memcairn  # noqa: E402 - as above

if TYPE_CHECKING:
    from collections.abc import Iterator

TIMEOUT_S = 240
BRANCH = "feature/cart"
FILES = {
    "cart.py": "def total(prices):\n    return sum(prices) + 1\n",
    "test_cart.py": (
        "import unittest\nfrom cart import total\n\n\nclass Cart(unittest.TestCase):\n"
        "    def test_total(self):\n        self.assertEqual(total([1, 2]), 3)\n"
    ),
    "Makefile": "test:\n\tpython3 -m unittest -q\nlint:\n\tpython3 -m compileall -q .\n",
    "README.md": "# Shop\n",
}
FIXED = "def total(prices):\n    return sum(prices)\n"


@dataclass(frozen=True)
class Step:
    """What the model does: `kind` is run, write, task, plan or say."""

    kind: str
    given: Any
    content: str = ""


def run(command: str) -> Step:
    """A command."""
    return Step("run", command)


def write(path: str, content: str) -> Step:
    """A file."""
    return Step("write", path, content)


def task(subject: str) -> Step:
    """A step of the agent's plan."""
    return Step("task", subject)


def plan(number: int, status: str) -> Step:
    """Another status of a step."""
    return Step("plan", (number, status))


def say(words: str) -> Step:
    """The last words of a turn."""
    return Step("say", words)


@dataclass(frozen=True)
class Story:
    """A session: prompts, and what the model does for each; a killed one ends in its last command."""

    name: str
    client: str
    turns: tuple[tuple[str, tuple[Step, ...]], ...]
    is_killed: bool = False


STORIES = (
    Story("fixes the bug and commits", "claude", ((
        "total([1, 2]) gives 4. Fix it.",
        (run("python3 -m unittest -q"), write("cart.py", FIXED), run("python3 -m unittest -q"),
         run("git add -A && git commit -q -m 'Do not add one to the total'"),
         say("The total was one too high. I removed the stray `+ 1`; all tests pass and it is committed.")),
    ),)),
    Story("leaves a failing test", "codex", ((
        "Add a discount of ten percent above 100.",
        (write("cart.py", "def total(prices):\n    s = sum(prices)\n    return s * 0.9 if s > 100 else s\n"),
         write("test_discount.py", FILES["test_cart.py"].replace("[1, 2]), 3", "[100]), 90")),
         run("python3 -m unittest -q 2>&1 | tail -4"),
         say("The discount works above 100. `test_discount` fails: it expects the discount at exactly 100. "
             "I did not change it because the requirement is unclear.\n\n"
             "Should a cart of exactly 100 get the discount?")),
    ),)),
    Story("is killed while tests run", "claude", ((
        "Make the tests faster.",
        (write("conftest.py", "# shared fixtures\n"), run("python3 -m compileall -q ."),
         run("touch begun; sleep 200")),
    ),), is_killed=True),
    Story("is killed while it installs", "codex", ((
        "Use the requests library.",
        (run("pip install --no-index requests"), write("client.py", "import requests\n"),
         run("touch begun; sleep 200")),
    ),), is_killed=True),
    Story("is corrected twice", "claude", (
        ("Write the docs.", (write("docs.txt", "Docs\n"), say("I wrote docs.txt."))),
        ("No, Markdown please, and always put docs under docs/.",
         (run("mkdir -p docs && mv docs.txt docs/index.md"),
          say("The docs are docs/index.md now."))),
        ("Don't mention prices in the docs.", (write("docs/index.md", "# Shop\n"), say("They are gone."))),
    )),
    Story("decides between two designs", "codex", ((
        "Where do we keep the carts?",
        (run("grep -rn total ."), write("docs/carts.md", "# Carts\n\nSQLite.\n"),
         say("I compared Redis and SQLite.\n\nDecision: carts are kept in SQLite, one file per shop, because "
             "there is no server to run.\n\nNext steps:\n- write the migration\n- measure 1,000 carts")),
    ),)),
    Story("works through a plan", "claude", ((
        "Add CSV export with tests and docs.",
        (task("write the exporter"), task("test it"), task("document it"), plan(1, "in_progress"),
         write("export.py", "def export(rows):\n    return '\\n'.join(','.join(r) for r in rows)\n"),
         plan(1, "completed"), plan(2, "in_progress"),
         write("test_export.py", "import unittest\n"), run("make test"),
         say("The exporter is written and its test file is begun.")),
    ),)),
    Story("finds a missing program", "codex", ((
        "Format the code with blackx.",
        (run("blackx ."), run("pip install --no-index blackx"), run("python3 -m compileall -q ."),
         say("blackx is not installed and there is no network, so I could not format the code.")),
    ),)),
    Story("retries a flaky test", "claude", ((
        "Is the test flaky?",
        (write("test_cart.py", "import os\n" + FILES["test_cart.py"].replace(
            "3)", "4 - os.path.exists('ok'))")),
         run("make test"), run("touch ok && make test"), run("make test"),
         say("It depends on a file called ok. The test passes once it exists.")),
    ),)),
    Story("works on two branches", "claude", ((
        "Commit the readme here, then begin the search on feature/search.",
        (write("README.md", "# Shop\n\nSells tea.\n"), run("git commit -qam 'Say what the shop sells'"),
         run("git checkout -q -b feature/search"), write("search.py", "def search(q):\n    return []\n"),
         say("The readme is committed on feature/cart. On feature/search, search() still returns nothing.")),
    ),)),
    Story("commits half of its work", "codex", ((
        "Split cart.py into two modules.",
        (write("prices.py", "def add(prices):\n    return sum(prices)\n"),
         run("git add -A && git commit -q -m 'Move the sum into a module'"),
         write("cart.py", "from prices import add as total\n"), run("python3 -m unittest -q"),
         say("The sum lives in prices.py, committed. cart.py uses it now; that is not committed yet.")),
    ),)),
    Story("handles a token", "claude", ((
        "Deploy it.",
        (write("deploy.sh", "curl -H 'Authorization: Bearer $TOKEN' https://example.invalid\n"),
         run("TOKEN=ghp_AbCd1234EfGh5678IjKl9012MnOp3456QrSt sh deploy.sh"),
         say("The host example.invalid cannot be resolved, so nothing was deployed. The token was "
             "ghp_AbCd1234EfGh5678IjKl9012MnOp3456QrSt; please rotate it.")),
    ),)),
    Story("only answers a question", "codex", ((
        "What does total() do?",
        (run("cat cart.py"), run("python3 -m unittest -q"),
         say("It adds the prices and one. The `+ 1` looks like a bug; nothing changed.")),
    ),)),
    Story("speaks German", "claude", (
        ("Bitte schreibe die Fehlermeldungen auf Deutsch.",
         (write("meldungen.py", "LEER = 'Der Warenkorb ist leer.'\n"),
          say("Die Meldungen stehen in meldungen.py."))),
        ("Nein, keine Satzzeichen am Ende. Verwende immer die Sie-Form.",
         (write("meldungen.py", "LEER = 'Ihr Warenkorb ist leer'\n"), run("make test"),
          say("Angepasst. Noch offen: Der Test von total schlägt weiterhin fehl, das war schon vorher so."))),
    )),
    Story("speaks Chinese", "codex", (
        ("给购物车加上运费。", (write("cart.py", FIXED.replace(")\n", ") + 5\n")), say("已经加上运费。"))),
        ("不要写死 5,改用配置文件。",
         (write("config.ini", "[cart]\nshipping = 5\n"), run("python3 -m unittest -q"),
          say("运费改为从 config.ini 读取。测试仍然失败,因为测试没有考虑运费。\n\n下一步:\n- 更新测试"))),
    )),
    Story("speaks Japanese", "claude", ((
        "税込みの合計を返してください。",
        (write("cart.py", "def total(prices):\n    return int(sum(prices) * 1.1)\n"),
         run("python3 -m unittest -q"),
         say("税込みの合計を返すようにしました。端数処理の方針はまだ決まっていません。")),
    ),)),
    Story("reverts what it tried", "codex", ((
        "Try to make total() a generator.",
        (write("cart.py", "def total(prices):\n    yield from prices\n"), run("python3 -m unittest -q"),
         run("git checkout -q -- cart.py"), run("git status --short"),
         say("A generator breaks every caller, so I reverted it. I'd rather keep the function.")),
    ),)),
    Story("merges and resolves a conflict", "claude", ((
        "Merge main.",
        (run("git checkout -q main && echo '# Tea shop' > README.md && git commit -qam 'Rename' "
             "&& git checkout -q feature/cart && echo '# My shop' > README.md && git commit -qam 'Mine'"),
         run("git merge main"), write("README.md", "# My tea shop\n"),
         run("git add -A && git commit -q -m 'Merge main'"),
         say('main is merged. README.md had a conflict; the title is "My tea shop" now.')),
    ),)),
    Story("does many things", "codex", ((
        "Add type hints everywhere.",
        (*(write(f"mod_{n}.py", f"x{n}: int = {n}\n") for n in range(12)),
         *(run(f"python3 mod_{n}.py") for n in range(12)),
         run("python3 -c 'import nothing'"), run("make lint"),
         say("Twelve modules have type hints. Remaining: test_cart.py and export.py.")),
    ),)),
    Story("keeps private words private", "claude", (
        ("Begin the changelog.", (write("CHANGELOG.md", "# Changelog\n"), say("Begun."))),
        ("Never mention <private>Project Nightingale</private> in the changelog.",
         (run("make lint"), say("Understood. The changelog is still empty."))),
    )),
)  # fmt: skip


def main() -> None:
    """Print the handoff and the note of each story."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", nargs="*", default=[])
    given = parser.parse_args()
    for story in STORIES:
        if given.only and not any(part in story.name for part in given.only):
            continue
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as top:
            print(f"\n=== {story.name} ({story.client}) ===\n", flush=True)
            print(played(story, Path(top)), flush=True)


def played(story: Story, top: Path) -> str:
    """Play a story; returns the handoff and the note."""
    home, project = top / "user", top / "shop"
    home.mkdir()
    check_out(project)
    (home / ".codex").mkdir()
    memcairn(home, project, "init", "--host", "claude-code", "--host", "codex")
    if story.client == "codex":
        trust_hooks(find("codex"), home, project)
    for number, (prompt, steps) in enumerate(story.turns):
        command, extra, model = client(story, prompt, steps, is_first=number == 0)
        with model:
            ask(command(model.url), home, project, extra(model.url), story.is_killed)
    shown = [
        run_memcairn(home, project, "handoff", "--branch", branch)
        for branch in (BRANCH, "feature/search")
    ]
    listed = json.loads(memcairn(home, project, "session", "list", "--json"))["sessions"]
    notes = [run_memcairn(home, project, "session", "show", one["id"]) for one in listed]
    memcairn(home, project, "daemon", "stop")
    return "\n".join([*shown, "--- note", *(note for note in notes if "## " in note)])


def check_out(project: Path) -> None:
    """A git repository with a bug and a failing test."""
    project.mkdir()
    for name, content in FILES.items():
        (project / name).write_text(content)
    for command in (
        "init -q -b main", "config user.email me@example.org", "config user.name Me", "add -A",
        "commit -q -m Begin", f"checkout -q -b {BRANCH}",
    ):  # fmt: skip
        subprocess.run(["git", *command.split()], cwd=project, check=True)


def client(story: Story, prompt: str, steps: tuple[Step, ...], *, is_first: bool) -> Any:
    """The command of a client, its environment, and its model."""
    if story.client == "claude":
        turns = [[block] for step in steps for block in claude_blocks(step)]
        again = [] if is_first else ["--continue"]
        arguments = [*again, "-p", prompt, "--dangerously-skip-permissions"]
        return lambda _url: [find("claude"), *arguments], offline, Loopback(scripted(turns))
    script = iter([codex_item(step) for step in steps])
    done = codex_item(say("done"))
    model = Loopback(lambda _path, _body: responses(next(script, done)))
    again = [] if is_first else ["resume", "--last"]
    return (
        lambda url: [*codex_command(find("codex"), url), *again, prompt],
        lambda _url: {"SCRIPTED_KEY": "x"},
        model,
    )


def claude_blocks(step: Step) -> Iterator[dict[str, Any]]:
    """A step as Claude's model says it; it reads a file before it writes it."""
    if step.kind == "write":
        yield tool("Read", file_path=step.given)
    yield claude_block(step)


def claude_block(step: Step) -> dict[str, Any]:
    match step.kind:
        case "run":
            return tool("Bash", command=step.given, description="run", timeout=300_000)
        case "write":
            return tool("Write", file_path=step.given, content=step.content)
        case "plan":
            number, status = step.given
            return tool("TaskUpdate", taskId=str(number), status=status)
        case "task":
            return tool(
                "TaskCreate", subject=step.given, description=step.given, activeForm=step.given
            )
        case _:
            return text(step.given)


def codex_item(step: Step) -> dict[str, Any]:
    """A step as Codex's model says it."""
    identity = os.urandom(4).hex()
    match step.kind:
        case "say":
            content = [{"type": "output_text", "text": step.given, "annotations": []}]
            return {"type": "message", "role": "assistant", "id": identity, "content": content}
        case "write":
            body = "".join(f"+{line}\n" for line in step.content.splitlines())
            patch = f"*** Begin Patch\n*** Add File: {step.given}\n{body}*** End Patch"
            name, given = "exec_command", {"cmd": f"apply_patch <<'EOF'\n{patch}\nEOF"}
        case _:
            name, given = "exec_command", {"cmd": step.given, "yield_time_ms": 60_000}
    return {
        "type": "function_call", "id": identity, "call_id": identity, "name": name,
        "arguments": json.dumps(given),
    }  # fmt: skip


def ask(command: list[str], home: Path, project: Path, extra: dict[str, str], kill: bool) -> None:  # noqa: FBT001 - one caller
    """Run a client to its end, or kill it once its last command has begun."""
    env = environment(home, project) | extra
    with subprocess.Popen(
        command, cwd=project, env=env, start_new_session=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as running:  # fmt: skip
        end = time.monotonic() + TIMEOUT_S
        while kill and not is_begun(home, project) and time.monotonic() < end:
            time.sleep(0.2)
        if kill:
            os.killpg(running.pid, signal.SIGKILL)
        printed, _ = running.communicate(timeout=TIMEOUT_S)
    if not kill and running.returncode:
        print(printed[-2000:], file=sys.stderr)


def is_begun(home: Path, project: Path) -> bool:
    """Whether the last command runs, and its client has written that down."""
    written = list(transcripts(home))
    return (project / "begun").exists() and any("sleep 200" in one for one in written)


def transcripts(home: Path) -> Iterator[str]:
    """The transcripts of both clients."""
    for pattern in (".claude/projects/*/*.jsonl", ".codex/sessions/*/*/*/*.jsonl"):
        for path in home.glob(pattern):
            with contextlib.suppress(OSError):
                yield path.read_text(encoding="utf-8", errors="replace")


def run_memcairn(home: Path, project: Path, *arguments: str) -> str:
    """What memcairn prints, also if it has nothing to say."""
    try:
        return memcairn(home, project, *arguments)
    except subprocess.CalledProcessError as error:
        return str(error.stdout)


if __name__ == "__main__":
    main()
