"""Counters in Redis that all nodes share; what is counted at the same moment goes in one round trip.

Whoever counts often takes several numbers at a time: a round trip to Redis costs more than many a request.
"""

import asyncio
from dataclasses import dataclass
from typing import Final

from redis.asyncio import Redis

# What is forgotten is taken anew, and its end set once more: no harm.
_MOST_REMEMBERED: Final = 10_000
_MOST_AT_ONCE: Final = 16


@dataclass(slots=True)
class _Taken:
    """What this node has of a counter: where it stood, how many numbers are left, how many to take next."""

    total: int = 0
    left: int = 0
    step: int = 1


class Counting:
    """Counts by key; a key is forgotten some seconds after its first count on a node.

    Up to half of a limit a busy node takes up to 16 numbers at once. On one node every count is exact. On
    several, nobody gets beyond a limit either: what a node hasn't used yet is taken from the others.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._waiting: list[tuple[str, int, int, asyncio.Future[int]]] = []
        self._taken: dict[str, _Taken] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def at_hand(self, key: str) -> int | None:
        """One more, if this node has a number left: how many there are now."""
        taken = self._taken.get(key)
        if taken is None or not taken.left:
            return None
        taken.left -= 1
        return taken.total - taken.left

    async def count(self, key: str, seconds: int, limit: int) -> int:
        """One more; how many there are now. Raises RedisError or OSError."""
        at_hand = self.at_hand(key)
        if at_hand is not None:
            return at_hand
        loop = asyncio.get_running_loop()
        future: asyncio.Future[int] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._send)
        self._waiting.append((key, seconds, limit, future))
        return await future

    def _send(self) -> None:
        task = asyncio.get_running_loop().create_task(self._count(self._waiting))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._waiting = []

    async def _count(self, waiting: list[tuple[str, int, int, asyncio.Future[int]]]) -> None:
        if len(self._taken) > _MOST_REMEMBERED:
            self._taken.clear()
        askers: dict[str, list[asyncio.Future[int]]] = {}
        for key, _, _, future in waiting:
            askers.setdefault(key, []).append(future)
        limits = {key: limit for key, _, limit, _ in waiting}
        new = {key: seconds for key, seconds, _, _ in waiting if key not in self._taken}
        wanted = {
            key: len(futures) + self._more(key, len(futures), limits[key]) for key, futures in askers.items()
        }
        # Whoever was cancelled doesn't wait any more.
        try:
            found = await self._send_all(wanted, new)
        except Exception as error:  # noqa: BLE001 - it is raised where the key was counted
            for future in (each for *_, each in waiting if not each.done()):
                future.set_exception(error)
            return
        for (key, futures), total in zip(askers.items(), found, strict=False):
            taken = self._taken.setdefault(key, _Taken())
            taken.total, taken.step = int(total), min(2 * taken.step, _MOST_AT_ONCE)
            taken.left += wanted[key]
            for future in futures:
                taken.left -= 1
                if not future.done():
                    future.set_result(taken.total - taken.left)

    def _more(self, key: str, needed: int, limit: int) -> int:
        """How many more than are needed now."""
        taken = self._taken.get(key)
        if taken is None or 2 * (taken.total + needed + taken.step) > limit:
            return 0
        return taken.step - 1

    async def _send_all(self, wanted: dict[str, int], new: dict[str, int]) -> list[int]:
        async with self._redis.pipeline(transaction=False) as pipe:
            for key, numbers in wanted.items():
                pipe.incrby(key, numbers)
            for key, seconds in new.items():
                pipe.expire(key, seconds)
            return await pipe.execute()
