"""A server on loopback that plays a model: it keeps what it is asked and answers as a script says."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable

    # (path, body of the request) -> (body, content type)
    Answer = Callable[[str, dict[str, Any]], tuple[bytes, str]]

JSON = "application/json"
EVENTS = "text/event-stream"


class Loopback:
    """The server; `requests` are the bodies that were posted, oldest first."""

    def __init__(self, answer: Answer) -> None:
        self.requests: list[dict[str, Any]] = []
        model = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def reply(self, body: bytes, kind: str) -> None:
                self.send_response(200)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_HEAD(self) -> None:
                self.reply(b"", JSON)

            def do_GET(self) -> None:
                self.reply(b'{"data": [], "models": []}', JSON)

            def do_POST(self) -> None:
                length = int(self.headers.get("content-length", 0))
                body = json.loads(self.rfile.read(length) or b"{}")
                model.requests.append(body)
                self.reply(*answer(self.path, body))

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def events(*pairs: tuple[str, dict[str, Any]]) -> bytes:
    """A stream of server-sent events, each with its name in its data."""
    return "".join(
        f"event: {kind}\ndata: {json.dumps({'type': kind, **data})}\n\n" for kind, data in pairs
    ).encode()
