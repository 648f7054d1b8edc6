"""A share of `make torture` with another seed each time, which is printed."""

from __future__ import annotations

import contextlib
import math
import random
from typing import TYPE_CHECKING

import pytest

from memcairn.daemon import client
from memcairn.memory import Memory
from torture import fuzz, torture

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.timeout(900)
def test_a_fault_at_any_change_of_the_disk_loses_nothing(tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    names = random.Random(seed).sample(list(torture.OPERATIONS), 3)

    rows = torture.start_workers(tmp_path, names, trials=4, seed=seed)

    if rows is None:
        pytest.skip("no C compiler, or no LD_PRELOAD")
    again = f"python tests/torture/torture.py --seed {seed} --trials 4 --only {names}"
    report = f"{again}\n{torture.table(rows)}"
    print(report)
    assert sum(row.tried for all_ in rows.values() for row in all_.values()) >= 4 * len(names)
    assert not any(row.lost for all_ in rows.values() for row in all_.values()), report


@pytest.mark.timeout(900)
def test_every_operation_of_the_torture_succeeds_without_a_fault(tmp_path: Path) -> None:
    names = list(torture.OPERATIONS)

    rows = torture.start_workers(tmp_path, names, minutes=0, seed=1)

    if rows is None:
        pytest.skip("no C compiler, or no LD_PRELOAD")
    assert sorted(rows) == sorted(names)


def test_no_text_breaks_a_parser() -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")

    found = fuzz.fuzz_parsers(random.Random(seed), math.inf, runs=60)

    assert {name: wrong for name, (_, wrong) in found.items() if wrong} == {}, seed


def test_no_request_stops_the_resident_process(home: Path) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    pid = client.start(str(home))
    connection = client.wait_until_started(str(home), pid or 0, 60)
    if connection is None:
        pytest.skip("no resident process runs here")
    connection.close()

    tried, wrong = fuzz.fuzz_daemon(str(home), random.Random(seed), math.inf, runs=80)

    assert (tried, wrong) == (80, []), seed


def test_no_arguments_break_a_tool(notes: Path) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    (notes / "deploy.md").write_text("# Deploying\n\nWe deploy blue-green.\n")
    (notes / "db").mkdir()

    with (
        Memory() as memory,
        contextlib.closing(memory.open_root(notes, starts_session=True)) as root,
    ):
        root.adopt()
        tried, wrong = fuzz.fuzz_tools(root, random.Random(seed), math.inf, runs=150)

    assert (tried, wrong) == (150, []), seed
