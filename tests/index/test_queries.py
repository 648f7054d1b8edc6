"""Any query text is a query: it finds what holds it, and is never an error or an operator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from index_tools import found, write

from memcairn import Memory, Query

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOLDERS = {
    "ERR_CONN_RESET": "The log said ERR_CONN_RESET twice.",
    "config.rs": "Look into config.rs for that.",
    "user-profile": "The user-profile page is slow.",
    "C++": "The core is C++ of some age.",
    "§4.2": "See §4.2 of the contract.",
    "数据库索引": "我们讨论了数据库索引的设计。",
    "データベース": "データベースの設計について。",
    "데이터베이스": "데이터베이스 설계를 논의했다.",
    "🦊": "The mascot is a 🦊 for now.",
    "x": "The unknown is x here.",
    "Übergröße": "Die Übergröße passt.",
    "naïve café": "A naïve café owner.",
}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Memory]:
    base = tmp_path_factory.mktemp("queries")
    for number, text in enumerate(HOLDERS.values()):
        write(base / "notes" / f"{number}.md", f"{text}\n")
    for number in range(20):
        write(base / "notes" / f"other-{number}.md", f"Wholly different matter {number}.\n")
    with Memory(base / "home") as memory:
        memory.index(base / "notes")
        yield memory


@pytest.mark.parametrize("query", HOLDERS)
def test_each_finds_the_note_that_holds_it(filled: Memory, query: str) -> None:
    number = list(HOLDERS).index(query)

    passages = filled.search(query)

    assert passages[0].path.endswith(f"/{number}.md")
    assert passages[0].matched


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.one_of(
        st.text(st.characters(), max_size=60),
        st.lists(
            st.sampled_from(
                [
                    *(
                        '"',
                        "'",
                        "*",
                        "^",
                        "(",
                        ")",
                        "{",
                        "}",
                        ":",
                        "-",
                        "+",
                        ",",
                        ";",
                        "\0",
                        "\ud800",
                    ),
                    *("NEAR", "AND", "OR", "NOT", "NEAR(a b, 3)", "title:", "{title text}:", "x*"),
                    *(
                        "--",
                        "/*",
                        "\\",
                        "%",
                        "?",
                        ":match",
                        "$1",
                        "matter",
                        "the",
                        "\u202e",
                        "\r\n",
                    ),
                ]
            ),
            max_size=12,
        ).map(" ".join),
    )
)
@example("")
@example("\0")
@example("\ud800\udfff")
@example('"')
@example('" OR "')
@example("NEAR AND OR NOT")
@example("a" * 100_000)
@example("matter " * 15_000)
@example("".join(f"w{n} " for n in range(15_000)))
@example("数据库" * 30_000)
@example("'); DROP TABLE note; --")
def test_no_query_is_an_error(filled: Memory, query: str) -> None:
    for passage in filled.search(query):
        assert passage.text


@pytest.mark.parametrize(
    "operator",
    [
        "NOT matter",
        "title: matter",
        "^matter",
        "matter AND nothingness",
        "NEAR(matter nothingness)",
    ],
)
def test_operators_are_words(filled: Memory, operator: str) -> None:
    assert any("different matter" in p.text for p in filled.search(operator))


def test_a_star_does_not_complete_words(filled: Memory) -> None:
    assert filled.search("matt*") == []


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=st.text(max_size=80), namespace=st.text(max_size=8))
def test_any_text_can_be_a_note_and_a_namespace(
    tmp_path_factory: pytest.TempPathFactory, text: str, namespace: str
) -> None:
    base = tmp_path_factory.mktemp("any")
    write(base / "notes" / "a.md", text.encode("utf-8", "replace"))
    with Memory(base / "home") as memory:
        assert memory.index(base / "notes").is_whole
        assert (
            memory.search(Query("kiwi", namespace=namespace or None)) == []
            or "kiwi" in text.lower()
        )


def test_escapes_in_frontmatter_cannot_break_the_index(memory: Memory, notes: Path) -> None:
    write(notes / "a.md", '---\ntitle: "\\ud800 \\0 lone"\ntags: ["\\udfff"]\n---\nkiwi\n')
    write(notes / "b.md", "kiwi\n")

    memory.index(notes)

    assert "b.md" in found(memory, "kiwi")
