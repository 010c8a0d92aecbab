"""Validates the farms for which time has run: graces that end, suspensions, returns, expiries (OVR)."""

import asyncio
from collections import deque
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from app.access.actor import Actor
from app.core.database import Row
from app.domain.application import App
from app.domain.farms import sweeps
from app.jobs.items import to_the_end

NAME: Final = "validate_farms"
_WORKERS: Final = 3
_FIRST: Final = (datetime.min.replace(tzinfo=UTC), UUID(int=0))


async def run(app: App) -> int:
    """Validate all that is due and in nobody's hands, batch by batch; how many farms."""
    now, after, validated = app.clock.now(), _FIRST, 0
    while rows := await sweeps.batch(app.read_all(), now, after):
        validated += await _validate(app, deque(rows))
        after = (rows[-1]["due_at"], rows[-1]["installation_id"])
        if len(rows) < sweeps.BATCH:
            break
    return validated


async def due(app: App) -> int:
    """How many farms are due, those in somebody's hands included."""
    return await sweeps.due(app.read_all(), app.clock.now())


async def _validate(app: App, rows: deque[Row]) -> int:
    async with asyncio.TaskGroup() as group:
        # Each holds a database connection: requests keep the greater part of the pool.
        workers = [group.create_task(_work_off(app, rows)) for _ in range(_WORKERS)]
    return sum(worker.result() for worker in workers)


async def _work_off(app: App, rows: deque[Row]) -> int:
    validated = 0
    while rows:
        farm_id = rows.popleft()["installation_id"]
        validated += await to_the_end(sweeps.validate(app.work(Actor.system(NAME)), farm_id))
    return validated
