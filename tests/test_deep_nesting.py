"""Text that is nested deeper than Python recurses: an error with the file's name, never a crash."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import TypeAdapter

from memcairn.cli.commands import run
from memcairn.errors import MemcairnError
from memcairn.evaluate import evaluation
from memcairn.hosts import manifest, plugin_files
from memcairn.mcp.typed_tool import Strings
from memcairn.memory import Memory
from memcairn.settings import config

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DEEP = "[" * 100_000
DOTTED = ".".join("a" * 20_000) + " = 1\n"
PARSERS: dict[str, tuple[str, str, Callable[[Path], object]]] = {
    "roots.json": ("roots.json", '{"roots": ' + DEEP, lambda home: Memory(home).roots()),
    "hosts.json": ("hosts.json", DEEP, lambda home: manifest.load(str(home))),
    "config.toml": ("config.toml", "a = " + DEEP, lambda _: config.load()),
    "config.toml, dotted": ("config.toml", DOTTED, lambda _: config.load()),
    "questions": ("q.json", DEEP, lambda home: evaluation.read(home / "q.json", home)),
}


@pytest.mark.parametrize("name", PARSERS)
def test_a_file_that_is_nested_too_deeply_is_named(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, text, parse = PARSERS[name]
    (tmp_path / file).write_text(text, encoding="utf-8")
    monkeypatch.setenv("MEMCAIRN_CONFIG", str(tmp_path / "config.toml"))

    with pytest.raises(MemcairnError) as caught:
        parse(tmp_path)

    assert str(caught.value).startswith(str(tmp_path / file))


def test_files_of_others_that_are_nested_too_deeply_say_nothing(tmp_path: Path) -> None:
    for place in (".claude-plugin/plugin.json", "plugins/installed_plugins.json"):
        (tmp_path / place).parent.mkdir()
        (tmp_path / place).write_text(DEEP, encoding="utf-8")

    assert not plugin_files.is_memcairn_plugin(str(tmp_path))
    assert not plugin_files.installed_from_marketplace(str(tmp_path))


def test_a_setting_is_refused_where_config_toml_is_nested_too_deeply(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MEMCAIRN_CONFIG", str(tmp_path / "config.toml"))
    (tmp_path / "config.toml").write_text("a = " + DEEP, encoding="utf-8")

    assert run(["config", "set", "recall.budget_words", "300"]) == 2
    assert "cannot be changed" in capsys.readouterr().err


def test_a_list_that_a_client_sends_too_deep_is_one_value() -> None:
    assert TypeAdapter(Strings).validate_python(DEEP) == [DEEP]


def test_frontmatter_that_is_nested_too_deeply_is_a_problem_of_the_note(
    tmp_path: Path, home: Path
) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    for name, text in {
        "toml.md": f"+++\na = {DEEP}\n+++\nBody.\n",
        "dotted.md": f"+++\n{DOTTED}+++\nBody.\n",
        "yaml.md": f"---\na: {DEEP}\n---\nBody.\n",
        "json.md": '{"title": ' + "[" * 500 + "]" * 500 + "}\n\nBody.\n",
        "broken.md": '{"title": ' + DEEP,
    }.items():
        (notes / name).write_text(text, encoding="utf-8")

    with Memory() as memory:
        report = memory.index(notes)

    assert (len(report.indexed), report.failed) == (5, {})
