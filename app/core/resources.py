"""What one process holds: settings, clock, connections, keys."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from app.core.attempts import Attempts
from app.core.clock import Clock
from app.core.counting import Counting
from app.core.crypto import Vault
from app.core.database import Database
from app.core.resealing import vault_of
from app.core.settings import Settings
from app.core.signing import Signer
from app.core.statements import Statement
from app.core.storage import Storage
from app.core.wakeups import Wakeups

# IDN-9
_MOST_FAILURES = 10
_FAILURES_LAST = timedelta(minutes=15)
_OFFSET = Statement("select offset_seconds from application_clock", (), {})


@dataclass(frozen=True)
class Resources:
    """The servers and secrets that everything above works with."""

    settings: Settings
    clock: Clock
    database: Database
    redis: Redis
    wakeups: Wakeups
    attempts: Attempts
    counting: Counting
    vault: Vault
    signer: Signer
    storage: Storage

    async def tell_time(self) -> None:
        """Under `DEV`, follow the clock that another node may have moved."""
        if self.settings.dev:
            row = await self.database.as_owner().row(_OFFSET)
            self.clock.offset = timedelta(seconds=row["offset_seconds"] if row else 0)


@asynccontextmanager
async def open_resources(settings: Settings, database_url: str, redis_url: str) -> AsyncIterator[Resources]:
    """Connect to everything; let go at the end."""
    database = await Database.open(database_url, pool_size=settings.database_pool_size)
    redis = Redis.from_url(
        redis_url,
        max_connections=settings.redis_pool_size,
        socket_timeout=2,
        socket_connect_timeout=2,
        # Once more at once, for a connection that died unseen; without Redis everything goes on, and soon.
        retry=Retry(NoBackoff(), 1),
    )
    try:
        yield Resources(
            settings=settings,
            clock=Clock(),
            database=database,
            redis=redis,
            wakeups=Wakeups(redis),
            attempts=Attempts(redis, limit=_MOST_FAILURES, window=_FAILURES_LAST),
            counting=Counting(redis),
            vault=vault_of(settings),
            signer=Signer.from_file(settings.license_key_path),
            storage=Storage.at(settings.storage_location),
        )
    finally:
        await redis.aclose()
        await database.close()
