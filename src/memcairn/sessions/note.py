"""The note of a session: Markdown that says what it did, beginning with what the next session must know.

---
type: session
session, host, project, branch, branches, started, updated, files, failing, open
---
# feature/x
Claude Code on branch feature/x, 2026-11-30 21:09 to 21:15 UTC, last seen in the middle of a turn.
Open: ...                        the handoff: up to the next heading
## Files
...
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from memcairn.notes import frontmatter, sizes
from memcairn.sessions.activity import DONE
from memcairn.settings import project

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from memcairn.sessions.activity import Activity
    from memcairn.sessions.branch_activity import BranchActivity, Run

MAX_WORDS = 150
NO_BRANCH = "(no branch)"
_HOSTS = {
    "claude-code": "Claude Code", "codex": "Codex", "gemini": "Gemini CLI", "copilot": "Copilot CLI",
    "cursor": "Cursor", "opencode": "OpenCode", "antigravity": "Antigravity CLI",
}  # fmt: skip
# The items of a line of the handoff, besides those that the words leave no room for.
_MAX_ITEMS = 6
# What these commands did is said by the branch, the commits and the files.
_OF_GIT = re.compile(r"git (?:add|checkout|commit|restore|switch)\b")


class Handoff(NamedTuple):
    """The part of a note that is shown at the start of the next session.

    Attributes:
        text: at most `MAX_WORDS` words.
        fields: the frontmatter of the note.
    """

    text: str
    fields: Mapping[str, object]


def render(activity: Activity) -> str:
    """The whole note."""
    branches = [branch for branch, did in activity.branches.items() if not did.is_empty]
    branches = [*(branch for branch in branches if branch != activity.branch), activity.branch]
    parts = {branch: activity.branches.get(branch) for branch in branches}
    known = [did for did in parts.values() if did is not None]
    head = frontmatter.update(
        "",
        {
            "title": f"Session on {activity.branch or NO_BRANCH}, {_moment(activity.started)}",
            "type": "session",
            "session": activity.session,
            "host": activity.host,
            "project": activity.project,
            "branch": activity.branch or None,
            "branches": branches if len(branches) > 1 else None,
            "started": _moment(activity.started),
            "updated": _moment(activity.updated),
            "files": sum(len(did.files) for did in known),
            "failing": sum(len(did.failing) for did in known),
            "open": len(activity.open_ends),
        },
    )
    lines = []
    for branch, did in reversed(parts.items()):
        lines += ["", f"# {branch or NO_BRANCH}", "", handoff_text(activity, branch), ""]
        if did is not None:
            lines += _details(did, activity.open_ends if branch == activity.branch else ())
    return head + "\n".join(lines).rstrip() + "\n"


def read(text: str, branch: str | None) -> Handoff | None:
    """The handoff in a note.

    Args:
        text: the note.
        branch: the branch; None for the one that the session worked on last.

    Returns:
        None if the session did nothing on that branch, or the note is damaged.
    """
    fields = frontmatter.parse(text).values
    body = "\n" + "\n".join(text.splitlines()[frontmatter.split(text)[1] - 1 :])
    for section in re.split(r"\n# ", body)[1:]:
        title, _, rest = section.partition("\n")
        if branch is None or title.strip() == (branch or NO_BRANCH):
            return Handoff(rest.split("\n## ", 1)[0].strip(), fields)
    return None


def handoff_text(activity: Activity, branch: str) -> str:
    """What the next session on a branch must know, in at most `MAX_WORDS` words."""
    did = activity.branches.get(branch)
    is_last = branch == activity.branch
    state = ", last seen in the middle of a turn" if is_last and activity.in_turn else ""
    host = _HOSTS.get(activity.host, activity.host or "A session")
    first = f"{host} {where(branch)}, {_span(activity)} UTC{state}."
    # What matters most takes its words first; the lines are in the order of reading.
    asked = [activity.asked] if activity.asked and is_last else []
    lines: dict[str, list[str]] = {
        "Asked": asked,
        "Done": list(_done(activity, did, is_last=is_last)),
        "Failed": [_failure(did, run) for run in reversed(did.failing)] if did else [],
        "Fixed": [_fixed(run) for run in reversed(did.runs) if run.fixed_by is not None]
        if did
        else [],
        "Decided": did.decisions[::-1] if did else [],
        "Open": activity.open_ends if is_last else [],
        "Last words": [activity.said] if is_last else [],
    }
    order = ("Open", "Failed", "Decided", "Done", "Fixed", "Last words", "Asked")
    left = MAX_WORDS - sizes.size(first)
    shown = {}
    for label in order:
        items = [_cut(item.rstrip(".。 ")) for item in lines[label] if item]
        taken = _fitting(label, items, left)
        if taken:
            shown[label] = taken
            left -= sizes.size(taken)
    return "\n".join([first, *(shown[label] for label in lines if label in shown)])


def where(branch: str) -> str:
    """The branch or the detached HEAD in a sentence."""
    if branch.startswith(project.DETACHED):
        return branch
    return f"on branch {branch}" if branch else "outside a branch"


def _fitting(label: str, items: Sequence[str], words: int) -> str:
    """A line with as many items as fit; "" if none does."""
    for number in range(min(len(items), _MAX_ITEMS), 0, -1):
        more = f" (and {len(items) - number} more)" if len(items) > number else ""
        # The latest decisions are taken, in the order in which they were made.
        shown = items[:number] if label != "Decided" else items[:number][::-1]
        line = f"{label}: {'; '.join(shown)}{more}"
        if sizes.size(line) <= words:
            return line
    return ""


def _done(activity: Activity, did: BranchActivity | None, *, is_last: bool) -> Iterator[str]:
    if did is None:
        return
    files = f" ({_names(did.committed)})" if did.committed else ""
    subjects = [f'"{subject}"' for subject in did.commits[:-4:-1]]
    if subjects:
        yield f"committed {', '.join(subjects)}{files}"
    changed = [name for name in did.files if not subjects or name in did.uncommitted]
    if changed:
        yield f"changed {_names(changed)}"
    for what in did.taken_back[-2:]:
        name, _, how = what.rpartition(" (")
        yield f"changed {name} and {how.removesuffix(')')} it"
    if not (did.files or did.commits or did.taken_back):
        yield "edited no file"
    if is_last:
        done = [text for text, status, _ in activity.plan if status in DONE]
        yield from (f'finished "{text}"' for text in done[:-4:-1])
    passed = [run for run in reversed(did.runs) if not run.failed and not run.failed_at]
    passed = [run for run in passed if not _OF_GIT.match(run.text)]
    yield from (f"ran {_run(run)}" for run in passed[:3])


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:-6:-1]) + more


def _details(did: BranchActivity, left_open: Sequence[str]) -> Iterator[str]:
    failing = [_failure(did, run) for run in did.failing]
    sections = {
        "Files": [
            f"- {name}" + (f" ({number} times)" if number > 1 else "")
            for name, number in did.files.items()
        ],
        "Commits": [f"- {subject}" for subject in did.commits],
        "Commands": [
            f"- {_run(run)}" + (f", {run.runs} runs" if run.runs > 1 else "") for run in did.runs
        ],
        "Errors": [
            f"- {_failure(did, run) if run.fixed_by is None else _fixed(run)}"
            for run in did.runs
            if run.failed_at
        ],
        "Decisions": [f"- {sentence}" for sentence in did.decisions],
        "Open": [f"- {one}" for one in (*failing, *left_open)],
    }
    for title, lines in sections.items():
        if lines:
            yield from (f"## {title}", "", *lines, "")
    if did.dropped:
        yield f"{did.dropped} more files and commands are not listed."


def _run(run: Run) -> str:
    return f"`{run.text}`: {_code(run.code, failed=run.failed)}"


def _failure(did: BranchActivity, run: Run) -> str:
    what = did.changed_since(run)
    name, _, how = what.rpartition(" (")
    change = f"{name} was {how.removesuffix(')')}" if what in did.taken_back else f"{what} changed"
    since = f"; not run again since {change}" if what else ""
    return f"`{run.text}` {_code(run.failed_code, failed=True)}{_why(run)}{since}"


def _fixed(run: Run) -> str:
    changed = [name for name in run.fixed_by or () if not name.startswith("`")]
    ran = [name for name in run.fixed_by or () if name.startswith("`")]
    after = [
        *(["changing " + ", ".join(changed)] if changed else []),
        *(["running " + ", ".join(ran)] if ran else []),
    ]
    # A later command that did as much has succeeded in its place.
    how = "resolved" if run.failed else "passed"
    how = f"{how} after {' and '.join(after)}" if after else f"{how} when it ran again"
    return f"`{run.text}` {_code(run.failed_code, failed=True)}{_why(run)}, {how}"


def _why(run: Run) -> str:
    return f" ({run.error})" if run.error else ""


def _code(code: int | None, *, failed: bool) -> str:
    if code is None:
        return "failed" if failed else "exit code unknown"
    return f"exit {code}"


def _cut(item: str) -> str:
    """An item of the handoff, cut at a word."""
    return item if len(item) <= 200 else item[:200].rsplit(" ", 1)[0] + " …"


def _span(activity: Activity) -> str:
    """From the start to the last change, for a reader."""
    start, end = (_moment(at)[:-1].replace("T", " ") for at in (activity.started, activity.updated))
    return start if start == end else f"{start} to {end[11:] if end[:10] == start[:10] else end}"


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%MZ")
