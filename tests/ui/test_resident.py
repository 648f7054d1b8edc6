"""`memcairn ui` and the resident process."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from daemon.conftest import start, status
from support import PROGRAM
from ui.conftest import DEPLOY, TIMEOUT_S, Client

if TYPE_CHECKING:
    from pathlib import Path


def ui(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, "ui", "--no-browser", *arguments],
        capture_output=True, text=True, check=False, timeout=TIMEOUT_S, encoding="utf-8",
    )  # fmt: skip


def test_the_resident_process_serves_the_page(home: Path, notes: Path) -> None:
    (notes / "deploy.md").write_text(DEPLOY, encoding="utf-8")
    subprocess.run([*PROGRAM, "index", str(notes), "--quiet"], check=True, timeout=TIMEOUT_S)
    pid = start(home)

    done = ui()

    url = done.stdout.strip()
    client = Client(int(url.split(":")[2].partition("/")[0]))
    assert client.open(url).status == 303
    assert "Deploying" in client.page("/notes")
    assert "Memory of the resident process" in client.page("/health")
    again = ui("--read-only").stdout.strip()
    other = Client(client.port)
    assert other.open(again).status == 303
    assert "read-only" in other.page("/")
    refused = ui("--port", "1")
    assert refused.returncode == 2
    assert f"port {client.port}" in refused.stderr
    facts = status(home)
    assert facts is not None
    assert facts["pid"] == pid


def test_without_a_resident_process_one_is_started(home: Path) -> None:
    done = ui()

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("http://127.0.0.1:")
    assert status(home)
