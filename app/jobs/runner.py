"""Background work of a process: woken by the queue and by schedules, until it is told to stop.

The queue carries wake-ups only. What is to be done, and whether it was done, is in the
tables of the jobs, so a lost wake-up costs a minute at most, and a repeated one nothing.
"""

import asyncio
from contextlib import suppress
from typing import Any, Final

import asyncpg
import structlog
from pgqueuer import PgQueuer
from pgqueuer.db import AsyncpgDriver

from app.domain.application import App
from app.jobs.performing import perform
from app.jobs.registry import JOBS

_log = structlog.get_logger(__name__)
_FIRST_PAUSE_SECONDS: Final = 0.5
_LONGEST_PAUSE_SECONDS: Final = 10.0
_STOP_SECONDS: Final = 30.0
_DATABASE: Final = ("asyncpg", "sqlalchemy", "pgqueuer")


async def run_background(app: App, stop: asyncio.Event) -> None:
    """Do background work until `stop` is set; items at hand are finished.

    A database that goes away and comes back is waited for, without end.
    """
    wanted = {name: asyncio.Event() for name in JOBS}
    tasks = [asyncio.create_task(_listen(app, wanted), name="background: listen")]
    tasks += [
        asyncio.create_task(_keep_performing(app, name, event), name=f"background: {name}")
        for name, event in wanted.items()
    ]
    try:
        await stop.wait()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=_STOP_SECONDS)


async def _keep_performing(app: App, name: str, wanted: asyncio.Event) -> None:
    """Run a job whenever it is wanted; however often that was said meanwhile, once more is enough."""
    pause = _FIRST_PAUSE_SECONDS
    wanted.set()
    while True:
        await wanted.wait()
        wanted.clear()
        try:
            await perform(app, name)
            pause = _FIRST_PAUSE_SECONDS
        except Exception as error:  # noqa: BLE001 - whatever it is, the next run may do better
            _report("job failed and will run again", error, job=name, seconds=pause)
            wanted.set()
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)


async def _listen(app: App, wanted: dict[str, asyncio.Event]) -> None:
    """Hear wake-ups and schedules; after losing the connection, from a new one."""
    while True:
        try:
            await _listen_once(app, wanted)
        except Exception as error:  # noqa: BLE001 - a listener that ends must be made again
            _report("background work lost the database and will try again", error)
        await asyncio.sleep(_FIRST_PAUSE_SECONDS)
        for event in wanted.values():
            event.set()


async def _listen_once(app: App, wanted: dict[str, asyncio.Event]) -> None:
    async with app.resources.database.engine.connect() as connection:
        try:
            raw: Any = (await connection.get_raw_connection()).driver_connection
            queue = PgQueuer(AsyncpgDriver(raw))
            for name in JOBS:
                _register(queue, name, wanted[name])
            await _until_lost(queue, raw)
        finally:
            # It has a listener, and perhaps a broken socket: nobody else shall get it.
            with suppress(Exception):
                await connection.invalidate()


async def _until_lost(queue: PgQueuer, connection: asyncpg.Connection) -> None:
    """Run the queue while its connection lives: the library itself would notice up to 40 s later."""
    lost = asyncio.Event()
    connection.add_termination_listener(lambda _connection: lost.set())
    running = asyncio.create_task(queue.run(shutdown_on_listener_failure=True))
    losing = asyncio.create_task(lost.wait())
    try:
        await asyncio.wait((running, losing), return_when=asyncio.FIRST_COMPLETED)
        if losing.done():
            msg = "the connection was closed"
            raise ConnectionError(msg)
        await running
    finally:
        for task in (running, losing):
            task.cancel()
        await asyncio.wait((running, losing), timeout=_STOP_SECONDS)
        if running.done() and not running.cancelled() and running.exception() is not None:
            _log.debug("queue ended", error=str(running.exception()))


def _register(queue: PgQueuer, name: str, wanted: asyncio.Event) -> None:
    async def wake(_job: object) -> None:
        wanted.set()

    queue.entrypoint(name, accepts_context=False)(wake)
    queue.schedule(name, JOBS[name].schedule, accepts_context=False)(wake)


def _report(text: str, error: Exception, **facts: object) -> None:
    # The database going away is no fault of the code: one line says it.
    causes = error.exceptions if isinstance(error, ExceptionGroup) else (error,)
    away = all(isinstance(cause, OSError) or type(cause).__module__.startswith(_DATABASE) for cause in causes)
    words = "; ".join(f"{type(cause).__name__}: {cause}" for cause in causes)
    _log.warning(text, error=words, exc_info=None if away else error, **facts)
