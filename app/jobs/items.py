"""What jobs share: an item that was begun is finished, and one that fails stops no other."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
import structlog

from app.access.actor import Actor
from app.core.database import Reader
from app.domain.application import App
from app.domain.work import Work

T = TypeVar("T")
_log = structlog.get_logger(__name__)


async def to_the_end(item: Coroutine[Any, Any, T], stopping: asyncio.Event | None = None) -> T:
    """Finish the item at hand even when cancelled meanwhile, and only then pass the cancellation on.

    So a node that stops leaves no mail between the server's 250 and the commit. `stopping` is set
    then: an item of several parts begins no other.
    """
    task = asyncio.ensure_future(item)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        if stopping is not None:
            stopping.set()
        if not task.cancelled():
            await asyncio.wait([task])
            # A failure of the item has nobody left to go to; its transaction was rolled back.
            _ = task.cancelled() or task.exception()
        raise


async def batch_by_batch(app: App, name: str, do: Callable[[Work], Coroutine[Any, Any, int]]) -> int:
    """Do batches, each in a Work of its own, until one finds nothing; how many items they did."""
    done = 0
    while count := await to_the_end(do(app.work(Actor.system(name)))):
        done += count
    return done


async def each_due(
    app: App,
    name: str,
    due: Callable[[Reader, date, UUID], Awaitable[Sequence[UUID]]],
    do: Callable[[Work, UUID], Coroutine[Any, Any, bool]],
) -> int:
    """Do every item that is due today in a Work of its own; how many were done.

    `due` gives the next batch of IDs behind one. An item that fails stops no other: it is
    reported, and the first failure is raised when all were tried.
    """
    done, failures = 0, list[Exception]()
    batch = await due(app.read_all(), app.clock.today(), UUID(int=0))
    while batch:
        for id_ in batch:
            try:
                done += await to_the_end(do(app.work(Actor.system(name)), id_))
            except (OSError, asyncpg.PostgresConnectionError):
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is, the next item may do
                _log.exception("an item failed", job=name, item=str(id_))
                failures.append(error)
        batch = await due(app.read_all(), app.clock.today(), batch[-1])
    if failures:
        raise failures[0]
    return done


async def count_due(app: App, due: Callable[[Reader, date, UUID], Awaitable[Sequence[UUID]]]) -> int:
    """How many items the next batch has; 0 if nothing is due today."""
    return len(await due(app.read_all(), app.clock.today(), UUID(int=0)))
