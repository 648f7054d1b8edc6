"""Every way in which a note can change, and MEMORY.md right when the call returns."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest
from roots_on_disk import index_files, rebuilt, write

from memcairn import Memory, Observation
from memcairn.cli.watch import watch
from memcairn.root import OpenRoot, archives, revert
from memcairn.root import observe as observing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Way = Callable[[OpenRoot, Path], None]

PATIENCE_S = 60
OLD, NEW = "[Old title]", "[New title]"


@pytest.fixture
def files(tmp_path: Path) -> Iterator[OpenRoot]:
    """A root with two notes, `old.md` and `other.md`."""
    root = tmp_path / "notes"
    write(root, "old.md", "Old title", "What is known.")
    write(root, "other.md", "Other title", "What else is known.")
    files = Memory().open_root(root, starts_session=True)
    files.adopt()
    yield files
    files.close()


def note(title: str) -> str:
    return f"# {title}\n\nWhat is known.\n"


def write_new(files: OpenRoot, root: Path) -> None:
    files.write("new.md", note("New title"))


def append(files: OpenRoot, root: Path) -> None:
    files.append("new.md", note("New title"))


def put(files: OpenRoot, root: Path) -> None:
    files.write_bytes("new.md", note("New title").encode())


def observe(files: OpenRoot, root: Path) -> None:
    said = observing.Observation("Quite another thing is so.", title="New title")
    files.observe(observing.validated(said, allow_secret=False))


def observe_by_memory(files: OpenRoot, root: Path) -> None:
    Memory(engine=files.engine).observe(
        Observation("Quite another thing is so.", title="New title"), root=root
    )


def promote(files: OpenRoot, root: Path) -> None:
    files.write("scratch/draft.md", note("New title"))
    files.promote("draft.md", "new.md")


def import_(files: OpenRoot, root: Path) -> None:
    files.write("new.md", note("New title"))
    exported = archives.export(files).archive
    files.remove("new.md")
    assert exported is not None
    assert NEW not in said(root)
    archives.import_(files, exported.encode())


def restore_from_the_trash(files: OpenRoot, root: Path) -> None:
    files.write("new.md", note("New title"))
    trashed = files.remove("new.md")
    assert NEW not in said(root)
    files.restore(trashed.id)


def restore_a_snapshot(files: OpenRoot, root: Path) -> None:
    files.write("new.md", note("New title"))
    snapshot = files.snapshots.create()
    files.remove("new.md")
    assert NEW not in said(root)
    files.restore_snapshot(snapshot.id)


def drain(files: OpenRoot, root: Path) -> None:
    Memory(engine=files.engine).enqueue(write(root, "new.md", "New title", "Text."))
    Memory(engine=files.engine).drain(0)


def scan(files: OpenRoot, root: Path) -> None:
    write(root, "new.md", "New title", "Text.")
    Memory(engine=files.engine).index(root)


def a_look_before_a_search(files: OpenRoot, root: Path) -> None:
    write(root, "new.md", "New title", "Text.")
    Memory(engine=files.engine).search("nothing of the kind")


def a_watch(files: OpenRoot, root: Path) -> None:
    stop = threading.Event()

    def watching() -> None:
        with Memory() as memory:
            watch(memory, [str(root)], quiet=True, stop=stop)

    thread = threading.Thread(target=watching)
    thread.start()
    try:
        deadline = time.monotonic() + PATIENCE_S
        while NEW not in said(root) and time.monotonic() < deadline:
            # A watch that has not begun yet sees a later write.
            write(root, "new.md", "New title", f"Text of {time.monotonic()}.")
            stop.wait(0.2)
    finally:
        stop.set()
        thread.join(PATIENCE_S)


NEW_WAYS = [
    write_new, append, put, observe, observe_by_memory, promote, import_, restore_from_the_trash,
    restore_a_snapshot, drain, scan, a_look_before_a_search, a_watch,
]  # fmt: skip


def edit(files: OpenRoot, root: Path) -> None:
    files.edit("old.md", "Old title", "New title")


def overwrite(files: OpenRoot, root: Path) -> None:
    files.write("old.md", note("New title"), overwrite=True)


def revert_(files: OpenRoot, root: Path) -> None:
    files.write("old.md", note("New title"), overwrite=True)
    files.write("old.md", note("Old title"), overwrite=True)
    assert OLD in said(root)
    revert.revert(files, "old.md")


def an_edit_that_a_search_finds(files: OpenRoot, root: Path) -> None:
    write(root, "old.md", "New title", "What is known.")
    Memory(engine=files.engine).search("known")


EDITS = [edit, overwrite, revert_, an_edit_that_a_search_finds]


def remove(files: OpenRoot, root: Path) -> None:
    files.remove("old.md")


def forget(files: OpenRoot, root: Path) -> None:
    preview = files.forget_plans.preview(paths=["old.md"])
    files.forget_plans.confirm(preview.confirm_token)


def a_removal_that_a_drain_finds(files: OpenRoot, root: Path) -> None:
    (root / "old.md").unlink()
    Memory(engine=files.engine).enqueue(root / "old.md")
    Memory(engine=files.engine).drain(0)


def a_removal_that_a_search_finds(files: OpenRoot, root: Path) -> None:
    (root / "old.md").unlink()
    Memory(engine=files.engine).search("nothing of the kind")


REMOVALS = [remove, forget, a_removal_that_a_drain_finds, a_removal_that_a_search_finds]


def said(root: Path) -> str:
    return (root / "MEMORY.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("way", [*NEW_WAYS, *EDITS, *REMOVALS])
def test_memory_md_is_what_a_rebuild_gives_after(way: Way, files: OpenRoot, tmp_path: Path) -> None:
    root = tmp_path / "notes"

    way(files, root)

    assert (NEW in said(root)) == (way not in REMOVALS)
    assert (OLD in said(root)) == (way in NEW_WAYS)
    assert rebuilt(root, tmp_path / "scratch") == index_files(root)


def test_a_note_that_is_moved_is_listed_where_it_is(files: OpenRoot, tmp_path: Path) -> None:
    files.move("old.md", "sub/moved.md")

    assert "[Old title](sub/moved.md)" in said(tmp_path / "notes")
    assert "(old.md)" not in said(tmp_path / "notes")


def test_a_pinned_note_comes_first(files: OpenRoot, tmp_path: Path) -> None:
    for name in ("other", "old"):
        Memory(engine=files.engine).pin(tmp_path / "notes" / f"{name}.md")
        assert said(tmp_path / "notes").index(f"({name}.md)") > 0
        Memory(engine=files.engine).unpin(
            tmp_path / "notes" / ("old.md" if name == "other" else "other.md")
        )
        first = next(
            line for line in said(tmp_path / "notes").splitlines() if line.startswith("- ")
        )
        assert f"({name}.md)" in first
