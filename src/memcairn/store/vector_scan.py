"""Compare a query with every vector of the index: exact, in memory.

The int8 vectors are read from index.db once; later only the blocks written since are read again. The
products come from simsimd if it is installed, else from NumPy, a few hundred rows at a time in a buffer
that fits the processor's cache. Both give the exact products of the stored vectors.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from memcairn.errors import StateDamaged
from memcairn.store.vector_state import CONFIGURED
from memcairn.store.vectors import BLOCK, quantised

try:
    import simsimd
except ImportError:  # some platforms have no wheel
    simsimd = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from contextlib import AbstractContextManager

    from numpy.typing import NDArray


class VectorBlocks(Protocol):
    """The vectors of an index, in blocks of `BLOCK` slots."""

    @property
    def path(self) -> str:
        """Where the index is, for messages."""

    def snapshot(self) -> AbstractContextManager[None]:
        """Every question in the block is answered from the same state of the index."""

    def vector_state(self, space: int) -> tuple[int, int, int, int]:
        """The epoch, the number of changes, of slots, and the dimension of a space."""

    def vector_blocks(self, space: int, seen: int) -> Iterable[tuple[int, *tuple[bytes, ...]]]:
        """The blocks written after this number of changes: id, chunks, notes, scales, vectors."""

    def free_slots(self, space: int) -> list[int]:
        """The slots whose chunk is gone."""


_GROUP = 64
# The number of cosines that `Similarities.background` sorts, and its quantile.
_MAX_SAMPLE = 8_192
_ONE_DEVIATION_BELOW = 0.1587
_MIN_DEVIATION = 1e-3
_ROWS = 512  # 0.8 MB as float32 at 384 dimensions


@dataclass(frozen=True, slots=True)
class Similarities:
    """The cosine similarity of each compared chunk to the query.

    Attributes:
        chunks: int64, chunk ids, unordered.
        notes: int64, the note of each chunk.
        cosines: float32, in the order of `chunks`; minus infinity for chunks that were not compared.
        places: int32, chunk id -> its position in `chunks`, or -1.
    """

    chunks: NDArray[np.int64]
    notes: NDArray[np.int64]
    cosines: NDArray[np.float32]
    places: NDArray[np.int32]

    def top(self, k: int) -> list[tuple[int, float]]:
        """The k nearest as (chunk, cosine), nearest first; ties by lower id."""
        at = np.flatnonzero(self.cosines >= _bound(self.cosines, k))
        at = at[self.cosines[at] > -np.inf]
        best = at[np.lexsort((self.chunks[at], -self.cosines[at]))[:k]]
        return list(zip(self.chunks[best].tolist(), self.cosines[best].tolist(), strict=True))

    def of(self, chunks: Sequence[int]) -> dict[int, float]:
        """The cosines of some chunks, without those that were not compared."""
        ids = np.asarray(chunks, np.int64)
        ids = ids[(ids > 0) & (ids < len(self.places))]
        places = self.places[ids]
        cosines = np.where(places < 0, np.float32(-np.inf), self.cosines[places])
        found = np.flatnonzero(cosines > -np.inf)
        return dict(zip(ids[found].tolist(), cosines[found].tolist(), strict=True))

    def background(self) -> tuple[float, float, int]:
        """The median of the cosines, their deviation below it, and how many were compared.

        The deviation is the distance of the median to the quantile at one standard deviation below it; the
        relevant chunks are above it. Of many cosines a sample is used.
        """
        compared = self.cosines[self.cosines > -np.inf]
        count = len(compared)
        if not count:
            return 0.0, 0.0, 0
        sample = np.sort(compared[:: -(-count // _MAX_SAMPLE)])
        middle = float(sample[len(sample) // 2])
        return middle, middle - float(sample[int(len(sample) * _ONE_DEVIATION_BELOW)]), count

    @property
    def lowest(self) -> float:
        """The smallest cosine; 0 if nothing was compared."""
        lowest = float(np.min(self.cosines, where=self.cosines > -np.inf, initial=np.inf))
        return lowest if lowest < np.inf else 0.0


class VectorScan:
    """The vectors of one space of one index.db in the memory of this process; threads may share it."""

    def __init__(self, space: int = CONFIGURED) -> None:
        self._space = space
        self._lock = threading.Lock()
        self._epoch: int | None = None
        self._changes = -1
        self._held = _Columns.room(0, 0)
        # Replaced on every change, because earlier results still refer to it.
        self._chunks = np.zeros(0, np.int64)
        self._places = np.zeros(0, np.int32)

    def search(
        self, index: VectorBlocks, query: NDArray[np.float32], notes: Sequence[int] | None = None
    ) -> Similarities:
        """Compare a query with the chunks of all notes, or of some.

        A chunk whose vector is all zeros is not compared: the model knows none of its words.

        Args:
            index: not in a write transaction: vectors of a rollback would stay in memory.
            query: float32 [dimension], from the same model as the vectors.
            notes: ids of the notes to compare; None for all.

        Raises:
            StateDamaged: a block of vectors is damaged.
        """
        with self._lock:
            self._refresh(index)
            held = self._held.first(len(self._chunks))
            if len(held.chunks) and len(query) != held.vectors.shape[1]:
                raise ValueError("the query and the vectors are from different models")
            cosines = _products(query, held.vectors) * held.scales
            chosen = self._chunks > 0
            if notes is not None:
                chosen &= _among(held.notes, notes)
            cosines[~chosen] = -np.inf
            return Similarities(self._chunks, held.notes, cosines, self._places)

    def pairs(
        self, index: VectorBlocks, notes: Sequence[int], least: float
    ) -> list[tuple[int, int, float]]:
        """Pairs of these notes with chunks that are at least this similar, as (note, note, cosine).

        Raises:
            StateDamaged: a block of vectors is damaged.
        """
        with self._lock:
            self._refresh(index)
            held = self._held.first(len(self._chunks))
            at = np.flatnonzero((self._chunks > 0) & _among(held.notes, notes))
            vectors = held.vectors[at] * held.scales[at, np.newaxis]
            ids = held.notes[at]
        found: dict[tuple[int, int], float] = {}
        for start in range(0, len(at), _ROWS):
            cosines = vectors[start : start + _ROWS] @ vectors.T
            for row, column in np.argwhere(cosines >= least):
                pair = (int(ids[start + row]), int(ids[column]))
                if pair[0] < pair[1]:
                    found[pair] = max(found.get(pair, 0.0), float(cosines[row, column]))
        return [(*pair, cosine) for pair, cosine in found.items()]

    def _refresh(self, index: VectorBlocks) -> None:
        with index.snapshot():
            epoch, changes, slots, dimension = index.vector_state(self._space)
            if (epoch, changes) == (self._epoch, self._changes):
                return
            same, self._epoch = epoch == self._epoch, None  # until everything is read
            if not same:
                self._held = _Columns.room(slots, dimension)
            elif slots > len(self._held.chunks):
                # With spare room, because notes arrive a few at a time, and growing copies everything.
                self._held = self._held.copy(slots + slots // 8)
            self._load(index, self._changes if same else -1)
            held = self._held.first(slots)
            self._chunks = np.where(held.scales > 0, held.chunks, 0)
            self._chunks[index.free_slots(self._space)] = 0
            self._places = np.full(int(self._chunks.max(initial=0)) + 1, -1, np.int32)
            self._places[self._chunks] = np.arange(slots, dtype=np.int32)
            self._places[0] = -1
            self._epoch, self._changes = epoch, changes

    def _load(self, index: VectorBlocks, seen: int) -> None:
        for block, *blobs in index.vector_blocks(self._space, seen):
            try:
                self._held.put(block * BLOCK, blobs)
            except ValueError as error:
                raise StateDamaged(
                    f"block {block} of the vectors is damaged", path=index.path
                ) from error


def blend(
    first: Similarities,
    second: Similarities,
    share: float,
    others: Sequence[int] = (),
    of_others: float = 0.0,
) -> Similarities:
    """The similarities by two models as one, in cosines of the first.

    Cosines of two models are not comparable; their distances from the median of all, in deviations, are. A
    chunk that one model did not compare has the other's. If the first model compared less than half as many
    chunks as the second, its median is of other texts, and the second model alone counts.

    Args:
        first: by the first model.
        second: by the second model.
        share: the share of the second model.
        others: notes for which it has another share.
        of_others: that share.
    """
    middle, deviation, count = first.background()
    middle2, deviation2, count2 = second.background()
    if 2 * count < count2:
        return second
    if not np.array_equal(first.chunks, second.chunks):  # embedded in another order, or not yet
        size = max(len(first.places), len(second.places))
        first, second = _by_chunk(first, size), _by_chunk(second, size)
    ours, theirs = first.cosines, second.cosines
    notes = np.maximum(first.notes, second.notes)
    scale = np.float32(max(deviation, _MIN_DEVIATION) / max(deviation2, _MIN_DEVIATION))
    theirs = (theirs - np.float32(middle2)) * scale + np.float32(middle)
    shares = np.where(_among(notes, others), np.float32(of_others), np.float32(share))
    shares[theirs == -np.inf] = 0
    shares[ours == -np.inf] = 1
    # 0 times infinity is no number.
    blended = (
        np.where(shares < 1, ours, 0) * (1 - shares) + np.where(shares > 0, theirs, 0) * shares
    )
    return Similarities(first.chunks, notes, blended.astype(np.float32, copy=False), first.places)


def _by_chunk(part: Similarities, size: int) -> Similarities:
    """The same with a row for each chunk id below `size`."""
    is_chunk = part.chunks > 0
    ids = np.arange(size)
    notes = np.zeros(size, np.int64)
    cosines = np.full(size, -np.inf, np.float32)
    notes[part.chunks[is_chunk]] = part.notes[is_chunk]
    cosines[part.chunks[is_chunk]] = part.cosines[is_chunk]
    return Similarities(ids, notes, cosines, ids.astype(np.int32))


@dataclass(frozen=True, slots=True)
class _Columns:
    """The columns of the blocks, one slot a row."""

    chunks: NDArray[np.int64]
    notes: NDArray[np.int64]
    scales: NDArray[np.float32]
    vectors: NDArray[np.int8]

    @classmethod
    def room(cls, slots: int, dimension: int) -> _Columns:
        ids = np.zeros(slots, np.int64)
        vectors = np.zeros((slots, dimension), np.int8)
        return cls(ids, ids.copy(), np.zeros(slots, np.float32), vectors)

    def first(self, slots: int) -> _Columns:
        return _Columns(
            self.chunks[:slots], self.notes[:slots], self.scales[:slots], self.vectors[:slots]
        )

    def copy(self, slots: int) -> _Columns:
        more = _Columns.room(slots, self.vectors.shape[1])
        size = len(self.chunks)
        more.chunks[:size], more.notes[:size] = self.chunks, self.notes
        more.scales[:size], more.vectors[:size] = self.scales, self.vectors
        return more

    def put(self, start: int, blobs: Sequence[bytes]) -> None:
        columns: tuple[NDArray[Any], ...] = (self.chunks, self.notes, self.scales, self.vectors)
        size = len(blobs[0]) // self.chunks.itemsize
        for column, blob in zip(columns, blobs, strict=True):
            shape = (size, *column.shape[1:])
            column[start : start + size] = np.frombuffer(blob, column.dtype).reshape(shape)


def _products(query: NDArray[np.float32], vectors: NDArray[np.int8]) -> NDArray[np.float32]:
    """The product of each row with the query scaled to length 1; all zeros for a query of zeros."""
    length = float(np.linalg.norm(query))
    if not length or not len(vectors):
        return np.zeros(len(vectors), np.float32)
    if simsimd is None:
        return _numpy_products(query / np.float32(length), vectors)
    whole = quantised(query)
    scale = np.float32(1 / np.linalg.norm(whole.astype(np.float32)))
    found = simsimd.cdist(whole[np.newaxis], vectors, metric="dot", out_dtype="float32")
    products: NDArray[np.float32] = np.asarray(found, np.float32).reshape(-1) * scale
    return products


def _numpy_products(query: NDArray[np.float32], vectors: NDArray[np.int8]) -> NDArray[np.float32]:
    products = np.empty(len(vectors), np.float32)
    buffer = np.empty((_ROWS, vectors.shape[1]), np.float32)
    for start in range(0, len(vectors), _ROWS):
        rows = vectors[start : start + _ROWS]
        part = buffer[: len(rows)]
        np.copyto(part, rows)
        # Not `dot`, which uses a second thread for each part and is slow on a busy machine.
        np.vecdot(part, query, out=products[start : start + len(rows)])
    return products


def _among(values: NDArray[np.int64], wanted: Sequence[int]) -> NDArray[np.bool_]:
    """Which values are in `wanted`; a lookup table is fast, since ids are small."""
    table = np.zeros(int(values.max(initial=0)) + 1, np.bool_)
    ids = np.asarray(wanted, np.int64)
    table[ids[(ids > 0) & (ids < len(table))]] = True
    found: NDArray[np.bool_] = table[values]
    return found


def _bound(values: NDArray[np.float32], k: int) -> float:
    """A lower bound of the k largest values, which few other values reach.

    It is the k-th largest of the maxima of groups, which is cheaper than the k-th largest value.
    """
    groups = len(values) // _GROUP
    if not 0 < k <= groups:
        return float("-inf")
    maxima = values[: groups * _GROUP].reshape(groups, _GROUP).max(axis=1)
    return float(np.partition(maxima, groups - k)[groups - k])
