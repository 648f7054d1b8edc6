"""Read a file by any form of its path that memcairn prints, besides the path relative to the root.

m.md:10-12    memory://note/m.md    /the/root/m.md    m (if only one note has that name)
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from mcp import types
from mcp.shared.exceptions import MCPError

from memcairn import paths
from memcairn.errors import NoteMissing
from memcairn.mcp import answers
from memcairn.store import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from memcairn.root import OpenRoot
    from memcairn.vault.values import Window

INDEX = "memory://index"
NOTE = "memory://note/"
_LINES = re.compile(r"(.+):(\d{1,18})(?:-(\d{1,18}))?", re.DOTALL)
_MAX_SHOWN = 5


def uri_of(path: str) -> str:
    """The URI of the file at `path`, relative to the root; a secret in the path is redacted."""
    return INDEX if path == paths.MEMORY_MD else NOTE + quote(answers.line(path))


def path_of(uri: str) -> str:
    """The path of a resource, relative to the root.

    Raises:
        MCPError: the server has no such resource.
    """
    if uri == INDEX:
        return paths.MEMORY_MD
    if uri.startswith(NOTE) and len(uri) > len(NOTE):
        return unquote(uri.removeprefix(NOTE))
    raise unknown_resource(uri, f"available: {INDEX} and {NOTE}{{+path}}")


def unknown_resource(uri: str, why: str) -> MCPError:
    """The error for a URI that names no resource."""
    return MCPError(types.INVALID_PARAMS, f"Resource not found: {uri}: {why}", data={"uri": uri})


def read(root: OpenRoot, given: str, start_line: int | None, end_line: int | None) -> Window:
    """Read a file, or some of its lines.

    Raises:
        NoteMissing: no file is meant, or several.
        MemcairnError: as `OpenRoot.read`.
    """
    missing: NoteMissing | None = None
    for path, first, last in _meanings(root, given):
        try:
            return root.read(path, start_line=start_line or first, end_line=end_line or last)
        except NoteMissing as error:
            missing = missing or error
    assert missing is not None
    raise missing


def _meanings(root: OpenRoot, given: str) -> Iterator[tuple[str, int | None, int | None]]:
    """What the path may mean, the most literal first: a path and its lines."""
    path = path_of(given) if given == INDEX or (given.startswith(NOTE) and given != NOTE) else given
    if os.path.isabs(path):
        inside = path if paths.is_inside(path, root.root) else paths.real(path)
        path = root.relative(inside) if paths.is_inside(inside, root.root) else path
    yield path, None, None
    lines = _LINES.fullmatch(path)
    if lines is not None:
        yield lines[1], int(lines[2]), int(lines[3] or lines[2])
        path = lines[1]
    if os.path.isabs(path):
        return
    found = root.read_index(lambda db: catalogue.paths_below(db, root.root))
    known = [root.relative(one) for one in found]
    meant = [one for one in known if answers.line(one) == path] or [
        one for one in known if f"/{os.path.splitext(one)[0]}".endswith(f"/{path}")
    ]
    if len(meant) > 1:
        shown = ", ".join(sorted(meant)[:_MAX_SHOWN])
        raise NoteMissing(f"may mean {len(meant)} notes", path=path, hint=f"name one: {shown}")
    if meant and lines is not None:
        yield meant[0], int(lines[2]), int(lines[3] or lines[2])
    elif meant:
        yield meant[0], None, None
