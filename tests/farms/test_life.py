"""The whole life of a farm's licence, by the clock, seen on websockets and in the mailbox (OVR)."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.support.documents.farms import ALERTS, DEACTIVATIONS, EVENTS
from tests.support.farms import FarmOf, buy, farm_for, member, stay
from tests.support.live import Subscription
from tests.support.portal import Person, Portal

CHANGES = [
    "FARM_DEACTIVATED", "FARM_REACTIVATED", "OVERUSE_STARTED", "OVERUSE_GRACE_ENDING",
    "OVERUSE_SUSPENSION_DUE", "OVERUSE_ENDED",
]  # fmt: skip


def between(first: str, second: str) -> timedelta:
    return datetime.fromisoformat(second) - datetime.fromisoformat(first)


class Watched:
    """A farm, and what its people hear of it."""

    def __init__(self, farm: FarmOf, events: Subscription, people: list[Person]) -> None:
        self.farm = farm
        self.portal = farm.portal
        self.events = events
        self.people = people
        self._mails = 0

    async def pass_time(self, span: str) -> None:
        await self.portal.advance(span)
        await self.portal.work()

    async def heard(self, *types: str) -> dict[str, Any]:
        """The next events are these; the last of them."""
        events = [await self.events.next() for _ in types]
        assert [event["type"] for event in events] == list(types)
        return events[-1]

    async def mailed(self, subject: str) -> None:
        """Everybody concerned got one more mail, and nobody got another."""
        self._mails += 1
        for person in self.people:
            mails = await self.portal.mails(person.email)
            mails = [mail for mail in mails if "Farm 1" in mail["subject"]]
            assert (len(mails), mails[0]["subject"]) == (self._mails, subject)


@pytest.mark.rule("OVR-1", "OVR-2", "OVR-3", "OVR-4", "OVR-5", "OVR-6", "ACC-11")
async def test_the_whole_life(portal: Portal) -> None:
    farm = await farm_for(portal)
    owner = await stay(portal, farm.owner)
    licensed, regular = await member(portal, owner, key=owner.key), await member(portal, owner)
    await stay(portal, licensed)
    async with portal.live(owner.token) as first, portal.live(licensed.token) as second:
        events = await first.subscribe(EVENTS, account=owner.account, types=CHANGES)
        alerts = await second.subscribe(ALERTS, account=owner.account)
        await portal.subscribed(2)
        watched = Watched(farm, events, [owner, licensed])
        await grace(watched, alerts)
        await suspension(watched)
        await purchase(watched)
        told = [mail["subject"] for mail in await portal.mails(regular.email)]
        assert told == ["Confirm your email address"]


async def grace(watched: Watched, alerts: Subscription) -> None:
    farm = watched.farm
    assert (await farm.report(10))["overuse"]["phase"] == "NORMAL"
    told = await farm.report(12)
    assert (told["state"], told["overuse"]["phase"]) == ("ACTIVE", "GRACE")
    assert told["license"]
    assert between(told["overuse"]["since"], told["overuse"]["graceEndsAt"]) == timedelta(days=7)
    event = await watched.heard("OVERUSE_STARTED")
    assert event["actor"]["kind"] == "INSTALLATION"
    alert = await alerts.next()
    assert (alert["phase"], alert["used"], alert["limit"]) == ("GRACE", 12, 10)
    assert (alert["graceEndsAt"], alert["installation"]["id"]) == (told["overuse"]["graceEndsAt"], farm.id)
    await watched.mailed("Farm 1 has more users than licences")
    await watched.pass_time("P5DT23H59M")
    await watched.pass_time("PT1M")
    assert (await watched.heard("OVERUSE_GRACE_ENDING"))["actor"]["kind"] == "SYSTEM"
    await watched.mailed("The grace period of Farm 1 ends soon")
    await watched.pass_time("PT23H57M")
    assert (await farm.report(12))["overuse"]["phase"] == "GRACE"
    await portal_shows(watched, "GRACE")
    await watched.pass_time("PT3M")
    await portal_shows(watched, "LIMITED")


async def portal_shows(watched: Watched, phase: str) -> None:
    assert await watched.farm.phase() == phase


async def suspension(watched: Watched) -> None:
    farm = watched.farm
    told = await farm.report(11)
    assert (told["state"], told["overuse"]["phase"]) == ("ACTIVE", "LIMITED")
    window = told["overuse"]
    assert between(window["suspensionDueFrom"], window["suspensionDueBy"]) == timedelta(hours=1)
    await watched.heard("OVERUSE_SUSPENSION_DUE")
    assert (await farm.report(10))["overuse"]["suspensionDueFrom"] is None
    await watched.heard("OVERUSE_ENDED")
    await farm.report(12)
    await watched.heard("OVERUSE_SUSPENSION_DUE")
    await watched.pass_time("PT58M")
    assert (await farm.report(12))["state"] == "ACTIVE"
    await watched.pass_time("PT2M")
    event = await watched.heard("FARM_DEACTIVATED")
    assert (event["reason"], event["farm"]["id"]) == ("OVERUSE", farm.id)
    await watched.mailed("Farm 1 is suspended")
    told = await farm.check_in()
    assert (told["state"], told["license"], told["overuse"]["phase"]) == ("SUSPENDED", None, "SUSPENDED")
    assert (await farm.shown())["status"] == "ACTIVE"

    assert (await farm.report(10))["state"] == "SUSPENDED"
    await watched.pass_time("PT20M")
    await watched.heard("FARM_REACTIVATED")
    await watched.mailed("Farm 1 works again")
    told = await farm.check_in()
    assert (told["state"], told["overuse"]["phase"]) == ("ACTIVE", "LIMITED")
    assert told["license"]


async def purchase(watched: Watched) -> None:
    farm, portal, owner = watched.farm, watched.portal, watched.farm.owner
    await farm.report(12)
    await watched.heard("OVERUSE_SUSPENSION_DUE")
    await portal.advance("PT2H")
    # The farm's own contact is as good as a sweep that is late.
    assert (await farm.check_in())["state"] == "SUSPENDED"
    await watched.heard("FARM_DEACTIVATED")
    await watched.mailed("Farm 1 is suspended")
    await buy(portal, owner)
    event = await watched.heard("FARM_REACTIVATED", "OVERUSE_STARTED")
    assert (event["phase"], event["used"], event["limit"]) == ("GRACE", 12, 11)
    assert (await farm.check_in())["state"] == "ACTIVE"
    await buy(portal, owner)
    event = await watched.heard("OVERUSE_ENDED")
    assert (event["phase"], event["limit"]) == ("NORMAL", 12)
    told = await farm.report(13)
    assert between(told["overuse"]["since"], told["overuse"]["graceEndsAt"]) == timedelta(days=7)
    await watched.heard("OVERUSE_STARTED")
    assert (await farm.shown())["limit"] == 12


@pytest.mark.rule("OVR-8", "SUB-10")
async def test_expiry_grace_suspension_and_renewal(portal: Portal) -> None:
    today = datetime.fromisoformat(await portal.advance("PT1S")).date()
    farm = await farm_for(portal, 10, endsOn=(today + timedelta(days=5)).isoformat())
    owner = await stay(portal, farm.owner)
    async with portal.live(owner.token) as live:
        events = await live.subscribe(DEACTIVATIONS, account=owner.account, farm=farm.id)
        await portal.subscribed()
        watched = Watched(farm, events, [owner])
        assert (await farm.report(4))["expiryGraceEndsOn"] is None
        await watched.pass_time("P6D")
        told = await farm.report(4)
        assert told["state"] == "ACTIVE"
        assert told["license"]
        last_day = (today + timedelta(days=35)).isoformat()
        assert (told["expiryGraceEndsOn"], told["validUntil"][:10] > last_day) == (last_day, True)
        await stay(portal, owner)
        await watched.pass_time("P29D")
        assert (await farm.check_in())["state"] == "ACTIVE"
        await watched.pass_time("P1D")
    told = await farm.check_in()
    assert (told["state"], told["license"], told["overuse"]["phase"]) == ("SUSPENDED", None, "SUSPENDED")
    await watched.mailed("Farm 1 is suspended")
    assert (await farm.report(12))["state"] == "SUSPENDED"

    await stay(portal, owner)
    async with portal.live(owner.token) as live:
        events = await live.subscribe(EVENTS, account=owner.account, types=CHANGES)
        await portal.subscribed()
        watched.events = events
        await buy(portal, owner, "RENEWAL", None)
        await watched.heard("FARM_REACTIVATED", "OVERUSE_STARTED")
    told = await farm.check_in()
    assert (told["state"], told["overuse"]["phase"], told["expiryGraceEndsOn"]) == ("ACTIVE", "GRACE", None)
    found = await portal.query(REASONS, owner.token, account=owner.account)
    assert [event["reason"] for event in found["account"]["events"]["nodes"]] == ["EXPIRED"]


REASONS = """query ($account: ID!) { account(id: $account) { ... on BusinessAccount {
    events(filter: {types: [FARM_DEACTIVATED]}) { nodes { summary ... on FarmDeactivated { reason } } } } } }"""
