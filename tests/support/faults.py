"""Servers that die, and come back when a test says so."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
import redis

from tests.support.servers import Cluster


@dataclass(frozen=True)
class Faults:
    """What can go wrong with this test process' servers."""

    cluster: Cluster

    def kill_valkey(self) -> None:
        """At once, without a word to its clients."""
        with redis.Redis.from_url(self.cluster.redis_url) as client:
            info: Any = client.info("server")
        os.kill(info["process_id"], signal.SIGKILL)

    def kill_postgres(self) -> None:
        """The postmaster; its backends notice and end."""
        recorded = (self.cluster.home / "postgres" / "postmaster.pid").read_text()
        os.kill(int(recorded.splitlines()[0]), signal.SIGKILL)

    async def mend(self) -> None:
        """Start again whatever is dead, and wait until it answers."""
        assert self.cluster.embedded is not None
        await asyncio.to_thread(self.cluster.embedded.ensure_running)


@pytest.fixture
async def faults(cluster: Cluster) -> AsyncIterator[Faults]:
    """The faults of the cluster, mended at the end."""
    found = Faults(cluster)
    yield found
    await found.mend()


async def until(condition: Callable[[], Any], seconds: float = 15.0) -> None:
    """Wait until the condition (a plain or an awaitable truth) holds. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while True:
            with suppress(OSError):
                found = condition()
                if await found if asyncio.iscoroutine(found) else found:
                    return
            await asyncio.sleep(0.02)
