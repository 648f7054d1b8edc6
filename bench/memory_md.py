"""Measure the cost of updating MEMORY.md, compared with reading every note.

    python bench/memory_md.py [NOTES]

- one changed note: CPU and wall time of the work after the index has it (locks, files and their fsyncs
  included), in a process that stays;
- a full rebuild: of the projection too, and from what is projected;
- a full scan as agent-memory does it for each MEMORY.md: walk the folder, read each file, take its
  title and first line. It writes one list, without limits, and needs no index.
"""

# ruff: noqa: SLF001 - measures a step that the public methods only take with others

from __future__ import annotations

import os
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

WORDS = [
    "deploy", "build", "test", "queue", "index", "agent", "memory",
    "error", "timeout", "cache", "retry", "schema", "login", "token",
]  # fmt: skip


def make(folder: Path, count: int) -> list[Path]:
    chance = random.Random(1)
    files = []
    for number in range(count):
        kind = chance.choice(["project", "feedback", "user", "reference"])
        file = folder / kind / f"2025-{number % 12 + 1:02}" / f"{chance.choice(WORDS)}-{number}.md"
        file.parent.mkdir(parents=True, exist_ok=True)
        title = " ".join(chance.sample(WORDS, 4)).capitalize()
        day = f"2025-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}"
        text = " ".join(chance.choices(WORDS, k=60))
        file.write_text(
            f"---\ntitle: {title}\ndescription: {text[:80]}\ntype: {kind}\nmodified: {day}\n---\n{text}.\n"
        )
        files.append(file)
    return files


def full_scan(root: Path) -> float:
    started = time.perf_counter()
    lines = []
    for folder, folders, names in os.walk(root):
        if "index" in folders:
            folders.remove("index")
        for name in names:
            if not name.endswith(".md") or name == "MEMORY.md":
                continue
            path = os.path.join(folder, name)
            with open(path, encoding="utf-8") as file:
                text = file.read()
            head, _, body = text.removeprefix("---\n").partition("---\n")
            titles = [line[7:] for line in head.splitlines() if line.startswith("title: ")]
            title = titles[0] if titles else name
            lines.append(f"- [{title}]({os.path.relpath(path, root)}): {body.splitlines()[0][:80]}")
    lines.sort()
    (root.parent / "scanned.md").write_text("\n".join(lines))
    return (time.perf_counter() - started) * 1000


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        os.environ["MEMCAIRN_HOME"] = str(folder / "home")
        os.environ["MEMCAIRN_CONFIG"] = str(folder / "config.toml")
        measure(folder, count)


def measure(folder: Path, count: int) -> None:
    from memcairn import Memory
    from memcairn.memory_md import managed_roots

    root = folder / "notes"
    files = make(root, count)
    with Memory() as memory:
        started = time.perf_counter()
        memory.index(root, embed=False)
        print(f"indexing {count} notes: {time.perf_counter() - started:.1f} s")
        memory.refresh_memory_md(root)
        one, wall, written = [], [], []
        chance = random.Random(2)
        for number in range(60):
            file = chance.choice(files)
            text = file.read_text()
            if number % 2:
                text = text.replace("title: ", "title: Anew ")
                file.write_text(text)
            else:
                file = file.with_name(f"new-{number}.md")
                file.write_text(text)
            memory._index_only(str(file))
            before = {p: p.stat().st_mtime_ns for p in (root / "index").iterdir()}
            cpu, clock = time.process_time(), time.perf_counter()
            memory.engine.refresh_memory_md()
            one.append((time.process_time() - cpu) * 1000)
            wall.append((time.perf_counter() - clock) * 1000)
            after = {p: p.stat().st_mtime_ns for p in (root / "index").iterdir()}
            written.append(len(after.items() - before.items()))
        print(
            f"one changed note: CPU median {statistics.median(one):.1f} ms, "
            f"90th percentile {sorted(one)[53]:.1f} ms; wall median {statistics.median(wall):.1f} ms; "
            f"pages written {statistics.mean(written):.1f}, most {max(written)}"
        )
        idle = []
        for _ in range(20):
            clock = time.perf_counter()
            memory.engine.refresh_memory_md()
            idle.append((time.perf_counter() - clock) * 1e6)
        print(f"nothing changed: {statistics.median(idle):.0f} µs")
        kept = memory.memory_md_root(root)
        db = memory.engine.databases.opened().db

        def refresh(*, rebuild=False):
            managed_roots.refresh(db, kept, memory.config, memory.home, [], rebuild=rebuild)

        times = []
        for _ in range(3):
            cpu = time.process_time()
            refresh(rebuild=True)
            times.append((time.process_time() - cpu) * 1000)
        print(f"full rebuild, with every title looked at for secrets: CPU {min(times):.0f} ms")
        times = []
        for _ in range(3):
            db.execute("UPDATE memory_md SET kept = NULL")
            cpu = time.process_time()
            refresh()
            times.append((time.process_time() - cpu) * 1000)
        print(f"full rebuild, from index.db: CPU {min(times):.0f} ms")
    print(f"full scan of all files: {min(full_scan(root) for _ in range(3)):.0f} ms")


if __name__ == "__main__":
    main()
