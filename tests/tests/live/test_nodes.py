"""Several nodes on one database: whatever happens on one reaches those who listen on the other."""

import asyncio
import random
import time
from contextlib import AsyncExitStack

import pytest

from app.access.actor import Actor
from app.access.permissions import Permission
from app.core import ids
from app.core.settings import Settings
from app.domain.subscriptions.events import SubscriptionChanged
from tests.support.portal import Person, Portal, running

EVENTS = """subscription ($account: ID!, $after: Cursor) { accountEvents(accountId: $account, after: $after) {
    sequence cursor type summary } }"""
SESSIONS = "{ viewer { sessions { id current } } }"
OWN = "subscription { viewerEvents { sequence type } }"
DELIVERED_WITHIN, CLOSED_WITHIN = 1.0, 5.0
WRITES, AT_ONCE, READERS = 1_000, 40, 3


@pytest.mark.rule("EVT-3", "IDN-8")
async def test_events_and_revocations_cross_from_node_to_node(settings: Settings) -> None:
    async with running(settings) as one, running(settings) as two:
        ada = await one.administrator()
        other = await two.sign_in(ada.email)
        async with one.live(ada.token) as near, two.live(other) as far, one.live(ada.token) as mine:
            heard = [await live.subscribe(EVENTS, account=ada.account) for live in (near, far)]
            own = await mine.subscribe(OWN)
            await one.subscribed(2)
            await two.subscribed(1)
            for sequence, node in enumerate((one, two, one), 2):
                await node.activate(ada.code)
                committed = time.monotonic()
                assert [(await events.next())["sequence"] for events in heard] == [sequence] * 2
                assert time.monotonic() - committed < DELIVERED_WITHIN

            sessions = (await two.query(SESSIONS, other))["viewer"]["sessions"]
            session = next(session["id"] for session in sessions if session["current"])
            await one.done("revokeSession", ada.token, sessionId=session)
            revoked = time.monotonic()
            assert (await own.next())["type"] == "SESSION_REVOKED"
            code, _ = await far.closed()
            assert code == 4403
            assert time.monotonic() - revoked < CLOSED_WITHIN
            # The one who revoked goes on.
            await two.activate(ada.code)
            assert (await heard[0].next())["sequence"] == 5
            answer = await two.ask("{ viewer { language } }", other)
            assert answer["data"]["viewer"] is None


@pytest.mark.rule("EVT-1", "EVT-2", "EVT-3")
async def test_a_thousand_writes_at_once_are_numbered_without_a_gap(settings: Settings) -> None:
    async with running(settings) as one, running(settings) as two:
        ada = await one.administrator()
        writing = asyncio.create_task(write(ada, (one, two)))
        readers = [read(ada, (one, two), seed) for seed in range(READERS)]
        expected = list(range(2, WRITES + 2))
        for heard in await asyncio.gather(*readers):
            assert heard == expected
        await writing


async def write(ada: Person, nodes: tuple[Portal, ...]) -> None:
    """Changes on one account, each in a transaction of its own, by both nodes."""
    turn = iter(range(WRITES))
    account, subscription = ids.decode(ada.account or ""), ids.decode(ada.subscription or "")
    assert subscription is not None

    async def writer(node: Portal) -> None:
        for number in turn:
            async with node.server.app.work(Actor.system("test")) as work:
                work.require(Permission.BACKGROUND_WORK)
                facts = {"account_id": account, "subject_id": subscription}
                work.emit(SubscriptionChanged(name=f"Name {number}", changed={}, **facts))

    await asyncio.gather(*(writer(nodes[place % 2]) for place in range(AT_ONCE)))


async def read(ada: Person, nodes: tuple[Portal, ...], seed: int) -> list[int]:
    """Numbers as a client gets them that drops its socket now and then, and resumes elsewhere."""
    chance = random.Random(seed)
    heard: list[int] = []
    cursor = None
    while len(heard) < WRITES:
        async with AsyncExitStack() as stack:
            live = await stack.enter_async_context(chance.choice(nodes).live(ada.token))
            after = cursor or await _first_cursor(ada, nodes[0])
            events = await live.subscribe(EVENTS, account=ada.account, after=after)
            for _ in range(min(chance.randint(1, 400), WRITES - len(heard))):
                event = await events.next()
                heard.append(event["sequence"])
                cursor = event["cursor"]
    return heard


async def _first_cursor(ada: Person, node: Portal) -> str:
    """Where the registration of the key stands, the account's first event."""
    document = """query ($id: ID!, $types: [EventType!]) { account(id: $id) { ... on BusinessAccount {
        events(filter: { types: $types }) { nodes { sequence cursor } } } } }"""
    found = await node.query(document, ada.token, id=ada.account, types=["SUBSCRIPTION_REGISTERED"])
    cursor: str = found["account"]["events"]["nodes"][0]["cursor"]
    return cursor
