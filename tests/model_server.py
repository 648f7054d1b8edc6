"""A server of embedding models on this machine, for tests."""

from __future__ import annotations

import json
import threading
import time
import zlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Literal

from memcairn.embedding.remote import Endpoint

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Server:
    """Answers as its script says, and as a healthy server once that is used up.

    The vector of a text counts its words, each in a component that its letters choose.
    """

    url: str = ""
    dimension: int = 32
    delay_s: float = 0.0
    script: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    requests: list[tuple[str, dict[str, Any], str | None]] = field(default_factory=list)

    def vector(self, text: str) -> list[float]:
        row = [0.01] * self.dimension
        for word in text.lower().split():
            row[zlib.crc32(word.encode()) % self.dimension] += 1.0
        return row

    def answer(self, path: str, body: dict[str, Any]) -> bytes:
        rows = [self.vector(text) for text in body["input"]]
        if path == "/api/embed":
            return json.dumps({"embeddings": rows}).encode()
        items = [{"index": index, "embedding": row} for index, row in enumerate(rows)]
        return json.dumps({"data": items[::-1]}).encode()

    def endpoint(self, protocol: Literal["ollama", "openai"] = "openai", **more: Any) -> Endpoint:
        return Endpoint(protocol, self.url, "tiny", **more)

    def environment(self, model: str = "tiny") -> dict[str, str]:
        """What chooses this server for memcairn."""
        return {
            "MEMCAIRN_EMBEDDING_PROVIDER": "openai-compatible",
            "MEMCAIRN_EMBEDDING_MODEL": model,
            "MEMCAIRN_EMBEDDING_URL": self.url,
        }

    @property
    def texts(self) -> list[str]:
        """What it was asked to embed, without the question for the dimension."""
        sent = [text for _, body, _ in self.requests for text in body["input"]]
        return [text for text in sent if text != "dimension"]


@contextmanager
def running() -> Iterator[Server]:
    """A server, for the block."""
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            state.requests.append((self.path, body, self.headers["Authorization"]))
            good = state.answer(self.path, body)
            code, headers, content = state.script.pop(0) if state.script else (200, {}, good)
            time.sleep(state.delay_s)
            try:
                self.send_response(code)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            except OSError:
                pass  # who asked has gone

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Who asks may go at any time."""

    with Quiet(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        state.url = f"http://127.0.0.1:{http.server_port}"
        try:
            yield state
        finally:
            http.shutdown()
            thread.join()
