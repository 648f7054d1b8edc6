"""Decide which roots have a managed MEMORY.md, and update those that are not current."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from memcairn import paths
from memcairn.errors import ConfigError, MemoryMdError
from memcairn.indexing import away_roots
from memcairn.memory_md import outdated
from memcairn.store import roots

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from memcairn.memory_md.limits import Limits
    from memcairn.memory_md.refresh import Refreshed
    from memcairn.settings.config import Config
    from memcairn.store.database import Database
    from memcairn.store.roots import Root


def this_day() -> date:
    """Today in UTC, so that processes in different time zones agree."""
    return datetime.now(UTC).date()


def is_managed(root: Root, with_state: Collection[int]) -> bool:
    """Whether memcairn keeps the MEMORY.md of a root current; see `outdated.is_managed`.

    Args:
        root: the root.
        with_state: the ids of `store.memory_md.roots_with_state`.
    """
    return outdated.is_managed(root.path, choice=root.memory_md, has_state=root.id in with_state)


def bring_up_to_date(db: Database, settings: Config, home: str, notices: list[str]) -> None:
    """Refresh each MEMORY.md that is out of date, unless the root is away.

    An error becomes a notice, and the next call tries again.
    """
    to_refresh = outdated.outdated_roots(db, this_day().toordinal())
    for root in roots.roots(db) if to_refresh else ():
        if root.id not in to_refresh or away_roots.reason(db, root):
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
    """Refresh the MEMORY.md of one root.

    Notices name the backup of one from before memcairn, and what hosts do not load.

    Raises:
        MemoryMdError: it cannot be read or written, or the root is away.
    """
    require_present(db, root)
    # Most calls have nothing to refresh, and skip the import.
    from memcairn.memory_md.refresh import refresh as write  # noqa: PLC0415

    done = write(db, root, limits(settings), backups=os.path.join(home, "backups"), rebuild=rebuild)
    if done.backup is not None:
        notices.append(
            f"{os.path.join(root.path, paths.MEMORY_MD)} existed before memcairn; it was copied to "
            f"{done.backup}"
        )
    notices += [
        f"{os.path.join(root.path, paths.MEMORY_MD)} {finding.message}; shorten the text outside the block"
        for finding in done.findings
        if finding.kind == "over-limit"
    ]
    return done


def require_present(db: Database, root: Root) -> None:
    """Refuse to write to a root that is away: the folder may be a mount point without its disk.

    Raises:
        MemoryMdError: it is away.
    """
    why = away_roots.reason(db, root)
    if why is not None:
        raise MemoryMdError(f"is away: {why}", path=root.path, hint=away_roots.hint(root))


def limits(settings: Config) -> Limits:
    """The configured limits of MEMORY.md.

    Raises:
        ConfigError: a limit is too small.
    """
    from memcairn.memory_md.limits import Limits  # noqa: PLC0415 - as above

    names = ("max_lines", "max_units", "max_bytes", "entry_chars")
    try:
        return Limits(*(int(settings[f"memory_md.{name}"]) for name in names))
    except ValueError as error:
        raise ConfigError(f"memory_md: {error}", path=paths.config_file()) from error
