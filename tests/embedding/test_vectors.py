"""The vectors of chunks in index.db, and the scan over them."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memcairn.errors import StateDamaged, StateError
from memcairn.store import database, vector_scan, vector_state, vectors
from memcairn.store.database import Database
from memcairn.store.local_index import LocalIndex
from memcairn.store.vector_scan import Similarities, VectorScan, blend
from memcairn.store.vector_state import VectorModel, Waiting

if TYPE_CHECKING:
    from collections.abc import Iterator

DIMENSION = 16
MODEL = VectorModel("tests", DIMENSION, 8)


class Index:
    """An index.db whose chunks are given by a number that stands for their text."""

    def __init__(self, path: Path) -> None:
        self.db = Database(str(path))
        if not self.db.execute("SELECT 1 FROM sqlite_master WHERE name = 'embedding'").fetchone():
            schema = Path(database.__file__).with_name("vectors.sql").read_text(encoding="utf-8")
            for statement in database._statements(schema):
                self.db.execute(statement)
        self.scan = VectorScan()
        self.db.execute("INSERT INTO root (id, path) VALUES (1, '/notes')")
        vector_state.use_model(self.db, MODEL)

    def note(self, note: int) -> None:
        self.db.execute(
            "INSERT INTO note (id, root, path, namespace, size_bytes, mtime_ns, inode, hash, title,"
            " description, tags, pinned) VALUES (?, 1, ?, 'default', 0, 0, 0, '', '', '', '[]', 0)",
            (note, f"/notes/{note}.md"),
        )

    def chunk(self, chunk: int, text: int, note: int = 1) -> None:
        if not self.db.execute("SELECT 1 FROM note WHERE id = ?", (note,)).fetchone():
            self.note(note)
        self.db.execute(
            "INSERT INTO chunk (id, note, position, section, start_line, end_line, heading_path,"
            " text, hash) VALUES (?, ?, ?, 0, 1, 1, '[]', '', ?)",
            (chunk, note, chunk, hash_of(text)),
        )

    def embed(self) -> int:
        """Embed all that waits, as an indexer would; returns how many texts the model saw."""
        seen = 0
        while waiting := vector_state.waiting(self.db, 100):
            rest = vectors.reuse(self.db, MODEL, waiting)
            if rest:
                rows = np.stack([vector(text_of(item)) for item in rest])
                vectors.add(self.db, MODEL, rest, rows, [tokens(text_of(item)) for item in rest])
            seen += len(rest)
        return seen

    def found(self, text: int, notes: list[int] | None = None, k: int = 100) -> list[int]:
        similar = self.scan.search(LocalIndex(self.db), vector(text), notes)
        return [chunk for chunk, _ in similar.top(k)]


def hash_of(text: int) -> bytes:
    return text.to_bytes(16, "big")


def text_of(item: Waiting) -> int:
    return int.from_bytes(item.hash, "big")


def vector(text: int) -> np.ndarray:
    row = np.random.default_rng(text).normal(size=DIMENSION).astype(np.float32)
    return row / np.linalg.norm(row)


def tokens(text: int) -> np.ndarray:
    return np.full((text % 3, 1), text % 256, np.uint8)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    index = Index(tmp_path / "index.db")
    yield index
    index.db.close()


@pytest.fixture(params=["simsimd", "numpy"])
def _kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "numpy":
        monkeypatch.setattr(vector_scan, "simsimd", None)
    elif vector_scan.simsimd is None:
        pytest.skip("simsimd is not installed")


@pytest.mark.usefixtures("_kernel")
def test_the_scan_orders_all_chunks_by_their_exact_cosine(index: Index) -> None:
    texts = range(1, 1500)  # several blocks, the last one not full
    for text in texts:
        index.chunk(text, text)
    index.embed()
    query = vector(77)

    found = index.scan.search(LocalIndex(index.db), query).top(1499)

    expected = {text: float(vector(text) @ query) for text in texts}
    assert found[0][0] == 77
    assert {chunk for chunk, _ in found} == set(texts)
    assert all(abs(cosine - expected[chunk]) < 0.02 for chunk, cosine in found)
    assert [cosine for _, cosine in found] == sorted((c for _, c in found), reverse=True)


@pytest.mark.usefixtures("_kernel")
def test_a_query_of_zeros_is_equally_far_from_everything(index: Index) -> None:
    index.chunk(1, 1)
    index.embed()

    similar = index.scan.search(LocalIndex(index.db), np.zeros(DIMENSION, np.float32))

    assert similar.top(1) == [(1, 0.0)]


def test_only_chunks_of_the_given_notes_are_found(index: Index) -> None:
    for chunk in range(1, 31):
        index.chunk(chunk, chunk, note=1 + chunk % 3)
    index.embed()

    assert sorted(index.found(5, notes=[2])) == [1, 4, 7, 10, 13, 16, 19, 22, 25, 28]
    assert index.found(5, notes=[]) == []
    assert index.found(5, notes=[4711, -1]) == []


def test_an_index_without_vectors_finds_nothing(index: Index) -> None:
    index.chunk(1, 1)

    assert index.found(1) == []
    assert index.scan.search(LocalIndex(index.db), vector(1)).lowest == 0.0


def test_a_removed_note_is_not_found_by_a_scan_that_knew_it(index: Index) -> None:
    index.chunk(1, 1, note=1)
    index.chunk(2, 2, note=2)
    index.embed()
    assert sorted(index.found(1)) == [1, 2]

    index.db.execute("DELETE FROM note WHERE id = 1")

    assert index.found(1) == [2]


def test_a_reused_id_is_not_found_by_the_text_it_had(index: Index) -> None:
    index.chunk(1, 1)
    index.chunk(2, 2)
    index.embed()
    index.db.execute("DELETE FROM chunk WHERE id = 2")
    index.chunk(2, 3)

    assert index.found(2) == [1]
    index.embed()
    assert index.scan.search(LocalIndex(index.db), vector(3)).top(1)[0][0] == 2


def test_the_same_text_is_embedded_once(index: Index) -> None:
    index.chunk(1, 10)
    index.chunk(2, 10)
    index.chunk(3, 11)
    assert index.embed() == 3  # one round: nothing was known before it

    index.chunk(4, 10)
    index.db.execute("DELETE FROM chunk WHERE id = 3")
    index.chunk(5, 11)

    assert index.embed() == 0
    assert sorted(index.found(10, k=3)) == [1, 2, 4]
    assert index.found(11, k=1) == [5]
    assert vectors.tokens(index.db, [5])[5].tolist() == tokens(11).tolist()


def test_embeddings_of_gone_chunks_are_kept_up_to_a_bound(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors, "MAX_UNUSED", 5)
    for chunk in range(1, 21):
        index.chunk(chunk, chunk)
    index.embed()
    index.db.execute("DELETE FROM chunk")
    index.chunk(100, 100)
    index.embed()

    (kept,) = index.db.execute("SELECT COUNT(*) FROM embedding WHERE chunk < 0").fetchone()

    assert kept == 5


def test_an_embedding_of_a_text_that_changed_meanwhile_is_skipped(index: Index) -> None:
    index.chunk(1, 1)
    waiting = vector_state.waiting(index.db, 10)
    index.db.execute("DELETE FROM chunk WHERE id = 1")
    index.chunk(1, 2)

    written = vectors.add(index.db, MODEL, waiting, vector(1)[np.newaxis], [tokens(1)])

    assert written == 0
    assert vector_state.waiting(index.db, 10) == [Waiting(1, hash_of(2))]


def test_two_embedders_at_work_write_each_chunk_once(index: Index) -> None:
    index.chunk(1, 1)
    waiting = vector_state.waiting(index.db, 10)

    first = vectors.add(index.db, MODEL, waiting, vector(1)[np.newaxis], [tokens(1)])
    second = vectors.add(index.db, MODEL, waiting, vector(1)[np.newaxis], [tokens(1)])

    assert (first, second) == (1, 0)
    assert index.found(1) == [1]


def test_another_model_drops_all_vectors_and_every_chunk_waits(index: Index) -> None:
    for chunk in range(1, 6):
        index.chunk(chunk, chunk)
    index.embed()
    assert index.found(1, k=1) == [1]

    other = VectorModel("other", 4, 0)
    dropped = vector_state.use_model(index.db, other)

    assert dropped
    assert vector_state.count_waiting(index.db) == 5
    assert vector_state.model(index.db) == other
    assert index.scan.search(LocalIndex(index.db), np.ones(4, np.float32)).top(9) == []
    waiting = vector_state.waiting(index.db, 10)
    vectors.add(index.db, other, waiting, np.eye(5, 4, dtype=np.float32) + 0.01)
    assert (
        index.scan.search(LocalIndex(index.db), np.array([0, 1, 0, 0], np.float32)).top(1)[0][0]
        == 2
    )
    assert vectors.tokens(index.db, [2])[2].shape == (0, 1)


def test_vectors_of_a_replaced_model_are_not_written(index: Index) -> None:
    index.chunk(1, 1)
    waiting = vector_state.waiting(index.db, 10)
    vector_state.use_model(index.db, VectorModel("other", DIMENSION, 8))

    for write in (
        lambda: vectors.add(index.db, MODEL, waiting, vector(1)[np.newaxis], [tokens(1)]),
        lambda: vectors.reuse(index.db, MODEL, waiting),
    ):
        with pytest.raises(StateError, match="another model"):
            write()

    assert vector_state.waiting(index.db, 10) == waiting


def test_the_same_model_keeps_what_there_is(index: Index) -> None:
    index.chunk(1, 1)
    index.embed()

    assert not vector_state.use_model(index.db, MODEL)
    assert index.found(1) == [1]


def test_a_query_of_another_dimension_is_refused(index: Index) -> None:
    index.chunk(1, 1)
    index.embed()

    with pytest.raises(ValueError, match="different models"):
        index.scan.search(LocalIndex(index.db), np.ones(5, np.float32))


def test_cosines_of_named_chunks_are_those_of_the_scan(index: Index) -> None:
    for chunk in range(1, 700):
        index.chunk(chunk, chunk)
    index.embed()
    query = vector(3)
    similar = index.scan.search(LocalIndex(index.db), query)

    named = similar.of([*range(0, 700, 7), -1, 4711])

    scanned = dict(similar.top(699))
    assert named == {chunk: scanned[chunk] for chunk in range(7, 700, 7)}


def test_an_answer_of_the_scan_stays_as_it_was_while_chunks_come_and_go(index: Index) -> None:
    for chunk in range(1, 20):
        index.chunk(chunk, chunk)
    index.embed()
    similar = index.scan.search(LocalIndex(index.db), vector(3))
    before = similar.top(19)

    index.db.execute("DELETE FROM chunk WHERE id < 10")
    index.chunk(30, 30)
    index.embed()
    index.scan.search(LocalIndex(index.db), vector(3))

    assert similar.top(19) == before
    assert similar.of([1, 30]).keys() == {1}


def test_a_chunk_without_meaning_is_near_to_nothing(index: Index) -> None:
    index.chunk(1, 1)
    index.chunk(2, 2)
    waiting = vector_state.waiting(index.db, 10)
    rows = np.stack([vector(1), np.zeros(DIMENSION, np.float32)])
    vectors.add(index.db, MODEL, waiting, rows, [tokens(1), tokens(2)])

    similar = index.scan.search(LocalIndex(index.db), vector(2))

    assert [chunk for chunk, _ in similar.top(9)] == [1]
    assert similar.of([1, 2]).keys() == {1}


def test_a_transaction_that_fails_leaves_the_scan_as_it_was(index: Index) -> None:
    index.chunk(1, 1)
    index.embed()
    index.chunk(2, 2)
    waiting = vector_state.waiting(index.db, 10)

    def write_and_fail() -> None:
        with index.db.transaction():
            vectors.add(index.db, MODEL, waiting, vector(2)[np.newaxis], [tokens(2)])
            index.db.execute("SELECT nonsense")

    with pytest.raises(sqlite3.OperationalError):
        write_and_fail()

    assert index.found(1) == [1]
    index.chunk(3, 3)
    index.embed()
    assert sorted(index.found(1)) == [1, 2, 3]
    assert index.found(2, k=1) == [2]


def test_a_damaged_block_is_reported_as_damage(index: Index) -> None:
    index.chunk(1, 1)
    index.embed()
    index.db.execute("UPDATE vector_block SET vectors = x'00'")

    with pytest.raises(StateDamaged):
        index.found(1)


def test_a_rebuilt_index_is_not_mistaken_for_the_old_one(tmp_path: Path) -> None:
    old, new = Index(tmp_path / "old.db"), Index(tmp_path / "new.db")
    for index, text in ((old, 1), (new, 2)):
        index.chunk(text, text)
        index.embed()
    assert old.found(1) == [1]

    similar = old.scan.search(LocalIndex(new.db), vector(2))
    old.db.close()
    new.db.close()

    assert [chunk for chunk, _ in similar.top(9)] == [2]


@given(
    st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.25, 0.5, 1.0]), max_size=400),
    st.integers(0, 20),
)
def test_top_gives_the_largest_cosines(values: list[float], k: int) -> None:
    cosines = np.array(values, np.float32)
    chunks = np.arange(len(values), dtype=np.int64)

    found = Similarities(chunks, chunks, cosines, chunks.astype(np.int32)).top(k)

    assert [cosine for _, cosine in found] == sorted(values, reverse=True)[:k]
    assert len({chunk for chunk, _ in found}) == len(found)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("chunk"), st.integers(1, 40), st.integers(1, 9)),
        st.tuples(st.just("remove"), st.integers(1, 40), st.just(0)),
        st.tuples(st.just("embed"), st.just(0), st.just(0)),
        st.tuples(st.just("scan"), st.just(0), st.just(0)),
        st.tuples(st.just("drop"), st.just(0), st.just(0)),
    ),
    max_size=40,
)


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_after_any_history_the_scan_finds_just_the_embedded_chunks(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, int]]
) -> None:
    index = Index(tmp_path_factory.mktemp("home") / "index.db")
    expected: dict[int, int] = {}
    for step, chunk, text in steps:
        if step == "chunk" and chunk not in expected:
            index.chunk(chunk, text)
            expected[chunk] = text
        elif step == "remove":
            index.db.execute("DELETE FROM chunk WHERE id = ?", (chunk,))
            expected.pop(chunk, None)
        elif step == "embed":
            index.embed()
        elif step == "scan":
            index.scan.search(LocalIndex(index.db), vector(1))
        elif step == "drop":
            vector_state.drop(index.db)
            vector_state.use_model(index.db, MODEL)
    index.embed()

    similar = index.scan.search(LocalIndex(index.db), vector(1))
    index.db.close()

    found = dict(similar.top(100))
    assert found.keys() == expected.keys()
    for chunk, text in expected.items():
        assert abs(found[chunk] - float(vector(text) @ vector(1))) < 0.02


def similarities(cosines: dict[int, float]) -> Similarities:
    chunks = np.array([*cosines], np.int64)
    places = np.full(int(chunks.max()) + 1, -1, np.int32)
    places[chunks] = np.arange(len(chunks))
    return Similarities(chunks, chunks * 10, np.array([*cosines.values()], np.float32), places)


def test_a_blend_is_between_two_models_and_has_what_one_of_them_has() -> None:
    first = similarities({1: 0.1, 2: 0.2, 3: 0.3, 4: 0.4, 5: 0.5})
    second = similarities({6: 5.0, 5: 1.0, 4: 2.0, 3: 3.0, 2: 4.0, 1: 5.0})

    found = blend(first, second, 0.0, [50], 1.0).of([1, 2, 3, 4, 5, 6])

    assert [round(found[chunk], 3) for chunk in (1, 2, 3, 4)] == [0.1, 0.2, 0.3, 0.4]
    assert found[5] == min(found.values())  # note 50 has the second model's
    assert 0.3 < found[6] < 0.4
    of_same_order = similarities({1: 5.0, 2: 4.0, 3: 3.0, 4: 2.0, 5: 1.0})
    assert blend(first, of_same_order, 0.0).of([1, 5]) == first.of([1, 5])


def test_a_model_that_compared_few_chunks_gives_way_to_the_other() -> None:
    second = similarities({chunk: chunk / 10 for chunk in range(1, 9)})

    assert blend(similarities({1: 0.9, 2: 0.1}), second, 0.3) is second
