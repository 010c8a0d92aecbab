"""What becomes of a farm when its key changes: a lower quota, no key, an end of its own (KEY-6, KEY-7, OVR)."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.support.documents.farms import DEACTIVATIONS
from tests.support.farms import FarmOf, farm_on, stay
from tests.support.live import Subscription
from tests.support.portal import Person, Portal


async def keyed(portal: Portal, owner: Person, name: str, **changes: Any) -> tuple[str, FarmOf]:
    """A key of 5 users, and a farm on it with 3."""
    form = {"subscriptionId": owner.subscription, "name": name, "quota": 5} | changes
    key = (await portal.done("createLicenseKey", owner.token, **form))["licenseKey"]
    farm = await farm_on(portal, owner, key["code"], serverId=name, name=name)
    assert (await farm.report(3))["state"] == "ACTIVE"
    return key["id"], farm


async def told(farm: FarmOf) -> tuple[str, str | None]:
    """What a report of 3 users is answered: the state, and the phase."""
    answer = await farm.report(3)
    return answer["state"], answer["overuse"] and answer["overuse"]["phase"]


@pytest.mark.rule("KEY-7", "FRM-5", "EVT-2")
async def test_a_lower_quota_and_a_deleted_key_deactivate_and_say_why(portal: Portal) -> None:
    owner = await stay(portal, await portal.administrator(product="RAS", quantity=20))
    lowered, first = await keyed(portal, owner, "lowered")
    deleted, second = await keyed(portal, owner, "deleted")
    async with portal.live(owner.token) as live:
        events = await live.subscribe(DEACTIVATIONS, account=owner.account)
        await portal.subscribed()
        for change in ({"dryRun": True}, {}):
            answer = await portal.done(
                "updateLicenseKey", owner.token, licenseKeyId=lowered, quota=2, **change
            )
            assert [row["id"] for row in answer["deactivated"]] == [first.id]
            assert await told(first) == (("ACTIVE", "NORMAL") if change else ("DEACTIVATED", None))
        for change in ({"dryRun": True}, {}):
            answer = await portal.done("deleteLicenseKey", owner.token, licenseKeyId=deleted, **change)
            assert [row["id"] for row in answer["deactivated"]] == [second.id]
            assert await told(second) == (("ACTIVE", "NORMAL") if change else ("DEACTIVATED", None))
        await heard(events, ("QUOTA_LOWERED", first), ("KEY_DELETED", second))
    # What fits the lower quota is another farm, or the same one.
    again = await farm_on(portal, owner, await code_of(portal, owner, lowered), serverId="lowered")
    assert (again.id, (await again.report(2))["state"]) == (first.id, "ACTIVE")
    # Nobody is mailed what an administrator did.
    subjects = [mail["subject"] for mail in await portal.mails(owner.email)]
    assert not [subject for subject in subjects if "suspended" in subject]


async def heard(events: Subscription, *expected: tuple[str, FarmOf]) -> None:
    """Exactly these, in this order: a dry run said nothing in between."""
    for reason, farm in expected:
        event = await events.next()
        assert (event["reason"], event["farm"]["id"]) == (reason, farm.id)
        assert reason not in event["summary"], "a sentence, and no code"


async def code_of(portal: Portal, owner: Person, key: str) -> str:
    found = await portal.query(
        "query ($id: ID!) { node(id: $id) { ... on LicenseKey { code } } }", owner.token, id=key
    )
    code: str = found["node"]["code"]
    return code


@pytest.mark.rule("KEY-6", "KEY-1", "OVR-8")
async def test_a_keys_own_end_has_no_grace_and_a_later_end_revives_its_farm(portal: Portal) -> None:
    owner = await stay(portal, await portal.administrator(product="RAS", quantity=20))
    today = datetime.fromisoformat(await portal.advance("PT1S")).date()
    ends = {"renewsWithSubscription": False, "expiresOn": (today + timedelta(days=3)).isoformat()}
    key, farm = await keyed(portal, owner, "brief", **ends)
    async with portal.live(owner.token) as live:
        events = await live.subscribe(DEACTIVATIONS, account=owner.account)
        await portal.subscribed()
        await portal.advance("P3D")
        await portal.work()
        assert await told(farm) == ("ACTIVE", "NORMAL")
        await portal.advance("P1D")
        await portal.work()
        await heard(events, ("EXPIRED", farm))
        assert await told(farm) == ("EXPIRED", "SUSPENDED")
        assert (await farm.check_in())["license"] is None
        assert (await portal.mails(owner.email))[0]["subject"] == "brief is suspended"
        # What the key had reserved is in the pool again, and nobody activates with it.
        code = await code_of(portal, owner, key)
        assert (await portal.do("activateFarm", keyCode=code, serverId="x", name="x", appVersion="1"))[
            "errors"
        ][0]["code"] == "KEY_EXPIRED"
        later = (today + timedelta(days=30)).isoformat()
        await portal.done("updateLicenseKey", owner.token, licenseKeyId=key, expiresOn=later)
        assert await told(farm) == ("ACTIVE", "NORMAL")
        assert (await farm.check_in())["license"]
        # Expired and revived, its grace is still unspent.
        assert (await farm.report(6))["overuse"]["phase"] == "GRACE"
