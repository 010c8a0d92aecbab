"""Connections for reading, kept open.

asyncpg's own pool makes a task and several objects for each statement, which costs more than many a
statement does; and it can't prefer the connection that has the asker's rights already.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import asyncpg

Rights = tuple[tuple[str, str], ...]
"""Names and values of the settings that row-level security reads; always the same names."""
_CLOSING_SECONDS = 10.0
_FATAL = frozenset({"FATAL", "PANIC"})
_CLOSED = "the pool is closed"


def survives(error: asyncpg.PostgresError) -> bool:
    """Whether the connection can be used after this error; with a fatal one PostgreSQL is about to close it."""
    severity = error.severity_en or error.severity
    return severity not in _FATAL and not isinstance(error, asyncpg.PostgresConnectionError)


class ReadConnection(asyncpg.Connection):
    """Remembers whose rights the session has, so that they are set only when they change."""

    __slots__ = ("rights",)
    rights: Rights | None


class Pool:
    """Up to `size` connections; who comes when all are taken waits, first come first served."""

    def __init__(self, connect: Callable[[], Awaitable[ReadConnection]], size: int) -> None:
        self._connect = connect
        self._size = size
        self._open = 0
        self._idle: list[ReadConnection] = []
        self._taken: set[ReadConnection] = set()
        self._waiting: deque[asyncio.Future[ReadConnection | None]] = deque()
        self._is_closed = False

    def get_size(self) -> int:
        """How many connections there are."""
        return self._open

    def get_idle_size(self) -> int:
        """How many of them nobody has."""
        return len(self._idle)

    async def take(self, rights: Rights | None = None) -> ReadConnection:
        """A connection, with these rights if one has them. Raises OSError, asyncpg.PostgresError."""
        while True:
            connection: ReadConnection | None = self._pick(rights)
            if connection is not None:
                self._taken.add(connection)
                return connection
            if self._is_closed:
                raise asyncpg.InterfaceError(_CLOSED)
            if self._open < self._size:
                return await self._new()
            connection = await self._wait()
            if connection is not None:
                return connection

    def give(self, connection: ReadConnection, *, sound: bool = True, promised: bool = False) -> None:
        """Give it back; one whose statement was broken off is never used again.

        One that is promised is soon asked for again, for its rights: others get it last.
        """
        if sound and not self._is_closed and not connection.is_closed():
            # From hand to hand, so that nobody who comes later is served first.
            if not self._wake(connection):
                self._taken.discard(connection)
                self._idle.insert(0 if promised else len(self._idle), connection)
            return
        self._taken.discard(connection)
        self._open -= 1
        connection.terminate()
        self._wake()

    @asynccontextmanager
    async def acquire(
        self, rights: Rights | None = None, *, promised: bool = False
    ) -> AsyncIterator[ReadConnection]:
        """A connection for several statements; `promised` as when it is given back."""
        connection = await self.take(rights)
        sound = False
        try:
            yield connection
            sound = not connection.is_in_transaction()
        except asyncpg.PostgresError as error:
            # What PostgreSQL refuses leaves the connection as it was, unless a transaction hangs.
            sound = survives(error) and not connection.is_in_transaction()
            raise
        finally:
            self.give(connection, sound=sound, promised=promised)

    async def close(self) -> None:
        """Let go of every connection, after the statements that are running."""
        self._is_closed = True
        while self._wake():
            pass
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSING_SECONDS):
                while self._taken:
                    await self._wait()
        for connection in (*self._idle, *self._taken):
            with suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await connection.close(timeout=1)
        self._idle.clear()

    def _pick(self, rights: Rights | None) -> ReadConnection | None:
        idle = self._idle
        while idle:
            # A request begins on any, and goes on with the one that has its rights since. The one that was used last
            # has all that PostgreSQL needs in its processor's cache.
            last = len(idle) - 1
            place = (
                last
                if rights is None
                else next((n for n in range(last + 1) if idle[n].rights == rights), last)
            )
            connection = idle.pop(place)
            # Closed by PostgreSQL, most likely.
            if not connection.is_closed():
                return connection
            self._open -= 1
            connection.terminate()
        return None

    async def _new(self) -> ReadConnection:
        self._open += 1
        try:
            connection = await self._connect()
        except BaseException:
            self._open -= 1
            self._wake()
            raise
        if self._is_closed:  # meanwhile: nobody would ever close it
            self._open -= 1
            connection.terminate()
            raise asyncpg.InterfaceError(_CLOSED)
        self._taken.add(connection)
        return connection

    async def _wait(self) -> ReadConnection | None:
        """Until a connection is handed over; None if it may be tried again to take one."""
        turn: asyncio.Future[ReadConnection | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                handed = turn.result()
                if handed is None:
                    self._wake()
                else:
                    self.give(handed)
            raise

    def _wake(self, connection: ReadConnection | None = None) -> bool:
        """Hand over to the first who waits; whether anybody did."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(connection)
                return True
        return False
