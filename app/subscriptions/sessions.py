"""Closing the websockets of sessions that are over (IDN-8)."""

import asyncio
from typing import Any, Final

import structlog

from app.access.authentication import living_sign_ins
from app.core.wakeups import away
from app.domain.application import App
from app.engine.sockets import Sockets

log = structlog.get_logger(__name__)
_SECONDS: Final = 2.0
_FORBIDDEN: Final = 4403


async def close_ended(app: App, sockets: Sockets) -> None:
    """Until cancelled: close with 4403 what a session or access token opened that was revoked or has run out.

    One statement for all sockets of the process, so that neither lost wake-ups nor the mere
    passing of time keep a socket open longer than 5 seconds.
    """
    while True:
        await asyncio.sleep(_SECONDS)
        try:
            await close_once(app, sockets)
        except away() as error:
            log.warning("sessions can't be checked", error=type(error).__name__)


async def close_once(app: App, sockets: Sockets) -> int:
    """The same, once; how many sockets were closed."""
    held = {sign_in for context in sockets.contexts() if (sign_in := _sign_in(context)) is not None}
    if not held:
        return 0
    await app.resources.tell_time()
    living = await living_sign_ins(app.read_all(), held, app.clock.now())
    ended = held - living
    if not ended:
        return 0
    return await sockets.close(lambda context: _sign_in(context) in ended, _FORBIDDEN, "Session ended")


def _sign_in(context: Any) -> Any:
    return context.actor.sign_in_id
