"""Embedders over HTTP: Ollama, and servers with OpenAI's embeddings protocol.

    texts ──batches──► POST ──429, 5xx, no response──► wait, retry ──► vectors
                        ├── 400, 413, 422 ──► retry with half of the texts, or a shorter text
                        └── any other error ──► EmbeddingError
    query ──► POST, one attempt, with a short timeout

Waiting ends when `stop` is set. Redirects are refused, because they would send texts and key elsewhere.
"""

from __future__ import annotations

import json
import random
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from memcairn.embedding.embedder import Embedded, EmbeddedQuery
from memcairn.embedding.unit_length import to_unit_length
from memcairn.errors import EmbeddingError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

BATCH = 32
# Longer texts are cut: servers refuse texts that are longer than their model's window.
MAX_CHARACTERS = 8_000
MAX_ANSWER_BYTES = 256 << 20
TIMEOUT_S = 60.0
MAX_ATTEMPTS = 5
RETRY_DELAY_S = 0.5
MAX_RETRY_DELAY_S = 30.0
# After this time, a search continues with keywords only.
QUERY_TIMEOUT_S = 5.0
RETRY_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504, 529})
# The statuses for a text that is too long, or for too many texts.
TOO_LARGE_STATUSES = frozenset({400, 413, 422})
# Shorter texts are not cut: if they are refused, their length is not the reason.
MIN_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A model on a server.

    Attributes:
        protocol: "ollama" posts to /api/embed; "openai" to /embeddings.
        url: the base address, without the protocol's path: "http://localhost:11434",
            "https://api.example.com/v1".
        model: its name on the server.
        key: sent as a bearer token; empty for none.
        requests_per_minute: the maximum; 0 for no limit.
        query_prompt: the model's prefix of queries.
        text_prompt: the model's prefix of indexed texts.
    """

    protocol: Literal["ollama", "openai"]
    url: str
    model: str
    key: str = ""
    requests_per_minute: float = 0
    query_prompt: str = ""
    text_prompt: str = ""

    @property
    def address(self) -> str:
        """The full address for POST requests."""
        path = "/api/embed" if self.protocol == "ollama" else "/embeddings"
        return self.url.rstrip("/") + path


class _TooLargeError(EmbeddingError):
    """The server refuses these texts; fewer or shorter ones may be accepted."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """Refuse redirects."""


class RemoteEmbedder:
    """Embeds with a model on a server.

    Args:
        endpoint: the server.
        stop: set by another thread to stop; every call then raises EmbeddingError.
    """

    token_bits = 0
    batch = BATCH

    def __init__(self, endpoint: Endpoint, stop: threading.Event | None = None) -> None:
        if not endpoint.url.startswith(("http://", "https://")):
            raise EmbeddingError("is not an http address", path=endpoint.url)
        self.name = f"{endpoint.protocol}:{endpoint.model}"
        if endpoint.query_prompt or endpoint.text_prompt:
            self.name += f":{json.dumps([endpoint.query_prompt, endpoint.text_prompt])}"
        self._endpoint = endpoint
        self._stop = stop or threading.Event()
        self._opener = urllib.request.build_opener(_NoRedirect)
        self._turn = threading.Lock()
        self._next_request = 0.0
        self._dimension = 0

    @property
    def dimension(self) -> int:
        """The length of a vector; requested once from the server."""
        if not self._dimension:
            self._vectors(["dimension"])
        return self._dimension

    def embed(self, texts: Sequence[str]) -> Embedded:
        """Embed texts for the index; see Embedder.embed."""
        if not texts:
            return Embedded(np.zeros((0, self.dimension), np.float32))
        whole = [self._endpoint.text_prompt + text for text in texts]
        batches = [whole[start : start + BATCH] for start in range(0, len(whole), BATCH)]
        return Embedded(np.concatenate([self._vectors_in_parts(batch) for batch in batches]))

    def embed_query(self, text: str) -> EmbeddedQuery:
        """Embed a query; see Embedder.embed_query."""
        texts = [self._endpoint.query_prompt + text]
        (vector,) = self._vectors(texts, timeout_s=QUERY_TIMEOUT_S, tries=1)
        return EmbeddedQuery(vector, np.zeros((0, 0), np.float32))

    def knows(self, text: str) -> float:  # noqa: ARG002
        """Always 1: the vocabulary of a model on a server is unknown."""
        return 1.0

    def surprise(self, text: str) -> None:
        """Not known: the vocabulary of a model on a server is unknown."""

    def _vectors_in_parts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of texts; texts that are refused are sent in halves, and then cut."""
        try:
            return self._vectors(texts)
        except _TooLargeError:
            if len(texts) > 1:
                half = len(texts) // 2
                parts = (texts[:half], texts[half:])
                return np.concatenate([self._vectors_in_parts(part) for part in parts])
            shorter = len(texts[0][:MAX_CHARACTERS]) // 4
            if shorter < MIN_CHARACTERS:
                raise
            return self._vectors_in_parts([texts[0][:shorter]])

    def _vectors(
        self, texts: Sequence[str], *, timeout_s: float = TIMEOUT_S, tries: int = MAX_ATTEMPTS
    ) -> NDArray[np.float32]:
        sent = [text[:MAX_CHARACTERS] or " " for text in texts]  # empty inputs are refused
        answer = self._post({"model": self._endpoint.model, "input": sent}, timeout_s, tries)
        try:
            if self._endpoint.protocol == "ollama":
                rows = answer["embeddings"]
            else:
                items = sorted(answer["data"], key=lambda item: int(item["index"]))
                rows = [item["embedding"] for item in items]
            vectors = np.array(rows, np.float32)
        except (KeyError, TypeError, ValueError) as error:
            raise self._error("sent an unexpected response") from error
        if vectors.ndim != 2 or len(vectors) != len(texts) or not np.isfinite(vectors).all():
            raise self._error("sent a response that does not fit the request")
        if self._dimension not in (0, vectors.shape[1]):
            raise self._error("changed the length of its vectors")
        self._dimension = vectors.shape[1]
        return to_unit_length(vectors)

    def _post(self, content: dict[str, Any], timeout_s: float, tries: int) -> Any:
        headers = {"Content-Type": "application/json"}
        if self._endpoint.key:
            headers["Authorization"] = f"Bearer {self._endpoint.key}"
        try:
            request = urllib.request.Request(  # noqa: S310 - the address was checked
                self._endpoint.address, json.dumps(content).encode(), headers
            )
        except ValueError as error:
            raise self._error("is not an http address") from error
        wait_s = RETRY_DELAY_S
        for tries_left in reversed(range(tries)):
            self._wait_for_turn(timeout_s)
            try:
                with self._opener.open(request, timeout=timeout_s) as response:
                    return self._parse(response.read(MAX_ANSWER_BYTES))
            except urllib.error.HTTPError as error:
                with error:
                    if error.code in TOO_LARGE_STATUSES:
                        raise self._error(_reason(error), _TooLargeError) from error
                    if error.code not in RETRY_STATUSES or not tries_left:
                        raise self._error(_reason(error)) from error
                    asked_s = _seconds(error.headers.get("Retry-After"))
            except (OSError, HTTPException) as error:
                # A server that has never responded is not running, rather than busy.
                if not tries_left or not self._dimension:
                    why = getattr(error, "reason", None) or error
                    raise self._error(f"cannot be reached: {why}") from error
                asked_s = 0.0
            except ValueError:
                # Without the cause, which contains the key.
                raise self._error("has an address or key that is not valid in HTTP") from None
            # Jitter, so that clients that failed together do not retry together.
            self._wait(min(max(wait_s * random.uniform(0.5, 1), asked_s), MAX_RETRY_DELAY_S))
            wait_s *= 2
        raise AssertionError("the last attempt returns or raises")

    def _parse(self, answer: bytes) -> Any:
        try:
            return json.loads(answer)
        except (ValueError, RecursionError) as error:
            raise self._error("sent a response that is not JSON") from error

    def _wait_for_turn(self, max_s: float) -> None:
        if not self._endpoint.requests_per_minute:
            self._wait(0)
            return
        with self._turn:
            now = time.monotonic()
            turn = max(now, self._next_request)
            if turn - now > max_s:
                raise self._error("has reached the limit embedding.requests_per_minute")
            self._next_request = turn + 60 / self._endpoint.requests_per_minute
        self._wait(turn - now)

    def _wait(self, seconds: float) -> None:
        if self._stop.wait(seconds):
            raise self._error("was not called: the work was stopped")

    def _error(self, message: str, kind: type[EmbeddingError] = EmbeddingError) -> EmbeddingError:
        return kind(message, path=self._endpoint.address)


def _reason(error: urllib.error.HTTPError) -> str:
    """A server's error as one line."""
    try:
        said = " ".join(error.read(300).decode("utf-8", "replace").split())
        reason = "".join(filter(str.isprintable, said))
    except (OSError, HTTPException):
        reason = ""
    return f"responded {error.code} {error.reason}{': ' if reason else ''}{reason}"


def _seconds(text: str | None) -> float:
    """The seconds of a Retry-After header; 0 if there is none, or it is a date."""
    return float(text) if text is not None and text.isdecimal() else 0.0
