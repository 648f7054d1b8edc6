"""MCP tools for tasks, and for what the last sessions did; names and arguments are those of agent-memory."""

# No `from __future__ import annotations`: pydantic reads the annotations as schemas.

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from memcairn.mcp import text
from memcairn.mcp.typed_tool import Strings, Tools
from memcairn.root import OpenRoot, tasks
from memcairn.root.search import NOTICE
from memcairn.safety import secrets
from memcairn.sessions.note_files import Notes
from memcairn.settings import calling_process, project

tools = Tools()

Status = Literal["in-progress", "blocked", "done", "cancelled"]
Id = Annotated[str, Field(description="From memory_task_list.")]
_DEFAULT_SESSIONS = 5


@dataclass(frozen=True, slots=True)
class TaskAnswer:
    """One task; `text` is all of it in Markdown."""

    id: str
    status: str
    progress: int
    text: str


@dataclass(frozen=True, slots=True)
class TasksAnswer:
    """Tasks, those that are due first, one line each."""

    tasks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SessionContext:
    """What the last sessions of this project did, latest first, and the tasks that wait.

    `notice` tells the model what they are.
    """

    notice: str
    sessions: tuple[str, ...]
    tasks: tuple[str, ...]


@tools.add("Save a task", text.task, "written")
def memory_task_save(
    root: OpenRoot,
    title: Annotated[str, Field(description="What is to be done.")],
    status: Status | None = None,
    progress: Annotated[int | None, Field(ge=0, le=100, description="In percent.")] = None,
    next_steps: Strings | None = None,
    blockers: Strings | None = None,
    files_modified: Strings | None = None,
    decisions: Strings | None = None,
    context: Annotated[str | None, Field(description="Notes in Markdown.")] = None,
    id: Annotated[  # noqa: A002 - as above
        str | None, Field(description="Of the task to change; without it, a new one.")
    ] = None,
    due: Annotated[str | None, Field(description="The day on which it is due: 2026-12-01.")] = None,
) -> TaskAnswer:
    """Create a task that outlasts this session, or change one by its id.

    Call this when work stays unfinished: the next session on this branch is shown it at its start.
    """
    given: dict[str, Any] = {
        "title": title, "status": status, "progress": progress, "next_steps": next_steps,
        "blockers": blockers, "files_modified": files_modified, "decisions": decisions,
        "context": context, "due": due,
    }  # fmt: skip
    changes = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in given.items()
        if value is not None and (name != "title" or value)
    }
    if id is None:
        changes["branch"] = project.branch_of(_folder())
    return _answer(tasks.save(root, changes, id))


@tools.add("Tasks", text.tasks, "read", read_only=True)
def memory_task_list(root: OpenRoot, status: Status | None = None) -> TasksAnswer:
    """List the tasks of this root; without a status, all of them."""
    found = tasks.listed(root.root, tasks.STATUSES if status is None else (status,))
    return TasksAnswer(tuple(secrets.redact(tasks.line(task)) for task in found))


@tools.add("Resume a task", text.task, "read", read_only=True)
def memory_task_resume(root: OpenRoot, id: Id) -> TaskAnswer:  # noqa: A002 - the name that clients know
    """Load all of a task, to go on with it in this session."""
    return _answer(tasks.get(root, id))


@tools.add("Close a task", text.task, "written")
def memory_task_close(
    root: OpenRoot,
    id: Id,  # noqa: A002 - the name that clients know
    reason: Annotated[
        str | None, Field(description='Why; "cancelled" closes it as cancelled, not as done.')
    ] = None,
) -> TaskAnswer:
    """Close a task: it is done, or cancelled."""
    task = tasks.get(root, id)
    is_cancelled = (reason or "").strip().lower().startswith("cancel")
    changes: dict[str, Any] = {"status": "cancelled" if is_cancelled else "done"}
    if not is_cancelled:
        changes["progress"] = 100
    if reason:
        changes["context"] = f"{task.context}\n\nClosed: {reason}".strip()
    return _answer(tasks.save(root, changes, task.id))


@tools.add("What the last sessions did", text.session_context, "read", read_only=True)
def memory_session_context(
    root: OpenRoot,
    limit: Annotated[
        int, Field(ge=1, le=20, description="Maximum number of sessions.")
    ] = _DEFAULT_SESSIONS,
) -> SessionContext:
    """Load what the last sessions of this project did, decided and left open, and the open tasks.

    Call this at the start of a session, to go on where the last one stopped.
    """
    engine = root.engine
    current = root.session.get()
    notes = Notes(engine.home, engine.config)
    found = notes.recent(project.folder_of(_folder()), limit + 1) if notes.are_written else []
    others = [one for one in found if current is None or one.fields.get("session") != current.id]
    today = datetime.now(UTC).astimezone().date()
    open_ones = tasks.listed(root.root, tasks.OPEN)
    waiting = [task for task in open_ones if task.is_due(today) or not task.due]
    return SessionContext(
        NOTICE,
        tuple(one.text for one in others[:limit]),
        tuple(secrets.redact(tasks.line(task)) for task in waiting),
    )


def _answer(task: tasks.Task) -> TaskAnswer:
    return TaskAnswer(task.id, task.status, task.progress, secrets.redact(tasks.full_text(task)))


def _folder() -> str:
    """Where the client works."""
    client = calling_process.current()
    return client.environ.get("CLAUDE_PROJECT_DIR") or client.cwd
