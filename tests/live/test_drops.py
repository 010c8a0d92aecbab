"""Who goes is gone: at whatever moment a subscription is broken off, nothing of it stays."""

import asyncio
from uuid import uuid4

from tests.support.portal import Portal


async def test_a_listener_that_is_cancelled_at_any_step_ends(portal: Portal) -> None:
    listener = portal.server.app.resources.wakeups.listener()
    stream = uuid4()
    await listener.watch(stream)
    try:
        for turn in range(120):
            change = listener.forget if turn % 2 else listener.watch
            task = asyncio.create_task(change(stream))
            for _ in range(turn % 12):
                await asyncio.sleep(0)
            was_over = task.done()
            task.cancel()
            await asyncio.wait({task})
            assert was_over or task.cancelled(), turn
    finally:
        await listener.close()


async def test_sockets_that_drop_at_once_leave_nothing_behind(portal: Portal) -> None:
    ada = await portal.administrator()
    for turn in range(20):
        async with portal.live(ada.token) as live:
            await live.subscribe(
                "subscription ($id: ID!) { accountEvents(accountId: $id) { sequence } }", id=ada.account
            )
            # From the first step of the beginning to the group.
            await asyncio.sleep(turn * 0.002)
    async with asyncio.timeout(10):
        while any((await portal.http.get("/dev/live")).json().values()):
            await asyncio.sleep(0.01)
