"""What the first prompt of Claude Code gets, whatever state memcairn is in; see bench/first_prompt.py."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from real_clients import find

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))

import first_prompt

pytestmark = [pytest.mark.xdist_group("claude-code-first-prompt"), pytest.mark.timeout(600)]

CASES = [
    ("cold", "-p"),
    ("warm", "typed"),
    ("killed between prompts", "typed"),
    ("home read-only", "typed"),
    ("server 5 s late", "typed"),
]


@pytest.mark.parametrize(("condition", "way"), CASES)
def test_recall_is_in_the_first_request_and_no_error_is_shown(condition: str, way: str) -> None:
    find("claude")

    found = first_prompt.once(condition, way)

    assert found["recall"] is True
    assert found["second"] in (None, True)
    assert found["error"] is False


def test_what_a_session_writes_just_before_its_end_is_in_memory_md_of_the_next() -> None:
    find("claude")

    assert first_prompt.once("warm", "wrote")["second"] is True


def test_where_there_is_no_program_no_error_is_shown_either() -> None:
    find("claude")

    found = first_prompt.once("program gone", "typed")

    assert found["recall"] is False
    assert found["error"] is False
