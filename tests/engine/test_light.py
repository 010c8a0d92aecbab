"""What stands in for asyncio's own in every websocket, and the heart that all of them share."""

import asyncio
from collections import Counter

import pytest

from app.access.actor import Actor, ActorKind
from app.access.alike import one_of
from app.engine.heart import Heart
from app.engine.light import Gate, Mailbox


async def test_who_waits_at_a_gate_goes_through_although_it_is_closed_again() -> None:
    gate = Gate()
    waiting = [asyncio.create_task(gate.wait()) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.sleep(0)
    gate.set()
    gate.clear()
    assert await asyncio.gather(*waiting[1:]) == [True, True]
    assert waiting[0].cancelled()
    assert not gate.is_set()
    gate.set()
    assert await gate.wait()


async def test_a_mailbox_gives_everything_in_order_also_after_a_reader_that_gave_up() -> None:
    box: Mailbox[int] = Mailbox()
    impatient = asyncio.create_task(box.get())
    await asyncio.sleep(0)
    box.put_nowait(1)
    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient
    box.put_nowait(2)
    assert [await box.get(), await box.get()] == [1, 2]
    assert box.empty()
    reading = asyncio.create_task(box.get())
    await asyncio.sleep(0)
    box.put_nowait(3)
    assert await reading == 3


class _Beating:
    def __init__(self, beats: Counter["_Beating"], enough: asyncio.Event) -> None:
        self._beats = beats
        self._enough = enough

    def beat(self) -> None:
        self._beats[self] += 1
        if self._beats[self] == 3:
            self._enough.set()


async def test_a_heart_lets_all_beat_equally_often_until_they_go() -> None:
    heart, beats, enough = Heart(0.01), Counter[_Beating](), asyncio.Event()
    members = [_Beating(beats, enough) for _ in range(600)]
    for member in members:
        heart.add(member)
    gone = members.pop()
    heart.remove(gone)
    heart.remove(gone)
    await asyncio.wait_for(enough.wait(), 10)
    assert set(beats) == set(members)
    assert set(beats.values()) <= {2, 3}
    for member in members:
        heart.remove(member)


async def test_without_a_period_nothing_beats() -> None:
    heart, beats = Heart(0), Counter[_Beating]()
    heart.add(_Beating(beats, asyncio.Event()))
    await asyncio.sleep(0)
    assert not beats


def test_equal_actors_become_one_as_long_as_somebody_holds_it() -> None:
    first, second = Actor(ActorKind.PERSON, name="Ada"), Actor(ActorKind.PERSON, name="Ada")
    assert one_of(first) is first
    assert one_of(second) is first
    del first
    assert one_of(second) is second
    assert one_of(Actor(ActorKind.PERSON, name="Eve")) is not second
