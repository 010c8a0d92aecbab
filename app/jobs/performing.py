"""Running jobs: one run of each at a time in a process, at the application's time."""

import asyncio
from collections import Counter, defaultdict
from typing import Final
from weakref import WeakKeyDictionary

import structlog

from app.core import metrics
from app.core.database import Database
from app.domain.application import App
from app.jobs.registry import JOBS

_log = structlog.get_logger(__name__)
_LOOK_AGAIN_SECONDS: Final = 0.05
_PATIENCE_SECONDS: Final = 120.0
# More runs at a time would do no more work, and take database connections from requests.
_locks: WeakKeyDictionary[Database, defaultdict[str, asyncio.Lock]] = WeakKeyDictionary()


async def perform(app: App, name: str) -> int:
    """Run one job; how many items it did."""
    async with _locks.setdefault(app.resources.database, defaultdict(asyncio.Lock))[name]:
        await app.resources.tell_time()
        with metrics.JOB_FAILURES.labels(name).count_exceptions(), metrics.JOBS.labels(name).time():
            count = await JOBS[name].run(app)
        metrics.JOB_ITEMS.labels(name).inc(count)
        return count


async def run_all_due(app: App) -> dict[str, int]:
    """Run every job until nothing is due by the application's clock; what was done, by job.

    Waits for items that another worker has in its hands, since it may yet fail.
    """
    ran: Counter[str] = Counter()
    waited = 0.0
    while waited < _PATIENCE_SECONDS:
        done = {name: await perform(app, name) for name in JOBS}
        ran.update(done)
        if any(done.values()):
            waited = 0.0
        elif not await _anything_due(app):
            return {name: count for name, count in ran.items() if count}
        else:
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)
            waited += _LOOK_AGAIN_SECONDS
    _log.warning("background work is still in another worker's hands", seconds=_PATIENCE_SECONDS)
    return {name: count for name, count in ran.items() if count}


async def _anything_due(app: App) -> bool:
    for job in JOBS.values():
        if await job.due(app):
            return True
    return False
