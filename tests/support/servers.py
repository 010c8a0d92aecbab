"""Real PostgreSQL and Valkey for a test process, and a database of its own for each test.

Embedded ones, or (`make test-servers`) those of the environment.
"""

import itertools
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import redis
from sqlalchemy.engine import make_url

from app.core.embedded import EmbeddedServers
from app.core.migrate import upgrade
from app.core.settings import Settings, load_settings
from tests.support.portal import Portal, running

# Workers share outside servers: each has databases and a Redis number of its own.
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
TEMPLATE = f"lychgate_template_{_WORKER}"
_numbers = itertools.count(1)
# Taken out, so that no other test finds them among its settings.
_OUTSIDE = [os.environ.pop(f"LYCHGATE_{name}_URL", None) for name in ("DATABASE", "REDIS")]
SECRET = "a secret key for tests alone, long enough"


@dataclass(frozen=True)
class Cluster:
    """The servers of one test process, and a migrated database to copy."""

    home: Path
    admin_url: str
    redis_url: str
    # None where they are somebody else's
    embedded: EmbeddedServers | None

    def url(self, name: str) -> str:
        """The URL of another database of the same server."""
        return make_url(self.admin_url).set(database=name).render_as_string(hide_password=False)

    async def execute(self, sql: str) -> None:
        """One statement outside of every test's database."""
        connection = await asyncpg.connect(self.admin_url)
        try:
            await connection.execute(sql)
        finally:
            await connection.close()


@pytest.fixture(scope="session")
def backing() -> Iterator[Cluster]:
    """The servers; embedded ones are thrown away with their data."""
    database, redis_url = _OUTSIDE
    with tempfile.TemporaryDirectory(prefix="lych") as name:
        home = Path(name)
        if database and redis_url:
            yield Cluster(home, database, redis_url.replace("/0", f"/{_WORKER}"), None)
            return
        with EmbeddedServers.start(home, fsync=False) as embedded:
            assert embedded.urls.database is not None
            assert embedded.urls.redis is not None
            yield Cluster(home, embedded.urls.database, embedded.urls.redis, embedded)


@pytest.fixture(scope="session")
async def cluster(backing: Cluster) -> Cluster:
    """The servers, with a migrated template."""
    await backing.execute(f"create database {TEMPLATE}")
    await upgrade(backing.url(TEMPLATE))
    return backing


@asynccontextmanager
async def copied(cluster: Cluster) -> AsyncIterator[str]:
    """The URL of a migrated database that goes with the block."""
    name = f"test_{_WORKER}_{next(_numbers)}"
    await cluster.execute(f"create database {name} template {TEMPLATE}")
    yield cluster.url(name)
    await cluster.execute(f"drop database {name} with (force)")


@pytest.fixture
async def database_url(cluster: Cluster) -> AsyncIterator[str]:
    """A migrated database that this test has for itself."""
    async with copied(cluster) as url:
        yield url


@pytest.fixture
def settings(cluster: Cluster, database_url: str) -> Settings:
    """Settings of a development server on this test's database; Valkey is empty."""
    with redis.Redis.from_url(cluster.redis_url) as client:
        client.flushdb()
    return make_settings(cluster, database_url)


def make_settings(cluster: Cluster, database_url: str, **changes: Any) -> Settings:
    """The same with changes: for a second node, or a stricter one."""
    facts: dict[str, Any] = {
        "home_dir": cluster.home,
        "database_url": database_url,
        "redis_url": cluster.redis_url,
        "secret_key": SECRET,
        "dev": True,
        "poll_seconds": 0.5,
        "database_pool_size": 6,
    }
    return load_settings(**(facts | changes))


@pytest.fixture
async def portal(settings: Settings) -> AsyncIterator[Portal]:
    """The whole portal; background work runs when a test says `await portal.work()`."""
    async with running(settings) as portal:
        yield portal


@pytest.fixture
async def busy_portal(settings: Settings) -> AsyncIterator[Portal]:
    """The same with background work running by itself, as in production."""
    async with running(settings, background=True) as portal:
        yield portal
