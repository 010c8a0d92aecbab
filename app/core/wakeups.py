"""Redis carries wake-ups, never facts: whatever it loses is read from PostgreSQL (EVT-3)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from uuid import UUID

import structlog
from asyncpg import (
    InterfaceError,
    InternalClientError,
    OperatorInterventionError,
    PostgresConnectionError,
    PostgresError,
)
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)
_CHANNEL = "lychgate:stream:"
_POLL_SECONDS = 1.0


class Wakeups:
    """Says which streams have grown, and listens for it on one connection a process."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._sending: set[asyncio.Task[None]] = set()

    def poke(self, streams: dict[UUID, int]) -> None:
        """Tell every node, without waiting, the last number of each stream.

        A committed change must not wait for Redis, nor fail with it.
        """
        task = asyncio.create_task(self._publish(streams))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _publish(self, streams: dict[UUID, int]) -> None:
        try:
            async with self._redis.pipeline(transaction=False) as pipeline:
                for stream, sequence in streams.items():
                    pipeline.publish(f"{_CHANNEL}{stream}", str(sequence))
                await pipeline.execute()
        except (RedisError, OSError) as error:
            log.warning("wake-up not sent", error=type(error).__name__)

    def listener(self) -> "Listener":
        """A subscription of this process; see Listener."""
        return Listener(self._redis.pubsub(ignore_subscribe_messages=True))


def away() -> tuple[type[Exception], ...]:
    """What is raised when Redis or PostgreSQL can't be reached; both come back by themselves."""
    return (RedisError, OSError, TimeoutError, PostgresError, InterfaceError, InternalClientError)


def database_away() -> tuple[type[Exception], ...]:
    """What a read raises while PostgreSQL can't be reached or stops; a statement that is wrong raises none of these."""
    # The last one is of a connection that died in the middle of a statement.
    return (
        *(OSError, TimeoutError, PostgresConnectionError, OperatorInterventionError),
        *(InterfaceError, InternalClientError),
    )


class Listener:
    """The one Redis connection over which a process hears of its streams."""

    def __init__(self, pubsub: PubSub) -> None:
        self._pubsub = pubsub

    async def watch(self, stream: UUID) -> None:
        """Hear of this stream from now on. Raises RedisError or OSError when Redis is away."""
        await _unless_cancelled(self._pubsub.subscribe(f"{_CHANNEL}{stream}"))

    async def forget(self, stream: UUID) -> None:
        """Hear of it no more."""
        await _unless_cancelled(self._pubsub.unsubscribe(f"{_CHANNEL}{stream}"))

    async def heard(self) -> AsyncIterator[tuple[UUID, int]]:
        """Streams and their last numbers, as they come. Raises RedisError or OSError."""
        # A connection that listens to nothing yet can't be read from.
        await _unless_cancelled(self._pubsub.subscribe(_CHANNEL))
        while True:
            message = await self._pubsub.get_message(timeout=_POLL_SECONDS)
            if message is not None and message["type"] == "message":
                channel = message["channel"].decode().removeprefix(_CHANNEL)
                yield UUID(channel), int(message["data"])

    async def close(self) -> None:
        """Give the connection back."""
        await self._pubsub.aclose()  # type: ignore[no-untyped-call]


async def _unless_cancelled(sending: Awaitable[object]) -> None:
    """Wait for it. A cancellation that comes meanwhile is always raised.

    Redis's client sends within `asyncio.wait_for`, which loses it before Python 3.12 if all was sent at that very
    moment: a subscriber who had gone went on watching, and its socket never ended.
    """
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    await sending
    if task and task.cancelling() > before:
        raise asyncio.CancelledError
