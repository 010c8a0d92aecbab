"""Groups take turns, and none of them can keep the others from theirs."""

import asyncio
from contextlib import AsyncExitStack

from app.subscriptions.hub import Hub
from tests.support.portal import Portal


async def test_groups_that_keep_their_turn_hold_up_nobody_for_long(portal: Portal) -> None:
    hub = Hub(portal.server.app)
    async with AsyncExitStack() as slow:
        for _ in range(100):
            waiting = asyncio.create_task(slow.enter_async_context(hub.turn()))
            done, _pending = await asyncio.wait({waiting}, timeout=0.1)
            if not done:
                break
        # All turns are taken: whoever waits goes on in the end, others after them as well.
        async with asyncio.timeout(5):
            await waiting
            async with hub.turn():
                pass
    async with asyncio.timeout(5), hub.turn():
        pass
