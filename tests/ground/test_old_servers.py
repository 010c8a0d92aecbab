"""A PostgreSQL that is too old, or was migrated by a newer release, is refused in a line."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg
import pytest

from app.core.doctor import examine
from app.core.errors import DatabaseUnavailable, OperatorError, SchemaOutdated
from app.core.migrate import current_revision, ensure_current, upgrade
from tests.support.servers import Cluster, make_settings

Change = Callable[[bytes], bytes]


def aged(answer: bytes) -> bytes:
    """What a server says of its version, with another first number of as many digits."""
    answer = re.sub(rb"(server_version\x00)\d\d", rb"\g<1>14", answer)
    return re.sub(rb"(PostgreSQL )\d\d", rb"\g<1>14", answer)


async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, change: Change) -> None:
    while data := await reader.read(65_536):
        writer.write(change(data))
        await writer.drain()
    writer.close()


@asynccontextmanager
async def older(url: str) -> AsyncIterator[str]:
    """The same server by way of somebody who changes the version in its answers."""
    parts = urlsplit(url)
    folder = parse_qs(parts.query).get("host", [""])[0]

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if folder:
            theirs = await asyncio.open_unix_connection(f"{unquote(folder)}/.s.PGSQL.5432")
        else:
            theirs = await asyncio.open_connection(parts.hostname, parts.port or 5432)
        await asyncio.gather(pass_on(reader, theirs[1], bytes), pass_on(theirs[0], writer, aged))

    async with await asyncio.start_server(connect, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        user = parts.netloc.rpartition("@")[0]
        yield f"postgresql://{user}@127.0.0.1:{port}{parts.path}?sslmode=disable"


async def test_a_server_that_is_too_old_is_refused(cluster: Cluster, database_url: str) -> None:
    async with older(database_url) as url:
        for ask in (ensure_current, upgrade, current_revision):
            with pytest.raises(DatabaseUnavailable) as caught:
                await ask(url)
            assert re.fullmatch(
                r"PostgreSQL 14\.\d+ is too old: LYCHGATE_DATABASE_URL needs 15 or newer", str(caught.value)
            )
        assert str(caught.value) in await examine(make_settings(cluster, url))


async def test_a_schema_of_a_newer_release_is_left_alone(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("update alembic_version set version_num = '9999'")
    finally:
        await connection.close()
    for ask in (ensure_current, upgrade):
        with pytest.raises(SchemaOutdated, match=r"\(9999\) is of another release") as caught:
            await ask(database_url)
        assert isinstance(caught.value, OperatorError)
        assert "\n" not in str(caught.value)
