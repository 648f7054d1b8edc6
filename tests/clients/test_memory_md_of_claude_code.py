"""MEMORY.md as Claude Code itself loads it: whole, without a warning, and with what it wrote a session ago.

One story, told once, in an auto-memory folder of a thousand notes of one day and a MEMORY.md that somebody
wrote by hand.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from claude_code import ClaudeCode, text, tool
from real_clients import memcairn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOTES = 1_000
BY_HAND = "# My memory\n\n- [Was mir wichtig ist · 重要](note-0500.md) — *as I say it*, `[x](y)`\n"
WARNING = "WARNING: MEMORY.md"
NOTE = """---
name: {name}
description: {description}
metadata:
  type: project
---

There is more to say about it.
"""

pytestmark = pytest.mark.timeout(600)


@dataclass(frozen=True)
class Sessions:
    """What the client told the model, by session, and MEMORY.md as it was then."""

    memory: Path
    told: dict[str, str]
    files: dict[str, str]


@pytest.fixture(scope="module")
def sessions(tmp_path_factory: pytest.TempPathFactory) -> Sessions:
    top = tmp_path_factory.mktemp("claude-code-memory")
    home, project = top / "home", top / "project"
    memory = home / ".claude" / "projects" / re.sub(r"[^A-Za-z0-9]", "-", str(project)) / "memory"
    memory.mkdir(parents=True)
    (project / ".git").mkdir(parents=True)
    for number in range(NOTES):
        said = NOTE.format(name=f"note-{number:04}", description=f"what was decided on {number}")
        (memory / f"note-{number:04}.md").write_text(said, encoding="utf-8")
    (memory / "MEMORY.md").write_text(BY_HAND, encoding="utf-8")

    new = NOTE.format(name="zz-staging", description="which port the database has")
    told, files = {}, {}
    claude = ClaudeCode(home, project)
    memcairn(home, project, "init", "--host", "claude-code")
    turns = {
        "first": [[text("hello")]],
        "writing": [[tool("Write", file_path=str(memory / "zz-staging.md"), content=new)]],
        "next": [[text("hello")]],
    }
    for name, script in turns.items():
        files[name] = (memory / "MEMORY.md").read_text(encoding="utf-8")
        told[name] = "\n".join(texts(claude.run("hello", script).requests[0]))
    return Sessions(memory, told, files)


def texts(value: Any) -> Iterator[str]:
    """Every text in a request."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from texts(part)


@pytest.mark.parametrize("session", ["first", "writing", "next"])
def test_all_of_memory_md_reaches_the_model_without_a_warning(
    sessions: Sessions, session: str
) -> None:
    lines = sessions.files[session].splitlines()
    # The client leaves out comments; in ours are the markers.
    shown = [line for line in lines if not line.startswith("<!-- memcairn:")]

    assert len(lines) - len(shown) == 2
    assert "\n".join(shown) in sessions.told[session]
    assert WARNING not in sessions.told[session]


def test_most_of_the_room_is_used(sessions: Sessions) -> None:
    assert len(sessions.files["first"].splitlines()) > 180


def test_a_note_that_it_writes_is_in_memory_md_of_its_next_session(sessions: Sessions) -> None:
    entry = "- [zz staging](zz-staging.md) — which port the database has\n"

    assert "zz-staging" not in sessions.told["writing"]
    assert entry in sessions.told["next"]


def test_hand_written_text_is_kept_word_for_word(sessions: Sessions) -> None:
    assert sessions.told["next"].count(BY_HAND) == 1
    assert sessions.told["next"].count("(note-0500.md)") == 1


def test_a_memory_md_over_the_limit_would_have_been_warned_of(tmp_path: Path) -> None:
    """What the warning looks like; a file of our own stays below it."""
    project = tmp_path / "project"
    slug = re.sub(r"[^A-Za-z0-9]", "-", str(project))
    memory = tmp_path / "home" / ".claude" / "projects" / slug / "memory"
    memory.mkdir(parents=True)
    (project / ".git").mkdir(parents=True)
    (memory / "MEMORY.md").write_text("- a line\n" * 300, encoding="utf-8")

    session = ClaudeCode(tmp_path / "home", project).run("hello", [[text("hello")]])

    assert WARNING in session.messages
