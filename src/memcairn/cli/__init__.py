"""The command line.

    memcairn index --debounce-window 5 PATH     what hooks call: straight to the queue, from here
    memcairn index PATH                         index_paths.py: the same without click
    memcairn search WORDS                       the resident process; without one, answer.py: without click
    memcairn hook EVENT --host NAME             hosts/hook.py: whatever happens, it exits 0
    memcairn serve                              daemon/stdio_pipe.py: a pipe to the resident process
    memcairn sync                               sync_now.py: without click, and often without an index
    memcairn anything else                      commands.py: click, and one module a command

A hook call may cost little more than starting Python, so this module imports nothing.
"""

from __future__ import annotations

import gc
import os
import sys

from memcairn import paths
from memcairn.errors import MemcairnError

# A search that takes longer is done once more by this process, which can be interrupted.
SEARCH_TIMEOUT_S = 30.0

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import NamedTuple

    class Enqueue(NamedTuple):
        """The arguments of a hook-shaped call."""

        window_s: float
        path: str
        namespace: str | None
        force: bool


def main() -> None:
    """The program `memcairn`."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # it was closed by the caller, who wants to hear nothing
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    # NumPy's BLAS would start a thread for each core, at each start; our products are too small for that.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # What is made on the short ways has no cycles, and the process ends soon.
    gc.disable()
    try:
        try:
            code = _without_click(sys.argv[1:])
        except MemcairnError:  # click reports it
            code = None
        if code is None:
            from memcairn.cli.commands import run  # noqa: PLC0415

            gc.enable()
            code = run()
            sys.stdout.flush()
            sys.exit(code)
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        code = 0
    except OSError as error:
        # Nobody can read the answer: the disk that stdout goes to is full, say. Or a folder of the home
        # cannot be made.
        from memcairn.cli.text import say  # noqa: PLC0415 - seldom
        from memcairn.errors import escaped  # noqa: PLC0415 - as above

        where = f"{escaped(os.fsdecode(error.filename))}: " if error.filename else ""
        say(f"memcairn: {where}{error.strerror or error}")
        code = 1
    # Nothing is left to do but tear the interpreter down, and close the database: that would write
    # its journal back with two fsyncs. The next to open it reads the journal in a tenth of the time.
    os._exit(code)


def _without_click(arguments: Sequence[str]) -> int | None:
    """Do what agents do all day without importing click.

    Returns:
        The exit code; None: click has to do it.
    """
    if arguments[:1] == ["hook"] and not {"-h", "--help"}.intersection(arguments):
        try:
            from memcairn.hosts import hook  # noqa: PLC0415

            hook.run(arguments[1:])
        finally:
            os._exit(0)
    if arguments[:1] == ["index"]:
        return _index(arguments)
    if arguments[:1] == ["serve"]:
        return _serve(arguments[1:])
    if arguments[:1] == ["search"]:
        return _search(arguments[1:])
    if arguments == ["sync"] and paths.has_scopes(paths.home()):
        from memcairn.cli import sync_now  # noqa: PLC0415

        return _interruptible(lambda: sync_now.run(paths.home()))
    return None


def _search(arguments: Sequence[str]) -> int | None:
    """Let the resident process search, if one runs; without one, search for plain words here.

    None for options without a resident process, and for errors and help.
    """
    from memcairn.cli.text import terminal_columns, write  # noqa: PLC0415
    from memcairn.daemon import client  # noqa: PLC0415

    words = [os.fsencode(argument).decode("utf-8", "replace") for argument in arguments]
    fields = {
        "arguments": words,
        "columns": terminal_columns(),
        "plain": "NO_COLOR" in os.environ,
    }
    reply = client.ask(paths.home(), "search", fields, timeout_s=SEARCH_TIMEOUT_S)
    if reply is None and words and not any(word.startswith("-") for word in words):
        from memcairn.cli.answer import Request, print_answer  # noqa: PLC0415
        from memcairn.search.query import Query  # noqa: PLC0415

        return _interruptible(lambda: print_answer(Request(Query(" ".join(words)))))
    if reply is None or reply[0].get("ok") is not True:
        return None
    if reply[1]:
        write(reply[1].decode("utf-8", "surrogateescape").removesuffix("\n"))
    sys.stderr.write(str(reply[0].get("errors", "")))
    return int(reply[0]["code"])


def _serve(arguments: Sequence[str]) -> int | None:
    """Connect a client to the resident process; None for all other ways to serve."""
    fields: dict[str, object] = {}
    rest = iter(arguments)
    for argument in rest:
        name, given, value = argument.partition("=")
        if name not in ("--root", "--profile"):
            return None
        fields[name[2:]] = value if given else next(rest, "")
    if "" in fields.values() or fields.get("profile", "core") not in ("core", "full"):
        return None
    from memcairn.daemon import stdio_pipe  # noqa: PLC0415

    return stdio_pipe.serve(paths.home(), fields)


def _index(arguments: Sequence[str]) -> int | None:
    call = parse_enqueue(arguments)
    if call is not None:
        return 0 if _enqueue(call) else None
    # A progress bar takes what click takes.
    if len(arguments) != 2 or arguments[1][:1] in ("", "-") or sys.stderr.isatty():
        return None
    from memcairn.cli.index_paths import index_paths  # noqa: PLC0415
    from memcairn.memory import Memory  # noqa: PLC0415

    return _interruptible(lambda: index_paths(Memory(), [arguments[1]]))


def _interruptible(command: Callable[[], int]) -> int:
    try:
        return command()
    except KeyboardInterrupt:
        from memcairn.cli.text import STOPPED  # noqa: PLC0415

        sys.stderr.write(f"{STOPPED}\n")
        return 130
    except BrokenPipeError:
        os._exit(0)


def parse_enqueue(arguments: Sequence[str]) -> Enqueue | None:
    """The arguments of `index --debounce-window SECONDS PATH [--namespace NAME] [--force]`.

    None for any other call, right or wrong: click has a say in those.
    """
    if arguments[:1] != ["index"]:
        return None
    window_s, path, namespace, force = None, None, None, False
    rest = iter(arguments[1:])
    for argument in rest:
        if argument == "--debounce-window":
            window_s = _seconds(next(rest, ""))
        elif argument == "--namespace":
            namespace = next(rest, "-")
        elif argument == "--force":
            force = True
        elif argument.startswith("-") or path is not None:
            return None
        else:
            path = argument
    if window_s is None or not path or namespace == "" or (namespace or "").startswith("-"):
        return None
    return window_s, path, namespace, force  # type: ignore[return-value]


def _seconds(text: str) -> float | None:
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if 0 <= seconds < float("inf") else None


def _enqueue(call: Enqueue) -> bool:
    """Record the path. False if there is more to do than that.

    The whole call is done by click then; to record twice is to record once.
    """
    window_s, path, namespace, force = call
    if _sets_max_wait() or not os.path.lexists(path):  # click checks whether it was ever there
        return False
    from memcairn.queue import Queue  # noqa: PLC0415
    from memcairn.sqlite import SQLiteError  # noqa: PLC0415

    try:
        queue = Queue(os.path.join(paths.home(), "queue.db"))
        queue.enqueue([paths.real(path)], namespace=namespace, force=force)
        return queue.set_aside is None and not queue.has_ready(window_s)
    except (MemcairnError, SQLiteError):
        return False


def _sets_max_wait() -> bool:
    """Whether the one setting that this call obeys may be another than the default.

    To understand config.toml takes as long as all the rest, so it is only searched for the name.
    """
    if "MEMCAIRN_QUEUE_MAX_WAIT_S" in os.environ:
        return True
    try:
        with open(paths.config_file(), "rb") as file:
            return b"max_wait" in file.read()
    except FileNotFoundError:
        return False
    except OSError:
        return True  # click says what is wrong with it
