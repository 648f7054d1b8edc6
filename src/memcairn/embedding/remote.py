"""Embedders behind HTTP: Ollama, and every endpoint that speaks OpenAI's embeddings protocol.

    texts ──batches──► POST ──429, 5xx, no answer──► wait, again ──► vectors
                        ├── 400, 413, 422 ──► the half of them, a shorter text
                        └── any other refusal ──► EmbeddingError at once
    query ──► POST, once, for a few seconds at most

A wait ends early when `stop` is set. A redirect is refused: it would carry texts and key elsewhere.
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
# Longer texts are cut: servers refuse what is longer than their model reads.
MAX_CHARACTERS = 8_000
MAX_ANSWER_BYTES = 256 << 20
TIMEOUT_S = 60.0
MAX_ATTEMPTS = 5
FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 30.0
# A search waits no longer for a server, and goes on by words.
QUERY_TIMEOUT_S = 5.0
AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504, 529})
# What servers answer to a text, or to so many, that their model cannot take.
TOO_MUCH = frozenset({400, 413, 422})
# A text is cut no further than to this; then it is not its length that is refused.
SHORTEST = 500


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a model is and how it is asked.

    Attributes:
        protocol: "ollama" posts to /api/embed; "openai" to /embeddings.
        url: the address that the protocol's path is added to: "http://localhost:11434",
            "https://api.example.com/v1".
        model: its name there.
        key: sent as a bearer token; empty for none.
        requests_per_minute: no more than this; 0 for no bound.
        query_prompt: what the model wants to stand before a query.
        text_prompt: what the model wants to stand before a text that is to be found.
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
        """The address that is posted to."""
        path = "/api/embed" if self.protocol == "ollama" else "/embeddings"
        return self.url.rstrip("/") + path


class _TooMuchError(EmbeddingError):
    """The server cannot take these texts; fewer or shorter ones perhaps."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """Follow none."""


class RemoteEmbedder:
    """Embeds with a model on a server.

    Args:
        endpoint: the server.
        stop: set by another thread to give up; every call then raises EmbeddingError.
    """

    token_bits = 0
    batch = BATCH

    def __init__(self, endpoint: Endpoint, stop: threading.Event | None = None) -> None:
        if not endpoint.url.startswith(("http://", "https://")):
            raise EmbeddingError("is no http address", path=endpoint.url)
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
        """Length of a vector; the server is asked once."""
        if not self._dimension:
            self._vectors(["dimension"])
        return self._dimension

    def embed(self, texts: Sequence[str]) -> Embedded:
        """Embed texts that are to be found; see Embedder.embed."""
        if not texts:
            return Embedded(np.zeros((0, self.dimension), np.float32))
        whole = [self._endpoint.text_prompt + text for text in texts]
        batches = [whole[start : start + BATCH] for start in range(0, len(whole), BATCH)]
        return Embedded(np.concatenate([self._as_it_takes_them(batch) for batch in batches]))

    def embed_query(self, text: str) -> EmbeddedQuery:
        """Embed a text to search with; see Embedder.embed_query."""
        texts = [self._endpoint.query_prompt + text]
        (vector,) = self._vectors(texts, timeout_s=QUERY_TIMEOUT_S, tries=1)
        return EmbeddedQuery(vector, np.zeros((0, 0), np.float32))

    def knows(self, text: str) -> float:  # noqa: ARG002
        """1: what a model on a server has learned to read cannot be asked."""
        return 1.0

    def _as_it_takes_them(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of texts; those that are refused together one by one, and cut if need be."""
        try:
            return self._vectors(texts)
        except _TooMuchError:
            if len(texts) > 1:
                half = len(texts) // 2
                parts = (texts[:half], texts[half:])
                return np.concatenate([self._as_it_takes_them(part) for part in parts])
            shorter = len(texts[0][:MAX_CHARACTERS]) // 4
            if shorter < SHORTEST:
                raise
            return self._as_it_takes_them([texts[0][:shorter]])

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
            raise self._error("gave an answer that cannot be understood") from error
        if vectors.ndim != 2 or len(vectors) != len(texts) or not np.isfinite(vectors).all():
            raise self._error("gave an answer that does not fit the question")
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
            raise self._error("is no http address") from error
        wait_s = FIRST_WAIT_S
        for tries_left in reversed(range(tries)):
            self._wait_for_turn(timeout_s)
            try:
                with self._opener.open(request, timeout=timeout_s) as response:
                    return self._understood(response.read(MAX_ANSWER_BYTES))
            except urllib.error.HTTPError as error:
                with error:
                    if error.code in TOO_MUCH:
                        raise self._error(_said(error), _TooMuchError) from error
                    if error.code not in AGAIN or not tries_left:
                        raise self._error(_said(error)) from error
                    asked_s = _seconds(error.headers.get("Retry-After"))
            except (OSError, HTTPException) as error:
                # Who has never answered is not there, and not only busy.
                if not tries_left or not self._dimension:
                    why = getattr(error, "reason", None) or error
                    raise self._error(f"cannot be reached: {why}") from error
                asked_s = 0.0
            except ValueError:
                # Without the cause, which has the key in it.
                raise self._error("cannot be asked: HTTP cannot carry its address or key") from None
            # Clients that failed together must not come back together.
            self._wait(min(max(wait_s * random.uniform(0.5, 1), asked_s), LONGEST_WAIT_S))
            wait_s *= 2
        raise AssertionError("the last try returns or raises")

    def _understood(self, answer: bytes) -> Any:
        try:
            return json.loads(answer)
        except (ValueError, RecursionError) as error:
            raise self._error("gave an answer that is not JSON") from error

    def _wait_for_turn(self, most_s: float) -> None:
        if not self._endpoint.requests_per_minute:
            self._wait(0)
            return
        with self._turn:
            now = time.monotonic()
            turn = max(now, self._next_request)
            if turn - now > most_s:
                raise self._error("was asked as often as embedding.requests_per_minute allows")
            self._next_request = turn + 60 / self._endpoint.requests_per_minute
        self._wait(turn - now)

    def _wait(self, seconds: float) -> None:
        if self._stop.wait(seconds):
            raise self._error("was not asked any more: the work was stopped")

    def _error(self, message: str, kind: type[EmbeddingError] = EmbeddingError) -> EmbeddingError:
        return kind(message, path=self._endpoint.address)


def _said(error: urllib.error.HTTPError) -> str:
    """What a server says of its refusal, in a line."""
    try:
        said = " ".join(error.read(300).decode("utf-8", "replace").split())
        reason = "".join(filter(str.isprintable, said))
    except (OSError, HTTPException):
        reason = ""
    return f"answered {error.code} {error.reason}{': ' if reason else ''}{reason}"


def _seconds(text: str | None) -> float:
    """A Retry-After header in seconds; 0 for none, or for its other form, a date."""
    return float(text) if text is not None and text.isdecimal() else 0.0
