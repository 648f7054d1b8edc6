"""Models on servers, against a server on this machine."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pytest

from memcairn.embedding import remote
from memcairn.embedding.embedder import EmbeddingError
from memcairn.embedding.remote import Endpoint, RemoteEmbedder

if TYPE_CHECKING:
    from collections.abc import Iterator


def vector_of(text: str) -> list[float]:
    return [float(len(text)), 1.0, 2.0]


@dataclass
class Server:
    """Answers as its script says, and as a healthy server once that is used up."""

    url: str = ""
    script: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    requests: list[tuple[str, dict[str, Any], str | None]] = field(default_factory=list)

    def answer(self, path: str, body: dict[str, Any]) -> bytes:
        rows = [vector_of(text) for text in body["input"]]
        if path == "/api/embed":
            return json.dumps({"embeddings": rows}).encode()
        items = [{"index": index, "embedding": row} for index, row in enumerate(rows)]
        return json.dumps({"data": items[::-1]}).encode()

    def endpoint(self, protocol: Literal["ollama", "openai"] = "openai", **more: Any) -> Endpoint:
        return Endpoint(protocol, self.url, "tiny", **more)


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            state.requests.append((self.path, body, self.headers["Authorization"]))
            good = state.answer(self.path, body)
            code, headers, content = state.script.pop(0) if state.script else (200, {}, good)
            self.send_response(code)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        state.url = f"http://127.0.0.1:{http.server_port}"
        yield state
        http.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "FIRST_WAIT_S", 0.001)
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

    assert len(server.requests) == remote.TRIES


@pytest.mark.parametrize("code", [400, 401, 404])
def test_a_refusal_is_an_error_at_once(server: Server, code: int) -> None:
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

    with pytest.raises(EmbeddingError, match="answer"):
        RemoteEmbedder(server.endpoint()).embed(["text"])


def test_a_model_that_changes_its_dimension_is_an_error(server: Server) -> None:
    model = RemoteEmbedder(server.endpoint())
    model.embed(["text"])
    server.script = [(200, {}, b'{"data": [{"index": 0, "embedding": [1, 2]}]}')]

    with pytest.raises(EmbeddingError, match="length of its vectors"):
        model.embed(["text"])


def test_stopping_ends_a_long_wait(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "FIRST_WAIT_S", 1000.0)
    monkeypatch.setattr(remote, "LONGEST_WAIT_S", 1000.0)
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
