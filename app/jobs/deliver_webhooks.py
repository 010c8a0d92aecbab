"""Delivers events to webhooks (EVT-7): several endpoints at a time, each in the order of its events."""

import asyncio
import random
import time
from collections.abc import Collection, Mapping
from typing import Final, Protocol
from uuid import UUID

import asyncpg
import structlog

from app.access.actor import Actor
from app.core.outbound import InternalAddress, Outbound, Unreachable
from app.core.webhook_signatures import signed_headers
from app.domain.application import App
from app.domain.events.outgoing import DELIVER_JOB
from app.domain.webhooks import deliveries
from app.domain.webhooks.deliveries import Parcel
from app.domain.work import Work
from app.jobs.items import to_the_end

NAME: Final = DELIVER_JOB
_ENDPOINTS_AT_ONCE: Final = 16
# Then others have their turn.
_DELIVERIES_AT_ONCE: Final = 100
_LOOK_AGAIN_SECONDS: Final = 0.25
_USER_AGENT: Final = "Lychgate-Webhooks/1"
_log = structlog.get_logger(__name__)


class Post(Protocol):
    """Sends a message; the status that came back. Raises InternalAddress, Unreachable."""

    async def __call__(self, url: str, headers: Mapping[str, str], body: bytes, /) -> int:
        """Send it."""
        ...


async def run(app: App) -> int:
    """Deliver all that is due and in nobody's hands; how many attempts that were."""
    await deliveries.give_up(_work(app))
    async with Outbound.open(allow_private=app.resources.settings.webhook_allow_private) as outbound:
        return await deliver(app, outbound.post)


async def due(app: App) -> int:
    """How many endpoints have something due, those in somebody's hands included."""
    return await deliveries.count_due(app.read_all(), app.clock.now())


async def deliver(app: App, post: Post) -> int:
    """The same with a given way of sending. A receiver that is slow keeps no other one waiting."""
    running: dict[UUID, asyncio.Task[int]] = {}
    attempts, idle = 0, set[UUID]()
    try:
        while await _start(app, post, running, idle):
            tasks = running.values()
            await asyncio.wait(tasks, timeout=_LOOK_AGAIN_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            for id_ in [id_ for id_, task in running.items() if task.done()]:
                tried = running.pop(id_).result()
                attempts += tried
                # What is in somebody's hands isn't asked for again and again.
                idle.update([] if tried else [id_])
    finally:
        for task in running.values():
            task.cancel()
        await asyncio.gather(*running.values(), return_exceptions=True)
    return attempts


async def _start(
    app: App, post: Post, running: dict[UUID, asyncio.Task[int]], idle: Collection[UUID]
) -> bool:
    """Take up what is due, as far as there is room; whether anything runs."""
    due_now = await deliveries.due(app.read_all(), app.clock.now())
    waiting = [id_ for id_ in due_now if id_ not in running and id_ not in idle]
    for id_ in waiting[: _ENDPOINTS_AT_ONCE - len(running)]:
        running[id_] = asyncio.create_task(_deliver_to(app, post, id_))
    return bool(running)


async def _deliver_to(app: App, post: Post, endpoint_id: UUID) -> int:
    """One endpoint's deliveries until none is left, or one fails; how many were tried."""
    tried = 0
    try:
        parcel = await to_the_end(deliveries.claim(_work(app), endpoint_id))
        while parcel is not None and tried < _DELIVERIES_AT_ONCE:
            parcel = await to_the_end(_attempt(app, post, parcel))
            tried += 1
        if parcel is not None:
            await to_the_end(deliveries.let_go(_work(app), parcel))
    except (OSError, asyncpg.PostgresConnectionError):
        raise
    except Exception:  # noqa: BLE001 - whatever it is, the next endpoint may do
        # A fault with one endpoint must not stop the others; its lease keeps us away for a while.
        _log.exception("webhook can't be delivered", endpoint=str(endpoint_id))
    return tried


async def _attempt(app: App, post: Post, parcel: Parcel) -> Parcel | None:
    answered = await _posted(post, parcel)
    share = random.random()  # noqa: S311 - spreads load
    return await deliveries.settle(_work(app), parcel, answered, share)


def _work(app: App) -> Work:
    return app.work(Actor.system(NAME))


async def _posted(post: Post, parcel: Parcel) -> int | None:
    headers = {
        "content-type": "application/json",
        "user-agent": _USER_AGENT,
        # Receivers compare it with their own clocks: it is the wall's, whatever time business has.
        **signed_headers(parcel.keys, parcel.message_id, int(time.time()), parcel.body),
    }
    try:
        return await post(parcel.url, headers, parcel.body)
    except (InternalAddress, Unreachable) as error:
        reason = str(error) if isinstance(error, Unreachable) else "not a public address"
        _log.info("webhook not delivered", delivery=str(parcel.delivery_id), reason=reason)
        return None
