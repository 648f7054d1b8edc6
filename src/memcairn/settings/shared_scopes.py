"""The scopes of this home: which root is the checkout of which remote repository.

<home>/scopes.json            the scopes
<home>/sync/<key>.git         the repository of a scope, unless its root is a repository already
<home>/sync/<key>.json        when it was synchronized last, and why not
<home>/scopes/<name>/         the checkout of a team's scope
"""

from __future__ import annotations

import json
import os
import re
from typing import Literal, NamedTuple, get_args

from memcairn import paths
from memcairn.errors import StateError, UsageError
from memcairn.fs import atomic
from memcairn.settings import project

Kind = Literal["user", "project", "team", "org"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_NAME = re.compile(r"[^\W_][\w.-]{0,63}")
# git@host:me/app.git, ssh://git@host:22/me/app, https://user@host/me/app.git
_SCP_URL = re.compile(r"(?:[^@/\s]+@)?([\w.-]+):(?!//)(.+)")
_URL = re.compile(r"[a-z][a-z0-9+.-]*://(?:[^@/\s]+@)?([^/:\s]*)(?::\d+)?/(.*)", re.IGNORECASE)


class SharedScope(NamedTuple):
    """A scope and its checkout on this machine.

    Attributes:
        name: unique in this home: `user`, a project's remote such as `github.com/me/app`, or a team's name.
        kind: who shares it.
        url: of the remote repository; "" until it has one.
        branch: the branch that is synchronized.
        root: the checkout: a root.
        own: whether its repository is in the home. Otherwise the root is (in) a person's repository.
    """

    name: str
    kind: Kind
    url: str
    branch: str
    root: str
    own: bool = True

    @property
    def key(self) -> str:
        """A name for files about the scope."""
        return project.key(self.root)


def load(home: str) -> list[SharedScope]:
    """The scopes of a home, by kind and name.

    Raises:
        StateError: the file cannot be read, or is damaged.
    """
    path = os.path.join(home, paths.SCOPES_JSON)
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
        scopes = [_scope(one) for one in found["scopes"]]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise StateError(f"cannot be read: {error.strerror}", path=path) from error
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise StateError(
            "is damaged, so nobody knows what is synchronized", path=path,
            hint="restore it from a backup, or delete it and `memcairn sync init` each scope again",
        ) from error  # fmt: skip
    return sorted(scopes, key=lambda scope: (KINDS.index(scope.kind), scope.name))


def _scope(values: dict[str, object]) -> SharedScope:
    scope = SharedScope(**values)  # type: ignore[arg-type]
    is_text = all(isinstance(value, str) for value in scope[:-1])
    if not (is_text and isinstance(scope.own, bool) and scope.kind in KINDS and scope.root):
        raise ValueError
    return scope


def load_if_possible(home: str) -> list[SharedScope]:
    """The scopes of a home, for what goes on without them: none if the file is damaged."""
    try:
        return load(home)
    except StateError:
        return []


def save(home: str, scopes: list[SharedScope]) -> None:
    """Replace the scopes of a home."""
    paths.make_private_folder(home)
    text = json.dumps({"scopes": [scope._asdict() for scope in scopes]}, indent=1) + "\n"
    atomic.replace(os.path.join(home, paths.SCOPES_JSON), text.encode())


def add(home: str, scope: SharedScope) -> None:
    """Add a scope, or replace the one with the same root.

    Raises:
        UsageError: another root has a scope with this name.
    """
    others = [one for one in load(home) if one.root != scope.root]
    for one in others:
        if one.name == scope.name:
            raise UsageError(
                f"there is a scope {scope.name!r} already", path=one.root,
                hint=f"take another name, or `memcairn scope leave {scope.name}` first",
            )  # fmt: skip
    save(home, [*others, scope])


def named(home: str, name: str) -> SharedScope:
    """The scope with a name, or the only one of a kind.

    Raises:
        UsageError: there is none, or there are several.
    """
    scopes = load(home)
    found = [one for one in scopes if one.name == name] or [s for s in scopes if s.kind == name]
    if len(found) != 1:
        known = ", ".join(one.name for one in scopes) or "there are none yet"
        what = "is several scopes" if found else "is not a scope"
        raise UsageError(f"{name!r} {what}", hint=f"`memcairn scope list`: {known}")
    return found[0]


def of_path(scopes: list[SharedScope], path: str) -> SharedScope | None:
    """The scope that a note belongs to: that of the innermost root around it."""
    around = [scope for scope in scopes if paths.is_inside(path, scope.root)]
    return max(around, key=lambda scope: len(scope.root), default=None)


def valid_name(name: str) -> str:
    """A name for a scope.

    Raises:
        UsageError: it is not one.
    """
    if not _NAME.fullmatch(name) or name in KINDS:
        raise UsageError(
            f"{name!r} cannot be the name of a scope",
            hint="use letters, digits, dots and dashes; user, project, team and org are kinds",
        )
    return name


def normalized_url(url: str) -> str:
    """A URL without scheme, user, port and suffix: `github.com/me/app` for each way to write it."""
    url = url.strip()
    found = _URL.fullmatch(url) or _SCP_URL.fullmatch(url)
    host, path = (found[1].lower(), found[2]) if found else ("", url)
    path = re.sub(r"/+", "/", path).strip("/").removesuffix(".git")
    return f"{host}/{path}" if host else path
