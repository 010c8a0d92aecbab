"""One query a level; whoever gives up leaves the others alone."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pytest

from app.engine.loading import Loader, Together


class Source:
    """Numbers and their squares; 13 is refused, 0 has nothing."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []

    async def squares(self, keys: Sequence[int]) -> Mapping[int, int]:
        self.asked.append(list(keys))
        await asyncio.sleep(0)
        if 13 in keys:
            raise ValueError(13)
        return {key: key * key for key in keys if key}


async def test_keys_of_one_moment_are_asked_for_together_and_once() -> None:
    source = Source()
    loader = Loader(source.squares)
    found = await asyncio.gather(loader.load(1), loader.load_many([2, 3, 2]), loader.load(0), loader.load(1))
    assert found == [1, [4, 9, 4], None, 1]
    assert await loader.load_many([3, 4]) == [9, 16]
    assert await loader.load_many([]) == []
    assert source.asked == [[1, 2, 3, 0], [4]]


async def test_a_failure_is_everybodys_and_lasts() -> None:
    source = Source()
    loader = Loader(source.squares)
    outcomes: list[Any] = await asyncio.gather(
        loader.load(13), loader.load_many([1, 13]), return_exceptions=True
    )
    assert [type(each) for each in outcomes] == [ValueError, ValueError]
    with pytest.raises(ValueError, match="13"):
        await loader.load(13)
    assert len(source.asked) == 1


async def test_who_is_cancelled_leaves_the_others_alone() -> None:
    source = Source()
    loader = Loader(source.squares)
    gone = asyncio.create_task(loader.load(5))
    stays = asyncio.create_task(loader.load(5))
    await asyncio.sleep(0)
    gone.cancel()
    assert await stays == 25
    assert gone.cancelled() or gone.cancelling()


async def test_all_who_ask_in_one_turn_are_answered_together_and_nothing_is_remembered() -> None:
    asked: list[list[int]] = []

    async def even(keys: Collection[int]) -> set[int]:
        asked.append(list(keys))
        await asyncio.sleep(0)
        if 13 in keys:
            raise ValueError
        return {key for key in keys if key % 2 == 0}

    together = Together(even)
    assert await asyncio.gather(*map(together.ask, (1, 2, 2, 4))) == [False, True, True, True]
    assert await together.ask(2)
    assert asked == [[1, 2, 4], [2]]
    impatient, patient = asyncio.create_task(together.ask(6)), asyncio.create_task(together.ask(8))
    await asyncio.sleep(0)
    impatient.cancel()
    assert await patient
    failures = await asyncio.gather(together.ask(13), together.ask(2), return_exceptions=True)
    assert [type(failure) for failure in failures] == [ValueError, ValueError]
