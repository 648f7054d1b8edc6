"""Which roots have a MEMORY.md, and bringing it up to date where it is not."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from memcairn import paths
from memcairn.errors import ConfigError, MemoryMdError
from memcairn.memory_md import outdated
from memcairn.store import roots

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from memcairn.memory_md.limits import Limits
    from memcairn.memory_md.refresh import Refreshed
    from memcairn.settings.config import Config
    from memcairn.store import memory_md
    from memcairn.store.database import Database
    from memcairn.store.roots import Root


def this_day() -> date:
    """Today, by UTC: processes in different time zones agree on it."""
    return datetime.now(UTC).date()


def is_managed(root: Root, states: Mapping[int, memory_md.MemoryMdState]) -> bool:
    """Whether a root's MEMORY.md is kept.

    As the user said; else if it has one, or if it is a folder whose MEMORY.md Claude Code loads.
    """
    return outdated.is_managed(root.path, choice=root.memory_md, has_state=root.id in states)


def bring_up_to_date(db: Database, settings: Config, home: str, notices: list[str]) -> None:
    """Refresh each MEMORY.md that is not what it should be: notes changed, it was edited, a day began.

    What hinders that is told as a notice, and tried again the next time: the notes are safe.
    """
    to_refresh = outdated.outdated_roots(db, this_day().toordinal())
    for root in roots.roots(db) if to_refresh else ():
        if root.id not in to_refresh:
            continue
        try:
            refresh(db, root, settings, home, notices)
        except MemoryMdError as error:
            notice = f"{error}" + (f"; {error.hint}" if error.hint else "")
            if notice not in notices:
                notices.append(notice)


def refresh(
    db: Database,
    root: Root,
    settings: Config,
    home: str,
    notices: list[str],
    *,
    rebuild: bool = False,
) -> Refreshed:
    """Refresh one; a copy of a MEMORY.md that was there before us is told as a notice.

    Raises:
        MemoryMdError: it cannot be read or written.
    """
    # Most calls find that nothing is to be done, and need not load how.
    from memcairn.memory_md.refresh import refresh as write  # noqa: PLC0415

    done = write(db, root, limits(settings), backups=os.path.join(home, "backups"), rebuild=rebuild)
    if done.backup is not None:
        notices.append(
            f"{os.path.join(root.path, paths.MEMORY_MD)} was there before memcairn; a copy is "
            f"{done.backup}"
        )
    return done


def limits(settings: Config) -> Limits:
    """The limits of MEMORY.md that are configured.

    Raises:
        ConfigError: they contradict each other.
    """
    from memcairn.memory_md.limits import Limits  # noqa: PLC0415 - as above

    names = ("max_lines", "max_units", "max_bytes", "entry_chars")
    try:
        return Limits(*(int(settings[f"memory_md.{name}"]) for name in names))
    except ValueError as error:
        raise ConfigError(f"memory_md: {error}", path=paths.config_file()) from error
