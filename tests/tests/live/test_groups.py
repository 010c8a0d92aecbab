"""Subscribers with the same document, variables and rights are served together, and nobody waits for anybody."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from app.access.actor import Actor
from app.access.permissions import Permission
from app.core import ids
from app.domain.installations.events import ComputerActivated
from app.models.installation import Installation
from tests.support.live import DEADLINE_SECONDS, connected
from tests.support.portal import Portal

EVENTS = """subscription ($account: ID!, $after: Cursor) { accountEvents(accountId: $account, after: $after) {
    sequence cursor type summary ... on InstallationChanged { installation { name licenseKey { name code } } } } }"""


async def _state(portal: Portal) -> dict[str, int]:
    found: dict[str, int] = (await portal.http.get("/dev/live")).json()
    return found


async def _grouped(portal: Portal, groups: int, subscriptions: int) -> None:
    """Wait until all subscriptions are in so many groups."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while portal.server.endpoint.groups.members != subscriptions or portal.server.hub.ready != groups:
            await asyncio.sleep(0.01)
    state = await _state(portal)
    assert (state["groups"], state["subscriptions"]) == (groups, subscriptions)


async def _burst(portal: Portal, computer: str, count: int, name: str = "pc") -> None:
    """Events about one computer, each in a transaction of its own."""
    for number in range(count):
        async with portal.server.app.work(Actor.system("test")) as work:
            work.require(Permission.BACKGROUND_WORK)
            row = await work.get(Installation, ids.decode(computer, "Computer"), lock=False)
            work.emit(replace(ComputerActivated.of(row, None), name=f"{name}{number}"))


@pytest.mark.rule("EVT-2", "EVT-5")
async def test_many_subscribers_are_one_group_and_hear_the_same(portal: Portal) -> None:
    ada = await portal.administrator()
    async with AsyncExitStack() as stack:
        lives = [await stack.enter_async_context(portal.live(ada.token)) for _ in range(20)]
        subscriptions = [await live.subscribe(EVENTS, account=ada.account) for live in lives]
        await _grouped(portal, groups=1, subscriptions=20)
        for _ in range(3):
            await portal.activate(ada.code)
        heard = [[await subscription.next() for _ in range(3)] for subscription in subscriptions]
        assert [event["sequence"] for event in heard[0]] == [2, 3, 4]
        assert all(events == heard[0] for events in heard)
    async with asyncio.timeout(DEADLINE_SECONDS):
        while any((await _state(portal)).values()):
            await asyncio.sleep(0.01)


@pytest.mark.rule("EVT-2")
async def test_who_resumes_catches_up_alone_and_then_joins(portal: Portal) -> None:
    ada = await portal.administrator()
    async with portal.live(ada.token) as steady, portal.live(ada.token) as late:
        first = await steady.subscribe(EVENTS, account=ada.account)
        await _grouped(portal, groups=1, subscriptions=1)
        computer = (await portal.activate(ada.code))["installation"]["id"]
        cursor = (await first.next())["cursor"]
        await _burst(portal, computer, 250)
        resumed = await late.subscribe(EVENTS, account=ada.account, after=cursor)
        await _burst(portal, computer, 5)
        assert [(await resumed.next())["sequence"] for _ in range(255)] == list(range(3, 258))
        assert [(await first.next())["sequence"] for _ in range(255)] == list(range(3, 258))
        await _grouped(portal, groups=1, subscriptions=2)


@pytest.mark.rule("EVT-4")
async def test_other_rights_are_another_group(portal: Portal) -> None:
    ada = await portal.administrator()
    staff = await portal.staff()
    async with portal.live(ada.token) as hers, portal.live(staff.token) as theirs:
        seen = await hers.subscribe(EVENTS, account=ada.account)
        masked = await theirs.subscribe(EVENTS, account=ada.account)
        await _grouped(portal, groups=2, subscriptions=2)
        await portal.activate(ada.code)
        assert (await seen.next())["installation"]["licenseKey"]["code"] == ada.code
        assert "•" in (await masked.next())["installation"]["licenseKey"]["code"]


@pytest.mark.rule("EVT-5")
async def test_a_reader_that_is_slow_slows_nobody_and_misses_nothing(portal: Portal) -> None:
    ada = await portal.administrator()
    fields = " ".join(f"a{place}: summary" for place in range(50))
    document = (
        f"subscription ($account: ID!) {{ accountEvents(accountId: $account) {{ sequence {fields} }} }}"
    )
    url = portal.url.replace("http", "ws", 1) + "/graphql"
    computer = (await portal.activate(ada.code))["installation"]["id"]
    async with portal.live(ada.token) as quick, connected(url, ada.token, max_queue=1) as slow:
        fast = await quick.subscribe(document, account=ada.account)
        late = await slow.subscribe(document, account=ada.account)
        await _grouped(portal, groups=1, subscriptions=2)
        # About 50 KB an event: these fill every buffer on the way to a client that doesn't read.
        for turn in range(10):
            await _burst(portal, computer, 20, "x" * 1000)
            assert [(await fast.next())["sequence"] for _ in range(20)] == list(
                range(3 + 20 * turn, 23 + 20 * turn)
            )
        assert portal.server.endpoint.groups.members == 1
        assert [(await late.next())["sequence"] for _ in range(200)] == list(range(3, 203))
        await _grouped(portal, groups=1, subscriptions=2)
