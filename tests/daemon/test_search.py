"""`memcairn search` says the same whether the resident process answers or not."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from memcairn.daemon import client
from memcairn.memory import Memory

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = [sys.executable, "-c", "from memcairn.cli import main; main()", "search"]
TIMEOUT_S = 60


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--json",),
        ("--explain", "--limit", "1"),
        ("--quiet",),
        ("--type", "feedback"),
        ("--type", "unknown"),
        ("--namespace", "unknown"),
        ("--scope", "unknown"),
        ("--since", "2026-06"),
        ("--until", "2026-05"),
        ("--as-of", "2026-05"),
        ("--since", "no date"),
        ("--budget", "5"),
        ("--transcripts", "--scope", "unknown"),
        ("--no-such-option",),
    ],
    ids=" ".join,
)
def test_it_says_the_same(options: tuple[str, ...], home: Path, notes: Path) -> None:
    (notes / "deploy.md").write_text(
        "---\ndate: 2026-06-03\ntype: feedback\n---\n# Deploying\n\nWe deploy blue-green.\n"
    )
    (notes / "rollback.md").write_text(
        "---\ndate: 2026-05-01\n---\n# Rolling back\n\nDeploy the tag.\n"
    )
    with Memory() as memory:
        memory.index(notes)

    alone = said("deploy", *options)
    pid = client.start(str(home))
    assert pid is not None
    connection = client.wait_until_started(str(home), pid, TIMEOUT_S)
    assert connection is not None
    connection.close()
    assert said("deploy", *options) == alone


def said(*arguments: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [*PROGRAM, *arguments], capture_output=True, text=True, check=False, timeout=TIMEOUT_S
    )
    return done.returncode, done.stdout, done.stderr
