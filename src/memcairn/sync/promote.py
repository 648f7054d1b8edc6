"""Copy a note into a scope that others read."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from memcairn.errors import NoteError, UsageError
from memcairn.notes import frontmatter
from memcairn.root import OpenRoot, review
from memcairn.safety import secrets
from memcairn.settings import shared_scopes
from memcairn.sync import checkout

if TYPE_CHECKING:
    from memcairn.settings.shared_scopes import SharedScope


@dataclass(frozen=True, slots=True)
class Promoted:
    """Where the copy is; `waits`: it is a proposal in the inbox, since the scope wants review."""

    scope: str
    path: str
    waits: bool


def promote(source: OpenRoot, path: str, scope: SharedScope) -> Promoted:
    """Copy a note into a scope, with `origin` in its frontmatter, and commit it there.

    Raises:
        UsageError: the note is in this scope already.
        SecretFound: it contains a secret, which must not leave its scope.
        NoteExists: the scope has another note of this name.
        NoteError: its frontmatter cannot be changed.
    """
    engine = source.engine
    own = shared_scopes.of_path(shared_scopes.load(engine.home), os.path.join(source.root, path))
    if own is not None and own.root == scope.root:
        raise UsageError(f"is in the scope {scope.name!r} already", path=path)
    text = source.vault.read_bytes(path).decode("utf-8", "replace")
    secrets.refuse_secrets(text, allow=False)
    label = own.name if own is not None else os.path.basename(source.root)
    try:
        text = frontmatter.update(text, {"origin": f"{label}:{path}"})
    except NoteError as error:
        raise NoteError(error.message, path=path, hint=error.hint) from error
    target = OpenRoot(engine, scope.root)
    try:
        if target.inbox.consent == "nothing":
            why = f"promoted from {label}:{path}; this scope wants review"
            review.propose(target, "add", (), text=text, why=why, by="promote")
            return Promoted(scope.name, path, waits=True)
        target.write(path, text)
        if scope.own:
            nested = checkout.nested_roots(engine.home, scope.root)
            repository = checkout.repository_of(scope, engine.home)
            checkout.commit(
                repository, scope.branch, nested, f"memcairn: promote {path} from {label}"
            )
        return Promoted(scope.name, path, waits=False)
    finally:
        target.close()
