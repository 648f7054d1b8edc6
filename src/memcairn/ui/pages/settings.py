"""Settings: each with its origin; agents, snapshots, export, pause, and delete everything."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.background import BackgroundTask
from starlette.responses import FileResponse

from memcairn import paths
from memcairn.cli.config import as_text
from memcairn.cli.text import count
from memcairn.errors import UsageError
from memcairn.hosts import install, plan, uninstall
from memcairn.hosts.known_hosts import BY_NAME, HOSTS
from memcairn.sessions import Sessions
from memcairn.settings import config, config_toml
from memcairn.ui import TEXT
from memcairn.ui.site import Shown, address

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.responses import Response

    from memcairn.hosts.known_hosts import Host
    from memcairn.hosts.plan import Change
    from memcairn.ui.site import Ask

# No project: only the user's own settings of the hosts are changed here.
NOWHERE = os.path.join(os.sep, "nowhere")
CONFIRMATION = "delete"


def page(ask: Ask) -> Shown:
    """The page; `set` is the setting to edit."""
    settings = config.load()
    states = ask.site.agents.states()
    installed = {one.name for one in states or () if one.installations}
    values = {
        "file": paths.config_file(),
        "settings": [
            (setting, as_text(settings[setting.name]), settings.origin[setting.name])
            for setting in config.SETTINGS
        ],
        "unset": [name for name in config.BY_NAME if settings[name] in ("", (), {})],
        "edited": ask.query.get("set", ""),
        "hosts": [
            (host, host.name in installed)
            for host in HOSTS
            if install.is_present(host) or host.name in installed
        ],
        "is_checked": states is not None,
        "sessions": [one for one in Sessions(ask.memory.home).latest() if one.is_open],
        "snapshots": [(root, _snapshots(ask, root)) for root in ask.roots],
    }
    return Shown("settings", values)


def set_(ask: Ask) -> str:
    """Set a setting in config.toml, or remove it there."""
    name = ask.form.get("name", "")
    if ask.form.get("do") == "unset":
        config_toml.unset(name)
    else:
        config_toml.set_value(name, ask.form.get("value", ""))
    variable = config.BY_NAME[name].variable
    text = TEXT.overridden if variable in os.environ else TEXT.set
    return ask.done("/settings", text, variable=variable)


def _planned(ask: Ask) -> tuple[Host, bool, list[Change]]:
    """The host, whether memcairn is removed from it, and the changes that do it."""
    given = {**ask.query, **ask.form}
    host, is_removal = BY_NAME.get(given.get("name", "")), given.get("do") == "uninstall"
    if host is None:
        raise UsageError(TEXT.no_host)
    home = ask.memory.home
    if is_removal:
        return host, True, uninstall.planned_changes([host], NOWHERE, home)
    return host, False, install.planned_changes([host], "user", NOWHERE, home)


def _digest(changes: Sequence[Change]) -> str:
    """What a reader agrees to: the content of each file before and after."""
    return str(abs(hash(tuple((one.path, one.before, one.after) for one in changes))))


def host(ask: Ask) -> Shown:
    """The diff of an installation."""
    chosen, is_removal, changes = _planned(ask)
    diffs = [one.diff() for one in changes if one.has_effect]
    title = TEXT.uninstall_from if is_removal else TEXT.install_into
    lead = TEXT.these_files.format(
        files=count(len(diffs), TEXT.file), backups=os.path.join(ask.memory.home, "backups")
    )
    values = {
        "title": title.format(host=chosen.title),
        "lead": lead if diffs else TEXT.nothing_to_change,
        "diffs": diffs,
        "after": "" if is_removal else chosen.after_install,
        "do": TEXT.uninstall if is_removal else TEXT.install,
        "kind": "danger" if is_removal else "primary",
        "fields": {"name": chosen.name, "do": ask.query.get("do", ""), "plan": _digest(changes)},
    }
    return _confirm(values, has_effect=bool(diffs))


def _confirm(values: dict[str, object], *, has_effect: bool = True) -> Shown:
    """A page that says what an action changes, and asks."""
    empty = {"diffs": [], "items": [], "after": "", "kind": "danger", "word": "", "fields": {}}
    return Shown("confirm", {**empty, **values, "has_effect": has_effect})


def apply_host(ask: Ask) -> str:
    """Make the changes that the diff showed, if they are still the same."""
    chosen, is_removal, changes = _planned(ask)
    if ask.form.get("plan") != _digest(changes):
        place = address("/settings/host", name=chosen.name, do=ask.form.get("do", ""))
        return ask.done(place, TEXT.plan_changed, "failed")
    done = plan.apply(changes, ask.memory.home, install=not is_removal)
    if is_removal:
        uninstall.remove_leftovers([chosen], NOWHERE)
    else:
        for path in install.memory_paths([chosen], NOWHERE):
            ask.memory.index(path, embed=False)
    ask.site.agents.invalidate()
    text = TEXT.uninstalled if is_removal else TEXT.installed
    return ask.done("/settings", text, host=chosen.title, number=len(done))


def _snapshots(ask: Ask, root: str) -> list[Any]:
    with ask.opened(root) as files:
        return list(files.snapshots.list())


def create_snapshot(ask: Ask) -> str:
    """Keep all notes of a root as they are now."""
    with ask.opened() as files:
        taken = files.snapshots.create(ask.form.get("name") or None)
    return ask.done("/settings", TEXT.snapshot_taken, files=taken.files)


def snapshot(ask: Ask) -> Shown:
    """What restoring a snapshot would change."""
    id_ = ask.query.get("id", "")
    with ask.opened() as files:
        would = files.restore_snapshot(id_, dry_run=True)
    kinds = ("added", would.added), ("replaced", would.replaced), ("removed", would.removed)
    values = {
        "title": TEXT.restore_snapshot,
        "lead": f"{count(len(would.changed), TEXT.file)} {TEXT.would_change}",
        "items": [(TEXT.restored_kinds[what], path) for what, found in kinds for path in found],
        "after": TEXT.restore_lead,
        "do": TEXT.restore_snapshot,
        "kind": "primary",
        "fields": {"root": files.root, "id": id_},
    }
    return _confirm(values, has_effect=bool(would.changed))


def restore_snapshot(ask: Ask) -> str:
    """Restore a snapshot; the state before is kept as another one."""
    with ask.opened() as files:
        done = files.restore_snapshot(ask.form.get("id", ""))
    return ask.done("/settings", TEXT.snapshot_restored, files=len(done.changed))


def export(ask: Ask) -> Response:
    """Write all notes of a root to an archive."""
    from memcairn import archive  # noqa: PLC0415 - seldom needed, in a process that stays

    with ask.opened() as files:
        descriptor, path = tempfile.mkstemp(".tar.gz", "memcairn-export-")
        with os.fdopen(descriptor, "wb") as stream:
            archive.export(Path(files.root), stream, form="tar")
    delete = BackgroundTask(os.unlink, path)
    return FileResponse(path, filename=f"{os.path.basename(files.root)}.tar.gz", background=delete)


def pause(ask: Ask) -> str:
    """Keep hooks silent in a session, or let them speak again."""
    session = Sessions(ask.memory.home).get(ask.form.get("session", ""))
    if session is None:
        raise UsageError(TEXT.no_session)
    if ask.form.get("do") == "resume":
        session.resume()
        return ask.done(ask.back, TEXT.resumed)
    session.pause()
    return ask.done(ask.back, TEXT.paused)


def delete_page(ask: Ask) -> Shown:
    """What `memcairn uninstall` removes."""
    home = ask.memory.home
    changes = uninstall.planned_changes(HOSTS, NOWHERE, home)
    notes = count(uninstall.notes_in(home), TEXT.note_)
    values = {
        "title": TEXT.delete_everything,
        "lead": TEXT.delete_what.format(home=home, notes=notes),
        "items": [("", one.path) for one in changes if one.has_effect],
        "after": TEXT.delete_keeps,
        "do": TEXT.delete_everything,
        "word": CONFIRMATION,
    }
    return _confirm(values)


def delete(ask: Ask) -> str:
    """Start `memcairn uninstall --yes`, which also ends the process that serves this page."""
    if ask.form.get("word") != CONFIRMATION:
        return ask.done("/settings/delete", TEXT.delete_word, "failed", word=CONFIRMATION)
    program = [sys.executable, "-P", "-c", "from memcairn.cli import main; main()"]
    quiet = subprocess.DEVNULL
    subprocess.Popen(  # noqa: S603 - this Python and this package
        [*program, "uninstall", "--yes", "--quiet"],
        stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True,
    )  # fmt: skip
    return ask.done("/settings/delete", TEXT.deleting)
