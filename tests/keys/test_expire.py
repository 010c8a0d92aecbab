"""KEY-6, KEY-8: keys that end, by themselves or with their subscription."""

import pytest

from tests.support.licensing import (
    events_of,
    fulfilled,
    in_days,
    key_of,
    later,
    made_key,
    months_after,
    ordered,
    subscription_of,
    today,
    usage_of,
)
from tests.support.portal import Portal


@pytest.mark.rule("KEY-1", "KEY-3", "KEY-6")
async def test_a_key_expires_once_and_is_revived_if_the_pool_can(portal: Portal) -> None:
    ada = await portal.administrator()
    end = await in_days(portal, 5)
    own = {"renewsWithSubscription": False, "expiresOn": end}
    key = await made_key(portal, ada, quota=4, **own)
    machine = await portal.activate(key["code"])
    token = machine["installationToken"]
    await later(portal, "P5D", ada)
    assert (await portal.work()).get("expire_keys") is None
    assert (await portal.done("checkIn", installationToken=token))["state"] == "ACTIVE"
    await portal.activate(key["code"])
    assert await usage_of(portal, ada) == (10, 4, 6, 2, 6)

    await later(portal, "P1D", ada)
    # It follows the clock; the sweep only tells of it.
    found = await key_of(portal, ada, key["id"])
    assert found is not None
    assert (found["status"], found["available"], found["used"]) == ("EXPIRED", 0, 2)
    assert await usage_of(portal, ada) == (10, 0, 10, 0, 10)
    assert (await portal.done("checkIn", installationToken=token))["state"] == "EXPIRED"
    assert await portal.refused("activateComputer", keyCode=key["code"], **portal.machine()) == [
        ("KEY_EXPIRED", "keyCode")
    ]
    assert (await portal.work())["expire_keys"] == 1
    assert "expire_keys" not in await portal.work()
    [event] = await events_of(portal, ada, "KEY_EXPIRED")
    assert event["summary"] == "The key Berlin has expired"

    for _ in range(7):
        await portal.activate(ada.code)
    revived = {"licenseKeyId": key["id"], "expiresOn": await in_days(portal, 30)}
    payload = await portal.do("updateLicenseKey", ada.token, **revived)
    [error] = payload["errors"]
    assert (error["code"], error["path"]) == ("NOT_ENOUGH_LICENSES", ["expiresOn"])
    assert (error["available"], error["requested"]) == (3, 4)
    # A name or a lower quota can be had by an expired key, and a live one needs licences.
    await portal.done("updateLicenseKey", ada.token, licenseKeyId=key["id"], name="Later", quota=3)
    assert await usage_of(portal, ada) == (10, 0, 10, 7, 3)
    done = await portal.done("updateLicenseKey", ada.token, **revived)
    assert (done["licenseKey"]["status"], done["licenseKey"]["available"]) == ("ACTIVE", 1)
    assert await usage_of(portal, ada) == (10, 3, 7, 9, 0)
    assert (await portal.done("checkIn", installationToken=token))["state"] == "ACTIVE"
    # It can expire, and be told of, again.
    await later(portal, "P31D", ada)
    assert (await portal.work())["expire_keys"] == 1
    assert len(await events_of(portal, ada, "KEY_EXPIRED")) == 2


@pytest.mark.rule("KEY-1", "KEY-6", "KEY-8", "SUB-10", "SUB-13")
async def test_keys_follow_their_subscription(portal: Portal) -> None:
    ada = await portal.administrator()
    await portal.done("setAutoRenew", ada.token, subscriptionId=ada.subscription, autoRenew=False)
    end = (await subscription_of(portal, ada))["expiresOn"]
    following = await made_key(portal, ada, quota=4)
    own = await made_key(portal, ada, quota=2, renewsWithSubscription=False, expiresOn=end)
    machine = await portal.activate(following["code"])
    await later(portal, "P370D", ada)
    assert (await portal.work())["expire_keys"] == 2
    told = await portal.done("checkIn", installationToken=machine["installationToken"])
    assert (told["state"], told["license"]) == ("EXPIRED", None)
    assert {key["status"] for key in (await subscription_of(portal, ada))["keys"]["nodes"]} == {"EXPIRED"}

    await fulfilled(portal, await ordered(portal, ada, "RENEWAL"))
    found = await subscription_of(portal, ada)
    new_end = months_after(await today(portal), 12).isoformat()
    assert found["expiresOn"] == new_end
    ends = {key["name"]: key["expiresOn"] for key in found["keys"]["nodes"] if key["id"] != own["id"]}
    assert ends == {"Berlin": new_end, "Desktop": new_end}
    unchanged = await key_of(portal, ada, own["id"])
    assert unchanged is not None
    assert (unchanged["expiresOn"], unchanged["status"]) == (end, "EXPIRED")
    assert await usage_of(portal, ada) == (10, 4, 6, 1, 6)
    told = await portal.done("checkIn", installationToken=machine["installationToken"])
    assert told["state"] == "ACTIVE"
    # Before the end a renewal adds to the end, and the keys follow again.
    await fulfilled(portal, await ordered(portal, ada, "RENEWAL"))
    later_end = months_after(await today(portal), 24).isoformat()
    renewed = await key_of(portal, ada, following["id"])
    assert renewed is not None
    assert renewed["expiresOn"] == later_end


@pytest.mark.rule("KEY-6", "SUB-4")
async def test_what_follows_shares_the_products_grace(portal: Portal) -> None:
    farm = await portal.administrator(product="RAS", endsOn=await in_days(portal, 10))
    following = await made_key(portal, farm, quota=4)
    end = (await subscription_of(portal, farm))["expiresOn"]
    own = await made_key(portal, farm, quota=2, renewsWithSubscription=False, expiresOn=end)
    await later(portal, "P40D", farm)
    assert (await portal.work())["expire_keys"] == 1
    found = await subscription_of(portal, farm)
    assert found["status"] == "GRACE"
    statuses = {key["id"]: key["status"] for key in found["keys"]["nodes"]}
    assert statuses == {farm.key: "ACTIVE", following["id"]: "ACTIVE", own["id"]: "EXPIRED"}
    assert (found["usage"]["reserved"], found["usage"]["pool"]) == (4, 6)
    await later(portal, "P1D", farm)
    assert (await portal.work())["expire_keys"] == 1
    found = await subscription_of(portal, farm)
    assert found["status"] == "EXPIRED"
    assert {key["status"] for key in found["keys"]["nodes"]} == {"EXPIRED"}
