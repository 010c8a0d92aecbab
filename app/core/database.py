"""PostgreSQL: one engine for writes, two pools for reads.

`viewer` connections run under the role `lychgate_viewer` for their whole life, so
row-level security holds whatever the caller forgets; `owner` connections see all and
belong to signing in, the event log's reader and background work.
"""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol, Self

import asyncpg
import orjson
from sqlalchemy import event, exc
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from app.core.metrics import STATEMENTS
from app.core.pool import Pool, ReadConnection, Rights, survives
from app.core.statements import Statement

VIEWER_ROLE = "lychgate_viewer"
Row = asyncpg.Record
# What row-level security adds takes far longer to plan than to run: a statement is planned once a
# connection. tests/installations/test_scale.py looks at those plans. Dates are written for answers.
_VIEWERS = {"plan_cache_mode": "force_generic_plan", "datestyle": "ISO", "jit": "off"}


class Reader(Protocol):
    """Something that runs compiled statements: a viewer's look, or the owner's."""

    async def rows(self, statement: Statement, **values: Any) -> list[Row]:
        """All rows."""
        ...

    async def row(self, statement: Statement, **values: Any) -> Row | None:
        """The first row, if any."""
        ...


@dataclass(frozen=True, slots=True)
class Look:
    """Short reads from one pool, under one set of rights.

    Each statement takes a connection of its own, so concurrent GraphQL fields never
    share one. `rights` None is the owner's look.
    """

    pool: Pool
    rights: Rights | None = None

    async def rows(self, statement: Statement, **values: Any) -> list[Row]:
        """All rows of the statement that the rights let through."""
        found: list[Row] = await self._run(asyncpg.Connection.fetch, statement, values)
        return found

    async def row(self, statement: Statement, **values: Any) -> Row | None:
        """The first row, or None."""
        found: Row | None = await self._run(asyncpg.Connection.fetchrow, statement, values)
        return found

    async def _run(self, fetch: Callable[..., Any], statement: Statement, values: dict[str, Any]) -> Any:
        started = time.perf_counter()
        connection = await self.pool.take(self.rights)
        sound = False
        try:
            if connection.rights != self.rights:
                await self._set_rights(connection)
            found = await fetch(connection, statement.sql, *statement.arguments(values))
            sound = True
        except asyncpg.PostgresError as error:
            sound = survives(error)
            raise
        finally:
            self.pool.give(connection, sound=sound)
            STATEMENTS.observe(time.perf_counter() - started)
        return found

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        """A connection with these rights, for several statements."""
        async with self.pool.acquire(self.rights) as connection:
            if connection.rights != self.rights:
                await self._set_rights(connection)
            yield connection

    async def _set_rights(self, connection: ReadConnection) -> None:
        assert self.rights is not None
        connection.rights = None
        await connection.fetch(*set_rights(self.rights, local=False))
        connection.rights = self.rights


class Database:
    """The engine and the pools of one process."""

    def __init__(self, engine: AsyncEngine, owner: Pool, viewer: Pool) -> None:
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

    async def recognized(self, statement: Statement, names: Sequence[str], **values: Any) -> Row | None:
        """Who asks: a row with an `id`, if that is known, and with the rights that it gave to its connection.

        `names` are those of its `settings`, in their order.
        """
        started = time.perf_counter()
        async with self._viewer.acquire(promised=True) as connection:
            # Whatever becomes of the statement, the rights of before are not to be counted on.
            connection.rights = None
            found = await connection.fetchrow(statement.sql, *statement.arguments(values))
            assert found is not None
            is_known = found["id"] is not None
            if is_known:
                connection.rights = tuple(zip(names, found["settings"], strict=True))
        STATEMENTS.observe(time.perf_counter() - started)
        return found if is_known else None

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


async def _pool(url: str, *, size: int, viewer: bool) -> Pool:
    async def connect() -> ReadConnection:
        connection: ReadConnection = await asyncpg.connect(
            url,
            connection_class=ReadConnection,
            command_timeout=30,
            server_settings={
                "application_name": "lychgate",
                "timezone": "UTC",
                **(_VIEWERS if viewer else {}),
            },
        )
        try:
            await _prepare(connection, viewer=viewer)
        except BaseException:
            # PostgreSQL went away at this very moment, or whoever asked has gone.
            connection.terminate()
            raise
        return connection

    pool = Pool(connect, size)
    # Whoever opens the database learns at once that it can't be reached.
    pool.give(await pool.take())
    return pool


async def _prepare(connection: ReadConnection, *, viewer: bool) -> None:
    connection.rights = None
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: b"\x01" + orjson.dumps(value),
        decoder=lambda raw: orjson.loads(raw[1:]),
        format="binary",
    )
    if viewer:
        await connection.execute(f"set role {VIEWER_ROLE}; set default_transaction_read_only = on")
