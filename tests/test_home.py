"""The home: who can read it, and where it may be."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from memcairn import paths
from memcairn.cli.commands import run
from memcairn.errors import ConfigError
from support import PROGRAM

EVENT = json.dumps({"session_id": "s1", "cwd": "/", "source": "startup", "prompt": "any words"})


def modes(home: Path) -> set[int]:
    """The modes of the home and of all folders in it."""
    folders = [home, *(path for path in home.rglob("*") if path.is_dir())]
    return {stat.S_IMODE(folder.stat().st_mode) for folder in folders}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
@pytest.mark.parametrize(
    "arguments",
    [
        ("add", "A fact."),
        ("index", "NOTES"),
        ("index", "--debounce-window", "5", "NOTES/a.md"),
        ("search", "words"),
        ("hook", "session-start", "--host", "claude-code"),
        ("session", "start"),
        ("status",),
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_the_first_command_creates_a_home_that_only_its_user_can_read(
    home: Path, notes: Path, arguments: tuple[str, ...]
) -> None:
    (notes / "a.md").write_text("# Words\n", encoding="utf-8")
    given = [argument.replace("NOTES", str(notes)) for argument in arguments]

    done = subprocess.run(
        [*PROGRAM, *given],
        check=False,
        input=EVENT.encode(),
        capture_output=True,
        timeout=60,
        umask=0o022,
    )

    assert done.returncode == 0, done.stderr
    assert modes(home) == {0o700}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_a_server_creates_a_home_that_only_its_user_can_read(home: Path, tmp_path: Path) -> None:
    server = subprocess.Popen(
        [*PROGRAM, "serve"],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        umask=0o022,
    )
    client = {"name": "test", "version": "1"}
    requests = [
        ("initialize", {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client}),
        ("tools/call", {"name": "memory_search", "arguments": {"query": "words"}}),
    ]
    assert server.stdin is not None
    assert server.stdout is not None
    for number, (method, params) in enumerate(requests):
        request = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        server.stdin.write(json.dumps(request).encode() + b"\n")
        server.stdin.flush()
        assert b"result" in server.stdout.readline()
        server.stdin.write(b'{"jsonrpc": "2.0", "method": "notifications/initialized"}\n')
    server.communicate(timeout=60)

    assert modes(home) == {0o700}


def test_missing_parents_of_the_home_are_private(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEMCAIRN_HOME", str(tmp_path / "a" / "b" / "home"))

    assert run(["add", "A fact."]) == 0

    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o700


@pytest.mark.parametrize("given", ["$HOME/memory", "memory", "./memory", "~nobody-has-this-name/m"])
@pytest.mark.parametrize("variable", ["MEMCAIRN_HOME", "MEMCAIRN_CONFIG"])
def test_a_relative_path_in_a_variable_is_refused(
    variable: str, given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, given)
    function = paths.home if variable == "MEMCAIRN_HOME" else paths.config_file

    with pytest.raises(ConfigError, match=variable) as error:
        function()

    assert given in str(error.value)
    assert error.value.hint


@pytest.mark.parametrize("user_home", ["", "relative", "$HOME"])
def test_a_home_without_a_home_of_the_user_is_refused(
    user_home: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MEMCAIRN_HOME", "MEMCAIRN_CONFIG", "XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", user_home)

    for function in (paths.home, paths.config_file):
        with pytest.raises(ConfigError, match="HOME"):
            function()


def test_a_home_below_the_users_home_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MEMCAIRN_HOME", "~/memory")

    assert Path(paths.home()) == tmp_path / "memory"


def test_a_relative_xdg_folder_is_ignored_as_its_specification_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MEMCAIRN_HOME", "MEMCAIRN_CONFIG"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", "$HOME/data")
    monkeypatch.setenv("XDG_CONFIG_HOME", "config")

    assert Path(paths.home()) == tmp_path / ".local" / "share" / "memcairn"
    assert Path(paths.config_file()) == tmp_path / ".config" / "memcairn" / "config.toml"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("add", "A fact."), 2),
        (("index", "NOTES"), 2),
        (("index", "--debounce-window", "5", "NOTES"), 2),
        (("search", "words"), 2),
        (("status",), 2),
        (("session", "start"), 2),
        (("serve",), 2),
        (("hook", "session-start", "--host", "claude-code"), 0),
    ],
    ids=lambda value: " ".join(value[:2]) if isinstance(value, tuple) else "",
)
def test_a_home_that_is_not_absolute_is_never_created(
    notes: Path, tmp_path: Path, arguments: tuple[str, ...], code: int
) -> None:
    (notes / "a.md").write_text("# Words\n", encoding="utf-8")
    folder = tmp_path / "here"
    folder.mkdir()
    given = [argument.replace("NOTES", str(notes)) for argument in arguments]

    done = subprocess.run(
        [*PROGRAM, *given],
        check=False,
        cwd=folder,
        env={**os.environ, "MEMCAIRN_HOME": "$HOME/memory"},
        input=EVENT.encode(),
        capture_output=True,
        timeout=60,
    )

    assert (done.returncode, list(folder.iterdir())) == (code, [])
    if code:
        assert b"MEMCAIRN_HOME" in done.stderr
        assert b"Traceback" not in done.stderr


def test_a_folder_that_was_deleted_is_not_created_again(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    paths.make_private_folder(str(folder / "inner"))
    paths.never_create_again(str(folder))
    paths.make_private_folder(str(folder / "other"))

    shutil.rmtree(folder)

    with pytest.raises(FileNotFoundError):
        paths.make_private_folder(str(folder / "inner"))
    assert not folder.exists()
