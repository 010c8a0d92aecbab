"""Counters that several nodes share: nobody gets beyond a limit, and a round trip isn't needed for each request."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from app.core.counting import Counting
from app.core.ids import new_id
from app.core.settings import Settings


@pytest.fixture
async def redis(settings: Settings) -> AsyncIterator[Redis]:
    assert settings.redis_url is not None
    async with Redis.from_url(settings.redis_url.get_secret_value()) as client:
        yield client


async def test_one_node_counts_exactly_in_few_round_trips(redis: Redis) -> None:
    counting, key = Counting(redis), f"test:{new_id().hex}"
    alone = [await counting.count(key, 60, 600) for _ in range(100)]
    together = await asyncio.gather(*(counting.count(key, 60, 600) for _ in range(100)))
    assert alone == list(range(1, 101))
    assert sorted(together) == list(range(101, 201))
    assert await redis.ttl(key) > 0
    # What was taken and not used is little.
    taken = int(await redis.get(key))
    assert 200 <= taken < 200 + 16
    another = f"test:{new_id().hex}"
    for _ in range(100):
        await counting.count(another, 60, 600)
    assert int(await redis.get(another)) <= 100 + 16


@pytest.mark.parametrize(("limit", "nodes"), [(1, 2), (10, 3), (100, 2), (600, 4)])
async def test_several_nodes_together_let_no_more_through(redis: Redis, limit: int, nodes: int) -> None:
    each, key = [Counting(redis) for _ in range(nodes)], f"test:{new_id().hex}"
    counts = await asyncio.gather(
        *(each[number % nodes].count(key, 60, limit) for number in range(2 * limit + nodes))
    )
    let_through = sum(count <= limit for count in counts)
    # What the others hold and don't use is lost to everybody, and is little.
    assert limit - 16 * nodes <= let_through <= limit
    assert let_through > 0


async def test_close_to_the_limit_nothing_is_taken_beforehand(redis: Redis) -> None:
    one, other, key = Counting(redis), Counting(redis), f"test:{new_id().hex}"
    for _ in range(40):
        await one.count(key, 60, 60)
    before = int(await redis.get(key))
    assert await other.count(key, 60, 60) == before + 1
    assert await one.count(key, 60, 60) <= before + 2
    assert int(await redis.get(key)) <= before + 2
