"""All open websockets of this process, so that they can be counted, bounded, and closed from outside."""

import asyncio
from collections.abc import Callable, Collection
from typing import Any, Protocol


class Socket(Protocol):
    """One open websocket."""

    # The application's context of the connection, as made at the handshake.
    context: Any
    operations: Collection[Any]

    async def close_from_outside(self, code: int, reason: str) -> None:
        """Ends all operations and closes. Never raises, never waits long for a peer that doesn't read."""
        ...


class Sockets:
    """The registry. `limit` bounds the number of sockets (None: no bound); one more is answered with 503."""

    def __init__(self, limit: int | None = 10_000) -> None:
        self.limit = limit
        self._open: set[Socket] = set()

    @property
    def count(self) -> int:
        """How many sockets are open."""
        return len(self._open)

    @property
    def operations(self) -> int:
        """How many operations run on them, nearly all of which are subscriptions."""
        return sum(len(socket.operations) for socket in self._open)

    @property
    def is_full(self) -> bool:
        """Whether no more sockets should be accepted."""
        return self.limit is not None and len(self._open) >= self.limit

    def contexts(self) -> list[Any]:
        """The contexts of all open sockets' connections."""
        return [socket.context for socket in self._open]

    def add(self, socket: Socket) -> None:
        """Called when a socket was accepted."""
        self._open.add(socket)

    def remove(self, socket: Socket) -> None:
        """Called when a socket is done with; a second time does nothing."""
        self._open.discard(socket)

    async def close(
        self, predicate: Callable[[Any], bool], code: int = 4403, reason: str = "Forbidden"
    ) -> int:
        """Closes the sockets whose context fulfils the predicate, and gives their number.

        IDN-8: those of a revoked session.
        """
        chosen = [socket for socket in self._open if predicate(socket.context)]
        await asyncio.gather(*(socket.close_from_outside(code, reason) for socket in chosen))
        return len(chosen)
