"""The notes of twenty sessions, and what the next session is told of each."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from player import Player, check_out
from stories import STORIES

from memcairn.memory import Memory
from memcairn.sessions.note import MAX_WORDS
from memcairn.sessions.note_files import Notes

if TYPE_CHECKING:
    from pathlib import Path

    from stories import Story


def notes_of(memory: Memory) -> Notes:
    return Notes(memory.home, memory.config)


@pytest.mark.parametrize("story", STORIES, ids=[story.name for story in STORIES])
def test_the_next_session_on_the_branch_is_told_what_happened(
    story: Story, home: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "project"
    check_out(folder, "work")
    with Memory(home, semantic=False) as memory:
        player = Player(memory, folder, story.host)
        player.start()
        story.play(player, folder)
        told = Player(memory, folder, "codex" if story.host != "codex" else "claude-code").start()
        note = notes_of(memory).of_session(player.session)

    assert note is not None
    block = re.search(r"<memcairn-handoff>\n(.*)</memcairn-handoff>", told, re.DOTALL)
    assert block is not None
    handoff = re.sub(r"^\| ", "", block[1], flags=re.MULTILINE)
    assert len(block[1].split()) <= MAX_WORDS
    assert [text for text in story.says if text not in handoff] == []
    assert [text for text in (*story.says, *story.keeps) if text not in note] == []
    kept = "".join(
        path.read_text(encoding="utf-8")
        for path in home.rglob("*")
        if path.is_file() and path.suffix in (".md", ".json", ".jsonl", ".log")
    )
    assert [text for text in story.hides if text in handoff + note] == []
    assert [text for text in story.hides if text in kept and not text.endswith(":")] == []
