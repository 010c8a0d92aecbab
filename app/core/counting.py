"""Counters in Redis that all nodes share; what is counted at the same moment goes in one round trip."""

import asyncio

from redis.asyncio import Redis

# Of what is forgotten the end is set once more: no harm.
_MOST_REMEMBERED = 10_000


class Counting:
    """Counts by key; a key is forgotten some seconds after its first count on a node."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._waiting: list[tuple[str, int, asyncio.Future[int]]] = []
        self._begun: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def count(self, key: str, seconds: int) -> int:
        """One more; how many there are now. Raises RedisError or OSError."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[int] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._send)
        self._waiting.append((key, seconds, future))
        return await future

    def _send(self) -> None:
        task = asyncio.get_running_loop().create_task(self._count(self._waiting))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._waiting = []

    async def _count(self, waiting: list[tuple[str, int, asyncio.Future[int]]]) -> None:
        if len(self._begun) > _MOST_REMEMBERED:
            self._begun.clear()
        new = {key: seconds for key, seconds, _ in waiting if key not in self._begun}
        # Whoever was cancelled doesn't wait any more.
        try:
            found = await self._send_all([key for key, _, _ in waiting], new)
        except Exception as error:  # noqa: BLE001 - it is raised where the key was counted
            for future in (each for _, _, each in waiting if not each.done()):
                future.set_exception(error)
            return
        self._begun.update(new)
        for (_, _, future), number in zip(waiting, found, strict=False):
            if not future.done():
                future.set_result(int(number))

    async def _send_all(self, keys: list[str], new: dict[str, int]) -> list[int]:
        async with self._redis.pipeline(transaction=False) as pipe:
            for key in keys:
                pipe.incr(key)
            for key, seconds in new.items():
                pipe.expire(key, seconds)
            return await pipe.execute()
