"""Answer straight from index.db, where nothing on disk has changed since it was written.

This is what a search is nearly always, and all that a cold process then has to load is SQLite and the
words of the query. Whatever else there is to do, from a changed file to a damaged database, is left to
`Memory`, which can do everything and takes three times as long to start.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from memcairn.errors import MemcairnError
from memcairn.fs.signature import MAX_NOTES, changed_files, changed_folders, is_unchanged
from memcairn.search import pipeline
from memcairn.sqlite import SQLiteError
from memcairn.store import folders, signatures
from memcairn.store.database import Database

if TYPE_CHECKING:
    from memcairn.search.meaning import Meaning
    from memcairn.search.passages import Passage
    from memcairn.search.query import Query


SERVERS = ("ollama", "openai-compatible")


def answer(index: str, query: Query) -> list[Passage] | None:
    """The passages that answer, or None if there is more to do than to read.

    Args:
        index: path of index.db.
        query: what is asked.
    """
    if not os.path.exists(index):
        return None
    try:
        db = Database(index)
        if _has_changed(db):
            return None
        notices: list[str] = []
        meaning = _meaning(db, notices)
        if notices:
            return None
        passages, answered = pipeline.search(db, query, meaning)
    except (MemcairnError, SQLiteError):
        return None
    if not all(is_unchanged(path, source.signature) for path, source in answered.items()):
        return None
    return passages


def _has_changed(db: Database) -> bool:
    """Whether a folder changed, or a note, as far as all of them can be looked at."""
    if changed_folders(folders.listed(db)):
        return True
    if not signatures.are_at_most(db, MAX_NOTES):
        return False
    notes, _ = signatures.of_some(db, 0, MAX_NOTES)
    return bool(changed_files(notes))


def _meaning(db: Database, notices: list[str]) -> Meaning | None:
    if not db.execute("SELECT model FROM vector_state").fetchone()[0]:
        return None
    # The configuration and its TOML: a search by words does without.
    from memcairn.search.model import Model  # noqa: PLC0415
    from memcairn.settings import config  # noqa: PLC0415

    settings = config.load()
    if settings["embedding.provider"] in SERVERS:
        notices.append("a server is asked")  # once, by who can tell that it did not answer
        return None
    return Model(settings, notices).meaning(db)
