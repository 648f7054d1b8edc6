"""Import a made-up export of a thousand items with each importer: twice, cut in the middle, and hostile.

    python bench/importers.py [--items 1000] [--only SOURCE ...]

`came` is added + corrected + said already; `again` is what the second time added. `cut` is what is said of a
file that ends in the middle; a folder of notes has no middle. Times are CPU seconds of this process.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from exports import ALL, HOSTILE, make_hostile


def main() -> None:
    """Print a row for each source."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--items", type=int, default=1000)
    parser.add_argument("--only", nargs="*", default=list(ALL))
    given = parser.parse_args()
    os.environ["MEMCAIRN_EMBEDDING_PROVIDER"] = "none"
    print(
        f"{'source':20} {'came':>6} {'left out':>8} {'again':>5} {'CPU s':>6}  hostile: came, left out; cut"
    )
    for source in given.only:
        with tempfile.TemporaryDirectory() as top:
            print(measured(source, Path(top), given.items), flush=True)


def measured(source: str, top: Path, items: int) -> str:
    """The row of a source."""
    from memcairn.errors import ArchiveRefused
    from memcairn.memory import Memory

    for name in ("export", "cut", "hostile", "notes", "more"):
        (top / name).mkdir()
    path = ALL[source](top / "export", items)
    with Memory(top / "home", semantic=False) as memory:
        start = time.process_time()
        done = memory.import_from(source, path, root=top / "notes")
        took = time.process_time() - start
        again = memory.import_from(source, path, root=top / "notes")
        came = len(done.added) + len(done.corrected) + done.repeated
        row = f"{source:20} {came:6} {done.left_out.total():8} {len(again.added):5} {took:6.1f}"
        if source not in HOSTILE:
            return row
        hostile = ALL[source](top / "hostile", 3)
        make_hostile(source, hostile)
        done = memory.import_from(source, hostile, root=top / "more")
        came = len(done.added) + len(done.corrected) + done.repeated + done.known
        row += f"  {came}, {done.left_out.total()}"
        before = sum(1 for _ in (top / "more").rglob("*"))
        data = path.read_bytes()
        cut = top / "cut" / path.name
        cut.write_bytes(data[: len(data) // 2])
        try:
            memory.import_from(source, cut, root=top / "more")
            said = "imported"
        except ArchiveRefused as error:
            said = f"{error.message}; {error.hint}"
        is_same = sum(1 for _ in (top / "more").rglob("*")) == before
        return f"{row}; {said}{'' if is_same else ' AND WROTE'}"


if __name__ == "__main__":
    main()
