"""What jobs share: an item that was begun is finished."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def to_the_end(item: Coroutine[Any, Any, T]) -> T:
    """Finish the item at hand even when cancelled meanwhile, and only then pass the cancellation on.

    So a node that stops leaves no mail between the server's 250 and the commit.
    """
    task = asyncio.ensure_future(item)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        if not task.cancelled():
            await asyncio.wait([task])
            # A failure of the item has nobody left to go to; its transaction was rolled back.
            _ = task.cancelled() or task.exception()
        raise
