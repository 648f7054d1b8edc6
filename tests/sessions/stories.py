"""Twenty sessions: what happens, and what the next session on the branch must and must not be told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from player import check_out

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from player import Player


@dataclass(frozen=True)
class Story:
    """One session; `says` must be in its handoff, `keeps` in its note, `hides` in neither."""

    play: Callable[[Player, Path], None]
    host: str = "claude-code"
    says: tuple[str, ...] = ()
    keeps: tuple[str, ...] = ()
    hides: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.play.__name__


def fixes_a_test(player: Player, _: Path) -> None:
    player.prompt("The parser test fails on nested lists. Fix it.")
    player.say("I'll look at the parser first.")
    player.run("cat src/parser.py", "def parse(): ...")
    player.run(
        "pytest tests/test_parser.py -q 2>&1 | tail -20",
        "E  IndexError: list index\n1 failed in 0.2s",
    )
    player.write("src/parser.py")
    player.run("pytest tests/test_parser.py -q", "3 passed in 0.2s")
    player.run('git commit -qam "Parse nested lists"')
    player.stop("The parser handles nested lists now. All tests pass.")


def leaves_tests_failing(player: Player, _: Path) -> None:
    player.prompt("Make the login form accessible.")
    player.write("web/login.tsx")
    player.write("web/login.test.tsx")
    player.run("npm test", "Tests: 2 failed, 8 passed", 1)
    player.write("web/login.tsx")
    player.run("npm test", "Tests: 1 failed, 9 passed", 1)
    player.stop(
        "The labels are in place. One test still fails: the focus order after an error.\n\n"
        "Next steps:\n- move the focus to the first invalid field\n- update the snapshot"
    )


def is_killed_in_the_middle(player: Player, _: Path) -> None:
    player.prompt("Migrate the settings page to the new API.")
    player.write("src/settings/api.ts")
    player.stop("I replaced the client of the settings page. The tests are not updated yet.")
    player.prompt("Go on with the tests.")
    player.write("src/settings/api.test.ts")
    player.run("npm run test -- settings", "", None)


def is_corrected(player: Player, _: Path) -> None:
    player.prompt("Add a dependency for dates.")
    player.run("npm install dayjs", "added 1 package")
    player.write("package.json")
    player.stop("I added dayjs with npm.")
    player.prompt("No, use pnpm instead of npm. And never touch package-lock.json.")
    player.run("pnpm add dayjs", "done")
    player.stop("Done with pnpm.")


def decides(player: Player, _: Path) -> None:
    player.prompt("Where should the cache live?")
    player.write("docs/cache.md")
    player.stop(
        "I compared both.\n\n**Decision:** the cache lives in Redis, with a TTL of five minutes.\n\n"
        "We decided against a local cache because workers restart often."
    )


def plans(player: Player, _: Path) -> None:
    player.prompt("Add CSV export.")
    player.plan(write_the_exporter="in_progress", add_a_button="pending", document_it="pending")
    player.write("src/export.py")
    player.plan(write_the_exporter="completed", add_a_button="in_progress", document_it="pending")
    player.stop("The exporter works.")


def installs_what_is_missing(player: Player, _: Path) -> None:
    player.prompt("Run the script.")
    player.run("python scripts/load.py", "ModuleNotFoundError: No module named 'yaml'", 1)
    player.run("pip install pyyaml", "Successfully installed")
    player.run("python scripts/load.py", "loaded 12 rows")
    player.stop("The script runs.")


def asks_a_question(player: Player, _: Path) -> None:
    player.prompt("Clean up the old migrations.")
    player.run("ls migrations", "0001.sql 0002.sql")
    player.write("migrations/README.md")
    player.stop(
        "There are two migrations that production may still need. Shall I squash them or keep both?"
    )


def switches_branches(player: Player, folder: Path) -> None:
    player.prompt("Fix the typo, then start on the feature.")
    player.write("README.md")
    player.run("git commit -qam 'Fix a typo'")
    player.stop("The typo is fixed.")
    check_out(folder, "feature/two")
    player.prompt("Now the feature.")
    player.write("src/feature.py")
    player.stop("Begun. Still to do: wire it up.")
    check_out(folder, "work")


def commits_in_parts(player: Player, _: Path) -> None:
    player.prompt("Split the module.")
    player.write("src/one.py")
    player.run(
        "git add -A && git commit -m \"$(cat <<'EOF'\nMove the reader into a module\n\nNo change.\nEOF\n)\""
    )
    player.write("src/two.py")
    player.stop("The first half is committed.")


def has_secrets(player: Player, _: Path) -> None:
    player.prompt("Check the deployment.")
    player.run("API_TOKEN=ghp_AbCd1234EfGh5678IjKl9012MnOp3456QrSt deploy --check", "ok")
    player.run("psql postgresql://admin:q8Zk2mVbT7@db.internal/app -c 'select 1'", "FATAL", 2)
    player.stop(
        "The check passes; the token ghp_AbCd1234EfGh5678IjKl9012MnOp3456QrSt still works. Not yet rotated."
    )


def has_private_parts(player: Player, _: Path) -> None:
    player.prompt("Begin.")
    player.write("notes.md")
    player.stop("ok then")
    player.prompt(
        "Never mention <private>Project Nightingale</private> in commits. <private>Don't tell Ann.</private>"
    )
    player.run("make build")
    player.stop("Understood, and the build is done.")


def runs_tests_of_go(player: Player, _: Path) -> None:
    player.prompt("Why does the race test fail?")
    player.run("go test -race ./...", "WARNING: DATA RACE\nFAIL\tapp/queue 0.02s", 1)
    player.write("queue/queue.go")
    player.run("go test -race ./queue/...", "ok app/queue 0.1s")
    player.run("go test -race ./...", "FAIL\tapp/api 0.02s", 1)
    player.stop("The race in the queue is fixed. app/api still fails for another reason.")


def speaks_german(player: Player, _: Path) -> None:
    player.prompt("Bitte baue den Export um.")
    player.write("src/export.py")
    player.stop("Der Export ist umgebaut.")
    player.prompt("Nein, bitte keine neuen Abhängigkeiten. Verwende csv statt pandas.")
    player.write("src/export.py")
    player.run("pytest -q", "1 failed", 1)
    player.stop("Umgestellt auf csv. Noch offen: der Test für Umlaute schlägt noch fehl.")


def speaks_chinese(player: Player, _: Path) -> None:
    player.prompt("把登录页面重构一下。")
    player.write("src/login.vue")
    player.stop("登录页面已经重构。")
    player.prompt("不要使用 axios,改用 fetch。")
    player.write("src/api.ts")
    player.stop("已改用 fetch。\n\n下一步:\n- 更新单元测试\n- 删除 axios 依赖")


def speaks_japanese(player: Player, _: Path) -> None:
    player.prompt("検索を速くしてください。")
    player.write("src/search.py")
    player.stop("インデックスを追加しました。")
    player.prompt("Elasticsearch ではなく SQLite を使ってください。")
    player.run("pytest -q", "5 passed")
    player.stop("SQLite に変更しました。ドキュメントはまだ更新していません。")


def works_in_codex(player: Player, _: Path) -> None:
    player.prompt("Add retries to the uploader.")
    player.plan(add_retries="completed", test_them="in_progress")
    player.write("src/upload.py")
    player.run("pytest -q", "2 failed", 1)
    player.write("src/upload.py", failed=True)
    player.stop("Retries are in. The tests of the backoff still fail.")


def works_without_a_transcript(player: Player, _: Path) -> None:
    player.prompt("Update the chart.")
    player.write("chart/values.yaml")
    player.run("helm lint chart", "Error: 1 chart(s) failed", 1)
    player.prompt("Don't change the image tag.")
    player.write("chart/templates/deploy.yaml")
    player.run("helm lint chart", "0 chart(s) failed")
    player.stop()


def fails_with_a_tool(player: Player, _: Path) -> None:
    player.prompt("Fetch the schema and generate the client.")
    player.tool("WebFetch", "Request failed with status code 503", failed=True)
    player.tool("Read", "File does not exist.", failed=True)
    player.write("src/client.ts", failed=True)
    player.run("docker compose up -d db", "permission denied while trying to connect", 1)
    player.stop("I could not reach the schema server, and Docker needs your permission.")


def tries_many_things(player: Player, _: Path) -> None:
    player.prompt("Why is the build slow? Try what helps.")
    for number in range(40):
        player.write(f"src/module_{number}.ts")
        player.run(
            f"npx tsc --build packages/p{number}", "error TS2322: Type", 2 if number == 20 else 0
        )
    player.run("npm run build", "built in 12s")
    player.stop(
        "The build takes 12 seconds instead of 40. Remaining: packages/p20 has a type error."
    )


STORIES = (
    Story(
        fixes_a_test,
        says=(
            'committed "Parse nested lists"',
            "src/parser.py",
            "failed (IndexError), resolved after changing",
        ),
        hides=("Failed:", "Open:", "nested lists. Fix it", "list index", "cat src"),
    ),
    Story(
        leaves_tests_failing,
        says=(
            "web/login.tsx",
            "Failed: `npm test` exit 1",
            "move the focus",
            "update the snapshot",
        ),
        keeps=("`npm test`: exit 1, 2 runs",),
        hides=("8 passed", "accessible"),
    ),
    Story(
        is_killed_in_the_middle,
        says=(
            "last seen in the middle of a turn",
            "src/settings/api.test.ts",
            "npm run test -- settings` had not",
        ),
    ),
    Story(
        is_corrected,
        says=("No, use pnpm instead of npm", "never touch package-lock.json", "package.json"),
        hides=("Add a dependency",),
    ),
    Story(
        decides,
        says=("the cache lives in Redis", "We decided against a local cache"),
        hides=("Where should",),
    ),
    Story(
        plans,
        says=(
            "write the exporter",
            "add a button (in progress)",
            "document it (not begun)",
            "src/export.py",
        ),
    ),
    Story(
        installs_what_is_missing,
        says=("exit 1 (ModuleNotFoundError), passed after running `pip install pyyaml`",),
        hides=("No module named", "12 rows", "Failed:"),
    ),
    Story(asks_a_question, says=("Shall I squash them or keep both?", "migrations/README.md")),
    Story(
        switches_branches,
        says=('committed "Fix a typo"', "README.md", "on branch work"),
        keeps=("# feature/two", "src/feature.py", "wire it up"),
    ),
    Story(
        commits_in_parts,
        says=('committed "Move the reader into a module"', "not committed: src/two.py"),
        hides=("EOF",),
    ),
    Story(
        has_secrets,
        says=("[redacted", "exit 2", "Not yet rotated"),
        hides=("ghp_AbCd", "q8Zk2mVbT7", "QrSt"),
    ),
    Story(
        has_private_parts,
        says=("Never mention (private) in commits", "notes.md"),
        hides=("Nightingale", "Ann"),
    ),
    Story(
        runs_tests_of_go,
        says=("Failed: `go test -race ./...` exit 1", "queue/queue.go", "app/api still fails"),
        hides=("Fixed:",),
    ),
    Story(
        speaks_german,
        says=(
            "keine neuen Abhängigkeiten",
            "csv statt pandas",
            "Failed: `pytest -q` exit 1",
            "Test für Umlaute",
        ),
    ),
    Story(speaks_chinese, says=("不要使用 axios,改用 fetch", "更新单元测试", "删除 axios 依赖")),
    Story(
        speaks_japanese,
        says=("Elasticsearch ではなく SQLite", "まだ更新していません", "`pytest -q`: exit 0"),
    ),
    Story(
        works_in_codex,
        host="codex",
        says=(
            "Codex on branch work",
            "test them (in progress)",
            "src/upload.py",
            "Failed: `pytest -q` exit 1",
        ),
        keeps=("- src/upload.py\n",),
    ),
    Story(
        works_without_a_transcript,
        host="copilot",
        says=(
            "chart/values.yaml",
            "passed after changing chart/templates/deploy.yaml",
            "Don't change the image tag",
        ),
    ),
    Story(
        fails_with_a_tool,
        says=("`WebFetch` failed", "permission denied", "could not reach the schema server"),
        hides=("src/client.ts", "status code", "`Read`"),
    ),
    Story(
        tries_many_things,
        says=("and 35 more", "packages/p20` exit 2 (TS2322)", "packages/p20 has a type error"),
        keeps=("- src/module_0.ts",),
    ),
)
