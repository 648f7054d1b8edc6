"""The documentation is true: console blocks are run, generated pages compared, links followed."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from memcairn import Memory
from memcairn.cli.commands import COMMANDS
from memcairn.settings import config
from support import PROGRAM

PROJECT = Path(__file__).resolve().parents[2]
PAGES = [
    *(PROJECT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "AGENTS.md")),
    PROJECT / "bench" / "README.md",
    PROJECT / "models" / "README.md",
    *sorted((PROJECT / "docs").rglob("*.md")),
]
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
TIME = re.compile(r"\(\d+\.\d\d s\)|, \d+ s$|\d{4}-\d\d-\d\dT[\d:]+Z", re.MULTILINE)


def steps(page: str) -> list[tuple[str, str]]:
    """The commands of a page's console blocks, each with the output shown below it."""
    text = (PROJECT / page).read_text(encoding="utf-8")
    found = []
    for block in BLOCK.findall(text):
        for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = step.partition("\n")
            found.append((command, output))
    return found


@pytest.mark.parametrize("page", ["README.md", "docs/guide.md"])
def test_every_console_block_prints_what_it_shows(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(PROJECT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    shown = steps(page)
    assert shown

    for command, output in shown:
        arguments = shlex.split(command)
        assert arguments[0] in ("memcairn", "git")
        program = PROGRAM if arguments[0] == "memcairn" else ["git"]
        done = subprocess.run(
            [*program, *arguments[1:]], capture_output=True, text=True, check=True, encoding="utf-8"
        )
        # The tests have no embedding model.
        wanted = re.sub(r"^  embedding .* in the background\n", "", output, flags=re.MULTILINE)
        assert TIME.sub("", done.stdout) == TIME.sub("", wanted), command


def test_what_the_readme_says_is_remembered_is_recalled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    transcript = (PROJECT / "README.md").read_text(encoding="utf-8").split("```")[1]
    remembered = re.search(r'memory_observe\("(.*)"\)', transcript)
    prompts = re.findall(r"^  you +(.*)", transcript, re.MULTILINE)
    recalled = re.search(r"^  memcairn  (\| .*)", transcript, re.MULTILINE)
    assert remembered is not None
    assert recalled is not None
    assert len(prompts) == 2

    with Memory() as memory:
        memory.observe(remembered[1])
    event = {"session_id": "thursday", "cwd": str(tmp_path), "prompt": prompts[1]}
    done = subprocess.run(
        [*PROGRAM, "hook", "user-prompt", "--host", "claude-code"], input=json.dumps(event),
        capture_output=True, text=True, check=True, encoding="utf-8",
    )  # fmt: skip

    added = json.loads(done.stdout)["hookSpecificOutput"]["additionalContext"]
    assert recalled[1] in added.splitlines()


def test_the_reference_is_what_the_code_gives() -> None:
    done = subprocess.run(
        [sys.executable, PROJECT / "docs" / "generate.py", "--check"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr


def test_no_page_uses_a_word_that_the_project_no_longer_uses(tmp_path: Path) -> None:
    program = [sys.executable, PROJECT / "docs" / "words.py"]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    (tmp_path / "page.md").write_text("It is no note.\n", encoding="utf-8")
    relative = os.path.relpath(tmp_path / "page.md", PROJECT)
    refused = subprocess.run([*program, relative], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert refused.returncode == 1
    assert "not a note" in refused.stderr


def test_every_command_and_setting_is_in_the_reference() -> None:
    reference = (PROJECT / "docs" / "reference.md").read_text(encoding="utf-8")

    assert all(f"### memcairn {name}\n" in reference for name in COMMANDS)
    assert all(f"`{setting.name}`" in reference for setting in config.SETTINGS)


def test_every_dependency_has_a_reason_and_every_reason_a_dependency() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = [
        project["build-system"]["requires"],
        project["project"]["dependencies"],
        *project["project"]["optional-dependencies"].values(),
        *project["dependency-groups"].values(),
    ]
    required = {re.split(r"[^\w-]", name, maxsplit=1)[0] for group in groups for name in group}
    page = (PROJECT / "docs" / "decisions" / "dependencies.md").read_text(encoding="utf-8")
    explained = re.findall(r"^\| `([\w-]+)` \| \S", page, re.MULTILINE)

    assert sorted(explained) == sorted(required)


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub and MkDocs make them."""
    text = re.sub(
        r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
    )
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings
    }


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(PROJECT)) for page in PAGES])
def test_every_relative_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    text = re.sub(
        r"^```.*?^```|`[^`\n]*`",
        "",
        page.read_text(encoding="utf-8"),
        flags=re.MULTILINE | re.DOTALL,
    )

    for link in re.findall(r"\]\((?!https?:)([^)\s]+)\)", text):
        target, _, anchor = link.partition("#")
        file = (page.parent / target).resolve() if target else page
        assert file.is_file(), link
        assert not anchor or anchor in anchors(file), link


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(PROJECT)) for page in PAGES])
def test_every_source_file_that_a_page_names_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    named = re.findall(r"`((?:[a-z_-]+/)+[a-z_]+\.py|tests/[a-z_/]+)`", text)
    folders = (PROJECT, PROJECT / "src" / "memcairn", PROJECT / "models")
    missing = [name for name in named if not any((folder / name).exists() for folder in folders)]

    assert not missing


def test_the_site_has_every_page() -> None:
    listed = re.findall(r"[\w/.-]+\.md", (PROJECT / "mkdocs.yml").read_text(encoding="utf-8"))

    assert sorted(listed) == sorted(page.relative_to(PROJECT).as_posix() for page in PAGES)


def blocks(page: str, language: str) -> list[str]:
    text = (PROJECT / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def test_the_python_example_runs(tmp_path: Path) -> None:
    shutil.copytree(PROJECT / "examples" / "notes", tmp_path / "notes")
    (example,) = (
        block for block in blocks("docs/python-api.md", "python") if "from memcairn" in block
    )
    done = subprocess.run(
        [sys.executable, "-c", example], cwd=tmp_path,
        capture_output=True, text=True, check=True, encoding="utf-8",
    )  # fmt: skip

    assert "blue-green" in done.stdout


def test_settings_and_questions_in_the_guide_can_be_read() -> None:
    for block in blocks("docs/guide.md", "toml"):
        names = [name for name in tomllib.loads(block) if name != "namespaces"]
        assert all(
            any(setting.name.startswith(f"{name}.") for setting in config.SETTINGS)
            for name in names
        )
    for block in blocks("docs/guide.md", "json"):
        assert all(question["evidence"] for question in json.loads(block))


def test_the_demo_shows_each_command_and_what_it_finds() -> None:
    done = subprocess.run(
        [sys.executable, PROJECT / "examples" / "demo.py"],
        capture_output=True, text=True, check=True, encoding="utf-8",
    )  # fmt: skip

    assert "$ memcairn search 'blue-green rollout'" in done.stdout
    assert "(an agent writes notes/howto/rotate-keys.md)" in done.stdout
    assert "Run `make keys` on the first of the month." in done.stdout


def test_every_command_has_a_man_page_that_is_valid(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, PROJECT / "docs" / "man.py", tmp_path], check=True, capture_output=True
    )

    names = {page.name for page in tmp_path.iterdir()}
    assert {f"memcairn-{name}.1" for name in COMMANDS} < names
    if shutil.which("groff") is None:
        pytest.skip("groff is not installed")
    done = subprocess.run(
        ["groff", "-man", "-ww", "-z", "-Tutf8", *sorted(tmp_path.iterdir())],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
