"""No session is shown the memory of another project, whatever folder it runs in."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from hooks.conftest import write
from hooks.test_processes import hook, payload
from memcairn.hosts.limits import LIMIT_S
from memcairn.sessions.sessions import Sessions
from memcairn.sessions.shown_passages import Place
from memcairn.settings import config, project

if TYPE_CHECKING:
    from pathlib import Path

    from hooks.conftest import Say
    from memcairn.memory import Memory

PROMPT = "How does the load balancer switch when we deploy blue-green?"
TEXT = "# Deploying of {}\n\nOf {}: we deploy blue-green; the load balancer switches.\n"
FOLDERS = ["the home folder", "above the home folder", "below dotfiles", "a folder of projects"]
SHOWING = ("session-start", "user-prompt", "tool-failed")


@pytest.fixture(params=FOLDERS)
def folder(request: pytest.FixtureRequest, user: Path, tmp_path: Path) -> Path:
    """A folder without a repository of its own, around the others or beside them."""
    if request.param == "below dotfiles":
        (user / ".git").mkdir()
    folder = {
        "the home folder": user,
        "above the home folder": tmp_path,
        "below dotfiles": user / "work",
        "a folder of projects": user / "code",
    }[request.param]
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(autouse=True)
def notes_of_others(memory: Memory, user: Path, home: Path) -> dict[str, Path]:
    """Roots that belong to another project, each with a note and a MEMORY.md."""
    other = user / "code" / "other"
    (other / ".git").mkdir(parents=True)
    claude = user / ".claude" / "projects"
    folders = {
        "repository": other / "docs",
        "clients memory": claude / "-code-other" / "memory",
        "memory in the home": home / "memory" / project.key(str(other)),
    }
    for name, place in folders.items():
        write(place, "deploy.md", TEXT.format(name, f"FOREIGN {name}"))
        memory.refresh_memory_md(place)
    return folders


@pytest.fixture
def own(memory: Memory, folder: Path, home: Path) -> Path:
    """The root with the memories of the folder itself."""
    own = home / "memory" / project.key(str(folder))
    write(own, "own.md", TEXT.format("this folder", "OWN"))
    memory.refresh_memory_md(own)
    return own


def fields(folder: Path, event: str, **more: object) -> dict[str, object]:
    cause = "startup" if event == "session-start" else "auto"
    given = {
        "cwd": str(folder),
        "prompt": PROMPT,
        "error": PROMPT,
        "source": cause,
        "trigger": cause,
    }
    return given | more


@pytest.mark.parametrize("host", ["claude-code", "codex", "opencode"])
@pytest.mark.parametrize("event", LIMIT_S)
def test_only_what_concerns_the_folder_is_shown(
    event: str, host: str, folder: Path, own: Path, say: Say
) -> None:
    told = say(event, host, **fields(folder, event))

    assert "FOREIGN" not in told
    assert "-code-other" not in told
    assert "other" + os.sep not in told
    if event in SHOWING:
        assert "OWN" in told or "[Deploying of this folder](own.md)" in told


@pytest.mark.parametrize("event", SHOWING)
def test_a_process_shows_only_what_concerns_the_folder(
    event: str, folder: Path, own: Path, memory: Memory
) -> None:
    memory.close()

    told = hook(event, payload(folder, **fields(folder, event)), "codex").decode()

    assert "FOREIGN" not in told
    assert "-code-other" not in told
    if event != "tool-failed":  # Codex takes no text there.
        assert "own.md" in told


@pytest.mark.parametrize("event", ["session-start", "pre-compact"])
def test_nothing_of_another_project_is_restored_after_a_compaction(
    event: str,
    folder: Path,
    own: Path,
    home: Path,
    notes_of_others: dict[str, Path],
    say: Say,
) -> None:
    session = Sessions(str(home)).start("s1")
    for place in [*notes_of_others.values(), own]:
        name = "own.md" if place == own else "deploy.md"
        session.shown.take(Place(str(place / name), 3, 3), f"text of {place}")

    told = say(event, "opencode", **fields(folder, event, source="compact"))

    assert "FOREIGN" not in told
    assert "OWN" in told


def test_a_project_is_shown_no_note_of_another_in_a_root_around_both(
    memory: Memory, user: Path, say: Say
) -> None:
    code = user / "code"
    (code / "mine" / ".git").mkdir(parents=True)
    write(code / "mine", "notes.md", TEXT.format("mine", "OWN"))
    memory.index(code)

    told = say("user-prompt", cwd=str(code / "mine"), prompt=PROMPT)

    assert "OWN" in told
    assert "FOREIGN" not in told


def test_each_folder_below_dotfiles_has_a_separate_root(user: Path, home: Path) -> None:
    (user / ".git").mkdir()
    (user / "work").mkdir()
    settings = config.load()

    roots = {project.root(str(place), settings, str(home)) for place in (user, user / "work")}

    assert len(roots) == 2
