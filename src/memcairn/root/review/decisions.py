"""Make proposals, decide them and undo decisions. A decision is one revision of the history."""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from memcairn.errors import NoteChanged, NoteError, NoteUnreadable, UsageError
from memcairn.formats.utc import utc_text
from memcairn.fs.names import parts
from memcairn.notes import frontmatter
from memcairn.notes.note import parse
from memcairn.root import links, observe, revert
from memcairn.root.inbox import ACTIONS, ARRIVED, CONFLICT, Proposal
from memcairn.safety import secrets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from memcairn.root import OpenRoot

_PAIR = 2


@dataclass(frozen=True, slots=True)
class Evidence:
    """One note of a proposal as it is now.

    Attributes:
        path: relative to the root.
        text: the whole file.
        source: what wrote it, by its frontmatter; "" for a person.
        date: the note's own date.
        valid_until: by its frontmatter.
        superseded_by: likewise.
    """

    path: str
    title: str
    description: str
    text: str
    source: str
    date: str
    valid_until: str
    superseded_by: str


def propose(
    root: OpenRoot,
    action: str,
    paths: Sequence[str],
    *,
    text: str = "",
    why: str = "",
    kind: str = "proposed",
    by: str = "",
) -> Proposal:
    """Put a proposal into the inbox; no note is changed.

    Args:
        root: the root of the notes.
        action: one of `memcairn.root.inbox.ACTIONS`.
        paths: the notes that it concerns, relative to the root; see `Proposal`.
        text: the new text, for `edit`, `merge` and `add`.
        why: one sentence for the person who decides.
        kind: why it was made.
        by: who proposes it.

    Raises:
        UsageError: the action is unknown, or paths or text do not fit it.
        NoteError: a note cannot be read.
        SecretFound: the text contains a secret.
    """
    if action not in ACTIONS:
        raise UsageError(f"{action!r} is not one of {', '.join(ACTIONS)}")
    for one in (text, why):
        secrets.refuse_secrets(one, allow=False)
    names = tuple(dict.fromkeys("/".join(parts(path)) for path in paths))
    _require_fitting(action, names, text)
    hashes = {path: hashlib.sha256(root.vault.read_bytes(path)).hexdigest() for path in names}
    return root.inbox.add(kind, action, hashes, why=why, by=by, text=text)


def _require_fitting(action: str, paths: Sequence[str], text: str) -> None:
    few = {"add": 0, "merge": _PAIR, "supersede": _PAIR}.get(action, 1)
    if action == "add" and paths:
        raise UsageError("add takes a text and no paths")
    if len(paths) < few or (action in ("edit", "supersede") and len(paths) > few):
        raise UsageError(f"{action} needs {few} {'path' if few == 1 else 'paths'}")
    if action in ("add", "edit") and not text.strip():
        raise UsageError(f"{action} needs the new text")


def proposals(root: OpenRoot, *, decided: bool = False) -> list[Proposal]:
    """The proposals that wait for a decision, oldest first; those that are void are deleted.

    Args:
        root: the root.
        decided: return the decided ones instead, latest first.
    """
    if decided:
        done = (one for one in root.inbox.all() if one.decision)
        return sorted(done, key=lambda one: one.decided, reverse=True)
    waiting = []
    for one in root.inbox.all():
        if one.decision:
            continue
        try:
            is_void = _is_void(root, one)
        except NoteError:  # nobody knows
            is_void = False
        if is_void:
            root.inbox.remove(one)
        else:
            waiting.append(one)
    return waiting


def _is_void(root: OpenRoot, proposal: Proposal) -> bool:
    if proposal.kind == ARRIVED:  # an edit does not make it less suspicious
        return not any(_hash(root, path) for path in proposal.paths)
    if proposal.kind == CONFLICT:  # it waits as long as the second text is there
        return not _hash(root, proposal.paths[-1])
    return any(_hash(root, path) != digest for path, digest in proposal.hashes.items())


def _hash(root: OpenRoot, path: str) -> str:
    """The hash of a note, "" if there is none.

    Raises:
        NoteError: the system cannot read it.
    """
    try:
        return hashlib.sha256(root.vault.read_bytes(path)).hexdigest()
    except NoteUnreadable:
        return ""


def evidence(root: OpenRoot, proposal: Proposal) -> tuple[Evidence, ...]:
    """The notes of a proposal as they are now; notes that are gone are left out."""
    found = []
    for path in proposal.paths:
        try:
            text = root.vault.read_bytes(path).decode("utf-8", "replace")
        except NoteError:
            continue
        note = parse(text, stem=os.path.splitext(os.path.basename(path))[0]).note
        source = frontmatter.parse(text).values.get("source")
        found.append(
            Evidence(
                path,
                note.title,
                note.description,
                text,
                str(source or ""),
                note.date or "",
                note.valid_until or "",
                note.superseded_by or "",
            )
        )
    return tuple(found)


def accept(root: OpenRoot, id_: str) -> Proposal:
    """Do what a proposal says; see `decide`."""
    return decide(root, id_, root.inbox.get(id_).action)


def decline(root: OpenRoot, id_: str) -> Proposal:
    """Keep the notes as they are; the same proposal is not made again."""
    return decide(root, id_, "keep")


def decide(
    root: OpenRoot,
    id_: str,
    action: str,
    *,
    text: str | None = None,
    paths: Sequence[str] | None = None,
) -> Proposal:
    """Decide a proposal, as proposed or otherwise. What changes is one revision of the history.

    Args:
        root: the root.
        id_: the proposal.
        action: one of `memcairn.root.inbox.ACTIONS`.
        text: the new text instead of the proposed one. A text with frontmatter replaces the whole file,
            another one replaces the text below the frontmatter.
        paths: some of the proposal's notes, in another order.

    Returns:
        The proposal with the decision.

    Raises:
        UsageError: it was decided already, or the action does not fit it.
        NoteChanged: it is void: a note has changed since. It is deleted.
        NoteError: a note cannot be changed.
    """
    proposal = root.inbox.get(id_)
    if proposal.decision:
        raise UsageError(
            f"{proposal.id} was decided: {proposal.decision}", hint="undo that decision first"
        )
    if action not in ACTIONS:
        raise UsageError(f"{action!r} is not one of {', '.join(ACTIONS)}")
    chosen = proposal.paths if paths is None else tuple(paths)
    if not set(chosen) <= set(proposal.paths):
        raise UsageError("a decision concerns only the notes of its proposal")
    text = proposal.text if text is None else text
    if action != "keep":
        _require_fitting(action, chosen, text)
    if _is_void(root, proposal):
        root.inbox.remove(proposal)
        raise NoteChanged(
            "has changed since the proposal was made, so the proposal is void",
            path=", ".join(proposal.paths),
            hint="`memcairn tidy` makes the proposals that still apply",
        )
    revision = None if action == "keep" else _done(root, action, chosen, text, proposal)
    return root.inbox.save(
        replace(proposal, decision=action, decided=utc_text(time.time()), revision=revision)
    )


def undo(root: OpenRoot, id_: str) -> Proposal:
    """Undo a decision: the notes are as they were, and the proposal waits again.

    Raises:
        UsageError: it is not decided, or its revision is no longer kept.
        NoteChanged: a note has changed since the decision.
    """
    proposal = root.inbox.get(id_)
    if not proposal.decision:
        raise UsageError(f"{proposal.id} is not decided yet")
    if proposal.revision is not None:
        revert.undo(root, proposal.revision)
    return root.inbox.save(replace(proposal, decision="", decided="", revision=None))


def _done(
    root: OpenRoot, action: str, paths: tuple[str, ...], text: str, proposal: Proposal
) -> int | None:
    if action == "add":
        options = proposal.options
        tags = tuple(filter(None, options.get("tags", "").split(",")))
        observation = observe.Observation(
            text,
            options.get("title", ""),
            options.get("type") or None,
            tags,
            description=options.get("description", ""),
        )
        return root.observe(
            observe.validated(observation, allow_secret=False), replaces="none"
        ).revision
    also = links.linking(root, paths[1:]) if action == "merge" else []
    with root.recording("review", *paths, *also) as recording:
        _change(root, action, paths, text)
        if action == "merge":
            links.relink(root, also, dict.fromkeys(paths[1:], paths[0]))
    root.index((*paths, *also))
    return recording.revision


def _change(root: OpenRoot, action: str, paths: Sequence[str], text: str) -> None:
    first = paths[0]
    before = root.vault.read_bytes(first).decode("utf-8", "replace")
    match action:
        case "edit":
            _write(root, first, _with_body(before, text))
        case "merge":
            others = [root.vault.read_bytes(path).decode("utf-8", "replace") for path in paths[1:]]
            bodies = [before.rstrip(), *(_body(other).strip() for other in others)]
            _write(root, first, _with_body(before, text) if text else "\n\n".join(bodies) + "\n")
            for path in paths[1:]:
                root.vault.remove(path)
        case "supersede":
            mark_superseded(root, first, paths[1])
        case "archive":
            yesterday = (datetime.now(UTC).date() - timedelta(days=1)).isoformat()
            for path in paths:
                old = root.vault.read_bytes(path).decode("utf-8", "replace")
                until = parse(old, stem="").note.valid_until
                if until is None or until[:10] > yesterday:
                    _write(root, path, frontmatter.update(old, {"valid_until": yesterday}))
        case _:
            for path in paths:
                root.vault.remove(path)


def mark_superseded(root: OpenRoot, old: str, new: str) -> None:
    """Let two notes name each other: `superseded_by` in the older one, `supersedes` in the newer one."""
    older = root.vault.read_bytes(old).decode("utf-8", "replace")
    newer = root.vault.read_bytes(new).decode("utf-8", "replace")
    _write(root, old, frontmatter.update(older, {"superseded_by": new}))
    _write(root, new, frontmatter.update(newer, {"supersedes": old}))


def _write(root: OpenRoot, path: str, text: str) -> None:
    root.vault.write(path, text, overwrite=True)


def _with_body(before: str, text: str) -> str:
    if frontmatter.split(text)[0] is not None:
        return text
    _, first_line = frontmatter.split(before)
    lines = before.splitlines(keepends=True)
    head = "".join(lines[: first_line - 1])
    return f"{head}\n{text.strip()}\n" if head else f"{text.strip()}\n"


def _body(text: str) -> str:
    _, first_line = frontmatter.split(text)
    return "".join(text.splitlines(keepends=True)[first_line - 1 :])
