"""The measures of searches."""

import math
from pathlib import Path

import pytest

from memcairn.evaluate.measures import (
    FileLines,
    Judgement,
    SearchHit,
    measure,
    separation,
    word_count,
)
from memcairn.evaluate.systems import SYSTEMS, grep

NOTE = Path("/notes/a.md")


def measured(evidence, passages, text):
    lines = text.splitlines()
    return measure(
        {(NOTE, line) for line in evidence},
        [SearchHit(NOTE, start, end, 0.0) for start, end in passages],
        lambda _: lines,
    )


def test_recall_is_the_share_of_evidence_lines_shown():
    result = measured({1, 2, 5, 6}, [(1, 2), (4, 4)], "one\ntwo\n\nfour\nfive\nsix")

    assert result["recall@1k"] == result["recall@5"] == 0.5


def test_a_line_beyond_the_budget_does_not_count():
    text = "\n".join(["word " * 600, "word " * 600, "answer"])

    result = measured({3}, [(1, 1), (2, 2), (3, 3)], text)

    assert result["recall@1k"] == 0
    assert result["recall@2k"] == 1


def test_the_line_that_crosses_the_budget_is_not_read():
    result = measured({2}, [(1, 2)], "\n".join(["word " * 600, "word " * 600]))

    assert result["recall@1k"] == 0


def test_a_line_shown_twice_counts_once():
    text = "\n".join(["word " * 600, "answer"])

    result = measured({2}, [(1, 1), (1, 1), (2, 2), (2, 2)], text)

    assert result["recall@1k"] == 1


def test_passages_after_the_fifth_count_for_ten_only():
    text = "\n".join(f"line {n}" for n in range(1, 8))

    result = measured({7}, [(n, n) for n in range(1, 8)], text)

    assert result["recall@5"] == 0
    assert result["recall@10"] == 1
    assert math.isclose(result["mrr"], 1 / 7)


def test_all_measures_are_zero_if_nothing_is_found():
    assert set(measured({1}, [], "one").values()) == {0.0}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("- a list item", 4),
        ("海关每秒最多接受两份申报单", 6),
        ("使用 `UploadFile` 上传", 3),
        ("배터리 소모를 먼저 따져 본다", 5),
        ("", 0),
    ],
)
def test_words_are_counted_by_whitespace_and_unspaced_scripts_by_pairs(line, words):
    assert word_count(line) == words


@pytest.mark.parametrize("system", ["grep", "bm25"])
def test_a_baseline_finds_the_paragraph_with_the_words(system, tmp_path):
    (tmp_path / "a.md").write_text("# Fruit\n\nApples are red.\n\nPears are\ngreen.\n", "utf-8")
    (tmp_path / "b.md").write_text("Lemons are yellow.\n", "utf-8")

    found = SYSTEMS[system]([tmp_path])("which pears: green?", 10)

    assert [(hit.path, hit.start, hit.end) for hit in found] == [(tmp_path / "a.md", 5, 6)]


def test_grep_finds_chinese_by_pairs_of_the_question(tmp_path):
    (tmp_path / "a.md").write_text("海关证书要提前两个月更换。\n\n别的事情。\n", "utf-8")

    found = grep([tmp_path])("证书怎么换？", 10)

    assert [(hit.start, hit.end) for hit in found] == [(1, 1)]


def test_scores_that_do_not_separate_have_an_auc_of_a_half():
    def asked(*scores):
        return [Judgement((), {}, 0.0, score) for score in scores]

    assert separation(asked(2, 3), asked(0, 1)) == 1
    assert separation(asked(1, 1), asked(1)) == 0.5


def test_a_file_that_cannot_be_read_has_no_lines(tmp_path):
    (tmp_path / "latin.md").write_bytes(b"caf\xe9\n")

    assert FileLines()(tmp_path / "latin.md") == FileLines()(tmp_path / "gone.md") == []
