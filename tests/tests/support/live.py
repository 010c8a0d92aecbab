"""A websocket client that speaks graphql-transport-ws in plain frames."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

DEADLINE_SECONDS = 15.0


class Live:
    """One socket; subscriptions on it are numbered by their order."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self._count = 0

    async def subscribe(self, document: str, /, **variables: Any) -> "Subscription":
        """Begin a subscription."""
        self._count += 1
        id_ = str(self._count)
        payload = {"query": document, "variables": variables}
        await self.send({"id": id_, "type": "subscribe", "payload": payload})
        return Subscription(self, id_)

    async def send(self, message: dict[str, Any]) -> None:
        await self.socket.send(json.dumps(message))

    async def receive(self) -> dict[str, Any]:
        """The next frame, pings answered. Raises TimeoutError, or ConnectionClosed."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            while True:
                message: dict[str, Any] = json.loads(await self.socket.recv())
                if message["type"] != "ping":
                    return message
                await self.send({"type": "pong"})

    async def closed(self) -> tuple[int, str]:
        """Code and reason with which the server closes."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            await self.socket.wait_closed()
        return self.socket.close_code or 0, self.socket.close_reason or ""


class Subscription:
    """One subscription of a socket that has no other."""

    def __init__(self, live: Live, id_: str) -> None:
        self.live = live
        self.id = id_

    async def next(self) -> dict[str, Any]:
        """The data of the next event."""
        message = await self.live.receive()
        assert message["type"] == "next", message
        assert message["id"] == self.id, message
        assert "errors" not in message["payload"], message
        data: dict[str, Any] = message["payload"]["data"]
        (event,) = data.values()
        found: dict[str, Any] = event
        return found

    async def error(self) -> dict[str, Any]:
        """The first error with which it ended."""
        message = await self.live.receive()
        errors = message["payload"] if message["type"] == "error" else message["payload"]["errors"]
        found: dict[str, Any] = errors[0]
        return found

    async def quiet(self, seconds: float = 0.5) -> bool:
        """Whether nothing comes for that long."""
        try:
            async with asyncio.timeout(seconds):
                await self.live.socket.recv()
        except TimeoutError:
            return True
        return False


@asynccontextmanager
async def connected(url: str, token: str | None, **options: Any) -> AsyncIterator[Live]:
    """A socket that was acknowledged."""
    async with connect(url, subprotocols=["graphql-transport-ws"], **options) as socket:  # type: ignore[list-item]
        live = Live(socket)
        payload = {"authorization": f"Bearer {token}"} if token else {}
        await live.send({"type": "connection_init", "payload": payload})
        message = await live.receive()
        assert message["type"] == "connection_ack", message
        yield live
