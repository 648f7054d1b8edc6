"""Logs of lines: several processes append, and they stay within bounds."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from memcairn.fs import json_lines

WRITER = Path(__file__).with_name("writer.py")


def write_at_once(file: Path, *, count: int, max_bytes: int, keep: int) -> None:
    started = [
        subprocess.Popen([sys.executable, WRITER, file, name, *map(str, (count, max_bytes, keep))])
        for name in "abcd"
    ]
    assert [process.wait() for process in started] == [0, 0, 0, 0]


def test_what_several_processes_append_is_all_there(tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"

    write_at_once(file, count=300, max_bytes=1 << 30, keep=1)

    found = list(json_lines.read(str(file), keep=1))
    assert Counter(line["who"] for line in found) == dict.fromkeys("abcd", 300)
    for name in "abcd":
        assert [line["number"] for line in found if line["who"] == name] == list(range(300))


def test_no_line_is_lost_while_several_processes_rotate(tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"

    write_at_once(file, count=300, max_bytes=8_000, keep=50)

    found = list(json_lines.read(str(file), keep=50))
    assert len({(line["who"], line["number"]) for line in found}) == len(found) == 1200
    assert len(list(tmp_path.iterdir())) > 5


def test_a_log_and_its_older_files_stay_within_their_bounds(tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"

    for number in range(500):
        json_lines.append(str(file), {"number": number}, max_bytes=1_000, keep=2)

    assert {path.name for path in tmp_path.iterdir()} == {"log.jsonl", "log.1.jsonl", "log.2.jsonl"}
    assert all(path.stat().st_size <= 1_000 for path in tmp_path.iterdir())
    numbers = [line["number"] for line in json_lines.read(str(file), keep=2)]
    assert numbers == list(range(numbers[0], 500))


def test_a_line_that_was_cut_short_spoils_no_other(tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"
    json_lines.append(str(file), {"number": 1}, max_bytes=1_000, keep=1)
    with file.open("ab") as stream:
        stream.write(b'{"number": 2, "pa')

    json_lines.append(str(file), {"number": 3}, max_bytes=1_000, keep=1)

    assert [line["number"] for line in json_lines.read(str(file), keep=1)] == [1, 3]


@given(st.text(st.characters(), max_size=50))
def test_any_text_is_one_line_and_comes_back(text: str) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "log.jsonl")

        json_lines.append(str(file), {"path": text}, max_bytes=1_000, keep=1)

        (line,) = file.read_bytes().splitlines()
        assert json.loads(line) == {"path": text}


def test_a_log_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"

    json_lines.append(str(file), {}, max_bytes=1_000, keep=1)

    assert file.stat().st_mode & 0o777 == 0o600
