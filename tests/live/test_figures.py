"""What /metrics tells of live events."""

import re

from tests.support.faults import until
from tests.support.portal import Portal

EVENTS = "subscription ($account: ID!) { accountEvents(accountId: $account) { sequence } }"


async def figure(portal: Portal, name: str) -> float:
    text = (await portal.http.get("/metrics")).text
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    assert found, name
    return float(found[1])


async def nothing_waits(portal: Portal) -> bool:
    return await figure(portal, 'lychgate_live{what="waiting"}') == 0


async def test_lag_and_what_is_waited_for_are_told(portal: Portal) -> None:
    ada = await portal.administrator()
    count, total = "lychgate_live_lag_seconds_count", "lychgate_live_lag_seconds_sum"
    before = [await figure(portal, name) for name in (count, total)]
    async with portal.live(ada.token) as live:
        events = [await live.subscribe(EVENTS, account=ada.account) for _ in range(2)]
        await portal.subscribed(2)
        await portal.activate(ada.code)
        assert [(await one.live.receive())["type"] for one in events] == ["next", "next"]
        # Both are in one group.
        assert await figure(portal, count) == before[0] + 1
        assert 0 < await figure(portal, total) - before[1] < 10
        # The group goes on when all have got their frame.
        await until(lambda: nothing_waits(portal), 10)
        assert await figure(portal, 'lychgate_live{what="groups"}') == 1
