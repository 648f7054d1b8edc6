"""Tasks: notes of type task in the folder tasks of a root, with status, due date and next steps.

    <root>/tasks/update-docs-3f9a.md

The keys are those of agent-memory, so that its tasks work here, too; a task that a person wrote may have
`next` instead of `next_steps`. A closed task is valid until that day, so MEMORY.md no longer lists it.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from memcairn.errors import NoteExists, UsageError
from memcairn.notes import frontmatter
from memcairn.notes.subject import slug
from memcairn.safety import secrets

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from memcairn.root.open_root import OpenRoot

FOLDER = "tasks"
OPEN = ("in-progress", "blocked")
STATUSES = (*OPEN, "done", "cancelled")
_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_MAX_BYTES = 1 << 20
_MAX_ATTEMPTS = 20
_LISTS = ("next_steps", "blockers", "files_modified", "decisions", "session_history")


@dataclass(frozen=True, slots=True)
class Task:
    """A task.

    Attributes:
        id: the name of its file without the suffix.
        title: what is to be done.
        status: in-progress, blocked, done or cancelled.
        progress: in percent.
        due: the day on which it is due, or "".
        branch: the git branch that it belongs to, or "".
        next_steps: what to do next, in order.
        blockers: why it does not go on.
        files_modified: the files that were changed for it.
        decisions: what was decided.
        session_history: the ids of the sessions that saved it.
        created_at: ISO 8601.
        updated_at: likewise.
        context: its text.
    """

    id: str
    title: str
    status: str = "in-progress"
    progress: int = 0
    due: str = ""
    branch: str = ""
    next_steps: tuple[str, ...] = ()
    blockers: tuple[str, ...] = ()
    files_modified: tuple[str, ...] = ()
    decisions: tuple[str, ...] = ()
    session_history: tuple[str, ...] = ()
    created_at: str = ""
    updated_at: str = ""
    context: str = ""

    @property
    def is_open(self) -> bool:
        """Whether something is left to do."""
        return self.status in OPEN

    def is_due(self, today: date) -> bool:
        """Whether its day has come."""
        try:
            return self.is_open and date.fromisoformat(self.due) <= today
        except ValueError:
            return False


def save(root: OpenRoot, changes: Mapping[str, Any], id_: str | None = None) -> Task:
    """Create a task, or change one.

    Args:
        root: where it is.
        changes: the attributes of `Task` to set; others stay.
        id_: of the task; a new id if None. A task with this id is created if there is none.

    Raises:
        UsageError: an attribute is invalid, or a new task has no title.
        SecretFound: a text contains a secret.
        NoteError: the note cannot be written.
    """
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    known = _load(root, id_) if id_ is not None else None
    before = known or Task(id_ or "", "", created_at=now)
    session = root.session.get()
    history = before.session_history
    if session is not None and session.id not in history:
        history = (*history, session.id)
    task = replace(before, **_valid(changes), session_history=history, updated_at=now)
    if not task.title:
        raise UsageError("a task needs a title")
    if known is not None:
        text = _text_of(root, task.id)
        root.write(_path(task.id), _rendered(task, text), overwrite=True)
        return task
    for _ in range(_MAX_ATTEMPTS):
        named = replace(task, id=_valid_id(id_) if id_ is not None else _new_id(task.title))
        try:
            root.write(_path(named.id), _rendered(named, ""))
        except NoteExists:
            if id_ is not None:
                raise
        else:
            return named
    raise UsageError("no free name is left for a task with this title")


def _new_id(title: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", slug(secrets.redact(title))).strip("-")
    return f"{plain or 'task'}-{token_hex(2)}"


def get(root: OpenRoot, id_: str) -> Task:
    """A task by its id, or by the beginning of its id if only one task has it.

    Raises:
        UsageError: there is no such task, or several.
    """
    found = _load(root, id_)
    if found is not None:
        return found
    near = [task for task in listed(root.root) if task.id.startswith(id_)]
    if len(near) != 1:
        some = ", ".join(task.id for task in near[:5])
        raise UsageError(
            f"there is no task {id_!r}" if not near else f"several tasks begin with {id_!r}",
            hint=f"there are: {some}" if near else "`memcairn task list` lists the tasks",
        )
    return near[0]


def listed(root: str, statuses: Iterable[str] = STATUSES) -> list[Task]:
    """The tasks of a root with one of these statuses: what is due first, then the latest changed."""
    wanted = frozenset(statuses)
    found = [task for task in _all(root) if task.status in wanted]
    found.sort(key=lambda task: task.updated_at, reverse=True)
    return sorted(found, key=lambda task: task.due or "9999")


def to_show(roots: Iterable[str], branch: str, today: date) -> list[Task]:
    """What a session has to know at its start: tasks that are due, and open ones of its branch."""
    found = [task for root in roots for task in listed(root, OPEN)]
    return [task for task in found if task.is_due(today) or (branch and task.branch == branch)]


def line(task: Task) -> str:
    """A task on one line."""
    parts = [task.status, *([f"due {task.due}"] if task.due else [])]
    parts += [f"{task.progress}%"] if task.progress else []
    step = f"; next: {task.next_steps[0]}" if task.next_steps else ""
    blocked = f"; blocked: {task.blockers[0]}" if task.blockers else ""
    return f"{task.title} ({', '.join(parts)}; id {task.id}){step}{blocked}"


def full_text(task: Task) -> str:
    """All that a task says, to go on with it."""
    head = [f"# {task.title}", "", f"id {task.id}, {task.status}, {task.progress}% done"]
    head[-1] += f", due {task.due}" if task.due else ""
    head[-1] += f", branch {task.branch}" if task.branch else ""
    parts = {
        "Next steps": task.next_steps,
        "Blockers": task.blockers,
        "Decisions": task.decisions,
        "Files": task.files_modified,
    }
    for title, items in parts.items():
        if items:
            head += ["", f"## {title}", "", *(f"- {item}" for item in items)]
    return "\n".join([*head, *(["", task.context] if task.context else [])])


def _path(id_: str) -> str:
    return f"{FOLDER}/{id_}.md"


def _valid_id(id_: str) -> str:
    if not _ID.fullmatch(id_):
        raise UsageError(f"{id_!r} is not the id of a task: use letters, digits, - and _")
    return id_


def _valid(changes: Mapping[str, Any]) -> dict[str, Any]:
    status, due = changes.get("status"), changes.get("due")
    if status is not None and status not in STATUSES:
        raise UsageError(f"unknown status {status!r}", hint=f"one of: {', '.join(STATUSES)}")
    if due:
        try:
            date.fromisoformat(due)
        except ValueError:
            raise UsageError(f"{due!r} is not a date", hint="for example 2026-12-01") from None
    valid = dict(changes)
    if "title" in valid:
        valid["title"] = " ".join(valid["title"].split())
    if "progress" in valid:
        valid["progress"] = max(0, min(100, valid["progress"]))
    return valid


def _load(root: OpenRoot, id_: str) -> Task | None:
    text = _text_of(root, _valid_id(id_))
    return _parsed(id_, text) if text else None


def _text_of(root: OpenRoot, id_: str) -> str:
    path = _path(id_)
    if not os.path.lexists(os.path.join(root.root, path)):
        return ""
    return root.read_bytes(path).decode("utf-8", "replace")


def _all(root: str) -> Iterator[Task]:
    """Every task of a root; a file that is not one is skipped."""
    folder = os.path.join(root, FOLDER)
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return
    for name in names:
        id_, suffix = os.path.splitext(name)
        path = os.path.join(folder, name)
        if suffix != ".md" or not _ID.fullmatch(id_) or os.path.islink(path):
            continue
        try:
            with open(path, "rb") as file:
                text = file.read(_MAX_BYTES).decode("utf-8", "replace")
        except OSError:
            continue
        task = _parsed(id_, text)
        if task is not None:
            yield task


def _parsed(id_: str, text: str) -> Task | None:
    found = frontmatter.parse(text).values
    if found.get("status") is None and found.get("type") != "task":
        return None
    status = str(found.get("status", OPEN[0])).lower().replace("_", "-").replace(" ", "-")
    progress = found.get("progress")
    body = "\n".join(text.splitlines()[frontmatter.split(text)[1] - 1 :]).strip()
    lists = {name: _texts(found.get(name)) for name in _LISTS}
    return Task(
        id_,
        str(found.get("title") or found.get("name") or id_),
        status if status in STATUSES else OPEN[0],
        progress if type(progress) is int else 0,
        _date(found.get("due")),
        str(found.get("branch") or ""),
        **lists | {"next_steps": lists["next_steps"] or _texts(found.get("next"))},
        created_at=str(found.get("created_at") or found.get("created") or ""),
        updated_at=str(found.get("updated_at") or found.get("modified") or ""),
        context=body,
    )


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, list):
        return tuple(str(one) for one in value)
    return () if value in (None, "") else (str(value),)


def _date(value: object) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, date) else str(value or "")


def _rendered(task: Task, before: str) -> str:
    """The note; keys that a person added to it stay."""
    values: dict[str, Any] = {"type": "task"}
    for field in fields(task):
        value = getattr(task, field.name)
        if field.name not in ("id", "context"):
            values[field.name] = (list(value) if isinstance(value, tuple) else value) or None
    values["status"] = task.status
    values["next"] = None
    values["valid_until"] = None if task.is_open else task.updated_at[:10]
    first = frontmatter.split(before)[1] if before else 1
    head = "\n".join(before.splitlines()[: first - 1])
    head = frontmatter.update(head + "\n" if head else "", values)
    return f"{head.rstrip()}\n\n{task.context}".rstrip() + "\n"
