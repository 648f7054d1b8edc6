"""Settings: each with its origin; agents, snapshots, export, pause, and delete everything."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memcairn import archive, paths
from memcairn.cli.config import as_text
from memcairn.errors import StateError, UsageError
from memcairn.hosts import install, plan, uninstall
from memcairn.hosts.table import BY_NAME, HOSTS
from memcairn.sessions import Sessions
from memcairn.settings import config, config_toml
from memcairn.ui.site import Download, address
from memcairn.ui.strings import TEXT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from memcairn.hosts.plan import Change
    from memcairn.root import OpenRoot
    from memcairn.ui.site import Ask

# No project: only the user's own settings of the hosts are changed here.
NOWHERE = os.path.join(os.sep, "nowhere")
CONFIRMATION = "delete"


def page(ask: Ask) -> Mapping[str, object]:
    """The values of the page; `set` is the setting to edit."""
    settings = config.load()
    sessions = [one for one in Sessions(ask.memory.home).latest() if one.is_open]
    roots = [root.path for root in ask.memory.roots() if os.path.isdir(root.path)]
    return {
        "file": paths.config_file(),
        "settings": [
            {
                "setting": setting,
                "value": as_text(settings[setting.name]),
                "raw": ""
                if settings[setting.name] in ("", (), {})
                else as_text(settings[setting.name]),
                "origin": settings.origin[setting.name],
            }
            for setting in config.SETTINGS
        ],
        "edited": ask.query.get("set", ""),
        "hosts": [
            (host, bool(ask.site.agents.states()) and _is_installed(ask, host.name))
            for host in HOSTS
            if install.is_present(host) or _is_installed(ask, host.name)
        ],
        "checked": ask.site.agents.states() is not None,
        "sessions": sessions,
        "roots": [(root, _snapshots(ask, root)) for root in roots],
    }


def _is_installed(ask: Ask, name: str) -> bool:
    states = ask.site.agents.states() or ()
    return any(state.name == name and state.installations for state in states)


def set_(ask: Ask) -> str:
    """Set a setting in config.toml, or remove it there."""
    name = ask.form.get("name", "")
    if ask.form.get("do") == "unset":
        config_toml.unset(name)
    else:
        config_toml.set_value(name, ask.form.get("value", ""))
    variable = config.BY_NAME[name].variable
    overridden = variable in os.environ
    ask.say(TEXT.overridden.format(variable=variable) if overridden else TEXT.setting_saved)
    return "/settings"


# ── agents ───────────────────────────────────────────────────────────────────────────────────────


def _planned(ask: Ask, name: str, do: str) -> list[Change]:
    """The changes that install memcairn into a host, or remove it there."""
    host = BY_NAME.get(name)
    if host is None:
        raise UsageError(TEXT.no_host)
    home = ask.memory.home
    if do == "uninstall":
        return uninstall.planned_changes([host], NOWHERE, home)
    return install.planned_changes([host], "user", NOWHERE, home)


def host(ask: Ask) -> Mapping[str, object]:
    """The diff of an installation."""
    name = ask.query.get("name", "")
    do = "uninstall" if ask.query.get("do") == "uninstall" else "install"
    changes = _planned(ask, name, do)
    return {
        "host": BY_NAME[name],
        "do": do,
        "diffs": [one.diff() for one in changes if one.has_effect],
        "plan": _digest(changes),
        "backups": os.path.join(ask.memory.home, "backups"),
    }


def _digest(changes: Sequence[Change]) -> str:
    """What a reader agrees to: the content of each file before and after."""
    return str(abs(hash(tuple((one.path, one.before, one.after) for one in changes))))


def apply_host(ask: Ask) -> str:
    """Make the changes that the diff showed, if they are still the same."""
    name, do = ask.form.get("name", ""), ask.form.get("do", "")
    changes = _planned(ask, name, do)
    if ask.form.get("plan") != _digest(changes):
        ask.say(TEXT.plan_changed, "failed")
        return address("/settings/host", name=name, do=do)
    done = plan.apply(changes, ask.memory.home, install=do != "uninstall")
    if do == "uninstall":
        uninstall.remove_leftovers([BY_NAME[name]], NOWHERE)
    else:
        for path in install.memory_paths([BY_NAME[name]], NOWHERE):
            ask.memory.index(path, embed=False)
    ask.site.agents.invalidate()
    text = TEXT.uninstalled if do == "uninstall" else TEXT.installed
    ask.say(text.format(host=BY_NAME[name].title, number=len(done)))
    return "/settings"


# ── backups ──────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def _root(ask: Ask, path: str) -> Iterator[OpenRoot]:
    if path not in [root.path for root in ask.memory.roots()]:
        raise UsageError(TEXT.no_root)
    files = ask.memory.open_root(path)
    try:
        yield files
    finally:
        files.close()


def _snapshots(ask: Ask, path: str) -> list[Any]:
    with _root(ask, path) as files:
        return list(files.snapshots.list())


def create_snapshot(ask: Ask) -> str:
    """Keep all notes of a root as they are now."""
    with _root(ask, ask.form.get("root", "")) as files:
        taken = files.snapshots.create(ask.form.get("name") or None)
    ask.say(TEXT.snapshot_taken.format(files=taken.files))
    return "/settings"


def snapshot(ask: Ask) -> Mapping[str, object]:
    """What restoring a snapshot would change."""
    root, id_ = ask.query.get("root", ""), ask.query.get("id", "")
    with _root(ask, root) as files:
        return {"root": root, "id": id_, "plan": files.restore_snapshot(id_, dry_run=True)}


def restore_snapshot(ask: Ask) -> str:
    """Restore a snapshot; the state before is kept as another one."""
    with _root(ask, ask.form.get("root", "")) as files:
        done = files.restore_snapshot(ask.form.get("id", ""))
    ask.say(TEXT.snapshot_restored.format(files=len(done.changed)))
    return "/settings"


def export(ask: Ask) -> Download:
    """Write all notes of a root to an archive."""
    with _root(ask, ask.form.get("root", "")) as files:
        descriptor, path = tempfile.mkstemp(".tar.gz", "memcairn-export-")
        with os.fdopen(descriptor, "wb") as stream:
            archive.export(Path(files.root), stream, form="tar")
        return Download(path, f"{os.path.basename(files.root)}.tar.gz")


# ── sessions ─────────────────────────────────────────────────────────────────────────────────────


def pause(ask: Ask) -> str:
    """Keep hooks silent in a session, or let them speak again."""
    session = Sessions(ask.memory.home).get(ask.form.get("session", ""))
    if session is None:
        raise UsageError(TEXT.no_session)
    if ask.form.get("do") == "resume":
        session.resume()
        ask.say(TEXT.resumed)
        return "/settings"
    try:
        session.pause()
    except OSError as error:
        raise StateError(f"cannot be written: {error.strerror}", path=session.folder) from error
    ask.say(TEXT.paused)
    return "/settings"


# ── the end ──────────────────────────────────────────────────────────────────────────────────────


def delete_page(ask: Ask) -> Mapping[str, object]:
    """What `memcairn uninstall` removes."""
    home = ask.memory.home
    changes = uninstall.planned_changes(HOSTS, NOWHERE, home)
    return {
        "home": home,
        "notes": uninstall.notes_in(home),
        "files": [one.path for one in changes if one.has_effect],
        "word": CONFIRMATION,
    }


def delete(ask: Ask) -> str:
    """Start `memcairn uninstall --yes`, which also ends the process that serves this page."""
    if ask.form.get("word") != CONFIRMATION:
        ask.say(TEXT.delete_word.format(word=CONFIRMATION), "failed")
        return "/settings/delete"
    program = [sys.executable, "-P", "-c", "from memcairn.cli import main; main()"]
    quiet = subprocess.DEVNULL
    subprocess.Popen(  # noqa: S603 - this Python and this package
        [*program, "uninstall", "--yes", "--quiet"],
        stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True,
    )  # fmt: skip
    ask.say(TEXT.deleting)
    return "/settings/delete"
