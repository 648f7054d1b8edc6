import json
import re
from collections import Counter
from pathlib import Path

import pytest
import yaml

import notes_corpus
import paraphrase
from notes_corpus import DATA, HAND_WRITTEN, cited_files, questions, unanswerable

ASKED = questions()
NO_CACHE = Path("no documentation was fetched")


def packages():
    return json.loads((DATA / "packages.json").read_text(encoding="utf-8"))


def test_every_evidence_line_in_the_notes_exists_and_says_something():
    for question in ASKED:
        if question.corpus == HAND_WRITTEN:
            for path, line in question.evidence:
                lines = notes_corpus.resolve(path, NO_CACHE).read_text("utf-8").splitlines()
                assert lines[line - 1].strip(), (question.question, path, line)


def test_every_evidence_line_in_the_documentation_is_within_its_pinned_file():
    cited = cited_files()
    used = set()
    for question in ASKED:
        if question.corpus != HAND_WRITTEN:
            for path, line in question.evidence:
                assert 1 <= line <= cited[path][0], (question.question, path, line)
                used.add(path)
    assert used == set(cited)


def test_every_question_has_evidence_in_its_own_corpus():
    for question in ASKED:
        assert question.evidence, question.question
        assert len(set(question.evidence)) == len(question.evidence), question.question
        assert {path.split("/")[0] for path, _ in question.evidence} == {question.corpus}


def test_no_question_is_asked_twice():
    asked = [question.question for question in [*ASKED, *unanswerable()]]

    assert len(set(asked)) == len(asked)


def test_there_are_enough_questions_of_each_language_and_sort():
    languages = Counter(question.language for question in ASKED)

    assert len(ASKED) >= 220
    assert languages["en"] >= 110
    assert min(languages[language] for language in ("zh", "ja", "ko")) >= 15
    assert sum(question.paraphrase for question in ASKED) >= 40
    assert len(unanswerable()) >= 20


def test_the_halves_are_of_about_one_size():
    dev = sum(question.half == "dev" for question in ASKED)

    assert 0.4 < dev / len(ASKED) < 0.6


def test_no_paraphrase_shares_a_content_word_with_the_notes_that_answer_it():
    marked = [q for q in ASKED if q.paraphrase and q.corpus == HAND_WRITTEN]

    assert marked
    for question in marked:
        assert not paraphrase.shared_words(question, NO_CACHE), question.question


def test_content_words_are_compared_as_stems_without_function_words():
    assert paraphrase.content_words("Where are the cachedValues?") == {"cach", "valu"}
    assert paraphrase.content_words("什么，缓存") == {"缓存"}


def test_each_hand_written_note_has_the_frontmatter_of_a_memory():
    notes = list((DATA / HAND_WRITTEN).rglob("*.md"))

    assert len(notes) >= 60
    for note in notes:
        front = yaml.safe_load(note.read_text(encoding="utf-8").split("---")[1])
        assert {"name", "description", "type"} <= set(front), note
        assert front["type"] in {"user", "feedback", "project", "reference"}, note


def test_each_package_is_pinned_permissive_and_named_with_its_licence():
    readme = (DATA / "README.md").read_text(encoding="utf-8")

    for package in packages():
        assert re.fullmatch(r"[0-9a-f]{64}", package["sha256"])
        assert package["licence"] in {"MIT", "BSD-3-Clause", "Apache-2.0"}
        row = rf"\| {package['name']} \| {package['version']} \| {package['licence']} \|"
        assert re.search(row, readme), package["name"]


def test_an_archive_that_differs_from_its_pin_is_refused(tmp_path):
    package = packages()[0]
    archives = tmp_path / "archives"
    archives.mkdir()
    (archives / package["archive"]).write_bytes(b"something else")

    with pytest.raises(notes_corpus.CorpusError, match="pinned"):
        notes_corpus.fetch(tmp_path)

    assert not (tmp_path / "docs").exists()
