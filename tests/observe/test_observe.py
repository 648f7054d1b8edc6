"""Observations: a note each, unless an older one says nearly the same; never a secret."""

import json
import logging
import os
import re
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memcairn import Memory, Observation, Query
from memcairn.errors import NoteError, SecretFound, UsageError
from memcairn.notes import frontmatter
from memcairn.root import observe, revert
from support import PROGRAM

SAID = "We deploy with blue-green, and the old colour stays up for an hour"
KEY = "AKIA" + "Q3EGZ7XJWLPVN5TD"


@pytest.fixture
def memory():
    with Memory() as memory:
        yield memory


def front(path):
    values, _, problems = frontmatter.parse(path.read_text(encoding="utf-8"))
    assert problems == []
    return values


def test_an_observation_is_a_note_with_frontmatter(memory, home):
    path = memory.observe(
        Observation(SAID, title="Blue-green", type="project", tags=("deploy", "a: b"))
    )
    values = front(path)
    assert path.parent == home / "memory" / "observed"
    assert re.fullmatch(r"blue-green-[0-9a-f]{4}\.md", path.name)
    assert list(values) == ["title", "description", "type", "tags", "created", "source"]
    assert (values["title"], values["type"]) == ("Blue-green", "project")
    assert values["tags"] == ["deploy", "a: b"]
    assert values["source"] == "memcairn"
    assert path.read_text().endswith(f"\n{SAID}\n")
    assert path.stat().st_mode & 0o777 == 0o600


def test_an_observation_is_searchable_and_in_memory_md_immediately(memory, home):
    path = memory.observe(Observation(SAID, title="Blue-green", namespace="work"))
    assert [found.path for found in memory.search(Query("blue-green", namespace="work"))] == [
        str(path)
    ]
    assert f"[Blue-green](observed/{path.name})" in (home / "memory" / "MEMORY.md").read_text()


def test_the_line_of_a_saved_memory_has_a_short_path_a_subject_and_the_sentence(memory, home):
    path = memory.observe("Import locks are taken in PostgreSQL, not in Redis.\n\nSince March.")
    line = (home / "memory" / "MEMORY.md").read_text().splitlines()[3]
    assert len(f"observed/{path.name}") <= 40
    assert line == (
        f"- [Import locks](observed/{path.name}) — "
        "Import locks are taken in PostgreSQL, not in Redis."
    )


def test_a_description_that_repeats_the_title_gives_way_to_the_text(memory):
    path = memory.observe(Observation(SAID, title="Blue-green", description="blue-green"))
    assert front(path)["description"] == SAID


def test_without_a_title_the_first_line_is_the_title(memory):
    assert front(memory.observe("# Rollout\n\nSlowly."))["title"] == "Rollout"
    long = memory.observe("word " * 100)
    assert len(front(long)["title"]) <= 81
    assert len(long.name) < 80


def test_the_folder_of_an_observation(memory, tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    assert memory.observe(SAID, root=tmp_path / "mine").is_relative_to(tmp_path / "mine")
    assert (tmp_path / "mine" / "MEMORY.md").exists()
    monkeypatch.setenv("MEMCAIRN_MEMORY_ROOT", str(tmp_path / "mine"))
    with Memory() as other:
        assert other.observe("Something else altogether").is_relative_to(tmp_path / "mine")
    with pytest.raises(UsageError, match="not a folder"):
        memory.observe(SAID, root=tmp_path / "nowhere")


def test_a_root_whose_memory_md_is_off_stays_so(memory, tmp_path):
    (tmp_path / "mine").mkdir()
    memory.index(tmp_path / "mine")
    memory.stop_memory_md(tmp_path / "mine")
    memory.observe(SAID, root=tmp_path / "mine")
    assert not (tmp_path / "mine" / "MEMORY.md").exists()


def test_an_empty_text_is_refused(memory, home):
    with pytest.raises(UsageError):
        memory.observe(" \n ")
    assert not (home / "memory").exists()


# ── nearly the same ──────────────────────────────────────────────────────────────────────────────


def test_a_repetition_writes_nothing(memory):
    path = memory.observe(SAID)
    before = path.read_bytes()
    assert memory.observe(f"  {SAID.upper()}\n") == path
    assert path.read_bytes() == before
    assert any("nearly the same" in notice for notice in memory.notices)


def test_another_value_replaces_the_old_one(memory):
    path = memory.observe(Observation(SAID, title="Blue-green"))
    wording = SAID.replace("an hour", "two hours")
    assert memory.observe(wording) == path
    assert path.read_text().endswith(f"---\n\n{wording}\n")
    assert front(path)["title"] == "Blue-green"
    assert [found.path for found in memory.search("two hours")] == [str(path)]
    assert any("corrects" in notice and SAID in notice for notice in memory.notices)


def test_new_forces_a_new_note(memory):
    assert memory.observe(SAID) != memory.observe(SAID, new=True)
    assert memory.notices == []


def test_a_different_fact_is_a_new_note(memory):
    first = memory.observe(SAID)
    assert memory.observe("We deploy on Fridays only, never before a holiday") != first


def test_a_note_of_another_root_is_left_alone(memory, tmp_path):
    (tmp_path / "mine").mkdir()
    first = memory.observe(SAID)
    assert memory.observe(SAID, root=tmp_path / "mine") != first


def test_a_note_of_many_facts_is_not_the_same_as_one_of_them(memory, home):
    (home / "memory").mkdir(parents=True)
    many = home / "memory" / "many.md"
    many.write_text(SAID + "\n\n" + " ".join(f"fact{number}" for number in range(60)) + "\n")
    before = many.read_text()
    assert memory.observe(SAID) != many
    assert many.read_text() == before


# ── secrets ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("where", ["text", "title", "tags"])
def test_a_secret_is_refused_and_not_shown(memory, home, where):
    said = {"text": SAID, where: [KEY] if where == "tags" else f"it is {KEY}"}
    with pytest.raises(SecretFound) as caught:
        memory.observe(Observation(**said))
    assert KEY not in str(caught.value)
    assert not (home / "memory").exists()


def test_an_allowed_secret_is_logged_and_not_in_memory_md(memory, home, caplog):
    with caplog.at_level(logging.WARNING):
        path = memory.observe(f"The key is {KEY}", allow_secret=True)
    assert KEY in path.read_text()
    assert "secret_allowed" in caplog.text
    assert KEY not in caplog.text
    assert KEY not in (home / "memory" / "MEMORY.md").read_text()
    assert KEY.casefold() not in path.name


# ── names, processes, pins ───────────────────────────────────────────────────────────────────────


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(title=st.text(max_size=300), text=st.text(min_size=1, max_size=300))
def test_any_title_gives_a_valid_file_name_and_is_read_back(tmp_path, title, text):
    said = observe.Observation(text, title)
    try:
        said = observe.validated(said, allow_secret=True)
    except UsageError:
        return
    path = Path(observe.write(str(tmp_path), said))
    assert path.parent == tmp_path / "observed"
    assert len(path.name.encode()) <= 255
    assert "title" in front(path)


def test_concurrent_observations_are_all_saved(memory):
    memory.observe("first of all")
    with ThreadPoolExecutor(4) as pool:
        found = list(
            pool.map(
                lambda n: memory.observe(Observation(f"same title {n}", title="X"), new=True),
                range(24),
            )
        )
    assert len(set(found)) == 24
    assert all(path.exists() for path in found)
    text = (found[0].parents[1] / "MEMORY.md").read_text()
    assert all(path.name in text for path in found)


def test_a_symlink_in_place_of_the_folder_is_not_followed(memory, home, tmp_path):
    (home / "memory").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    (home / "memory" / "observed").symlink_to(tmp_path / "outside")
    with pytest.raises(NoteError):
        memory.observe(SAID)
    assert list((tmp_path / "outside").iterdir()) == []


def test_a_pin_changes_one_line(memory):
    path = memory.observe(SAID)
    before = path.read_text()
    memory.pin(path)
    assert path.read_text() == before.replace(
        "source: memcairn\n", "source: memcairn\npinned: true\n"
    )
    memory.unpin(path)
    assert path.read_text() == before


def test_plain_text_and_broken_or_foreign_notes_cannot_be_pinned(memory, tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("text\n")
    (tmp_path / "notes" / "b.md").write_text("---\n: [\n---\ntext\n")
    memory.index(tmp_path / "notes")
    (tmp_path / "outside.md").write_text("text\n")
    for name in ("a.txt", "b.md", "gone.md", "../outside.md", "."):
        with pytest.raises(NoteError):
            memory.pin(tmp_path / "notes" / name)
    assert [root.path for root in memory.roots()] == [str(tmp_path / "notes")]
    assert (tmp_path / "notes" / "a.txt").read_text() == "text\n"


def test_the_command_line_adds(home):
    def memcairn(*arguments, said=""):
        code = f"import sys; from memcairn.cli.commands import run; sys.exit(run({arguments!r}))"
        return subprocess.run(
            [sys.executable, "-c", code], input=said, capture_output=True, text=True, check=False
        )

    added = memcairn("add", "-", "--type", "user", "--tags", "a, b", said=SAID)
    assert added.returncode == 0, added.stderr
    assert front(Path(added.stdout.strip()))["tags"] == ["a", "b"]
    again = memcairn("add", SAID, "--json")
    assert "nearly the same" in again.stdout
    refused = memcairn("add", f"the key is {KEY}")
    assert refused.returncode == 1
    assert KEY not in refused.stderr
    assert memcairn("pin", str(home / "nothing.md")).returncode == 1
    assert memcairn("pin", Path(added.stdout.strip()).stem).returncode == 0


def test_invalid_utf_8_is_saved_with_question_marks(memory):
    said = "Deploys happen on Tuesdays at the caf\udce9 only"
    path = memory.observe(Observation(said, tags=("caf\udce9",)))

    assert memory.observe(f"{said}!") == path

    assert front(path)["tags"] == ["caf?"]
    assert "at the caf? only" in path.read_text(encoding="utf-8")


def test_a_note_with_broken_frontmatter_is_not_corrected(memory):
    path = memory.observe(SAID)
    broken = f"---\ntitle: [a\n---\n{SAID}\n"
    path.write_text(broken, encoding="utf-8")

    other = memory.observe(SAID)

    assert front(other)["title"]
    assert path.read_text(encoding="utf-8") == broken


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_standard_input_is_utf_8_regardless_of_the_locale(home, encoding):
    done = subprocess.run(
        [*PROGRAM, "add", "-", "--title", "Hours", "--json"],
        input=b"the caf\xc3\xa9 is open, the b\xe9r is not\r\n",
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": f"{encoding}:strict"},
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, b"")
    path = json.loads(done.stdout)["path"]
    assert Path(path).read_bytes().endswith("the caf\u00e9 is open, the b\ufffdr is not\n".encode())


@pytest.mark.skipif(os.name == "nt", reason="a shell closes standard input otherwise there")
def test_a_closed_standard_input_is_a_usage_error():
    command = shlex.join([*PROGRAM, "add", "-"]) + " <&-"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert done.stderr.startswith("memcairn: standard input is closed\n")


# ── history ──────────────────────────────────────────────────────────────────────────────────────


def test_add_pin_and_unpin_are_in_the_history_and_can_be_undone(memory, home):
    path = memory.observe("we deploy with blue-green, never with canary")
    added = path.read_bytes()
    memory.pin(path)
    pinned = path.read_bytes()
    memory.unpin(path)

    root = memory.open_root(home / "memory")
    name = root.relative(str(path))
    tools = [revision.tool for revision in root.history.log(10, path=name)]
    assert tools == ["unpin", "pin", "observe"]

    revert.revert(root, name)
    assert path.read_bytes() == pinned
    newest, *_ = root.history.log(10, path=name)
    revert.revert(root, name, root.history.log(10, path=name)[-1].id)
    assert path.read_bytes() == added
    assert newest.tool == "revert"
    assert [session.id for session in root.session.sessions.latest()] == []
    root.close()


def test_a_correction_can_be_undone(memory, home):
    path = memory.observe("the release runs every friday at noon")
    before = path.read_bytes()
    changed = memory.observe("the release runs every monday at noon")
    assert "friday" not in changed.read_text() + changed.name

    root = memory.open_root(home / "memory")
    revert.revert(root, root.relative(str(changed)))
    assert path.read_bytes() == before
    assert changed == path or not changed.exists()
    root.close()


def test_saving_lists_only_folders_that_changed(memory, tmp_path, monkeypatch):
    for folder in "abc":
        (tmp_path / "notes" / folder).mkdir(parents=True)
        (tmp_path / "notes" / folder / "note.md").write_text(f"Folder {folder}.\n")
        os.utime(tmp_path / "notes" / folder, (1, 1))
    memory.observe("The first port is 5433.", root=tmp_path / "notes", new=True)
    (tmp_path / "notes/b/late.md").write_text("Written by hand: blue-green.\n")
    listed = []
    scandir = os.scandir

    def recorded(folder):
        path = os.readlink(f"/proc/self/fd/{folder}") if isinstance(folder, int) else folder
        listed.append(os.path.basename(path))
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", recorded)
    memory.observe("The second port is 5440.", root=tmp_path / "notes", new=True)

    assert not {"a", "c"}.intersection(listed)
    assert "b/late.md" in (tmp_path / "notes/MEMORY.md").read_text()
