"""The results of the tools as text, for clients that show only the text to the model.

Other clients, such as Claude Code, show only the structured content, so each form must be complete.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from memcairn.hosts import fenced_text
from memcairn.root.search import NOTICE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from memcairn.archive import Imported
    from memcairn.history import Restoration, Snapshot
    from memcairn.mcp.file_tools import CreatedFolder, ListAnswer
    from memcairn.mcp.history_tools import HistoryPage, SnapshotsAnswer
    from memcairn.mcp.memory_tools import ForgetAnswer, RefreshAnswer, SearchAnswer
    from memcairn.mcp.review_tools import (
        ConsentAnswer,
        ProposalAnswer,
        ReviewAnswer,
        WrittenAnswer,
    )
    from memcairn.mcp.session_tools import SessionsAnswer, Timeline
    from memcairn.mcp.task_tools import SessionContext, TaskAnswer, TasksAnswer
    from memcairn.mcp.transcript_tools import SaidBefore, TranscriptsAnswer
    from memcairn.root import Observed, WriteResult
    from memcairn.root.archives import ExportResult
    from memcairn.root.context import Context
    from memcairn.root.overview import ListedNote, Summary, TopicOverview
    from memcairn.root.revert import Reverted
    from memcairn.root.search import RootPassage
    from memcairn.vault.diff import Diff
    from memcairn.vault.find import Matches
    from memcairn.vault.trash import Trashed
    from memcairn.vault.values import Moved, Window


def count(number: int, noun: str) -> str:
    """Format a number with a noun: "1 note", "2 notes"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def window(read: Window) -> str:
    """The lines, after a header if this is not the whole file."""
    if not read.total_lines:
        return f"{read.path} is empty"
    if read.last_line < read.first_line:
        return f"{read.path} has {count(read.total_lines, 'line')}"
    if read.first_line == 1 and read.last_line == read.total_lines and not read.truncated:
        return read.text
    more = f"; continue with start_line={read.last_line + 1}" if read.truncated else ""
    lines = f"lines {read.first_line}-{read.last_line} of {read.total_lines}"
    return f"[{read.path}: {lines}{more}]\n{read.text}"


def saved(done: WriteResult) -> str:
    """The path and size, and whether the file is searchable."""
    verb = "created" if done.created else "written"
    note = "" if done.searchable else "; not searchable, since it is not a note"
    if done.notice:
        note = f"; {done.notice}"
    return f"{done.path} {verb}, {done.size_bytes:,} bytes{note}"


def trashed(done: Trashed) -> str:
    """The removed path and its id in the trash."""
    what = f", with {count(len(done.files), 'file')}" if done.is_folder else ""
    return f"{done.path} moved to the trash{what} (id {done.id})"


def passages(answer: SearchAnswer) -> str:
    """Each passage with its path and lines, fenced as data."""
    blocks = map(_passage, answer.passages)
    return _fenced("search", blocks, answer.notice) or "no memory matches"


def transcripts(answer: TranscriptsAnswer) -> str:
    """Each passage with its session, turn and place, fenced as data."""
    return _fenced("transcripts", map(_said, answer.passages)) or "nothing was said about it"


def _said(found: SaidBefore) -> str:
    time = found.time or "unknown time"
    place = f"{found.agent} {found.session} turn {found.turn}, {time}, {found.path}:{found.line}"
    head = fenced_text.one_line(place)
    return f"{head}{_warnings(found.warnings)}\n{fenced_text.quoted(found.text)}"


def _warnings(warnings: Iterable[str]) -> str:
    return "".join(f"\n[warning: this text {warning}]" for warning in warnings)


def _fenced(name: str, blocks: Iterable[str], notice: str = NOTICE) -> str:
    # Unlike the text of hooks, this is not cut: the caller chose the length.
    inside = "\n\n".join(block for block in blocks if block)
    return f"<memcairn-{name}>\n{notice}\n\n{inside}\n</memcairn-{name}>" if inside else ""


def _passage(found: RootPassage) -> str:
    place = f"{found.path}:{found.start_line}-{found.end_line}"
    head = fenced_text.one_line(
        "  ".join(filter(None, (place, found.heading, _scope(found.scope), found.date)))
    )
    return f"{head}{_warnings(found.warnings or ())}\n{fenced_text.quoted(found.text)}"


def _scope(name: str | None) -> str:
    return f"scope {name}" if name else ""


def context(gathered: Context) -> str:
    """MEMORY.md, then the passages, fenced as data."""
    more = (
        "\n[MEMORY.md is longer: read the rest with mem_read]"
        if gathered.memory_md_truncated
        else ""
    )
    index = (
        f"MEMORY.md\n{fenced_text.quoted(gathered.memory_md)}{more}" if gathered.memory_md else ""
    )
    blocks = (index, *map(_passage, gathered.passages))
    return _fenced("context", blocks) or "no memories yet"


def observed(done: Observed) -> str:
    """What became of the memory."""
    notice = f"; {done.notice}" if done.notice else ""
    return f"{done.account()}{notice}"


def proposal(one: ProposalAnswer) -> str:
    """The proposal in one line."""
    notes = ", ".join(one.paths) or " ".join(one.text.split())[:80]
    return f"{one.id}: {one.kind}: {one.action} {notes}: {one.why}"


def proposals(found: ReviewAnswer) -> str:
    """One line per proposal."""
    return "\n".join(map(proposal, found.proposals)) or "nothing waits"


def written(found: WrittenAnswer) -> str:
    """One line per note."""
    lines = (f"{one.path}: {one.title}  {one.time[:16]}  {one.source}" for one in found.notes)
    return "\n".join(lines) or "agents wrote no notes"


def consent(found: ConsentAnswer) -> str:
    """What agents may write."""
    return f"agents may write without asking: {found.consent}"


def listing(page: ListAnswer) -> str:
    """One line per item."""
    marks = {"folder": "/", "symlink": " (symlink)", "other": " (not a regular file)"}
    lines = [
        item.path + marks.get(item.kind, f"  {item.size_bytes:,} bytes, {item.changed[:16]}")
        for item in page.items
    ]
    if page.next_after is not None:
        lines.append(f"[more: call again with after={page.next_after!r}]")
    return "\n".join(lines) or "the folder is empty"


def matches(found: Matches) -> str:
    """`path:line: text`, as grep prints it."""
    blocks = []
    for match in found.matches:
        first = match.line - len(match.before)
        lines = [f"{match.path}-{first + i}- {line}" for i, line in enumerate(match.before)]
        lines.append(f"{match.path}:{match.line}: {match.text}")
        lines += [f"{match.path}-{match.line + i}- {line}" for i, line in enumerate(match.after, 1)]
        blocks.append("\n".join(lines))
    if found.truncated:
        blocks.append("[there are more matches]")
    if found.timed_out:
        blocks.append("[the search timed out; the matches so far are above]")
    blocks += [f"[not searched: {path} {why}]" for path, why in found.skipped]
    return "\n".join(blocks) or f"no match in {count(found.searched, 'file')}"


def diff(found: Diff) -> str:
    """The diff."""
    more = "\n[truncated]" if found.truncated else ""
    return (found.text + more) or "no difference"


def created_folder(done: CreatedFolder) -> str:
    """Confirm that the folder exists."""
    return f"{done.path}/ exists"


def moved(done: Moved) -> str:
    """The old path and the new one."""
    return f"{done.path} is now {done.target}"


def about(overview: TopicOverview) -> str:
    """One line per note, followed by its passage, fenced as data."""
    blocks = (f"{_note(item.note)}\n{_passage(item.passage)}" for item in overview.notes)
    nothing = f"no memories about {fenced_text.one_line(overview.topic)}"
    return _fenced("about", blocks) or nothing


def _note(note: ListedNote) -> str:
    kind = f" [{note.type}]" if note.type else ""
    described = f" — {note.description}" if note.description else ""
    return fenced_text.one_line(f"{note.title} ({note.path}){kind}{described}")


def summary(totals: Summary) -> str:
    """The numbers, then the latest changes and the problems."""
    lines = [f"{count(totals.notes, 'note')} in {totals.root}, {totals.size_bytes:,} bytes"]
    for name, counts in (("types", totals.types), ("tags", totals.tags)):
        if counts:
            listed = ", ".join(f"{word} {number}" for word, number in counts.items())
            lines.append(f"{name}: {listed}")
    lines.append(f"MEMORY.md: {count(totals.memory_md_lines, 'line')}")
    if totals.recent:
        lines += ["latest changes:", *map(_note, totals.recent)]
    lines += [f"problem: {problem}" for problem in totals.problems]
    return "\n".join(lines)


def forgetting(step: ForgetAnswer) -> str:
    """The notes to forget and how to confirm, or the notes that were forgotten."""
    if step.forgotten is not None:
        gone = step.forgotten.paths
        return f"{count(len(gone), 'note')} moved to the trash: {', '.join(gone)}"
    if step.preview is None or step.preview.confirm_token is None:
        return "no note contains all of these words; nothing to forget"
    lines = [f"- {note.path}: {note.title}" for note in step.preview.notes]
    return "\n".join(
        (
            "these notes will be forgotten:",
            *lines,
            f"to confirm, call memory_forget with confirm_token={step.preview.confirm_token!r}",
        )
    )


def refreshed(done: RefreshAnswer) -> str:
    """The number of changes, and the files that could not be indexed."""
    head = f"{done.indexed} indexed, {done.removed} removed, {done.unchanged} unchanged"
    if (state := done.memory_md) is not None:
        head += f"\nMEMORY.md: {count(state.lines, 'line')}, {state.listed:,} listed, {state.folded:,} folded"
    problems = {**done.failed, **done.left_out}
    return "\n".join([head, *(f"{path}: {why}" for path, why in problems.items())])


def timeline(done: Timeline) -> str:
    """One line per call."""
    lines = [
        f"{line.time}  {line.tool}  {line.path or '-'}  {line.outcome}  {line.bytes:,} bytes  "
        f"{line.took_ms} ms"
        for line in done.lines
    ]
    return "\n".join((f"session {done.session_id}: {count(len(lines), 'call')}", *lines))


def sessions(found: SessionsAnswer) -> str:
    """One line per session."""
    return "\n".join(
        f"{one.id}  {one.started} to {one.ended or 'now'}  {count(one.touched, 'file')} changed"
        for one in found.sessions
    )


def log(found: HistoryPage) -> str:
    """One line per change, and one per file in it."""
    lines = []
    for one in found.revisions:
        lines.append(f"{one.revision}  {one.time.isoformat(timespec='seconds')}  {one.tool}")
        lines += [f"    {change.kind} {change.path}" for change in one.changes]
    if found.next_before is not None:
        lines.append(f"[more: call again with before={found.next_before}]")
    return "\n".join(lines) or "no changes yet"


def reverted(done: Reverted) -> str:
    """The new state of the file."""
    if done.sha256 is None:
        return f"{done.path} did not exist then; it was moved to the trash"
    return f"{done.path} was restored"


def snapshot(taken: Snapshot) -> str:
    """The id, name, time and size of a snapshot."""
    name = f" {taken.name!r}" if taken.name else ""
    left = f"; {count(len(taken.left_out), 'file')} left out" if taken.left_out else ""
    when = taken.created_at.isoformat(timespec="seconds")
    return f"snapshot {taken.id}{name}, {when}: {count(taken.files, 'file')}{left}"


def snapshots(found: SnapshotsAnswer) -> str:
    """One line per snapshot."""
    return "\n".join(map(snapshot, found.snapshots)) or "no snapshots yet"


def restored(done: Restoration) -> str:
    """The files that changed or would change."""
    verb = "changed" if done.before else "would change"
    lines = [f"{count(len(done.changed), 'file')} {verb}"] if done.changed else ["nothing to do"]
    for kind, changed in (("+", done.added), ("~", done.replaced), ("-", done.removed)):
        lines += [f"{kind} {path}" for path in changed]
    lines += [f"failed: {path}: {why}" for path, why in done.failed.items()]
    if done.before:
        lines.append(f"the previous state is snapshot {done.before}")
    return "\n".join(lines)


def exported(done: ExportResult) -> str:
    """The path of the archive with notices about its contents, or its text."""
    if done.archive is not None:
        return done.archive
    lines = [f"{count(done.exported.files, 'file')} exported to {done.path}"]
    lines += [f"left out: {path}: {why}" for path, why in done.exported.left_out.items()]
    lines += [
        f"seems to contain a secret: {path}: {', '.join(kinds)}"
        for path, kinds in done.exported.secrets.items()
    ]
    return "\n".join(lines)


def imported(done: Imported) -> str:
    """The files that were imported, skipped or failed."""
    lines = [
        (
            f"{count(len(done.added), 'file')} added, {len(done.replaced)} replaced, "
            f"{len(done.renamed)} renamed, {len(done.unchanged)} unchanged"
        )
    ]
    lines += [f"{path} was imported as {new}" for path, new in done.renamed.items()]
    lines += [f"skipped: {path}: {why}" for path, why in done.skipped.items()]
    lines += [f"failed: {path}: {why}" for path, why in done.failed.items()]
    lines += [f"warning: {path} {', '.join(why)}" for path, why in done.suspicious.items()]
    return "\n".join(lines)


def task(found: TaskAnswer) -> str:
    """The whole task."""
    return found.text


def tasks(found: TasksAnswer) -> str:
    """One line for each task."""
    return "\n".join(found.tasks) or "there are no tasks"


def session_context(found: SessionContext) -> str:
    """The sessions, then the tasks."""
    parts = [*found.sessions, *(["Tasks:\n" + "\n".join(found.tasks)] if found.tasks else [])]
    return "\n\n".join([found.notice, *parts]) if parts else "no earlier session left a note"
