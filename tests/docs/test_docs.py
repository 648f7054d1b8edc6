"""The documents say what the program does: their console blocks are run, their tables compared."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from memcairn.cli.commands import COMMANDS
from memcairn.settings import config
from support import PROGRAM

PROJECT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
TIME = re.compile(r"\(\d+\.\d\d s\)|, \d+ s$", re.MULTILINE)


def steps(page: str) -> list[tuple[str, str]]:
    """The commands of a page's console blocks, each with the output that is shown for it."""
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
        assert arguments[0] == "memcairn"
        done = subprocess.run(
            [*PROGRAM, *arguments[1:]], capture_output=True, text=True, check=True, encoding="utf-8"
        )
        assert TIME.sub("", done.stdout) == TIME.sub("", output), command


def test_the_reference_is_what_the_code_gives() -> None:
    done = subprocess.run(
        [sys.executable, PROJECT / "docs" / "generate.py", "--check"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr


def test_every_command_and_setting_is_in_the_reference() -> None:
    reference = (PROJECT / "docs" / "reference.md").read_text(encoding="utf-8")

    assert all(f"### memcairn {name}\n" in reference for name in COMMANDS)
    assert all(f"`{setting.name}`" in reference for setting in config.SETTINGS)


def test_every_dependency_has_its_reason() -> None:
    wanted = re.search(
        r"^dependencies = \[(.*?)^\]",
        (PROJECT / "pyproject.toml").read_text(encoding="utf-8"),
        re.MULTILINE | re.DOTALL,
    )
    assert wanted is not None
    reasons = (PROJECT / "docs" / "decisions" / "dependencies.md").read_text(encoding="utf-8")

    for name in re.findall(r'"([A-Za-z-]+)', wanted[1]):
        assert f"| {name} |" in reasons


def test_links_between_pages_lead_somewhere() -> None:
    for page in [PROJECT / "README.md", *(PROJECT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text(encoding="utf-8")):
            if page.name != "reference.md" and "decisions" not in page.parts:
                assert (page.parent / target).exists(), f"{page}: {target}"


def test_the_demo_shows_each_command_and_what_it_finds() -> None:
    done = subprocess.run(
        [sys.executable, PROJECT / "examples" / "demo.py"],
        capture_output=True, text=True, check=True, encoding="utf-8",
    )  # fmt: skip

    assert "$ memcairn search 'blue-green rollout'" in done.stdout
    assert "(an agent writes notes/howto/rotate-keys.md)" in done.stdout
    assert "Run `make keys` on the first of the month." in done.stdout
