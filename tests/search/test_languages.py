"""Notes and questions in other languages than English, and the multilingual model that serves them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from memcairn import Memory
from memcairn.store import vector_state
from memcairn.store.vector_state import CONFIGURED, MULTILINGUAL
from support import require_model, require_multilingual

require_model()
require_multilingual()

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ENGLISH = {
    "deploy": "# Releases\n\nThe servers are switched to the new version every Monday morning.\n",
    "backup": "# Nightly copies\n\nThe orders are copied to another building each night.\n",
    "coffee": "# Kitchen\n\nThe coffee machine must be cleaned by the last person.\n",
    "password": "# Accounts\n\nA forgotten password is reset by the help desk.\n",
}


@pytest.fixture
def memory(notes: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Memory]:
    monkeypatch.setenv("MEMCAIRN_EMBEDDING_PROVIDER", "builtin")
    for name, text in ENGLISH.items():
        (notes / f"{name}.md").write_text(text, encoding="utf-8")
    with Memory() as memory:
        memory.index(notes)
        yield memory


def spaces(memory: Memory) -> list[int]:
    return memory.engine.databases.run(lambda opened: vector_state.spaces(opened.db))


def loaded(memory: Memory) -> set[int]:
    return set(memory.engine.model._loaded)


def test_english_notes_and_questions_use_the_english_model_alone(memory: Memory) -> None:
    assert memory.search("who cleans the coffee machine?")[0].title == "Kitchen"
    assert spaces(memory) == [CONFIGURED]
    assert loaded(memory) == {CONFIGURED}
    assert memory.status().embedding.multilingual == ""


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("Wer setzt ein vergessenes Kennwort zurück?", "Accounts"),
        ("每天晚上订单复制到哪里？", "Nightly copies"),
        ("コーヒーメーカーは誰が掃除しますか", "Kitchen"),
        ("когда серверы переключаются на новую версию?", "Releases"),
    ],
)
def test_a_question_in_another_language_finds_an_english_note(
    memory: Memory, question: str, title: str
) -> None:
    memory.search(question)
    assert memory.unembedded() == len(ENGLISH)
    memory.embed()

    assert memory.search(question)[0].title == title
    assert memory.status().embedding.multilingual_embedded == len(ENGLISH)


def test_a_note_in_another_language_is_found_by_an_english_question(
    memory: Memory, notes: Path
) -> None:
    (notes / "urlaub.md").write_text(
        "# Urlaub\n\nWer in den Ferien wegfährt, trägt das vorher in den Kalender ein.\n",
        encoding="utf-8",
    )
    memory.index(notes)
    assert spaces(memory) == [CONFIGURED, MULTILINGUAL]

    best = memory.search("where do I note my holidays?")[0]
    assert (best.title, best.language) == ("Urlaub", "de")
    assert memory.search("who cleans the coffee machine?")[0].title == "Kitchen"


def test_a_note_in_a_script_that_the_english_model_cannot_read_is_found_semantically(
    memory: Memory, notes: Path
) -> None:
    (notes / "休暇.md").write_text(
        "# 休暇\n\n休みを取る前に予定表に書いてください。\n", encoding="utf-8"
    )
    memory.index(notes)

    assert memory.search("where do I note my holidays?")[0].language == "ja"
    assert memory.search("バカンスはどこに記入しますか")[0].title == "休暇"


def test_vectors_of_both_models_go_with_their_chunks_and_return_with_their_text(
    memory: Memory, notes: Path
) -> None:
    german = notes / "urlaub.md"
    text = "# Urlaub\n\nWer in den Ferien wegfährt, trägt das vorher in den Kalender ein.\n"
    german.write_text(text, encoding="utf-8")
    memory.index(notes)
    german.unlink()
    memory.index(notes)
    assert memory.status().embedding.multilingual_embedded == len(ENGLISH)

    german.write_text(text, encoding="utf-8")
    memory.index(notes, embed=False)
    report = memory.embed()

    assert (report.embedded, report.reused) == (0, 2)
    assert memory.search("where do I note my holidays?")[0].title == "Urlaub"


def test_another_configured_model_stands_alone(
    memory: Memory, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEMCAIRN_EMBEDDING_PROVIDER", "none")
    (notes / "urlaub.md").write_text(
        "# Urlaub\n\nDas ist der Plan und die Liste.\n", encoding="utf-8"
    )
    with Memory() as without:
        without.index(notes)
        assert without.unembedded() == 0
        assert without.search("Urlaub")[0].title == "Urlaub"


def test_an_explanation_shows_the_multilingual_cosine(memory: Memory, notes: Path) -> None:
    english = memory.search("coffee machine")[0]
    assert english.why.multilingual is None
    (notes / "urlaub.md").write_text(
        "# Urlaub\n\nDas ist der Plan und die Liste.\n", encoding="utf-8"
    )
    memory.index(notes)

    assert 0.3 < (memory.search("coffee machine")[0].why.multilingual or 0) <= 1


@pytest.mark.parametrize(
    ("text", "question", "matched"),
    [
        (
            "# Einstellung\n\nDie Einstellung liegt im Archiv.",
            "wo sind die Einstellungen?",
            "einstellung",
        ),
        ("# Servidor\n\nEl servidor se reinicia solo.", "¿qué hacen los servidores?", "servidor"),
        ("# Logiciel\n\nLe logiciel est vieux.", "où sont les logiciels ?", "logiciel"),
        ("# Faktura\n\nFaktura leży w archiwum.", "gdzie są faktury?", "faktura"),
    ],
)
def test_a_word_that_no_note_has_is_found_in_another_form(
    memory: Memory, notes: Path, text: str, question: str, matched: str
) -> None:
    (notes / "other.md").write_text(text, encoding="utf-8")
    memory.index(notes, embed=False)

    assert memory.search(question)[0].matched == (matched,)


@pytest.mark.parametrize(
    "question",
    ["wie wird das Wetter heute", "¿qué tiempo hace hoy?", "какая сегодня погода?"],
)
def test_stop_words_of_the_questions_language_match_nothing(
    notes: Path, question: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEMCAIRN_EMBEDDING_PROVIDER", "none")
    (notes / "alles.md").write_text(
        "# Alles\n\nDas wird heute so gemacht, wie es ist. Esto es lo que se hace y cómo. И это как есть.",
        encoding="utf-8",
    )
    with Memory() as memory:
        memory.index(notes)
        found = memory.search(question)

    assert found == []
