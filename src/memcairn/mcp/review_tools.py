"""MCP tools for what waits for the user: proposals, what agents wrote, and what they may write."""

# No `from __future__ import annotations`: pydantic reads the annotations as schemas.

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from memcairn.errors import UsageError
from memcairn.mcp import text
from memcairn.mcp.typed_tool import Strings, Tools
from memcairn.root import OpenRoot, review
from memcairn.root.inbox import CONSENTS, Consent, Proposal
from memcairn.root.review import WrittenNote

tools = Tools()


@dataclass(frozen=True, slots=True)
class ProposalAnswer:
    """A proposal that waits for the user's decision in `memcairn review`."""

    id: str
    kind: str
    action: str
    paths: tuple[str, ...]
    why: str
    made: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class ReviewAnswer:
    """The proposals that wait, oldest first."""

    proposals: tuple[ProposalAnswer, ...]


@dataclass(frozen=True, slots=True)
class WrittenAnswer:
    """The notes that agents wrote without asking, latest first."""

    notes: tuple[WrittenNote, ...]


@dataclass(frozen=True, slots=True)
class ConsentAnswer:
    """What agents may write without asking: nothing, observations, or all."""

    consent: str


def _answer(one: Proposal) -> ProposalAnswer:
    return ProposalAnswer(one.id, one.kind, one.action, one.paths, one.why, one.made, one.text)


@tools.add("Propose a change", text.proposal, "written")
def memory_propose(
    root: OpenRoot,
    action: Annotated[
        Literal["add", "edit", "merge", "supersede", "archive", "forget"],
        Field(description="supersede: the older note first; merge: first the note that stays."),
    ],
    why: Annotated[str, Field(description="One sentence for the user.")],
    paths: Annotated[Strings, Field(description="The notes; none for add.")] = [],  # noqa: B006
    text: Annotated[str, Field(description="The new text, for add, edit and merge.")] = "",
) -> ProposalAnswer:
    """Propose a change of the notes to the user; nothing changes until they accept it.

    Use it when notes contradict each other, repeat each other or are outdated, and you are not sure.
    """
    return _answer(review.propose(root, action, paths, text=text, why=why, by=_by(root)))


def _by(root: OpenRoot) -> str:
    session = root.session.get()
    return "agent" if session is None else f"{session.host or 'agent'} {session.id}"


@tools.add("What waits for the user", text.proposals, "read", read_only=True)
def memory_review(root: OpenRoot) -> ReviewAnswer:
    """List the proposals that wait for the user, who decides them with `memcairn review`."""
    return ReviewAnswer(tuple(map(_answer, review.proposals(root))))


@tools.add("Notes that agents wrote", text.written, "read", read_only=True)
def memory_auto_created(
    root: OpenRoot,
    limit: Annotated[int, Field(ge=1, le=1000, description="Maximum number of notes.")] = 20,
) -> WrittenAnswer:
    """List the notes that agents wrote without asking: path, title, time, and who wrote them."""
    return WrittenAnswer(tuple(review.written_by_agents(root)[:limit]))


@tools.add("What agents may write", text.consent, "written", idempotent=True)
def memory_consent(
    root: OpenRoot,
    consent: Annotated[
        Consent | None, Field(description="Write less from now on; only the user can allow more.")
    ] = None,
) -> ConsentAnswer:
    """Report what agents may write without asking: nothing, observations (the default), or all."""
    if consent is not None:
        if CONSENTS.index(consent) > CONSENTS.index(root.inbox.consent):
            raise UsageError(
                "only the user can allow more",
                hint=f"ask them to run `memcairn consent {root.root} {consent}`",
            )
        root.inbox.set_consent(consent)
    return ConsentAnswer(root.inbox.consent)
