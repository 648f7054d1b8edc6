"""The changes of `memcairn uninstall`: only memcairn's entries, files and home go."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from memcairn import paths
from memcairn.errors import MemoryMdError, StateError
from memcairn.fs import atomic
from memcairn.hosts import claude_state, codex_trust, install, manifest, plan, plugin_files
from memcairn.hosts.config_edits import JsonEntries, OwnFile, TomlTable
from memcairn.hosts.executable import NAME
from memcairn.hosts.known_hosts import BY_NAME, CLAUDE_CODE, SCOPES
from memcairn.memory_md.refresh import withdraw
from memcairn.settings import moved_repositories
from memcairn.store import memory_md

if TYPE_CHECKING:
    from collections.abc import Iterable

    from memcairn.engine import Opened
    from memcairn.hosts.config_edits import Edit
    from memcairn.hosts.known_hosts import Host, Scope
    from memcairn.hosts.plan import Change
    from memcairn.memory import Memory
    from memcairn.store.roots import Root

# What memcairn keeps in its home; everything else there stays.
_FILES = (
    "index.db",
    "queue.db",
    "embedding.lock",
    "roots.json",
    moved_repositories.FILE,
    manifest.FILE,
    atomic.TEMPORARY_PREFIX,
)
_FOLDERS = (
    manifest.BACKUPS, "sessions", "logs", "snapshots", "trash", "history", "audit", "hooks", "scratch",
    "daemon", "questions", "session-notes",
)  # fmt: skip
NOTES = "memory"


def planned_changes(hosts: Iterable[Host], project: str, home: str) -> list[Change]:
    """All changes that take memcairn out of hosts, wherever it was installed, and in `project`.

    Raises:
        ConfigError: a file with entries of memcairn is invalid.
        StateError: hosts.json is invalid.
    """
    records = manifest.load(home)
    wanted = {host.name for host in hosts}
    found: dict[str, Change] = {}
    for record in records.values():
        if record.host in wanted:
            edit = _with_trust(_edit_of(record))
            found[record.path] = plan.to_withdraw(edit, record.host, record.scope, record, home)
    for name in sorted(wanted):
        for scope in SCOPES:
            for edit in _without_records(BY_NAME[name], scope, project):
                path = os.path.realpath(edit.path)
                if path not in found:
                    found[path] = plan.to_withdraw(_with_trust(edit), name, scope, None, home)
    return list(found.values())


def _edit_of(record: manifest.Record) -> Edit:
    """The edit that was made to a file, at its place then, whatever the environment says now.

    Raises:
        StateError: this version makes no edit of such a file.
    """
    if record.is_whole:
        return OwnFile(record.path, b"")
    scope: Scope = "project" if record.scope == "project" else "user"
    for edit in install.host_edits(BY_NAME[record.host], scope, "", NAME, {}, plugin=False):
        if isinstance(edit, JsonEntries | TomlTable) and _stem(edit.path) == _stem(record.name):
            return replace(edit, path=record.path)
    raise StateError(
        "was changed by another version of memcairn",
        path=record.path,
        hint="remove the entries of memcairn by hand, or use that version",
    )


def _with_trust(edit: Edit) -> Edit:
    """The edit of Codex's settings, with its trust in memcairn's hooks."""
    if not isinstance(edit, TomlTable):
        return edit
    hooks = os.path.join(os.path.dirname(edit.path), "hooks.json")
    ours = codex_trust.memcairn_hooks(plan.read(hooks))
    keys = codex_trust.trusted(plan.read(edit.path), hooks, ours)
    return replace(edit, along=tuple(map(codex_trust.table_of, keys)))


def _stem(path: str) -> str:
    # opencode.json and opencode.jsonc are the same file.
    return os.path.splitext(os.path.basename(path))[0]


def _without_records(host: Host, scope: Scope, project: str) -> list[Edit]:
    """Edits without a record: only of files that name memcairn."""
    top = host.folder_of(scope, project, os.environ)
    found: list[Edit] = []
    for edit in install.host_edits(host, scope, project, NAME, {}, plugin=False):
        present = plan.read(os.path.realpath(edit.path))
        if present is not None and NAME.encode() in present and edit.holds(present):
            found.append(edit)
    if host.plugin is not None:
        place = install.plugin_top(host.plugin, scope, top)
        if os.path.isfile(place) or plugin_files.is_memcairn_plugin(place):
            found += [OwnFile(str(file), b"") for file in _files(Path(place))]
    return found


def _files(place: Path) -> list[Path]:
    return [place] if place.is_file() else [p for p in sorted(place.rglob("*")) if p.is_file()]


def remove_leftovers(hosts: Iterable[Host], project: str) -> None:
    """Remove the hosts' traces of the server and plugin, and the empty folders of plugins."""
    caches = Path(_caches())
    for host in hosts:
        if host is CLAUDE_CODE:
            claude_state.remove()
        for trace in host.traces:
            for kept in caches.glob(trace):
                with contextlib.suppress(OSError):
                    if kept.is_dir():
                        shutil.rmtree(kept)
                    elif f'"{NAME}"'.encode() in kept.read_bytes():
                        kept.unlink()
        for scope in SCOPES:
            if host.plugin is None:
                continue
            place = install.plugin_top(
                host.plugin, scope, host.folder_of(scope, project, os.environ)
            )
            for folder, _, _ in os.walk(place, topdown=False):
                with contextlib.suppress(OSError):
                    os.rmdir(folder)


def notes_in(home: str) -> int:
    """How many notes are in the home; nothing can restore them."""
    return sum(
        1
        for folder, _, names in os.walk(os.path.join(home, NOTES))
        for name in names
        if name != paths.MEMORY_MD and os.path.splitext(name)[1].lower() in paths.NOTE_SUFFIXES
    )


def remove_memory(memory: Memory) -> list[str]:
    """Remove memcairn's block from every MEMORY.md outside the home, then remove the home.

    Returns:
        What is left, with the reason: other files in the home, a MEMORY.md that cannot be changed.
    """
    home = memory.home
    if not os.path.isdir(home):
        return []
    left = []
    for root in memory.roots():
        if os.path.isdir(root.path) and not paths.is_inside(root.path, paths.real(home)):
            kept = memory.engine.databases.run(partial(_kept, root))
            try:
                withdraw(root.path, kept, os.path.join(home, manifest.BACKUPS))
            except (MemoryMdError, OSError) as error:
                left.append(f"{root.path}: {error}")
    memory.close()
    for name in os.listdir(home):
        path = os.path.join(home, name)
        if name in (*_FOLDERS, NOTES) and os.path.isdir(path):
            shutil.rmtree(path)
        elif name.startswith(_FILES) and os.path.isfile(path):
            os.unlink(path)
    left += [
        f"{os.path.join(home, name)}: not a file of memcairn" for name in sorted(os.listdir(home))
    ]
    with contextlib.suppress(OSError):
        os.rmdir(home)
    return left


def _kept(root: Root, handles: Opened) -> str | None:
    return memory_md.render_cache(handles.db, root.id)


def _caches() -> str:
    """The folder of the user's caches, as the hosts find it."""
    if sys.platform == "darwin":
        return os.path.expanduser("~/Library/Caches")
    if sys.platform == "win32":
        return os.environ.get("LOCALAPPDATA") or os.path.expanduser("~\\AppData\\Local")
    return os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
