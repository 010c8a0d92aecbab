"""The pool of reading connections: nobody reads with another's rights, waits in vain, or loses a connection."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from app.core.database import Database
from app.core.pool import Pool, ReadConnection, survives
from app.core.statements import Statement

SLEEP = Statement("select pg_sleep(30)", (), {})
WHO = Statement("select current_setting('lychgate.person', true) as person, pg_backend_pid() as pid", (), {})
ENDED = (asyncpg.AdminShutdownError, asyncpg.ConnectionDoesNotExistError)
SUICIDE = Statement("select pg_terminate_backend(pg_backend_pid())", (), {})
WRONG = Statement("select 1 / 0", (), {})


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """Two connections to a pool."""
    opened = await Database.open(database_url, pool_size=2)
    yield opened
    await opened.close()


async def test_each_reads_with_their_own_rights(database: Database) -> None:
    async def ask(number: int) -> None:
        look = database.as_viewer((("lychgate.person", f"person {number}"),))
        for _ in range(20):
            row = await look.row(WHO)
            assert row is not None
            assert row["person"] == f"person {number}"

    await asyncio.gather(*(ask(number) for number in range(7)))
    assert database.statistics()["viewer"] == (2, 2)


async def test_who_asks_again_gets_the_connection_that_has_their_rights(database: Database) -> None:
    ada, bob = (database.as_viewer((("lychgate.person", name),)) for name in ("ada", "bob"))
    async with ada.connection(), bob.connection():
        pass
    first = await ada.row(WHO)
    await bob.row(WHO)
    again = await ada.row(WHO)
    assert first is not None
    assert again is not None
    assert again["pid"] == first["pid"]


async def test_a_promised_connection_is_taken_last_by_others(database_url: str) -> None:
    opened = await Database.open(database_url, pool_size=3)
    try:
        pool = opened.as_viewer(()).pool
        async with pool.acquire() as first, pool.acquire() as second, pool.acquire() as third:
            assert len({first, second, third}) == 3
        # Whoever was recognized goes on with it, though others come meanwhile.
        async with pool.acquire(promised=True) as promised:
            promised.rights = (("lychgate.person", "ada"),)
        async with pool.acquire() as other, pool.acquire() as another:
            assert promised not in (other, another)
            async with pool.acquire((("lychgate.person", "ada"),)) as again:
                assert again is promised
        # Nobody waits for what is only promised.
        async with pool.acquire(), pool.acquire(), pool.acquire() as last:
            assert last is promised
    finally:
        await opened.close()


async def test_what_is_broken_off_or_refused_leaves_the_pool_whole(database: Database) -> None:
    look = database.as_owner()
    with pytest.raises(asyncpg.DivisionByZeroError):
        await look.rows(WRONG)
    sleeping = [asyncio.create_task(look.rows(SLEEP)) for _ in range(5)]
    async with asyncio.timeout(5):
        while database.statistics()["owner"] != (2, 0):
            await asyncio.sleep(0.01)
    for task in sleeping:
        task.cancel()
    assert {type(each) for each in await asyncio.gather(*sleeping, return_exceptions=True)} == {
        asyncio.CancelledError
    }
    async with asyncio.timeout(5):
        assert len(await asyncio.gather(*(look.rows(WHO) for _ in range(10)))) == 10
    assert database.statistics()["owner"][0] <= 2


def test_only_what_ends_no_session_leaves_a_connection_usable() -> None:
    told = {"C": "57P01", "M": "terminating connection"}
    assert not survives(asyncpg.PostgresError.new({**told, "S": "FATAL", "V": "FATAL"}))
    # In another language the second field alone says it.
    assert not survives(asyncpg.PostgresError.new({**told, "S": "FATALE", "V": "FATAL"}))
    assert not survives(asyncpg.ConnectionDoesNotExistError("closed in the middle"))
    assert survives(asyncpg.PostgresError.new({"C": "57014", "M": "cancelled", "S": "ERROR", "V": "ERROR"}))


async def test_a_connection_that_postgres_is_about_to_close_is_given_to_nobody(database: Database) -> None:
    look = database.as_owner()
    for _ in range(20):
        with pytest.raises(ENDED):
            await look.rows(SUICIDE)
        assert len(await look.rows(WHO)) == 1
        with pytest.raises(ENDED):
            async with look.connection() as one:
                await one.fetch(SUICIDE.sql)
        assert len(await look.rows(WHO)) == 1


async def test_a_connection_that_postgres_closed_is_replaced(database: Database) -> None:
    look = database.as_owner()
    async with look.connection() as one, look.connection() as other:
        await one.execute("select pg_terminate_backend($1)", other.get_server_pid())
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)):
            await other.fetch("select 1")
    assert len(await look.rows(WHO)) == 1


async def test_a_closed_pool_gives_nothing(database_url: str) -> None:
    database = await Database.open(database_url, pool_size=1)
    await database.close()
    with pytest.raises(asyncpg.InterfaceError):
        await database.as_owner().rows(WHO)


@pytest.fixture
async def opened() -> AsyncIterator[list[ReadConnection]]:
    """Every connection that a test opened; all are let go at the end."""
    connections: list[ReadConnection] = []
    yield connections
    for connection in connections:
        connection.terminate()


async def test_a_connection_that_comes_after_the_end_is_closed(
    database_url: str, opened: list[ReadConnection]
) -> None:
    go_on = asyncio.Event()

    async def connect() -> ReadConnection:
        connection: ReadConnection = await asyncpg.connect(database_url, connection_class=ReadConnection)
        connection.rights = None
        opened.append(connection)
        await go_on.wait()
        return connection

    pool = Pool(connect, 1)
    taking = asyncio.create_task(pool.take())
    while not opened:
        await asyncio.sleep(0.01)
    await pool.close()
    go_on.set()
    with pytest.raises(asyncpg.InterfaceError):
        await taking
    assert (pool.get_size(), [connection.is_closed() for connection in opened]) == (0, [True])


async def test_a_connection_that_can_not_be_prepared_is_closed(
    database_url: str, opened: list[ReadConnection], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(self: ReadConnection, *_arguments: object, **_options: object) -> None:
        opened.append(self)
        raise asyncpg.ConnectionDoesNotExistError

    monkeypatch.setattr(ReadConnection, "set_type_codec", refuse)
    with pytest.raises(asyncpg.ConnectionDoesNotExistError):
        await Database.open(database_url, pool_size=1)
    assert [connection.is_closed() for connection in opened] == [True]
