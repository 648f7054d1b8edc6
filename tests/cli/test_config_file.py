"""`memcairn config set` and `unset` change config.toml as a person would."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memcairn.cli.commands import run
from memcairn.settings import config, config_toml, project

if TYPE_CHECKING:
    from pathlib import Path

WRITTEN = """\
# How I like it.
namespaces = { "work/**" = "work" }  # by folder

[queue]
window_s = 2   # short

# Bigger than most.
[index]
max_file_bytes = 1_000_000
exclude = [
    "drafts/",  # not yet
]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def test_a_value_is_replaced_and_nothing_else(file: Path) -> None:
    file.write_text(WRITTEN, encoding="utf-8")

    assert run(["config", "set", "queue.window_s", "7"]) == 0

    assert file.read_text("utf-8") == WRITTEN.replace("window_s = 2 ", "window_s = 7.0 ")


@pytest.mark.parametrize("name", ["config.toml", ".memcairn.toml"])
def test_a_byte_order_mark_is_read_over(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("[index]\nmax_file_bytes = 7\n", encoding="utf-8-sig")

    assert config.load().for_root(str(tmp_path))["index.max_file_bytes"] == 7


def test_a_project_with_a_byte_order_mark_names_its_root(tmp_path: Path) -> None:
    (tmp_path / ".memcairn.toml").write_text('[memory]\nroot = "m"\n', encoding="utf-8-sig")

    assert project.root(str(tmp_path), config.load(), "/home") == str(tmp_path / "m")


def test_a_change_keeps_the_byte_order_mark(file: Path) -> None:
    file.write_text(WRITTEN, encoding="utf-8-sig")

    assert run(["config", "set", "queue.window_s", "7"]) == 0

    assert file.read_text("utf-8") == "\ufeff" + WRITTEN.replace("window_s = 2 ", "window_s = 7.0 ")


def test_a_new_section_comes_and_goes_without_a_trace(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MEMCAIRN_EMBEDDING_PROVIDER")
    file.write_text(WRITTEN, encoding="utf-8")

    assert run(["config", "set", "embedding.provider", "ollama"]) == 0
    assert config.load()["embedding.provider"] == "ollama"
    assert run(["config", "unset", "embedding.provider"]) == 0

    assert file.read_text("utf-8").rstrip() == WRITTEN.rstrip()


def test_the_first_setting_makes_a_private_file(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "new" / "config.toml"
    monkeypatch.setenv("MEMCAIRN_CONFIG", str(file))

    assert run(["config", "set", "recall.budget_words", "300"]) == 0

    assert tomllib.loads(file.read_text("utf-8")) == {"recall": {"budget_words": 300}}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("sessions.keep_scratch", "yes", True),
        ("index.exclude", "a/, b", ("a/", "b")),
        ("namespaces", "work/**=work,x=y", {"work/**": "work", "x": "y"}),
        ("embedding.model", 'a "quoted" name', 'a "quoted" name'),
        ("memory.root", "~/notes", "~/notes"),
    ],
)
def test_every_type_is_read_as_it_was_set(key: str, text: str, value: object) -> None:
    assert run(["config", "set", key, text]) == 0
    assert config.load()[key] == value


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["set", "embedding.provder", "none"], "embedding.provder"),
        (["set", "embedding.provider", "magic"], "openai-compatible"),
        (["set", "queue.window_s", "soon"], "5.0"),
        (["set", "queue.window_s", "-1"], "5.0"),
        (["set", "embedding.key", "sk-1"], "MEMCAIRN_EMBEDDING_KEY"),
        (["set", "history.kind", "git"], "it was removed: delete this line"),
        (["set", "queue", "1"], "queue"),
        (["unset", "nothing"], "nothing"),
    ],
)
def test_a_wrong_call_changes_nothing_and_shows_the_right_one(
    file: Path, arguments: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(WRITTEN, encoding="utf-8")

    assert run(["config", *arguments]) == 2

    assert named in capsys.readouterr().err
    assert file.read_text("utf-8") == WRITTEN


def test_a_removed_setting_in_the_file_is_refused_with_what_to_do(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text('[history]\nkind = "git"\n', encoding="utf-8")

    assert run(["config", "show"]) == 2

    assert "it was removed: delete this line" in capsys.readouterr().err


@pytest.mark.parametrize("value", ["abc", "-1"])
def test_an_invalid_value_is_reported_for_the_setting_and_not_for_its_variable(
    file: Path, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["config", "set", "queue.window_s", value]) == 2

    assert capsys.readouterr().err.startswith("memcairn: queue.window_s is ")
    assert not file.exists()


@pytest.mark.parametrize(
    "text", ["[queue\n", "queue = 3\n", "[queue]\nwindow_s = 'x'\n", "[nothing]\nx = 1\n"]
)
def test_a_file_that_cannot_be_understood_is_left_alone(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")

    assert run(["config", "set", "queue.max_wait_s", "9"]) == 2

    assert file.read_text("utf-8") == text


def test_a_value_that_was_wrong_can_be_set_right(file: Path) -> None:
    file.write_text("[queue]\nwindow_s = 'x'\n", encoding="utf-8")

    assert run(["config", "set", "queue.window_s", "3"]) == 0

    assert config.load()["queue.window_s"] == 3


def test_a_setting_that_is_not_there_is_unset_already(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["config", "unset", "queue.window_s", "--json"]) == 0

    assert json.loads(capsys.readouterr().out)["changed"] is False
    assert not file.exists()


def test_a_symlink_stays_one(file: Path, tmp_path: Path) -> None:
    dotfile = tmp_path / "dotfiles.toml"
    dotfile.write_text(WRITTEN, encoding="utf-8")
    file.symlink_to(dotfile)

    assert run(["config", "set", "queue.window_s", "7"]) == 0

    assert file.is_symlink()
    assert "window_s = 7.0" in dotfile.read_text("utf-8")


def test_a_variable_that_counts_instead_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MEMCAIRN_QUEUE_WINDOW_S", "1")

    assert run(["config", "set", "queue.window_s", "7"]) == 0

    assert "MEMCAIRN_QUEUE_WINDOW_S" in capsys.readouterr().err


def test_the_environment_is_checked_like_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEMCAIRN_EMBEDDING_PROVIDER", "magic")

    assert run(["config", "show"]) == 2


def test_what_changes_the_file_is_not_loaded_to_read_it() -> None:
    code = "import sys, memcairn.memory; sys.exit('tomlkit' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


KEYS = st.sampled_from(
    ["queue.window_s", "queue.max_wait_s", "history.max_days", "snapshots.max_days"]
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(KEYS, st.none() | st.integers(0, 99)), max_size=12))
def test_after_any_changes_the_file_says_what_was_said_last(
    file: Path, changes: list[tuple[str, int | None]]
) -> None:
    file.write_text(WRITTEN, encoding="utf-8")
    said = {"queue.window_s": 2.0}

    for key, value in changes:
        if value is None:
            assert config_toml.unset(key) == (key in said)
            said.pop(key, None)
        else:
            config_toml.set_value(key, str(value))
            said[key] = float(value)

    found = config.load()
    of_file = {
        name
        for name in ("history.max_days", "snapshots.max_days", "queue.window_s", "queue.max_wait_s")
        if found.origin[name] == str(file)
    }
    assert {name: found[name] for name in of_file} == said
    text = file.read_text("utf-8")
    assert all(
        comment in text
        for comment in ("# How I like it.", "# by folder", "# Bigger than most.", "# not yet")
    )
