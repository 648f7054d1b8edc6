"""A prompt in one language reaches a note in another, in Claude Code itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from claude_code import ClaudeCode, text
from real_clients import memcairn
from test_claude_code_plugin import added, slug, user

from support import require_multilingual

require_multilingual()

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.xdist_group("claude-code-languages"), pytest.mark.timeout(600)]

FACT = "A forgotten password is reset by the help desk on the third floor."
NOTE = f"""---
name: forgotten-password
description: Who resets a forgotten password
metadata:
  type: reference
---

{FACT}
"""
QUESTION = "Wer setzt mein vergessenes Passwort zurück?"


def test_a_german_prompt_finds_an_english_note(tmp_path: Path) -> None:
    home, project = user(tmp_path)
    claude = ClaudeCode(home, project)
    memcairn(home, project, "init", "--host", "claude-code")
    memory = home / ".claude" / "projects" / slug(project) / "memory"
    memory.mkdir(parents=True)
    (memory / "forgotten_password.md").write_text(NOTE, encoding="utf-8")
    for name in ("coffee", "router", "holiday"):
        (memory / f"{name}.md").write_text(f"The {name} is on the list.\n", encoding="utf-8")
    memcairn(home, project, "index", str(memory))
    # The first question in another language begins the use of the multilingual model.
    memcairn(home, project, "search", QUESTION)
    memcairn(home, project, "reembed")

    # The first prompt may be over before the models are loaded.
    sessions = (claude.run(QUESTION, [[text("der Helpdesk")]]) for _ in range(3))

    assert any(FACT in passage for session in sessions for passage in added(session))
