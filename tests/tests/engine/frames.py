"""A websocket client that sends what it is told to, well-formed or not."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.engine.toy import Server

PROTOCOL = Subprotocol("graphql-transport-ws")


class Client:
    """A client that sends what it is told to, well-formed or not."""

    def __init__(self, raw: ClientConnection) -> None:
        self.raw = raw

    def send(self, message: Any) -> None:
        self.raw.send(message if isinstance(message, (str, bytes)) else json.dumps(message))

    def init(self, **payload: Any) -> None:
        self.send({"type": "connection_init", "payload": payload})
        assert self.next() == {"type": "connection_ack"}

    def subscribe(self, query: str, id: str = "1", **payload: Any) -> None:
        self.send({"id": id, "type": "subscribe", "payload": {"query": query, **payload}})

    def next(self, timeout: float = 3) -> Any:
        """The next message that isn't a ping."""
        while True:
            text = self.raw.recv(timeout)
            assert isinstance(text, str), "frames must be text"
            message = json.loads(text)
            if message["type"] != "ping":
                return message

    def closed(self, timeout: float = 3) -> tuple[int, str]:
        """Waits for the close; code and reason."""
        with pytest.raises(ConnectionClosed) as closed:  # noqa: PT012
            while True:
                self.raw.recv(timeout)
        frame = closed.value.rcvd
        assert frame is not None, "closed without a frame"
        return frame.code, frame.reason


@contextmanager
def client(server: Server, *protocols: str) -> Iterator[Client]:
    chosen = [Subprotocol(name) for name in protocols] if protocols else [PROTOCOL]
    with connect(server.ws_url, subprotocols=chosen, compression=None, max_size=None) as raw:
        yield Client(raw)


def eventually(condition: Callable[[], bool], seconds: float = 1.0) -> None:
    """The bar of the protocol's clean-up: within a second."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "not in time"
        time.sleep(0.01)
