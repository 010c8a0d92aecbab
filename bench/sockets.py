"""The least that a websocket can cost at either end: protocols without a library between."""

import asyncio
import base64
import hashlib
import json
import os
import struct
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any, ClassVar

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
NEXT = b'"type":"next"'


def frame(text: bytes, *, masked: bool = False) -> bytes:
    """One text frame."""
    size = len(text)
    bit = 0x80 if masked else 0
    if size < 126:  # noqa: PLR2004 - RFC 6455's steps
        head = struct.pack("!BB", 0x81, bit | size)
    elif size < 65536:  # noqa: PLR2004
        head = struct.pack("!BBH", 0x81, bit | 126, size)
    else:
        head = struct.pack("!BBQ", 0x81, bit | 127, size)
    # A mask of zeros leaves the text as it is.
    return head + (bytes(4) if masked else b"") + text


class Client(asyncio.Protocol):
    """A subscriber that only looks whether a `next` has come, and when.

    The first of `messages` is sent as soon as the socket is open, the others when that was answered.
    """

    def __init__(
        self, path: str, messages: list[dict[str, Any]], heard: Callable[[float, bytes], None]
    ) -> None:
        self._path = path
        self._messages = messages
        self._heard = heard
        self._upgraded = False
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        """Ask for the upgrade."""
        self.transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            f"GET {self._path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n".encode()
        )

    def connection_lost(self, error: Exception | None) -> None:
        """Whoever waits for it must know."""
        if not self.ready.done():
            self.ready.set_exception(error or ConnectionError("closed"))

    def data_received(self, data: bytes) -> None:
        """Greet, subscribe, then take the time of each event."""
        if NEXT in data:
            self._heard(time.monotonic(), data)
        elif not self._upgraded:
            self._upgraded = True
            if self._messages:
                self.send(self._messages[0])
            else:
                self._done()
        elif b"connection_ack" in data:
            for message in self._messages[1:]:
                self.send(message)
            self._done()

    def send(self, message: dict[str, Any]) -> None:
        """One more message."""
        self.transport.write(frame(json.dumps(message).encode(), masked=True))

    def _done(self) -> None:
        if not self.ready.done():
            self.ready.set_result(None)


class BareServer(asyncio.Protocol):
    """Accepts the upgrade, and keeps its transport where `broadcast` finds it: by the path that was asked for."""

    open: ClassVar[dict[bytes, set[Any]]] = defaultdict(set)

    def connection_made(self, transport: Any) -> None:
        """It is kept when it is known for what."""
        self._transport = transport
        self._path = b""

    def data_received(self, data: bytes) -> None:
        """Answer the upgrade; what follows is nothing to a bare server."""
        if not data.startswith(b"GET "):
            return
        self._path = data.split(b" ", 2)[1]
        for line in data.split(b"\r\n"):
            if line.lower().startswith(b"sec-websocket-key:"):
                key = line.split(b":", 1)[1].strip()
                accept = base64.b64encode(hashlib.sha1(key + _GUID).digest())
                self._transport.write(
                    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n"
                    b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
                )
                self.open[self._path].add(self._transport)

    def connection_lost(self, _error: Exception | None) -> None:
        """Forget it."""
        self.open[self._path].discard(self._transport)


def broadcast(path: bytes, text: bytes) -> None:
    """The same bytes to every socket of this path."""
    data = frame(text)
    for transport in BareServer.open[path]:
        transport.write(data)
