"""Titles and file names of texts that have none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memcairn.notes.subject import MAX_TITLE, slug, subject


@pytest.mark.parametrize(
    ("text", "title", "name"),
    [
        (
            "the staging database listens on port 5433 of db1",
            "Staging database",
            "staging-database",
        ),
        ("Never run the migration script by hand", "Migration script", "migration-script"),
        ("We deploy with blue-green since March", "Deploy with blue-green", "deploy-blue-green"),
        ("Import locks are taken in PostgreSQL, not Redis", "Import locks", "import-locks"),
        ("CI is red on Fridays", "CI", "ci-red-fridays"),
        ("Use PostgreSQL 16 for new services", "PostgreSQL 16", "postgresql-new-services"),
        ("Remember: the API key is in the vault", "API key", "api-key"),
        ("`make lint` fails when node 22 is there", "Make lint fails", "make-lint-fails"),
        ("# Import locks #\n\nIn PostgreSQL.", "Import locks", "import-locks"),
        ("- retry policy: five tries", "Retry policy", "retry-policy"),
        ("Die Sperren werden in PostgreSQL gehalten", "Sperren", "sperren-postgresql"),
        ("数据库连接池已满，请稍后再试", "数据库连接池已满", "数据库连接池已满"),
        (
            "ステージングのデータベースはポート5433",
            "ステージングのデータベース",
            "ステージングのデータベース",
        ),
        ("5440", "5440", "5440"),
    ],
)
def test_a_text_is_named_by_its_subject(text: str, title: str, name: str) -> None:
    assert subject(text) == title
    assert slug(title, text) == name


@given(st.text(min_size=1, max_size=400).filter(str.strip))
def test_any_text_has_a_short_title_on_one_line(text: str) -> None:
    title = subject(text)
    assert title.strip()
    assert len(title) <= 2 * MAX_TITLE
    assert len(title.splitlines()) == 1
    assert len(slug(title, text)) <= 23
