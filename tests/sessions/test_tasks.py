"""Tasks: from the command line and over MCP, and at the start of a session."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from player import Player, check_out

from memcairn.errors import NoteError, SecretFound, UsageError
from memcairn.memory import Memory
from memcairn.root import tasks
from memcairn.settings import project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from memcairn.root import OpenRoot

TODAY = date(2026, 11, 30)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    check_out(folder, "work")
    return folder


@pytest.fixture
def memory(home: Path) -> Iterator[Memory]:
    with Memory(home, semantic=False) as memory:
        yield memory


@pytest.fixture
def root(memory: Memory, folder: Path) -> Iterator[OpenRoot]:
    root = memory.open_root(project.root(str(folder), memory.config, memory.home), create=True)
    root.adopt()
    yield root
    root.close()


def test_a_task_is_a_note_with_the_keys_of_agent_memory(root: OpenRoot) -> None:
    task = tasks.save(
        root, {"title": "Update the docs", "next_steps": ("the guide",), "due": "2026-12-01"}
    )

    text = root.read(f"tasks/{task.id}.md").text
    assert "type: task" in text
    assert "status: in-progress" in text
    assert "next_steps: [the guide]" in text
    assert tasks.get(root, task.id) == task


def test_a_task_of_agent_memory_can_be_resumed(root: OpenRoot) -> None:
    root.write(
        "tasks/01JABC.md",
        '---\nid: 01JABC\ntitle: "Ship it"\nstatus: blocked\nprogress: 30\nnext_steps:\n  - "step one"\n'
        'blockers:\n  - "no key"\nupdated_at: 2026-05-02T00:00:00+00:00\n'
        "---\n\nThe context.\n",
    )

    task = tasks.get(root, "01JABC")

    assert (task.status, task.progress, task.blockers) == ("blocked", 30, ("no key",))
    assert task.next_steps == ("step one",)
    assert task.context == "The context."


def test_a_change_keeps_what_a_person_added(root: OpenRoot) -> None:
    task = tasks.save(root, {"title": "Update the docs"})
    path = f"tasks/{task.id}.md"
    root.edit(path, "type: task", "type: task\ncolour: blue")

    tasks.save(root, {"progress": 50}, task.id)

    assert "colour: blue" in root.read(path).text


def test_a_closed_task_is_no_longer_valid_and_an_open_one_is_again(root: OpenRoot) -> None:
    task = tasks.save(root, {"title": "Update the docs"})

    tasks.save(root, {"status": "done"}, task.id)
    assert "valid_until: " in root.read(f"tasks/{task.id}.md").text
    assert tasks.listed(root.root, tasks.OPEN) == []

    tasks.save(root, {"status": "in-progress"}, task.id)
    assert "valid_until: " not in root.read(f"tasks/{task.id}.md").text


def test_the_beginning_of_an_id_is_enough_if_it_is_unique(root: OpenRoot) -> None:
    first = tasks.save(root, {"title": "Update the docs"})
    tasks.save(root, {"title": "Release the package"})

    assert tasks.get(root, "update").id == first.id
    with pytest.raises(UsageError, match="no task"):
        tasks.get(root, "nothing")
    tasks.save(root, {"title": "Update the docs"})
    with pytest.raises(UsageError, match="several"):
        tasks.get(root, "update")


@pytest.mark.parametrize(
    "changes",
    [{"title": ""}, {"title": "x", "status": "open"}, {"title": "x", "due": "tomorrow"}],
)
def test_an_invalid_task_is_refused(root: OpenRoot, changes: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        tasks.save(root, changes)


@pytest.mark.parametrize("id_", ["../x", "a/b", "", ".", "x" * 200, "a\0b", "a.md"])
def test_an_id_cannot_leave_the_folder(root: OpenRoot, id_: str) -> None:
    with pytest.raises(UsageError):
        tasks.save(root, {"title": "x"}, id_)


def test_a_secret_is_refused(root: OpenRoot) -> None:
    with pytest.raises(SecretFound):
        tasks.save(root, {"title": "x", "context": "key ghp_AbCd1234EfGh5678IjKl9012MnOp3456QrSt"})


def test_a_task_that_is_a_link_is_not_followed(root: OpenRoot, tmp_path: Path) -> None:
    (tmp_path / "outside.md").write_text("---\ntype: task\ntitle: Outside\n---\n")
    tasks.save(root, {"title": "x"})
    link = tmp_path / "link.md"
    link.symlink_to(tmp_path / "outside.md")
    link.rename(f"{root.root}/tasks/link.md")

    assert [task.title for task in tasks.listed(root.root)] == ["x"]
    with pytest.raises(NoteError):
        tasks.save(root, {"title": "y"}, "link")
    assert "Outside" in (tmp_path / "outside.md").read_text()


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cf")), max_size=60),
    st.lists(
        st.text(
            st.characters(codec="utf-8", exclude_categories=("Cc", "Cf")), min_size=1, max_size=40
        ),
        max_size=3,
    ),
)
def test_any_text_comes_back(root: OpenRoot, title: str, steps: list[str]) -> None:
    title, named = " ".join(title.split()), tuple(steps)
    if not title:
        return

    task = tasks.save(root, {"title": title, "next_steps": named})

    assert tasks.get(root, task.id) == task


class TestAtTheStartOfASession:
    def start(self, memory: Memory, folder: Path) -> str:
        return Player(memory, folder, "codex").start()

    def test_a_task_of_the_branch_is_shown_and_one_of_another_is_not(
        self, memory: Memory, root: OpenRoot, folder: Path
    ) -> None:
        tasks.save(root, {"title": "Wire it up", "branch": "work", "next_steps": ("the router",)})
        tasks.save(root, {"title": "Paint it", "branch": "other"})
        tasks.save(root, {"title": "Forget it", "branch": "work", "status": "done"})

        shown = self.start(memory, folder)

        assert "| Wire it up (in-progress; id " in shown
        assert "next: the router" in shown
        assert "| Paint it" not in shown
        assert "| Forget it" not in shown

    def test_a_task_is_shown_on_any_branch_from_its_day_on(
        self, memory: Memory, root: OpenRoot, folder: Path
    ) -> None:
        tasks.save(root, {"title": "Renew it", "due": "2020-01-01"})
        tasks.save(root, {"title": "Wait for it", "due": "9990-01-01"})

        shown = self.start(memory, folder)

        assert "| Renew it (in-progress, due 2020-01-01; id " in shown
        assert "| Wait for it" not in shown


def test_due_is_a_day() -> None:
    task = tasks.Task("t", "T", due="2026-11-30")

    assert task.is_due(TODAY)
    assert not task.is_due(date(2026, 11, 29))
    assert not tasks.Task("t", "T", due="soon").is_due(TODAY)
