"""Failures counted in Redis, so that all nodes share the count (IDN-9); by the application's clock.

A sliding window: each failure is an entry of a sorted set. One script looks at all keys of a try and
enters into all of them, so that of many tries at the same moment exactly as many fail as may.
"""

import asyncio
import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.core.ids import new_id

log = structlog.get_logger(__name__)
_PREFIX: Final = "lychgate:attempts:"
_PATIENCE_SECONDS: Final = 1.0
# ARGV: now and window in milliseconds, limit, the failure's name or ''. Gives the milliseconds to wait;
# a failure is entered only when that is 0. The application's clock never runs slower than Redis' own:
# a key that Redis drops after a window would be empty by then.
_SCRIPT: Final = """
local now, window, limit = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local wait = 0
for _, key in ipairs(KEYS) do
    redis.call('zremrangebyscore', key, '-inf', now - window)
    local first = redis.call('zrange', key, -limit, -limit, 'withscores')
    if first[2] then
        wait = math.max(wait, tonumber(first[2]) + window - now)
    end
end
if wait == 0 and ARGV[4] ~= '' then
    for _, key in ipairs(KEYS) do
        redis.call('zadd', key, now, ARGV[4])
        redis.call('pexpire', key, window)
    end
end
return wait
"""


class Attempts:
    """Counts failures by key; `limit` of them in a `window`, then whoever tries must wait.

    Without Redis nothing is counted and nobody is refused: that a cache is down must not lock
    everybody out. A log line says so.
    """

    def __init__(self, redis: Redis, *, limit: int, window: timedelta) -> None:
        self._script = redis.register_script(_SCRIPT)
        self._limit = limit
        self._window = _milliseconds(window)

    async def wait(self, keys: Sequence[str], now: datetime) -> int:
        """Seconds until the next try; 0 if one may try now."""
        return await self._run(keys, now, "")

    async def fail(self, keys: Sequence[str], now: datetime) -> int:
        """Count a failure. More than 0: others used up the count meanwhile, and so many seconds remain."""
        return await self._run(keys, now, new_id().hex)

    async def _run(self, keys: Sequence[str], now: datetime, entry: str) -> int:
        names = [f"{_PREFIX}{key}" for key in keys]
        arguments: list[str | int] = [_milliseconds(now.timestamp()), self._window, self._limit, entry]
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                found = await self._script(keys=names, args=arguments)
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("tries are not counted", error=type(error).__name__)
            return 0
        return math.ceil(int(found) / 1000)


def _milliseconds(span: timedelta | float) -> int:
    seconds = span.total_seconds() if isinstance(span, timedelta) else span
    return round(seconds * 1000)
