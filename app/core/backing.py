"""The servers behind this process: those of the settings, or embedded ones."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass

from app.core.embedded import EmbeddedServers
from app.core.migrate import ensure_current, upgrade
from app.core.settings import Settings


@dataclass(frozen=True, slots=True)
class ServerUrls:
    """Where PostgreSQL and Redis are."""

    database: str
    redis: str


@asynccontextmanager
async def backing_servers(settings: Settings, *, check_schema: bool = True) -> AsyncIterator[ServerUrls]:
    """Start and watch over embedded servers where no URL is set; leave them at the end.

    An embedded database is migrated, an outside one must be current. Raises EmbeddedError,
    DatabaseUnavailable, SchemaOutdated.
    """
    database = settings.database_url.get_secret_value() if settings.database_url else None
    redis = settings.redis_url.get_secret_value() if settings.redis_url else None
    if database and redis:
        if check_schema:
            await ensure_current(database)
        yield ServerUrls(database, redis)
        return
    async with _embedded(settings) as servers:
        urls = ServerUrls(database or servers.urls.database or "", redis or servers.urls.redis or "")
        if check_schema:
            await (ensure_current(database) if database else upgrade(urls.database))
        yield urls


@contextmanager
def embedded_servers(settings: Settings) -> Iterator[None]:
    """Hold embedded servers for several processes: started once, and told of once if they don't start.

    Raises EmbeddedError.
    """
    if settings.database_url and settings.redis_url:
        yield
        return
    with _start(settings):
        yield


@asynccontextmanager
async def _embedded(settings: Settings) -> AsyncIterator[EmbeddedServers]:
    servers = await _started(settings)
    watch = asyncio.create_task(servers.supervise())
    try:
        yield servers
    finally:
        watch.cancel()
        with suppress(asyncio.CancelledError):
            await watch
        await asyncio.to_thread(servers.stop)


async def _started(settings: Settings) -> EmbeddedServers:
    start = asyncio.ensure_future(asyncio.to_thread(_start, settings))
    try:
        return await asyncio.shield(start)
    except asyncio.CancelledError:
        # The thread can't be cancelled: what it started must not be left behind.
        await asyncio.to_thread((await start).stop)
        raise


def _start(settings: Settings) -> EmbeddedServers:
    return EmbeddedServers.start(
        settings.home_dir,
        need_postgres=settings.database_url is None,
        need_redis=settings.redis_url is None,
        fsync=settings.embedded_fsync,
    )
