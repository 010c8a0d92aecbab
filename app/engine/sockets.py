"""All open websockets and streams of this process: counted, bounded, and ended from outside."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Hashable
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
    """The registry. `limit` bounds the number of sockets (None: no bound); one more is answered with 503.

    `each` bounds what one owner (a context's `owner`: the person) has open, streams over HTTP included.
    """

    def __init__(self, limit: int | None = 10_000, each: int | None = None) -> None:
        self.limit = limit
        self.each = each
        # The process stops: streams end, so that their clients take up elsewhere.
        self.is_stopping = False
        self._open: set[Socket] = set()
        self._admitted: dict[Any, Hashable] = {}
        self._owners: Counter[Hashable] = Counter()

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

    def stop(self) -> None:
        """The process is about to end."""
        self.is_stopping = True

    def admit(self, context: Any) -> bool:
        """Whether the context's owner may have one more; if so it counts until `release`."""
        owner: Hashable = getattr(context, "owner", None)
        if owner is None:
            return True
        if self.each is not None and self._owners[owner] >= self.each:
            return False
        self._admitted[context] = owner
        self._owners[owner] += 1
        return True

    def release(self, context: Any) -> None:
        """It is over; for one that was not admitted, or a second time, nothing happens."""
        owner = self._admitted.pop(context, None)
        if owner is not None:
            self._owners[owner] -= 1
            if not self._owners[owner]:
                del self._owners[owner]

    def contexts(self) -> list[Any]:
        """The contexts of all open sockets' connections."""
        return [socket.context for socket in self._open]

    def add(self, socket: Socket) -> None:
        """Called when a socket was accepted."""
        self._open.add(socket)

    def remove(self, socket: Socket) -> None:
        """Called when a socket is done with; a second time does nothing."""
        self._open.discard(socket)
        self.release(socket.context)

    async def close(
        self, predicate: Callable[[Any], bool], code: int = 4403, reason: str = "Forbidden"
    ) -> int:
        """Closes the sockets whose context fulfils the predicate, and gives their number.

        IDN-8: those of a revoked session.
        """
        chosen = [socket for socket in self._open if predicate(socket.context)]
        await asyncio.gather(*(socket.close_from_outside(code, reason) for socket in chosen))
        return len(chosen)
