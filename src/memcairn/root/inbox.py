"""The inbox: proposals that wait for a person, one file each, and what agents may do without asking.

    <home>/inbox/<key of the root>/<id>.json    a proposal, and the decision about it
                                   consent      nothing, observations or all

A proposal names the hashes of the notes that it was made from. It is void once one of them has changed.
The id is a hash of what is proposed, so the same proposal is never made twice, even after a decision.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

from memcairn import paths
from memcairn.errors import StateError, UsageError
from memcairn.formats import json_text
from memcairn.formats.utc import utc_text
from memcairn.fs import atomic
from memcairn.settings import project

if TYPE_CHECKING:
    from collections.abc import Iterable

Action = Literal["keep", "edit", "merge", "supersede", "archive", "forget", "add"]
"""What a person can decide; `add` writes a memory that an agent was not allowed to write."""

Consent = Literal["nothing", "observations", "all"]
"""What agents may write without asking.

nothing: `memory_observe` makes a proposal, and the tools that write files are refused. observations:
agents add notes and correct notes that tools wrote; a note that a person wrote stays as it is, and the
correction is a note beside it. all: agents also correct what a person wrote.
"""

ACTIONS: tuple[Action, ...] = get_args(Action)
CONSENTS: tuple[Consent, ...] = get_args(Consent)
DEFAULT_CONSENT: Consent = "observations"

ARRIVED = "arrived"
"""The kind of a proposal about a suspicious note from elsewhere; until a decision, no hook shows the note."""

CONFLICT = "conflict"
"""The kind of a proposal about a note that changed on two machines in the same place."""

_CONSENT_FILE = "consent"
_SUFFIX = ".json"
_MAX_BYTES = 8 << 20


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a person is asked to decide.

    Attributes:
        kind: why it was made: contradiction, duplicate, missing code, expired, long, proposed ...
        action: the decision that is proposed.
        paths: the notes, relative to the root. To supersede: the older note first; to merge: the note
            that stays first.
        hashes: the sha256 of each note when the proposal was made.
        text: the new text, for `edit`, `merge` and `add`.
        why: one sentence for the person.
        made: when, in ISO 8601.
        by: the session or tool that made it.
        decision: the decision; "" while it waits.
        decided: when.
        revision: the revision of the history that the decision made; None if it changed no file.
        options: for `add`: title, type, tags and so on.
    """

    id: str
    kind: str
    action: Action
    paths: tuple[str, ...]
    hashes: dict[str, str]
    text: str
    why: str
    made: str
    by: str = ""
    decision: str = ""
    decided: str = ""
    revision: int | None = None
    options: dict[str, str] = field(default_factory=dict)


def held(home: str, roots: Iterable[str]) -> set[str]:
    """The notes of these roots that no hook shows before a person has decided."""
    return {
        os.path.join(root, path)
        for root in roots
        for one in Inbox(os.path.join(home, "inbox", project.key(root))).all()
        if one.kind == ARRIVED and not one.decision
        for path in one.paths
    }


class Inbox:
    """The proposals of one root. Nothing is created before the first proposal.

    Args:
        folder: the folder of the proposals, in the home.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def all(self) -> list[Proposal]:
        """All proposals, decided ones too, oldest first; files that are damaged are left out.

        Raises:
            StateError: the disk cannot be read: nobody knows what waits, and so what must not be recalled.
        """
        try:
            names = os.listdir(self.folder)
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise StateError(f"cannot be read: {error.strerror}", path=self.folder) from error
        found = [self._read(name) for name in names if name.endswith(_SUFFIX)]
        return sorted((one for one in found if one), key=lambda one: (one.made, one.id))

    def get(self, id_: str) -> Proposal:
        """One proposal, by its id or the beginning of it.

        Raises:
            UsageError: there is no such proposal, or there are several.
        """
        found = [one for one in self.all() if id_ and one.id.startswith(id_)]
        if len(found) != 1:
            what = "several proposals begin" if found else "there is no proposal that begins"
            raise UsageError(f"{what} with {id_!r}", hint="`memcairn review --json` lists the ids")
        return found[0]

    def save(self, proposal: Proposal) -> Proposal:
        """Write a proposal, over an earlier state of it.

        Raises:
            StateError: it cannot be written.
        """
        self._write(proposal.id + _SUFFIX, json.dumps(asdict(proposal), indent=1) + "\n")
        return proposal

    def add(
        self,
        kind: str,
        action: Action,
        hashes: dict[str, str],
        *,
        why: str,
        by: str,
        text: str = "",
        options: dict[str, str] | None = None,
    ) -> Proposal:
        """Write a proposal unless the same one was made before; return the one that is there.

        The arguments are attributes of `Proposal`; `hashes` is in the order of its paths.

        Raises:
            StateError: it cannot be written.
        """
        said = json.dumps([kind, action, sorted(hashes.items()), text], ensure_ascii=True)
        id_ = hashlib.sha256(said.encode()).hexdigest()[:12]
        made = utc_text(time.time())
        proposal = Proposal(
            id_, kind, action, tuple(hashes), hashes, text, why, made, by, options=options or {}
        )
        return self._read(id_ + _SUFFIX) or self.save(proposal)

    def remove(self, proposal: Proposal) -> None:
        """Delete a proposal."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(self.folder, proposal.id + _SUFFIX))

    @property
    def consent(self) -> Consent:
        """What agents may write without asking."""
        try:
            with open(os.path.join(self.folder, _CONSENT_FILE), encoding="utf-8") as file:
                word = file.read(100).strip()
        except (OSError, ValueError):
            return DEFAULT_CONSENT
        # A damaged file must not allow more than the user allowed.
        return word if word in CONSENTS else "nothing"

    def set_consent(self, consent: str) -> None:
        """Set what agents may write without asking.

        Raises:
            UsageError: it is none of `CONSENTS`.
            StateError: it cannot be written.
        """
        if consent not in CONSENTS:
            raise UsageError(f"{consent!r} is not one of {', '.join(CONSENTS)}")
        self._write(_CONSENT_FILE, f"{consent}\n")

    def _write(self, name: str, text: str) -> None:
        try:
            paths.make_private_folder(self.folder)
            atomic.replace(os.path.join(self.folder, name), text.encode())
        except OSError as error:
            raise StateError(f"cannot be written: {error.strerror}", path=self.folder) from error

    def _read(self, name: str) -> Proposal | None:
        try:
            with open(os.path.join(self.folder, name), encoding="utf-8") as file:
                values = json_text.loads(file.read(_MAX_BYTES))
            proposal = Proposal(**{**values, "paths": tuple(values["paths"])})
        except (FileNotFoundError, ValueError, TypeError, KeyError, RecursionError):
            return None
        except OSError as error:
            raise StateError(f"cannot be read: {error.strerror}", path=error.filename) from error
        is_whole = proposal.id + _SUFFIX == name and proposal.action in ACTIONS
        return proposal if is_whole and isinstance(proposal.hashes, dict) else None
