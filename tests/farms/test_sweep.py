"""The sweep of farms: shared by workers, done once, lost by nobody (OVR-7)."""

import asyncio
import os
import signal
import sys
from typing import Any

import asyncpg
import pytest

from app.core import ids
from app.core.settings import Settings
from app.jobs import validate_farms
from bench.herds import multiply
from tests.support.farms import FarmOf, farm_for, stay
from tests.support.outbox import eventually
from tests.support.portal import Portal

COUNT = 40
WORKER = """
import asyncio, sys
from app.core.settings import load_settings
from app.domain.application import App
from app.jobs import validate_farms
from app.reactions import REACTIONS

async def main(home, database, redis, secret):
    settings = load_settings(home_dir=home, secret_key=secret, dev=True)
    async with App.open(settings, database, redis, REACTIONS) as app:
        await app.resources.tell_time()
        await validate_farms.run(app)

asyncio.run(main(*sys.argv[1:]))
"""


async def start_worker(settings: Settings) -> asyncio.subprocess.Process:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LYCHGATE_")}
    assert settings.database_url is not None
    assert settings.redis_url is not None
    secrets = (settings.database_url, settings.redis_url, settings.secret_key)
    arguments = (str(settings.home_dir), *(each.get_secret_value() for each in secrets))
    return await asyncio.create_subprocess_exec(sys.executable, "-c", WORKER, *arguments, env=clean)


async def herd(portal: Portal) -> FarmOf:
    """Farms that will be suspended an hour from now, if somebody looks."""
    farm = await farm_for(portal)
    await stay(portal, farm.owner)
    await farm.report(12)
    await portal.advance("P7D")
    await portal.work()
    assert (await farm.report(12))["overuse"]["suspensionDueFrom"]
    id_ = ids.decode(farm.id, "Farm")
    assert id_ is not None
    async with portal.server.app.read_all().connection() as connection:
        await multiply(connection, id_, 1, COUNT - 1)
    await portal.advance("PT1H")
    return farm


async def facts(portal: Portal) -> tuple[int, int, int]:
    """Farms that are suspended, the events of that, and the mails."""
    async with portal.server.app.read_all().connection() as connection:
        row: Any = await connection.fetchrow(
            """select (select count(*) from farm_state where phase = 'SUSPENDED') as suspended,
                (select count(*) from event where type = 'FARM_DEACTIVATED') as events,
                (select count(*) from mail where kind = 'OVERUSE_SUSPENDED') as mails"""
        )
        return row["suspended"], row["events"], row["mails"]


@pytest.mark.rule("OVR-3", "OVR-7")
async def test_several_workers_share_what_is_due(portal: Portal, settings: Settings) -> None:
    await herd(portal)
    assert await facts(portal) == (0, 0, 0)
    workers = [await start_worker(settings) for _ in range(2)]
    await portal.server.app.resources.tell_time()
    await validate_farms.run(portal.server.app)
    assert [await worker.wait() for worker in workers] == [0, 0]
    assert await facts(portal) == (COUNT, COUNT, COUNT)
    assert await validate_farms.run(portal.server.app) == 0
    assert "validate_farms" not in await portal.work()
    assert await facts(portal) == (COUNT, COUNT, COUNT)


@pytest.mark.rule("OVR-7")
async def test_a_killed_worker_loses_nothing(portal: Portal, settings: Settings, database_url: str) -> None:
    await herd(portal)
    blocker = await asyncpg.connect(database_url)
    transaction = blocker.transaction()
    await transaction.start()
    # A worker can lock and change its farms, and comes to a halt before it commits.
    await blocker.execute("lock table event in share mode")
    worker = await start_worker(settings)
    try:
        await eventually(lambda: blocker.fetch("select from pg_locks where not granted"))
        os.kill(worker.pid, signal.SIGKILL)
        await worker.wait()
    finally:
        await transaction.rollback()
        await blocker.close()
    assert (await facts(portal))[0] < COUNT
    await eventually(lambda: done(portal))
    assert await facts(portal) == (COUNT, COUNT, COUNT)


async def done(portal: Portal) -> bool:
    """PostgreSQL notices a dead worker a moment later, and lets its farms go."""
    await portal.work()
    return (await facts(portal))[0] == COUNT


@pytest.mark.rule("OVR-4", "OVR-7")
async def test_a_pass_touches_what_is_due_and_nothing_else(portal: Portal) -> None:
    farm = await herd(portal)
    assert (await portal.work())["validate_farms"] == COUNT
    await farm.report(3)
    await portal.advance("PT19M")
    assert "validate_farms" not in await portal.work()
    await portal.advance("PT1M")
    assert (await portal.work())["validate_farms"] == 1
    assert await farm.phase() == "LIMITED"
    assert (await facts(portal))[0] == COUNT - 1
