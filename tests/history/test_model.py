"""A journal against a list of all states that there were."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memcairn.errors import MemcairnError, NoteUnreadable
from memcairn.history import Bounds, Journal
from memcairn.vault import Vault

if TYPE_CHECKING:
    from pathlib import Path

State = dict[str, bytes]

PATHS = ("a.md", "b.md", "f/a.md", "f/b.md")
OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.sampled_from(PATHS), st.sampled_from(["1", "2", ""])),
        st.tuples(st.just("outside"), st.sampled_from(PATHS), st.sampled_from(["1", "3", None])),
        st.tuples(st.just("move"), st.sampled_from([*PATHS, "f"]), st.sampled_from([*PATHS, "g"])),
        st.tuples(st.just("remove"), st.sampled_from([*PATHS, "f", "g"]), st.none()),
    ),
    min_size=1,
    max_size=12,
)


def state(root: Path) -> State:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file()
    }


def do(history: Journal, vault: Vault, root: Path, operation: tuple[str, str, str | None]) -> None:
    kind, path, value = operation
    if kind == "outside":
        # A folder may have the place of the file, or a file that of its folder.
        with contextlib.suppress(OSError):
            (root / path).parent.mkdir(exist_ok=True)
            if value is None:
                (root / path).unlink(missing_ok=True)
            else:
                (root / path).write_text(value, encoding="utf-8")
        history.keep([path])
        return
    # What cannot be done is no revision.
    with contextlib.suppress(MemcairnError), history.recording(kind, [path]) as recording:
        if kind == "write":
            vault.write(path, value or "", overwrite=True)
        elif kind == "move":
            recording.created(vault.move(path, value or "").changed)
        else:
            vault.remove(path, recursive=True)


def check(base: Path, operations: list[tuple[str, str, str | None]], bounds: Bounds | None) -> None:
    root = base / "root"
    root.mkdir()
    vault = Vault(root, trash=base / "trash")
    history = Journal(base / "history", root, bounds=bounds)
    states: dict[int, State] = {}
    for operation in operations:
        do(history, vault, root, operation)
        newest = history.log(1)
        if newest:
            states[newest[0].id] = state(root)

    moved_to = {operation[2] for operation in operations if operation[0] == "move"}
    for revision in history.log(100):
        for path in (*PATHS, "g", "g/a.md", "g/b.md") if revision.id in states else ():
            expected = states[revision.id].get(path)
            try:
                found = history.content(path, revision.id)
            except NoteUnreadable:
                # It was never there, or has not changed since before the oldest revision.
                assert expected is None or bounds
                continue
            # What moved there later is found under its earlier path.
            if expected is not None or not ({path, "g"} & moved_to):
                assert found == expected, (path, revision)
        for path, content in history.before(revision.id).items():
            if revision.id - 1 in states:
                assert content == states[revision.id - 1].get(path)
    history.close()


@pytest.mark.parametrize("bounds", [None, Bounds(max_revisions=4)], ids=["default", "bounded"])
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(operations=OPERATIONS)
def test_the_journal_knows_every_state(
    bounds: Bounds | None,
    tmp_path_factory: pytest.TempPathFactory,
    operations: list[tuple[str, str, str | None]],
) -> None:
    check(tmp_path_factory.mktemp("model"), operations, bounds)
