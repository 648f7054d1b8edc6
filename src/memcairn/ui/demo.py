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
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memcairn.errors import MemcairnError
from memcairn.formats.utc import utc_text
from memcairn.fs import json_lines
from memcairn.hosts import install, plan
from memcairn.hosts import recall as recalling
from memcairn.hosts.known_hosts import BY_NAME
from memcairn.hosts.limits import LIMIT_S
from memcairn.hosts.recall_text import RECALL
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
_AGENTS = (".claude", ".codex", ".cursor")
_FOREIGN = ("MEMCAIRN_", "XDG_", "CLAUDE", "CODEX_", "GEMINI_", "CURSOR_")
_DAY_S = 86_400.0


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
        for name in (*_AGENTS, "home"):
            os.mkdir(os.path.join(top, name), 0o700)
        shutil.copytree(source, os.path.join(top, "notes"))
        for name in before:
            if name.startswith(_FOREIGN) and not name.startswith("MEMCAIRN_EMBEDDING"):
                del os.environ[name]
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
    week = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    notes = os.path.join(os.environ["HOME"], "notes")
    now = time.time()
    for number, path in enumerate(sorted(Path(notes).rglob("*.*")), 2):
        os.utime(path, (now - number * _DAY_S, now - number * _DAY_S))
    memory.index(notes)
    memory.refresh_memory_md(notes)
    for one in week["memories"]:
        memory.observe(Observation(**one), root=notes)
    memory.embed()
    for one in week["sessions"]:
        started = now - one["days_ago"] * _DAY_S
        sessions = Sessions(memory.home, clock=lambda at=started: at)  # type: ignore[misc]
        session = sessions.start(
            None, root=notes, host=one["host"], title=one["title"], pid=os.getpid()
        )
        for number, prompt in enumerate(one["prompts"], 1):
            _recall(memory, session, prompt, started + 240.0 * number)
        if one["days_ago"] > 1:
            sessions.end(session)
    with contextlib.closing(memory.open_root(notes)) as root:
        for one in week["proposals"]:
            review.propose(root, **one, by="memcairn tidy")
    hosts = [BY_NAME[name] for name in ("claude-code", "codex")]
    planned = install.planned_changes(hosts, "user", notes, memory.home)
    plan.apply(planned, memory.home, install=True)
    _hooks(memory.home, now, week["took_ms"])
    memory.notices.clear()


def _recall(memory: Memory, session: Session, prompt: str, when: float) -> None:
    found = memory.search(Query(prompt, recalling.MAX_PASSAGES))
    shown = [passage for passage in found if passage.score >= RELEVANT][:2]
    event = "user-prompt"
    recalling.RECENT.append(recalling.Recalled(when, session.id, event, prompt, found))
    lines = [Line(RECALL + event, outcome="found", size_bytes=900)] if shown else []
    for one in shown:
        place = f"{one.start_line}-{one.end_line}"
        lines.append(Line(RECALL + event, one.path, "shown", lines=place, score=one.score))
    for line in lines:
        file = os.path.join(session.folder, LOG)
        json_lines.append(file, as_logged(line, when + 0.1), max_bytes=1 << 20, keep=0)


def _hooks(home: str, now: float, typical_ms: dict[str, Any]) -> None:
    chance = random.Random(7)
    os.makedirs(os.path.join(home, "logs"), exist_ok=True)
    events = [name for name in LIMIT_S for _ in range(6 if "prompt" in name else 3)]
    for number in range(600):
        event = chance.choice(events)
        took_ms = chance.lognormvariate(0, 0.5) * typical_ms.get(event, typical_ms["others"])
        line = {
            "time": utc_text(now - 7 * _DAY_S + number * 1000.0, milliseconds=True),
            "host": chance.choice(["claude-code", "claude-code", "codex"]),
            "event": event,
            "session": "",
            "outcome": "late" if number == 311 else "silent",
            "took_ms": round(took_ms, 1),
        }
        json_lines.append(os.path.join(home, "logs", "hook.log"), line, max_bytes=1 << 20, keep=1)
