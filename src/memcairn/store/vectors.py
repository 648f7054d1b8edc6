"""All SQL that writes the vectors of chunks, and reads some of them.

    chunk added   ──► unembedded ──reuse or add──► embedding + a slot in a block
    chunk deleted ──► its slot is free; the embedding stays for a while, in case the text returns

Triggers (vectors.sql) react to added and deleted chunks, so that notes are written without NumPy. All
vectors of a space are from one model (vector_state.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from memcairn.errors import StateError
from memcairn.store import vector_state

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from memcairn.store.database import Database
    from memcairn.store.vector_state import VectorModel, Waiting

BLOCK = 512
# Embeddings of deleted chunks; about 1 KB each.
MAX_UNUSED = 20_000
_BATCH_SIZE = 500  # numbers in one IN (…)


class _Row(NamedTuple):
    chunk: int
    hash: bytes
    vector: bytes
    tokens: bytes
    about: bytes


# ── writing ──────────────────────────────────────────────────────────────────────────────────────


def reuse(db: Database, model: VectorModel, chunks: Sequence[Waiting]) -> list[Waiting]:
    """Give chunks the existing embedding of the same text.

    Returns:
        The chunks without an existing embedding, in order.

    Raises:
        StateError: the index has vectors of another model now.
    """
    # An index of an earlier schema had none of what its notes are about.
    sql = """
    SELECT vector, tokens, about FROM embedding WHERE space = ? AND hash = ?
    AND (about != x'' OR NOT EXISTS (SELECT 1 FROM chunk WHERE id = ? AND about != '')) LIMIT 1
    """
    rows, rest = [], []
    with db.transaction():
        _check(db, model)
        for item in chunks:
            found = db.execute(sql, (model.space, item.hash, item.chunk)).fetchone()
            if found is None:
                rest.append(item)
            else:
                rows.append(_Row(*item, *found))
        _write(db, model.space, rows)
        gone = [(model.space, row.hash) for row in rows]
        db.executemany("DELETE FROM embedding WHERE space = ? AND hash = ? AND chunk < 0", gone)
    return rest


def add(
    db: Database,
    model: VectorModel,
    chunks: Sequence[Waiting],
    vectors: NDArray[np.float32],
    tokens: Sequence[NDArray[np.uint8]] = (),
    about: Mapping[int, NDArray[np.float32]] | None = None,
) -> int:
    """Write the embeddings of chunks.

    Args:
        db: the index.
        model: the model of the vectors, after a call of `use_model`.
        chunks: the result of `waiting`.
        vectors: float32 [chunks, dimension].
        tokens: for each chunk the signs of its token states; empty if the model has none.
        about: chunk -> the vector of what its note's frontmatter says, for those that have it.

    Returns:
        The number written: chunks that changed or got an embedding meanwhile are skipped.

    Raises:
        StateError: the index has vectors of another model now.
    """
    packed = quantised(vectors)
    signs = [array.tobytes() for array in tokens] or [b""] * len(chunks)
    abouts = {chunk: quantised(vector).tobytes() for chunk, vector in (about or {}).items()}
    rows = [
        _Row(*item, vector.tobytes(), bits, abouts.get(item.chunk, b""))
        for item, vector, bits in zip(chunks, packed, signs, strict=True)
    ]
    with db.transaction():
        _check(db, model)
        written = _write(db, model.space, rows)
        # While chunks wait, one of them may have the text of any embedding that is not used.
        db.execute(
            """
            DELETE FROM embedding WHERE space = :space AND chunk < 0 AND chunk >= :most
            + (SELECT chunk FROM embedding WHERE space = :space ORDER BY chunk LIMIT 1)
            AND NOT EXISTS (SELECT 1 FROM unembedded WHERE space = :space)
            """,
            {"space": model.space, "most": MAX_UNUSED},
        )
    return written


def _check(db: Database, model: VectorModel) -> None:
    if vector_state.model(db, model.space) != model:
        raise StateError(
            "now has vectors of another model",
            path=db.path,
            hint="another process uses other settings (MEMCAIRN_EMBEDDING_* or config.toml)",
        )


def quantised(vectors: NDArray[np.float32]) -> NDArray[np.int8]:
    """Quantise rows to int8, each scaled so that its largest component is 127; cosines ignore scale."""
    largest = np.abs(vectors).max(axis=-1, keepdims=True)
    scale = 127 / np.maximum(largest, np.float32(1e-12))
    packed: NDArray[np.int8] = np.rint(vectors * scale).astype(np.int8)
    return packed


def _write(db: Database, space: int, rows: Sequence[_Row]) -> int:
    sql = """
    SELECT chunk.note FROM unembedded JOIN chunk ON chunk.id = unembedded.chunk
    WHERE unembedded.space = ? AND unembedded.chunk = ? AND chunk.hash = ?
    """
    current, notes = [], []
    for row in {row.chunk: row for row in rows}.values():
        note = db.execute(sql, (space, row.chunk, row.hash)).fetchone()
        if note is not None:
            current.append(row)
            notes.append(note[0])
    if not current:
        return 0
    slots = _take_slots(db, space, len(current))
    _fill(db, space, slots, current, notes)
    db.executemany(
        """
        INSERT INTO embedding (space, chunk, hash, slot, vector, tokens, about)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        """,
        [
            (space, row.chunk, row.hash, slot, row.vector, row.tokens, row.about)
            for row, slot in zip(current, slots, strict=True)
        ],
    )
    db.executemany(
        "DELETE FROM unembedded WHERE space = ? AND chunk = ?",
        [(space, row.chunk) for row in current],
    )
    return len(current)


def _take_slots(db: Database, space: int, count: int) -> list[int]:
    """Allocate slots: free ones first, so that blocks stay full, then new ones at the end."""
    sql = "SELECT slot FROM vector_free WHERE space = ? ORDER BY slot LIMIT ?"
    free = [slot for (slot,) in db.execute(sql, (space, count))]
    sql = "DELETE FROM vector_free WHERE space = ? AND slot = ?"
    db.executemany(sql, [(space, slot) for slot in free])
    more = count - len(free)
    sql = "SELECT slots FROM vector_state WHERE space = ?"
    (end,) = db.execute(sql, (space,)).fetchone()
    sql = "UPDATE vector_state SET slots = slots + ?, changes = changes + 1 WHERE space = ?"
    db.execute(sql, (more, space))
    return [*free, *range(end, end + more)]


def _fill(
    db: Database, space: int, slots: Sequence[int], rows: Sequence[_Row], notes: Sequence[int]
) -> None:
    """Write rows into their slots; each affected block is read and written once."""
    chunk_ids = np.array([row.chunk for row in rows], np.int64)
    note_ids = np.array(notes, np.int64)
    vectors = np.stack([np.frombuffer(row.vector, np.int8) for row in rows])
    lengths = np.linalg.norm(vectors.astype(np.float32), axis=1)
    scales = np.divide(1, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    columns = (chunk_ids, note_ids, scales, vectors)
    places = np.array(slots, np.int64)
    for block in np.unique(places // BLOCK).tolist():
        here = places // BLOCK == block
        at = places[here] % BLOCK
        size = max(int(at.max()) + 1, _size(db, space, block))
        arrays = _read(db, space, block, size, vectors.shape[1])
        for array, values in zip(arrays, columns, strict=True):
            array[at] = values[here]
        db.execute(
            """
            INSERT OR REPLACE INTO vector_block (space, id, changed, chunks, notes, scales, vectors)
            SELECT space, ?, changes, ?, ?, ?, ? FROM vector_state WHERE space = ?
            """,
            (block, *(array.tobytes() for array in arrays), space),
        )


def _size(db: Database, space: int, block: int) -> int:
    sql = "SELECT length(chunks) FROM vector_block WHERE space = ? AND id = ?"
    row = db.execute(sql, (space, block)).fetchone()
    return 0 if row is None else int(row[0]) // 8


def _read(
    db: Database, space: int, block: int, size: int, dimension: int
) -> tuple[NDArray[Any], ...]:
    """Read the chunks, notes, scales and vectors of a block, padded with zeros to `size`."""
    arrays: tuple[NDArray[Any], ...] = (
        np.zeros(size, np.int64),
        np.zeros(size, np.int64),
        np.zeros(size, np.float32),
        np.zeros((size, dimension), np.int8),
    )
    sql = "SELECT chunks, notes, scales, vectors FROM vector_block WHERE space = ? AND id = ?"
    row = db.execute(sql, (space, block)).fetchone()
    for array, blob in zip(arrays, row or (), strict=bool(row)):
        found = np.frombuffer(blob, array.dtype)
        array.reshape(-1)[: len(found)] = found
    return arrays


# ── reading ──────────────────────────────────────────────────────────────────────────────────────


def tokens(db: Database, chunks: Sequence[int]) -> dict[int, NDArray[np.uint8]]:
    """The signs of the token states of some chunks, uint8 [tokens, token_bits / 8], of the configured model.

    Chunks without an embedding are omitted.
    """
    model = vector_state.model(db)
    bits = model.token_bits if model else 0
    sql = (
        f"SELECT chunk, tokens FROM embedding WHERE space = {vector_state.CONFIGURED} AND chunk IN "
    )
    rows = _in(db, sql, chunks)
    width = max(bits // 8, 1)
    return {chunk: np.frombuffer(blob, np.uint8).reshape(-1, width) for chunk, blob in rows}


def about(db: Database, space: int, notes: Sequence[int]) -> dict[int, NDArray[np.int8]]:
    """The vectors of what the frontmatter of some notes says of them.

    Notes without one are omitted; a text of which the model knows nothing has a vector of zeros.
    """
    sql = f"""
    SELECT chunk.note, embedding.about FROM chunk JOIN embedding ON embedding.chunk = chunk.id
    WHERE embedding.space = {space:d} AND embedding.about != x'' AND chunk.position = 0
    AND chunk.note IN """
    return {note: np.frombuffer(blob, np.int8) for note, blob in _in(db, sql, notes)}


def _in(db: Database, sql: str, numbers: Sequence[int]) -> list[tuple[int, bytes]]:
    found: list[tuple[int, bytes]] = []
    for start in range(0, len(numbers), _BATCH_SIZE):
        part = tuple(numbers[start : start + _BATCH_SIZE])
        found += db.execute(f"{sql}({', '.join('?' * len(part))})", part).fetchall()
    return found
