"""Models on servers, against a server on this machine."""

from __future__ import annotations

import threading
import traceback
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pytest

import model_server
from memcairn.embedding import remote
from memcairn.embedding.remote import Endpoint, RemoteEmbedder
from memcairn.errors import EmbeddingError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from model_server import Server


@pytest.fixture
def server() -> Iterator[Server]:
    with model_server.running() as server:
        server.vector = vector_of  # type: ignore[method-assign]
        yield server


def vector_of(text: str) -> list[float]:
    return [float(len(text)), 1.0, 2.0]


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "RETRY_DELAY_S", 0.001)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(
    ("protocol", "path"), [("ollama", "/api/embed"), ("openai", "/embeddings")]
)
def test_vectors_come_back_in_order_and_of_length_one(
    server: Server, protocol: Literal["ollama", "openai"], path: str
) -> None:
    model = RemoteEmbedder(server.endpoint(protocol, key="secret"))
    texts = ["x" * length for length in range(1, 71)]

    found = model.embed(texts)

    expected = np.array([vector_of(text) for text in texts], np.float32)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    assert np.allclose(found.vectors, expected, atol=1e-6)
    assert found.tokens == ()
    assert [(where, len(body["input"]), key) for where, body, key in server.requests] == [
        (path, 32, "Bearer secret"),
        (path, 32, "Bearer secret"),
        (path, 6, "Bearer secret"),
    ]
    assert {body["model"] for _, body, _ in server.requests} == {"tiny"}


def test_a_query_has_a_vector_and_no_token_states(server: Server) -> None:
    model = RemoteEmbedder(server.endpoint(query_prompt="q: ", text_prompt="t: "))

    query = model.embed_query("four")
    model.embed(["four"])

    assert np.isclose(np.linalg.norm(query.vector), 1)
    assert query.states.shape[0] == 0
    assert [body["input"] for _, body, _ in server.requests] == [["q: four"], ["t: four"]]


def test_the_dimension_is_asked_once(server: Server) -> None:
    model = RemoteEmbedder(server.endpoint())

    assert (model.dimension, model.dimension) == (3, 3)
    assert len(server.requests) == 1


def test_a_busy_server_is_asked_again(server: Server) -> None:
    server.script = [(429, {"Retry-After": "0"}, b""), (503, {}, b""), (500, {}, b"{}")]

    found = RemoteEmbedder(server.endpoint()).embed(["text"])

    assert found.vectors.shape == (1, 3)
    assert len(server.requests) == 4


def test_a_server_that_stays_busy_is_given_up(server: Server) -> None:
    server.script = [(503, {}, b"")] * 20

    with pytest.raises(EmbeddingError, match="503"):
        RemoteEmbedder(server.endpoint()).embed(["text"])

    assert len(server.requests) == remote.MAX_ATTEMPTS


@pytest.mark.parametrize("code", [400, 401, 404])
def test_a_refusal_is_an_error_without_retry(server: Server, code: int) -> None:
    server.script = [(code, {}, b"no")]

    with pytest.raises(EmbeddingError, match=str(code)):
        RemoteEmbedder(server.endpoint()).embed(["text"])

    assert len(server.requests) == 1


def test_a_redirect_does_not_carry_texts_and_key_elsewhere(server: Server) -> None:
    server.script = [(302, {"Location": f"{server.url}/elsewhere"}, b"")]

    with pytest.raises(EmbeddingError, match="302"):
        RemoteEmbedder(server.endpoint(key="secret")).embed(["text"])

    assert [path for path, *_ in server.requests] == ["/embeddings"]


def test_a_server_that_is_not_there_is_an_error(server: Server) -> None:
    endpoint = Endpoint("ollama", "http://127.0.0.1:9", "tiny")

    with pytest.raises(EmbeddingError, match="cannot be reached"):
        RemoteEmbedder(endpoint).embed(["text"])


@pytest.mark.parametrize(
    "content",
    [
        b"not JSON",
        b"[]",
        b"{}",
        b'{"data": [{"index": 0}]}',
        b'{"data": []}',
        b'{"data": [{"index": 0, "embedding": [1, "x"]}]}',
        b'{"data": [{"index": 0, "embedding": [1, null]}]}',
        b'{"data": [{"index": 0, "embedding": []}, {"index": 1, "embedding": []}]}',
        b'{"data": [{"index": 0, "embedding": [1, NaN]}]}',
    ],
)
def test_an_answer_that_makes_no_sense_is_an_error(server: Server, content: bytes) -> None:
    server.script = [(200, {}, content)]

    with pytest.raises(EmbeddingError, match="response"):
        RemoteEmbedder(server.endpoint()).embed(["text"])


@pytest.mark.parametrize("key", ["sk-1234\r", "sk-1234\nX: y", "\u043a\u043b\u044e\u0447"])
def test_a_key_that_http_cannot_carry_is_an_error_that_says_so_without_it(
    server: Server, key: str
) -> None:
    model = RemoteEmbedder(server.endpoint("openai", key=key))

    with pytest.raises(EmbeddingError, match="not valid in HTTP") as error:
        model.embed(["x"])

    assert server.requests == []
    assert key.strip()[:7] not in "".join(traceback.format_exception(error.value))


def test_an_address_that_is_none_is_an_error() -> None:
    with pytest.raises(EmbeddingError, match="is not an http address"):
        RemoteEmbedder(Endpoint("ollama", "http://[::1", "m")).embed(["x"])


def test_a_model_that_changes_its_dimension_is_an_error(server: Server) -> None:
    model = RemoteEmbedder(server.endpoint())
    model.embed(["text"])
    server.script = [(200, {}, b'{"data": [{"index": 0, "embedding": [1, 2]}]}')]

    with pytest.raises(EmbeddingError, match="length of its vectors"):
        model.embed(["text"])


def test_stopping_ends_a_long_wait(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "RETRY_DELAY_S", 1000.0)
    monkeypatch.setattr(remote, "MAX_RETRY_DELAY_S", 1000.0)
    server.script = [(503, {}, b"")]
    stop = threading.Event()
    errors: list[EmbeddingError] = []

    def work() -> None:
        try:
            RemoteEmbedder(server.endpoint(), stop).embed(["text"])
        except EmbeddingError as error:
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    stop.set()
    thread.join(timeout=10)

    assert not thread.is_alive()
    assert len(errors) == 1


def test_requests_keep_their_distance(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    waits: list[float] = []

    class Stop(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waits.append(timeout or 0)
            now[0] += timeout or 0
            return False

    monkeypatch.setattr(remote.time, "monotonic", lambda: now[0])
    model = RemoteEmbedder(server.endpoint(requests_per_minute=30), Stop())

    for _ in range(3):
        model.embed(["text"])

    assert waits == [0, 2, 2]


def test_long_and_empty_texts_are_sent_as_servers_take_them(server: Server) -> None:
    RemoteEmbedder(server.endpoint()).embed(["", "x" * 100_000])

    ((_, body, _),) = server.requests
    assert [len(text) for text in body["input"]] == [1, remote.MAX_CHARACTERS]


@pytest.mark.parametrize("url", ["file:///etc/passwd", "localhost:11434", ""])
def test_only_http_addresses_are_taken(url: str) -> None:
    with pytest.raises(EmbeddingError):
        RemoteEmbedder(Endpoint("openai", url, "tiny"))


# ── a query, which somebody waits for ──


@pytest.mark.parametrize("code", [429, 500, 503])
def test_a_query_is_asked_once(server: Server, code: int) -> None:
    server.script = [(code, {"Retry-After": "20"}, b"")] * 5

    with pytest.raises(EmbeddingError, match=str(code)):
        RemoteEmbedder(server.endpoint()).embed_query("text")

    assert len(server.requests) == 1


def test_a_query_does_not_wait_for_a_slow_server(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "QUERY_TIMEOUT_S", 0.05)
    server.delay_s = 1.0

    with pytest.raises(EmbeddingError, match="cannot be reached"):
        RemoteEmbedder(server.endpoint()).embed_query("text")

    assert len(server.requests) == 1


def test_a_query_does_not_wait_for_its_turn(server: Server) -> None:
    model = RemoteEmbedder(server.endpoint(requests_per_minute=1))
    model.embed(["text"])

    with pytest.raises(EmbeddingError, match="requests_per_minute"):
        model.embed_query("text")

    assert len(server.requests) == 1


# ── what a model cannot take ──


class Picky:
    """A server whose model takes so many texts, of so many characters."""

    def __init__(self, server: Server, *, texts: int = 100, characters: int = 10**9) -> None:
        self._answer = server.answer
        self._texts, self._characters = texts, characters
        self._server = server
        server.answer = self.answer  # type: ignore[method-assign]

    def answer(self, path: str, body: dict[str, Any]) -> bytes:
        sent = body["input"]
        if len(sent) > self._texts or max(map(len, sent)) > self._characters:
            self._server.script.append((400, {}, b'{"error": "the input is too long\x1b[2J"}'))
        return self._answer(path, body)


def test_texts_that_are_too_many_are_sent_in_smaller_parts(server: Server) -> None:
    Picky(server, texts=5)
    texts = ["x" * length for length in range(1, 40)]

    found = RemoteEmbedder(server.endpoint()).embed(texts).vectors

    expected = np.array([vector_of(text) for text in texts], np.float32)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    assert np.allclose(found, expected, atol=1e-6)


def test_a_text_that_is_too_long_is_sent_shorter_and_the_others_whole(server: Server) -> None:
    Picky(server, characters=2_100)

    found = RemoteEmbedder(server.endpoint()).embed(["short", "x" * 7_000]).vectors

    assert len(found) == 2
    accepted = [text for _, body, _ in server.requests[-2:] for text in body["input"]]
    assert [len(text) for text in accepted] == [7_000, 1_750]


def test_a_text_that_is_refused_whatever_its_length_is_an_error_that_says_why(
    server: Server,
) -> None:
    Picky(server, characters=0)

    with pytest.raises(EmbeddingError, match=r"400 .*the input is too long") as caught:
        RemoteEmbedder(server.endpoint()).embed(["x" * 7_000, "y"])

    assert "\x1b" not in str(caught.value)
    assert len(server.requests) < 10


def test_a_server_that_never_answered_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    class Stop(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waits.append(timeout or 0)
            return False

    with pytest.raises(EmbeddingError, match=r"cannot be reached: .*refused"):
        RemoteEmbedder(Endpoint("ollama", "http://127.0.0.1:9", "tiny"), Stop()).embed(["text"])

    assert waits == [0]
