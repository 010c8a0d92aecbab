"""Small stand-ins for asyncio's Event and Queue, of which every websocket has one each.

asyncio's own keep queues of 600 bytes for waiters that nearly never come: four of them a socket.
"""

import asyncio
from typing import Generic, TypeVar

T = TypeVar("T")


class Gate:
    """An asyncio.Event."""

    __slots__ = ("_is_open", "_waiting")

    def __init__(self, *, is_open: bool = False) -> None:
        self._is_open = is_open
        self._waiting: tuple[asyncio.Future[None], ...] = ()

    def is_set(self) -> bool:
        """Whether nobody would have to wait."""
        return self._is_open

    def set(self) -> None:
        """Open: whoever waits goes on, even if it is closed again at once."""
        self._is_open = True
        waiting, self._waiting = self._waiting, ()
        for future in waiting:
            if not future.done():
                future.set_result(None)

    def clear(self) -> None:
        """Close."""
        self._is_open = False

    async def wait(self) -> bool:
        """Until it is open."""
        if not self._is_open:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting = (*(each for each in self._waiting if not each.done()), future)
            await future
        return True


class Mailbox(Generic[T]):
    """An asyncio.Queue without a bound, for one reader."""

    __slots__ = ("_arrived", "_items")

    def __init__(self) -> None:
        self._items: list[T] = []
        self._arrived: asyncio.Future[None] | None = None

    def empty(self) -> bool:
        """Whether nothing is in it."""
        return not self._items

    def put_nowait(self, item: T) -> None:
        """One more."""
        self._items.append(item)
        if self._arrived is not None and not self._arrived.done():
            self._arrived.set_result(None)

    async def get(self) -> T:
        """The oldest, when there is one."""
        while not self._items:
            self._arrived = asyncio.get_running_loop().create_future()
            try:
                await self._arrived
            finally:
                self._arrived = None
        return self._items.pop(0)
