"""Notify clients when notes are added, removed or changed, in both versions of the protocol.

Up to protocol version 2025-11-25, clients subscribe to single resources, and changes of the list are sent to
all. Since 2026-07-28, a client listens to a stream of the events that it selected.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, OrderedDict
from typing import TYPE_CHECKING

from mcp.server.subscriptions import (
    InMemorySubscriptionBus,
    ListenHandler,
    ResourcesListChanged,
    ResourceUpdated,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mcp.server import ServerRequestContext
    from mcp.server.session import ServerSession
    from mcp.types import SubscriptionsListenRequestParams, SubscriptionsListenResult

log = logging.getLogger(__name__)

# An HTTP connection ends without notice, so the oldest clients are dropped above this number.
_MAX_CLIENTS = 1_000
_MAX_URIS = 1_000
# A client that does not read must not block the others.
_TIMEOUT_S = 2.0


class Listeners:
    """The clients of one server. `notify` is thread-safe; the rest must run on the event loop."""

    def __init__(self) -> None:
        self._bus = InMemorySubscriptionBus()
        self._handler = ListenHandler(self._bus)
        self._clients: OrderedDict[int, tuple[ServerSession, set[str]]] = OrderedDict()
        self._listened: Counter[str] = Counter()
        self._loop: asyncio.AbstractEventLoop | None = None

    def open(self) -> None:
        """Remember the event loop."""
        self._loop = asyncio.get_running_loop()

    def _uris_of(self, session: ServerSession) -> set[str]:
        # Each request has a new session object; the parameters of its client are the same object.
        key = id(session.client_params)
        if key not in self._clients:
            self._clients[key] = (session, set())
            if len(self._clients) > _MAX_CLIENTS:
                self._clients.popitem(last=False)
        return self._clients[key][1]

    def joined(self, session: ServerSession) -> None:
        """A client has connected."""
        self._uris_of(session)

    def subscribe(self, session: ServerSession, uri: str) -> None:
        """Notify a client when a resource changes."""
        uris = self._uris_of(session)
        if len(uris) < _MAX_URIS:
            uris.add(uri)

    def unsubscribe(self, session: ServerSession, uri: str) -> None:
        """Stop notifying a client about a resource."""
        self._uris_of(session).discard(uri)

    async def listen(
        self, context: ServerRequestContext[None], params: SubscriptionsListenRequestParams
    ) -> SubscriptionsListenResult:
        """Serve a stream of events until the client leaves."""
        uris = list(params.notifications.resource_subscriptions or ())[:_MAX_URIS]
        self._listened.update(uris)
        try:
            return await self._handler(context, params)
        finally:
            self._listened.subtract(uris)
            self._listened += Counter()

    def uris(self) -> set[str]:
        """The resources that at least one client watches."""
        return {*self._listened, *(uri for _, uris in list(self._clients.values()) for uri in uris)}

    def notify(self, changed: Iterable[str], *, list_changed: bool) -> None:
        """Notify the clients that subscribed.

        Args:
            changed: URIs of resources.
            list_changed: whether notes were added or removed.
        """
        loop = self._loop
        if loop is not None and not loop.is_closed():
            asyncio.run_coroutine_threadsafe(self._notify(set(changed), list_changed), loop)

    async def _notify(self, changed: set[str], list_changed: bool) -> None:  # noqa: FBT001
        if list_changed:
            await self._bus.publish(ResourcesListChanged())
        for uri in sorted(changed):
            await self._bus.publish(ResourceUpdated(uri))
        for session, uris in list(self._clients.values()):
            try:
                async with asyncio.timeout(_TIMEOUT_S):
                    if list_changed:
                        await session.send_resource_list_changed()
                    for uri in sorted(uris & changed):
                        await session.send_resource_updated(uri)
            except Exception:
                log.info("listener.failed", exc_info=True)
