"""Commit to a git history that is not there yet, in several threads at once. A program of its own.

    python -m history.first_commit FOLDER THREADS

For each line that it reads, it begins with the root and the history of that name below FOLDER, and
prints what failed, or an empty line.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from memcairn.history.git import GitHistory


def main(folder: Path, count: int) -> None:
    for line in sys.stdin:
        print("; ".join(begin(folder / line.strip(), count)), flush=True)  # noqa: T201


def begin(folder: Path, count: int) -> list[str]:
    failures = []
    start = threading.Barrier(count)

    def work(n: int) -> None:
        history = GitHistory(folder / "history", folder / "root")
        try:
            history.keep([f"{n}.md"])
            start.wait()
            history.commit()
        except Exception as error:  # noqa: BLE001 - the test says what failed
            failures.append(f"{type(error).__name__}: {error}")
        finally:
            history.close()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
