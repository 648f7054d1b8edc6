"""What every test has: a home of its own, and nobody's settings."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from support import Clock, stop_resident

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


# Most tests are of other things, and loading a model takes longer than they do.
NO_MODEL = ("MEMCAIRN_EMBEDDING_PROVIDER", "none")
os.environ[NO_MODEL[0]] = NO_MODEL[1]  # for fixtures that live longer than a test
# A resident process that a test leaves behind ends soon.
SHORT_LIFE = ("MEMCAIRN_DAEMON_IDLE_S", "5")


# A shell starts jobs in the background with SIGINT ignored, and their children would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A new, empty home; the user's own home and settings are out of reach.

    Its resident process, if there is one, is stopped after the test.
    """
    for name in list(os.environ):
        if name.startswith("MEMCAIRN_"):
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    monkeypatch.setenv("MEMCAIRN_HOME", str(home))
    monkeypatch.setenv("MEMCAIRN_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv(*NO_MODEL)
    monkeypatch.setenv(*SHORT_LIFE)
    yield home
    stop_resident(home)


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """An empty folder for notes."""
    folder = tmp_path / "notes"
    folder.mkdir()
    return folder
