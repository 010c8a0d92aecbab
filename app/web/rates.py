"""How many requests somebody may make in a minute, counted in Redis for all nodes, and told in headers."""

import asyncio
from typing import Final

import structlog
from redis.exceptions import RedisError
from starlette.responses import Response

from app.context import Context
from app.core.failures import Failure
from app.domain.application import App
from app.domain.identity.attempts import network_of

RATE_HEADERS: Final = ("ratelimit-limit", "ratelimit-remaining", "ratelimit-reset")
_WINDOW_SECONDS: Final = 60
# A busy loop may read an answer late that came in time.
_PATIENCE_SECONDS: Final = 2.0
_PREFIX: Final = "lychgate:rate:"
_log = structlog.get_logger(__name__)


async def count_request(app: App, context: Context, response: Response) -> None:
    """Count one request of whoever asks. Raises Failure RATE_LIMITED beyond the limit.

    The window is a minute of the application's clock. Without Redis nobody is counted.
    """
    limit = app.resources.settings.requests_per_minute
    if not limit:
        return
    now = int(app.clock.now().timestamp())
    resets_in = _WINDOW_SECONDS - now % _WINDOW_SECONDS
    count = await _count(app, f"{_PREFIX}{_asker(context)}:{now // _WINDOW_SECONDS}", limit)
    told = (limit, max(limit - count, 0), resets_in)
    named = zip(RATE_HEADERS, told, strict=True)
    response.headers.raw.extend((name.encode(), str(value).encode()) for name, value in named)
    if count > limit:
        text = f"Too many requests. Try again in {resets_in} seconds."
        raise Failure(text, code="RATE_LIMITED", extensions={"retryAfter": resets_in})


def _asker(context: Context) -> str:
    person = context.actor.person_id
    return f"person:{person}" if person else f"network:{network_of(context.client.ip_address or '')}"


async def _count(app: App, key: str, limit: int) -> int:
    # What needs no Redis needs no timer either.
    at_hand = app.resources.counting.at_hand(key)
    if at_hand is not None:
        return at_hand
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            return await app.resources.counting.count(key, 2 * _WINDOW_SECONDS, limit)
    except (RedisError, OSError, TimeoutError) as error:
        _log.warning("requests are not counted", error=type(error).__name__)
        return 0
