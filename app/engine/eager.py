"""Running a coroutine at once, as far as it goes without waiting.

A send to a socket with room in its buffer never waits: making a task of each of 2,000 of
them would cost more than the sending. Can go with Python 3.12's eager tasks.
"""

import types
from collections.abc import Coroutine, Generator
from typing import Any


def start(coroutine: Coroutine[Any, None, None]) -> Coroutine[Any, None, None] | None:
    """Run until it ends (None) or would wait: then the rest of it, to be awaited. Raises what it raises."""
    try:
        awaited = coroutine.send(None)
    except StopIteration:
        return None
    return _rest(coroutine, awaited)


async def _rest(coroutine: Coroutine[Any, None, None], awaited: Any) -> None:
    await _resumed(coroutine, awaited)


@types.coroutine
def _resumed(coroutine: Coroutine[Any, None, None], awaited: Any) -> Generator[Any, Any, None]:
    # What it waits for was taken from it by `start`, and is handed to the event loop here.
    while True:
        try:
            value = yield awaited
        except BaseException as error:  # noqa: BLE001 - cancellation and all else belong to the coroutine
            step = _throw(coroutine, error)
        else:
            step = _send(coroutine, value)
        if step is None:
            return
        awaited = step[0]


def _send(coroutine: Coroutine[Any, None, None], value: Any) -> tuple[Any] | None:
    try:
        return (coroutine.send(value),)
    except StopIteration:
        return None


def _throw(coroutine: Coroutine[Any, None, None], error: BaseException) -> tuple[Any] | None:
    try:
        return (coroutine.throw(error),)
    except StopIteration:
        return None
