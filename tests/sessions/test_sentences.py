"""Which sentences a session note takes from prompts and replies."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memcairn.sessions.sentences import (
    MAX_SENTENCE_CHARS,
    corrections,
    decisions,
    open_ends,
    summary,
)

CORRECTS = [
    "Use tabs, not spaces.", "No, use pnpm instead of npm.", "We no longer use Redis.",
    "It should never happen.",
    "Please always run make lint before you commit.", "That's wrong, the port is 5440.",
    "Actually we deploy on Fridays now.", "Yes, do it, but without mocks.", "And never touch the lock file.",
    "Bitte immer auf Deutsch antworten.", "Nein, statt pandas bitte csv.",
    "Ab jetzt nur noch kleine Commits.", "Verwende immer die Sie-Form.", "Schreib keine Kommentare.",
    "以后请用中文注释。", "不要使用 axios。", "Elasticsearch ではなく SQLite を使ってください。",
    "今後は必ずテストを書いてください。",
]  # fmt: skip
CORRECTS_NOTHING = [
    "No idea why this fails, can you look?", "Never mind.", "no", "Don't worry about it.", "Not sure.",
    "I never saw that error before.", "In the future we may want X.", "We don't know yet.",
    "Fix the login bug.",
    "Should we never retry?", "kein Problem", "No, nothing else.", "Go on with the tests.",
    "続けてください。", "继续",
]  # fmt: skip
OPEN = {
    "Next: deploy.": ["deploy."],
    "**Remaining:**\n1. docs\n2. tests\n\nThanks!": ["docs", "tests"],
    "## Next steps\n\n- [x] a\n- [ ] b\n\n## Summary\n\n- c": ["b"],
    "Done. The docs are not updated yet.": ["The docs are not updated yet."],
    "It works. Still to do: the docs.": ["the docs."],
    "Fertig. Noch offen: die Doku.": ["die Doku."],
    "完成了。\n\n下一步:\n- 更新文档": ["更新文档"],
    "修正しました。ドキュメントはまだ更新していません。": ["ドキュメントはまだ更新していません。"],
    "Both work. Which one do you want?": ["Which one do you want?"],
    "It is deployed; please rotate the token.": ["It is deployed; please rotate the token."],
    "Done. You need to run the migration.": ["You need to run the migration."],
    "Fertig. Bitte prüfe die Rechte.": ["Bitte prüfe die Rechte."],
    "完成了。请手动重启服务。": ["请手动重启服务。"],
    "終わりました。サーバーを再起動してください。": ["サーバーを再起動してください。"],
}
NOTHING_OPEN = [
    "All tests pass, nothing is left to do.", "I couldn't find any issues.", "There are no remaining tasks.",
    "Next.js is now upgraded.", "I did not need to change anything.", "Open the file and look.",
    "Open questions: none", "It works. Please let me know if anything is missing.",
    "Fertig. Bitte sag Bescheid, falls etwas fehlt.", "完成了。如有问题请告诉我。",
    "終わりました。問題があればお知らせください。",
    "```\nTODO: not yet\n```", "Es ist nichts mehr offen.", "| TODO: x | not done |",
]  # fmt: skip
DECIDED = {
    "**Decision:** the cache lives in Redis.": ["the cache lives in Redis."],
    "## Decisions made\n\n- Redis\n- five minutes\n\nBye.": ["Redis", "five minutes"],
    "I looked. We decided to keep both. Fine.": ["We decided to keep both."],
    "Entscheidung: wir nehmen csv.": ["wir nehmen csv."],
    "决定:使用 SQLite。": ["使用 SQLite。"],
    "Should we go with Redis?": [],
    "The decision table is in decisions.md.": [],
}


@pytest.mark.parametrize("sentence", CORRECTS)
def test_a_correction_is_taken(sentence: str) -> None:
    assert corrections(f"Thanks. {sentence}") == [sentence]


@pytest.mark.parametrize("sentence", CORRECTS_NOTHING)
def test_what_sets_no_rule_is_not_taken(sentence: str) -> None:
    assert corrections(sentence) == []


@pytest.mark.parametrize(("reply", "found"), OPEN.items())
def test_an_open_end_is_taken(reply: str, found: list[str]) -> None:
    assert open_ends(reply) == found


@pytest.mark.parametrize("reply", NOTHING_OPEN)
def test_what_leaves_nothing_open_is_not_taken(reply: str) -> None:
    assert open_ends(reply) == []


@pytest.mark.parametrize(("reply", "found"), DECIDED.items())
def test_a_decision_is_taken(reply: str, found: list[str]) -> None:
    assert decisions(reply) == found


def test_what_was_pasted_after_a_prompt_is_not_taken() -> None:
    assert corrections("Look at this log.\n" + "x" * 2_000 + "\nNever use it.") == []


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=400))
def test_any_text_is_read(text: str) -> None:
    assert all(len(one) <= MAX_SENTENCE_CHARS for one in corrections(text) + decisions(text))
    assert isinstance(open_ends(text), list)
    assert (
        " ".join(summary(text)) in " ".join(text.replace("**", "").replace("__", "").split())
        or "\n" in text
    )
