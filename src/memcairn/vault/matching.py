"""Find the lines that match a regular expression; also a program, whose process can be killed.

`re` backtracks: `(a+)+$` runs practically forever on a short line, holds the interpreter lock, and
cannot be stopped by another thread. Therefore a caller's expression runs in a child process,
`python -I -S matching.py`. Its pipes carry marshalled values: first the expression, then batches of
texts, each followed by its answer. Every such search starts this program, so it imports only a few
modules of the standard library.
"""

import marshal
import re
import sys

_MEMORY_BYTES = 1 << 30


def matches(pattern: re.Pattern[str], texts: list[str], limit: int) -> list[list[tuple[int, int]]]:
    """The matching lines of each text (number from 1, column from 0), at most `limit` in total."""
    found = []
    for text in texts:
        found.append(_matching_lines(pattern, text, limit))
        limit -= len(found[-1])
    return found


def _matching_lines(pattern: re.Pattern[str], text: str, limit: int) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for number, line in enumerate(text.split("\n") if limit else [], 1):
        if (match := pattern.search(line)) is not None:
            found.append((number, match.start()))
            if len(found) == limit:
                break
    return found


def compiled(pattern: str, *, ignore_case: bool) -> re.Pattern[str]:
    """Compile an expression; raise re.error, OverflowError or RecursionError if it is invalid."""
    return re.compile(pattern, re.IGNORECASE if ignore_case else 0)


def _limit_resources(seconds: int) -> None:
    """Limit processor time, in case the parent dies, and memory."""
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return
    limits = (
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_AS, _MEMORY_BYTES),
        (resource.RLIMIT_CORE, 0),
    )
    for kind, value in limits:
        try:
            resource.setrlimit(kind, (value, value))
        except (OSError, ValueError):
            continue


def _answer_requests() -> None:
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    pattern_text, ignore_case, seconds = marshal.load(requests)  # noqa: S302 - from the parent
    _limit_resources(seconds)
    try:
        pattern = compiled(pattern_text, ignore_case=ignore_case)
    except (re.error, OverflowError, RecursionError, MemoryError) as error:
        marshal.dump(str(error) or type(error).__name__, answers)
        return
    marshal.dump("", answers)
    answers.flush()
    while True:
        try:
            texts, limit = marshal.load(requests)  # noqa: S302
        except EOFError:
            return
        marshal.dump(matches(pattern, texts, limit), answers)
        answers.flush()


if __name__ == "__main__":
    _answer_requests()
