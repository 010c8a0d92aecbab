"""PostgreSQL: one engine for writes, two pools for reads.

`viewer` connections run under the role `lychgate_viewer` for their whole life, so
row-level security holds whatever the caller forgets; `owner` connections see all and
belong to signing in, the event log's reader and background work.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol, Self

import asyncpg
import orjson
from sqlalchemy import event, exc
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from app.core.metrics import STATEMENTS, timed
from app.core.statements import Statement

VIEWER_ROLE = "lychgate_viewer"
Row = asyncpg.Record
Rights = tuple[tuple[str, str], ...]
"""Names and values of the settings that row-level security reads; always the same names."""


class Reader(Protocol):
    """Something that runs compiled statements: a viewer's look, or the owner's."""

    async def rows(self, statement: Statement, **values: Any) -> list[Row]:
        """All rows."""
        ...

    async def row(self, statement: Statement, **values: Any) -> Row | None:
        """The first row, if any."""
        ...


class _ViewerConnection(asyncpg.Connection):
    """Remembers whose rights the session has, so that they are set only when they change."""

    __slots__ = ("rights",)
    rights: Rights | None


@dataclass(frozen=True, slots=True)
class Look:
    """Short reads from one pool, under one set of rights.

    Each statement takes a connection of its own, so concurrent GraphQL fields never
    share one. `rights` None is the owner's look.
    """

    pool: asyncpg.Pool
    rights: Rights | None = None

    async def rows(self, statement: Statement, **values: Any) -> list[Row]:
        """All rows of the statement that the rights let through."""
        with timed(STATEMENTS):
            async with self.connection() as connection:
                found: list[Row] = await connection.fetch(statement.sql, *statement.arguments(values))
                return found

    async def row(self, statement: Statement, **values: Any) -> Row | None:
        """The first row, or None."""
        with timed(STATEMENTS):
            async with self.connection() as connection:
                found: Row | None = await connection.fetchrow(statement.sql, *statement.arguments(values))
                return found

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        """A connection with these rights, for several statements."""
        async with self.pool.acquire() as proxy:
            # The proxy lets attributes be read, not set: the session itself carries the rights.
            connection: _ViewerConnection = proxy._con  # type: ignore[attr-defined]  # noqa: SLF001
            if self.rights is not None and connection.rights != self.rights:
                connection.rights = None
                await connection.execute(*set_rights(self.rights, local=False))
                connection.rights = self.rights
            yield proxy


class Database:
    """The engine and the pools of one process."""

    def __init__(self, engine: AsyncEngine, owner: asyncpg.Pool, viewer: asyncpg.Pool) -> None:
        self.engine = engine
        self._owner = owner
        self._viewer = viewer

    @classmethod
    async def open(cls, url: str, *, pool_size: int = 10) -> Self:
        """Connect. Raises OSError or asyncpg.PostgresError when the server can't be reached."""
        engine = create_async_engine(
            make_url(url).set(drivername="postgresql+asyncpg"),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=10,
            json_serializer=lambda value: orjson.dumps(value).decode(),
            json_deserializer=orjson.loads,
        )
        event.listen(engine.sync_engine, "checkout", _refuse_closed)
        owner = await _pool(url, size=pool_size, viewer=False)
        viewer = await _pool(url, size=pool_size, viewer=True)
        return cls(engine, owner, viewer)

    async def close(self) -> None:
        """Let go of every connection."""
        await self._viewer.close()
        await self._owner.close()
        await self.engine.dispose()

    def as_owner(self) -> Look:
        """The look that sees everything: signing in, event log, background work."""
        return Look(self._owner)

    def as_viewer(self, rights: Rights) -> Look:
        """A look that sees what `rights` (see access) allow."""
        return Look(self._viewer, rights)

    def statistics(self) -> dict[str, Sequence[int]]:
        """Size and idle connections of each pool, for metrics."""
        pools = {"owner": self._owner, "viewer": self._viewer}
        return {name: (pool.get_size(), pool.get_idle_size()) for name, pool in pools.items()}


def _refuse_closed(connection: Any, _record: Any, _proxy: Any) -> None:
    # After a restart of PostgreSQL the first write must not fail; asking each time would cost a round trip.
    if connection.driver_connection.is_closed():
        raise exc.DisconnectionError


def set_rights(rights: Rights, *, local: bool) -> tuple[str, ...]:
    """One statement, and its arguments, that sets all of `rights` for the session or transaction."""
    calls = ", ".join(
        f"set_config('{name}', ${place}, {str(local).lower()})" for place, (name, _) in enumerate(rights, 1)
    )
    return (f"select {calls}", *(value for _, value in rights))


async def _pool(url: str, *, size: int, viewer: bool) -> asyncpg.Pool:
    async def prepare(connection: _ViewerConnection) -> None:
        await connection.set_type_codec(
            "jsonb",
            schema="pg_catalog",
            encoder=lambda value: b"\x01" + orjson.dumps(value),
            decoder=lambda raw: orjson.loads(raw[1:]),
            format="binary",
        )
        if viewer:
            connection.rights = None
            await connection.execute(f"set role {VIEWER_ROLE}; set default_transaction_read_only = on")

    async def keep(_connection: asyncpg.Connection) -> None:
        """No RESET at release: it costs a round trip and would undo the role."""

    pool: asyncpg.Pool = await asyncpg.create_pool(  # type: ignore[call-overload]  # stubs lack `reset`
        url,
        min_size=1,
        max_size=size,
        init=prepare,
        reset=keep,
        connection_class=_ViewerConnection,
        command_timeout=30,
        server_settings={"application_name": "lychgate", "timezone": "UTC"},
    )
    return pool
