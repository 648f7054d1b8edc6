"""The systems to compare: memcairn and its alternatives."""

from __future__ import annotations

import os
import re
import sqlite3
import tempfile
import weakref
from pathlib import Path
from typing import TYPE_CHECKING

from memcairn.embedding import providers
from memcairn.evaluate.measures import SearchHit
from memcairn.memory import Memory
from memcairn.search.query import Query
from memcairn.settings import config
from memcairn.store import roots

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from memcairn.engine import Opened
    from memcairn.evaluate.measures import Search

    Progress = Callable[[int, int], None]

_CJK_RUN = re.compile(r"[㐀-鿿豈-﫿぀-ヿ가-힣]+")
_STOP_LINES = """
a an and are as at be been but by can did do does for from had has have how i if in is it its
me my of on or our she so that the their them they this to was we were what when where which
who whom whose why will with would you your
"""
_STOP = frozenset(_STOP_LINES.split())
_BATCH_SIZE = 64


def memcairn(folders: list[Path]) -> Search:
    """The product through its public interface, with the user's configuration, in a temporary home.

    MEMORY.md is turned off, so that nothing is written into the folders.
    """
    home = tempfile.TemporaryDirectory()
    memory = Memory(home=Path(home.name))

    def add_read_only(opened: Opened) -> None:
        for folder in folders:
            root = roots.add(opened.db, os.path.realpath(folder))
            roots.update(opened.db, root.id, memory_md=False)

    memory.engine.databases.run(add_read_only)
    for folder in folders:
        memory.index(folder)

    def search(query: str, limit: int) -> list[SearchHit]:
        hits = memory.search(Query(query, limit))
        return [SearchHit(Path(h.path), h.start_line, h.end_line, h.score) for h in hits]

    def close() -> None:
        memory.close()
        home.cleanup()

    weakref.finalize(search, close)
    return search


def grep(folders: list[Path]) -> Search:
    """An agent with grep: paragraphs ordered by how many of the query's words occur in them.

    In text without spaces an agent would choose parts of the query; here every pair of adjacent characters is
    a pattern, which favors grep.
    """
    blocks = [(path, start, end, text.lower()) for path, start, end, text in paragraphs(folders)]

    def search(query: str, limit: int) -> list[SearchHit]:
        patterns = [word for word in _query_words(query) if not _CJK_RUN.search(word)]
        for run in _CJK_RUN.findall(query):
            patterns += [run[i : i + 2] for i in range(max(1, len(run) - 1))]
        ranked = []
        for order, (path, start, end, text) in enumerate(blocks):
            counts = [text.count(pattern) for pattern in dict.fromkeys(patterns)]
            if any(counts):
                ranked.append((-sum(map(bool, counts)), -sum(counts), order, path, start, end))
        ranked.sort()
        return [SearchHit(path, start, end, -n) for n, _, _, path, start, end in ranked[:limit]]

    return search


def bm25(folders: list[Path]) -> Search:
    """SQLite FTS5 with its default tokenizer (unicode61), one row per paragraph, OR of the query's words."""
    db = sqlite3.connect(":memory:")
    db.execute(
        "create virtual table block using fts5(text, path unindexed, s unindexed, e unindexed)"
    )
    rows = ((text, str(path), start, end) for path, start, end, text in paragraphs(folders))
    db.executemany("insert into block values (?, ?, ?, ?)", rows)

    def search(query: str, limit: int) -> list[SearchHit]:
        match = " OR ".join(f'"{word}"' for word in _query_words(query))
        if not match:
            return []
        sql = "select path, s, e, rank from block where block match ? order by rank limit ?"
        return [
            SearchHit(Path(p), s, e, -rank) for p, s, e, rank in db.execute(sql, (match, limit))
        ]

    weakref.finalize(search, db.close)
    return search


def dense(folders: list[Path]) -> Search:
    """The configured embedding model alone: paragraphs ordered by the cosine of their vectors.

    Raises:
        ConfigError: the settings of the model are incomplete.
        EmbeddingError: the model is not installed, or cannot be loaded.
    """
    embedder = providers.load(providers.chosen(config.load()))
    if embedder is None:
        embedder = providers.load(providers.EmbeddingSettings("builtin"))
    assert embedder is not None
    import numpy as np  # noqa: PLC0415 - an optional dependency

    blocks = list(paragraphs(folders))
    texts = [text for *_, text in blocks]
    parts = [
        embedder.embed(texts[start : start + _BATCH_SIZE]).vectors
        for start in range(0, len(texts), _BATCH_SIZE)
    ]
    vectors = np.concatenate(parts) if parts else np.zeros((0, embedder.dimension), np.float32)

    def search(query: str, limit: int) -> list[SearchHit]:
        scores = vectors @ embedder.embed_query(query).vector
        best = np.argsort(-scores, kind="stable")[:limit].tolist()
        ranked = [(*blocks[number], float(scores[number])) for number in best]
        return [SearchHit(path, start, end, score) for path, start, end, _, score in ranked]

    return search


SYSTEMS: dict[str, Callable[[list[Path]], Search]] = {
    "memcairn": memcairn,
    "grep": grep,
    "bm25": bm25,
    "dense": dense,
}


def paragraphs(folders: Iterable[Path]) -> Iterator[tuple[Path, int, int, str]]:
    """The paragraphs of every Markdown file: path, first line, last line, text."""
    for folder in folders:
        for path in sorted(folder.rglob("*.md")):
            block: list[str] = []
            for number, line in enumerate([*_lines(path), ""], 1):
                if line.strip():
                    block.append(line)
                elif block:
                    yield path, number - len(block), number - 1, "\n".join(block)
                    block = []


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []


def _query_words(text: str) -> list[str]:
    words = re.findall(r"\w+", text.lower())
    return list(dict.fromkeys(word for word in words if word not in _STOP)) or words
