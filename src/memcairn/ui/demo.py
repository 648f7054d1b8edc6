"""A made-up week: example notes and sessions in a temporary home, for `memcairn ui --demo`.

Nothing of the user's is read or changed: the home, the settings and the folders of the agents are temporary.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from memcairn.errors import MemcairnError
from memcairn.formats.utc import utc_text
from memcairn.fs import json_lines
from memcairn.hosts import install, plan
from memcairn.hosts import recall as recalling
from memcairn.hosts.limits import LIMIT_S
from memcairn.hosts.recall import Recalled
from memcairn.hosts.recall_text import RECALL
from memcairn.hosts.table import BY_NAME
from memcairn.root import review
from memcairn.root.observe import Observation
from memcairn.search.query import Query
from memcairn.search.relevance import RELEVANT
from memcairn.sessions import Line, Sessions
from memcairn.sessions.session import LOG, as_logged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from memcairn.memory import Memory
    from memcairn.sessions import Session

_IN_WHEEL = Path(__file__).with_name("examples")
_IN_CHECKOUT = Path(__file__).parents[3] / "examples" / "notes"
_DAY_S = 86_400.0
# Agent, project, days ago, and the prompts.
_SESSIONS = (
    ("claude-code", "shop (main)", 0.05, (
        "switch the router to the idle environment for the blue-green rollout",
        "push the fix straight to main and merge it",
        "what is the capital of France?",
    )),
    ("codex", "shop (search)", 1.1, (
        "why did we choose Postgres as the database?",
        "add an index to the orders table",
    )),
    ("claude-code", "billing (main)", 2.2, (
        "ERR_CONN_RESET when the payment webhook is called",
        "restore the backup of last night",
    )),
    ("cursor", "shop (cart)", 3.4, ("rename the cart module",)),
    ("claude-code", "shop (main)", 5.3, (
        "is the load test target still 300 requests a second?",
        "small commits, each with its test",
    )),
)  # fmt: skip
_MEMORIES = (
    ("Staging is rebuilt every night at 02:00 UTC; do not leave data there.", "project"),
    ("The user wants small commits, each with its test.", "feedback"),
    ("Payment webhooks time out after 10 seconds, so answer first and work afterwards.", "project"),
    ("Load tests run with `make load`; the target is 300 requests a second.", "reference"),
)
_PROPOSALS = (
    ("edit", ["howto/err-conn-reset.md"], "The proxy closes idle connections after 90 seconds since May.",
     "A session measured another value than this note has."),
    ("merge", ["people/user-role.md", "people/feedback-no-push-main.md"], "",
     "Both notes are about how you like to work."),
    ("archive", ["decisions/2026-03-02-postgres.md"], "", "The code that this note cites is gone."),
)  # fmt: skip
_FOLDERS = (".claude", ".codex", ".cursor")
_SLOWEST_MS = {"user-prompt": 90.0, "session-start": 60.0, "tool-failed": 80.0}


@contextlib.contextmanager
def home() -> Iterator[None]:
    """A temporary home for this process, with the example notes.

    Raises:
        MemcairnError: the package lacks them.
    """
    source = next((folder for folder in (_IN_WHEEL, _IN_CHECKOUT) if folder.is_dir()), None)
    if source is None:
        raise MemcairnError("the example notes are missing", path=_IN_WHEEL)
    before = dict(os.environ)
    with tempfile.TemporaryDirectory(
        prefix="memcairn-demo-", ignore_cleanup_errors=True
    ) as temporary:
        top = os.path.realpath(temporary)
        for name in (*_FOLDERS, "home"):
            os.mkdir(os.path.join(top, name), 0o700)
        shutil.copytree(source, os.path.join(top, "notes"))
        for name in list(os.environ):
            if name.startswith(("MEMCAIRN_", "XDG_", "CLAUDE", "CODEX_", "GEMINI_", "CURSOR_")):
                provider = name.startswith("MEMCAIRN_EMBEDDING")
                os.environ.pop(name) if not provider else None
        os.environ |= {
            "HOME": top,
            "MEMCAIRN_HOME": os.path.join(top, "home"),
            "MEMCAIRN_CONFIG": os.path.join(top, "config.toml"),
            "MEMCAIRN_EMBEDDING_BACKGROUND": "false",
        }
        try:
            yield
        finally:
            os.environ.clear()
            os.environ |= before


def live(memory: Memory) -> None:
    """Live through the week: notes, sessions, recalls and hook calls."""
    chance = random.Random(7)
    notes = os.path.join(os.environ["HOME"], "notes")
    now = time.time()
    for number, path in enumerate(sorted(Path(notes).rglob("*.*"))):
        os.utime(path, (now - (number + 2) * _DAY_S, now - (number + 2) * _DAY_S))
    memory.index(notes)
    memory.refresh_memory_md(notes)
    for text, kind in _MEMORIES:
        memory.observe(Observation(text, type=kind), root=notes)
    memory.embed()
    for host, title, days, prompts in reversed(_SESSIONS):
        started = now - days * _DAY_S
        sessions = Sessions(memory.home, clock=lambda at=started: at)  # type: ignore[misc]
        session = sessions.start(None, root=notes, host=host, title=title, pid=os.getpid())
        for number, prompt in enumerate(prompts):
            _recall(memory, session, prompt, started + 240.0 * (number + 1))
        if days > 1:
            sessions.end(session)
    root = memory.open_root(notes)
    for action, paths, text, why in _PROPOSALS:
        review.propose(root, action, paths, text=text, why=why, by="memcairn tidy")
    root.close()
    home = memory.home
    hosts = [BY_NAME[name] for name in ("claude-code", "codex")]
    planned = install.planned_changes(hosts, "user", notes, home)
    plan.apply(planned, home, install=True)
    _hooks(home, now, chance)
    memory.notices.clear()


def _recall(memory: Memory, session: Session, prompt: str, when: float) -> None:
    found = memory.search(Query(prompt, recalling.MAX_PASSAGES))
    shown = [passage for passage in found if passage.score >= RELEVANT][:2]
    recalling.RECENT.append(Recalled(when, session.id, "user-prompt", prompt, found))
    tool = f"{RECALL}user-prompt"
    lines = [Line(tool, outcome="found", size_bytes=900)] if shown else []
    for one in shown:
        place = f"{one.start_line}-{one.end_line}"
        lines.append(Line(tool, one.path, "shown", lines=place, score=one.score))
    for line in lines:
        file = os.path.join(session.folder, LOG)
        json_lines.append(file, as_logged(line, when + 0.1), max_bytes=1 << 20, keep=0)


def _hooks(home: str, now: float, chance: random.Random) -> None:
    os.makedirs(os.path.join(home, "logs"), exist_ok=True)
    for number in range(600):
        event = chance.choice(
            [name for name in LIMIT_S for _ in range(6 if "prompt" in name else 3)]
        )
        took_ms = chance.lognormvariate(0, 0.5) * _SLOWEST_MS.get(event, 35.0) / 2
        line = {
            "time": utc_text(now - 7 * _DAY_S + number * 1000.0, milliseconds=True),
            "host": chance.choice(["claude-code", "claude-code", "codex"]),
            "event": event,
            "session": "",
            "outcome": "late" if number == 311 else "silent",
            "took_ms": round(took_ms, 1),
        }
        json_lines.append(os.path.join(home, "logs", "hook.log"), line, max_bytes=1 << 20, keep=1)
