"""The load: some connections, each of which asks again as soon as it was answered."""

import asyncio
import time
from collections.abc import Callable
from itertools import count
from typing import Any

import orjson

Make = Callable[[int], bytes]
"""The bytes of a request, by its number."""


def request(token: str | None, body: dict[str, Any]) -> bytes:
    """One HTTP request."""
    text = orjson.dumps(body)
    signed = f"Authorization: Bearer {token}\r\n" if token else ""
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\n{signed}Content-Type: application/json\r\n"
        f"Accept: application/json\r\nContent-Length: {len(text)}\r\n\r\n"
    )
    return head.encode() + text


class Connection(asyncio.Protocol):
    """A client that reads no more of an answer than where it ends."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._missing = -1
        self._waiting: asyncio.Future[bytes] | None = None

    def connection_made(self, transport: Any) -> None:
        """Ready."""
        self._transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        """Whoever waits must know."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(error or ConnectionError("closed"))

    def data_received(self, data: bytes) -> None:
        """A part of the answer."""
        self._data += data
        if self._missing < 0:
            end = self._data.find(b"\r\n\r\n")
            if end < 0:
                return
            head = bytes(self._data[:end]).lower()
            assert head.startswith(b"http/1.1 200"), bytes(self._data)
            length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
            self._missing = end + 4 + length
        if len(self._data) >= self._missing and self._waiting is not None:
            self._waiting.set_result(bytes(self._data))

    async def ask(self, data: bytes) -> bytes:
        """The whole answer, head and body."""
        self._data.clear()
        self._missing = -1
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(data)
        return await self._waiting

    def close(self) -> None:
        """Let go."""
        self._transport.abort()


class Load:
    """The connections to one server."""

    def __init__(self, port: int, connections: int = 8) -> None:
        self._port = port
        self._size = connections
        self._numbers = count()

    async def open(self) -> None:
        """Connect."""
        loop = asyncio.get_running_loop()
        pairs = [await loop.create_connection(Connection, "127.0.0.1", self._port) for _ in range(self._size)]
        self._connections = [connection for _, connection in pairs]

    async def ask(self, data: bytes) -> Any:
        """One answer, as JSON."""
        answer = await self._connections[0].ask(data)
        return orjson.loads(answer.partition(b"\r\n\r\n")[2])

    async def run(self, make: Make, seconds: float) -> tuple[int, float]:
        """How many answers there were in how many seconds."""
        # The server has closed those that were idle for long.
        self.close()
        await self.open()
        began = time.perf_counter()
        until = began + seconds
        counts = await asyncio.gather(*(self._repeat(c, make, until) for c in self._connections))
        return sum(counts), time.perf_counter() - began

    async def _repeat(self, connection: Connection, make: Make, until: float) -> int:
        done = 0
        while time.perf_counter() < until:
            await connection.ask(make(next(self._numbers)))
            done += 1
        return done

    def close(self) -> None:
        """Let go."""
        for connection in self._connections:
            connection.close()
