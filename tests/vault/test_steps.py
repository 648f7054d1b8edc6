"""Disks that fail, and folders that are swapped, at every system call of every operation."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest

from memcairn.errors import MemcairnError, OutsideRoot
from memcairn.fs import rename, sandbox
from memcairn.vault import Vault

from .cases import BEFORE, CASES, check_nothing_is_lost, notes, rests, start
from .steps import CHANGING, LOOKING, before_step, move_within_a_file_system
from .test_tricks import OPERATIONS, SECRET, everything

Failure = tuple[str, int, bool]


def open_below(folder: Path) -> list[str]:
    """What this process has open below a folder; other tests of the process leave files open, too."""
    descriptors = Path("/proc/self/fd")
    if not descriptors.is_dir():
        return []
    found = []
    for descriptor in list(descriptors.iterdir()):
        with contextlib.suppress(OSError):
            found.append(os.readlink(descriptor))
    return [name for name in found if name.startswith(str(folder))]


@pytest.mark.parametrize(
    "failure",
    [
        ("descriptors", errno.ENOSPC, False),
        ("descriptors", errno.EIO, True),
        ("other file system", errno.EIO, False),
        ("other file system", errno.ENOSPC, True),
    ],
    ids=str,
)
@pytest.mark.parametrize("name", CASES)
def test_a_disk_that_fails_at_any_step_loses_nothing(
    name: str, failure: Failure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    way, code, lasting = failure
    case = CASES[name]
    failures = 0
    if way == "other file system":
        monkeypatch.setattr(sandbox.Folder, "move", move_within_a_file_system)

    def fail() -> None:
        raise OSError(code, os.strerror(code), "/secret/absolute/path")

    for step in itertools.count(1):
        root = tmp_path / f"root{step}"
        root.mkdir()
        start(root)
        vault = Vault(root, trash=tmp_path / f"trash{step}")
        case.prepare(vault)
        before = notes(root)

        error = None
        with before_step(step, fail, lasting=lasting) as counter:
            try:
                case.run(vault)
            except MemcairnError as raised:
                error = raised

        assert open_below(tmp_path) == []
        assert error is None or "absolute" not in f"{error} {error.hint}"
        check_nothing_is_lost(case, vault, root, before=before)
        failures += error is not None
        if not counter.reached:
            break

    assert step > 1, "no step was counted: the test tests nothing"
    assert failures or name == "purge", "no step failed: the test tests nothing"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("trash", ["near", "far"])
def test_a_process_that_dies_at_any_step_loses_nothing(trash: str, tmp_path: Path) -> None:
    program = [sys.executable, "-m", "vault.die_at_steps", str(tmp_path), trash]

    done = subprocess.run(
        program, cwd=Path(__file__).parents[1], capture_output=True, encoding="utf-8", check=False
    )

    assert done.returncode == 0, done.stderr
    deaths = dict(line.rsplit(" ", 1) for line in done.stdout.splitlines())
    assert set(deaths) == set(CASES)
    assert all(int(count) > 1 for count in deaths.values()), deaths


@pytest.mark.parametrize("name", ["write", "overwrite", "append", "edit"])
def test_a_disk_that_is_full_leaves_no_rest(name: str, vault: Vault, root: Path) -> None:
    start(root)

    def fail() -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for step in itertools.count(1):
        with before_step(step, fail, ("fsync", "replace", "fchmod")) as counter:
            try:
                CASES[name].run(vault)
            except MemcairnError:
                assert notes(root) == BEFORE
        assert not rests(root)
        if not counter.reached or notes(root) != BEFORE:
            break

    assert step > 2, "no step failed: the test tests nothing"


READING = {"read", "list", "list all", "grep", "diff before", "diff after", "diff of a text"}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_folder_that_is_swapped_for_a_symlink_at_any_step_leads_nowhere(
    operation: str, tmp_path: Path
) -> None:
    refused = 0
    for step in itertools.count(1):
        base = tmp_path / str(step)
        root, outside = base / "root", base / "outside"
        for place, content in ((root / "trick", "inside secret"), (outside, SECRET)):
            place.mkdir(parents=True)
            (place / "note.md").write_text(content, encoding="utf-8")
        (root / "plain.md").write_text("plain", encoding="utf-8")
        vault = Vault(root, trash=base / "trash")
        vault.write("removed.md", "removed")
        vault.remove("removed.md")
        before = everything(outside)

        def swap(root: Path = root, outside: Path = outside) -> None:
            rename.os.rename(root / "trick", root / "hidden")
            (root / "trick").symlink_to(outside)

        result = None
        target = "trick" if operation in {"list", "list all", "grep"} else "trick/note.md"
        target = "trick/new.md" if operation in {"mkdir", "move to", "restore to"} else target
        with before_step(step, swap, LOOKING + CHANGING) as counter:
            try:
                result = OPERATIONS[operation](vault, target)
            except MemcairnError:
                refused += counter.reached

        assert SECRET not in repr(result)
        left = everything(outside)
        assert left == before
        if not counter.reached:
            break

    assert step > 3, "nothing was swapped: the test tests nothing"
    assert refused or operation in READING, "nothing was refused: the test tests nothing"


@pytest.mark.parametrize(
    "operation", ["overwrite", "append", "edit", "write", "write if it matches"]
)
def test_a_folder_that_is_moved_out_of_the_root_is_not_written_to(
    operation: str, root: Path, tmp_path: Path
) -> None:
    (root / "folder").mkdir()
    if operation != "write":
        (root / "folder" / "note.md").write_text(SECRET, encoding="utf-8")
    before = everything(root / "folder")
    vault = Vault(root, trash=tmp_path / "trash")

    def steal() -> None:
        (root / "folder").rename(tmp_path / "stolen")

    with before_step(1, steal, ("fsync",)) as counter, pytest.raises(MemcairnError):
        OPERATIONS[operation](vault, "folder/note.md")

    assert counter.reached
    left = everything(tmp_path / "stolen")
    assert left == before


def test_a_hard_link_that_is_removed_after_the_open_is_not_read(
    vault: Vault, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret.md").write_text(SECRET, encoding="utf-8")
    note = root / "note.md"
    note.write_text("inside", encoding="utf-8")
    opened = []
    system_open = os.open

    def racing_open(path: str, *args: object, **keywords: object) -> int:
        if not path.endswith("note.md") or opened:
            return system_open(path, *args, **keywords)
        note.unlink()
        note.hardlink_to(tmp_path / "secret.md")
        opened.append(system_open(path, *args, **keywords))
        note.unlink()
        note.write_text("inside", encoding="utf-8")
        return opened[0]

    monkeypatch.setattr(os, "open", racing_open)

    assert vault.read("note.md").text == "inside"
    assert opened


def test_a_pipe_that_takes_the_place_of_a_file_is_not_waited_for(
    vault: Vault, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = root / "note.md"
    note.write_text("inside", encoding="utf-8")
    system_open = os.open

    def racing_open(path: str, *args: object, **keywords: object) -> int:
        if path.endswith("note.md") and note.is_file():
            note.unlink()
            os.mkfifo(note)
        return system_open(path, *args, **keywords)

    monkeypatch.setattr(os, "open", racing_open)

    with pytest.raises(OutsideRoot, match="pipe"):
        vault.read("note.md")
