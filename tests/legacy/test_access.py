"""Access for Business: a customer's way from the announcement to a check-in after the renewal."""

import asyncio
import re

import pytest

from tests.support.portal import Portal
from tests.support.transfers import moved, numbers, organisation, run, seen, start, subscription, user

FEWER = ("NOT_ENOUGH_LICENSES", "packs")


@pytest.mark.rule("MIG-6", "MIG-3", "MIG-7", "MAI-3")
async def test_from_the_announcement_to_a_check_in_after_the_renewal(portal: Portal) -> None:
    lines = (subscription(computers=12), user(email="wim@oudemarkt.example"), organisation())
    dry = await run(portal, *lines, source="ACCESS", dryRun=True)
    assert numbers(dry) == (3, 3, 0, 0)
    assert await portal.mails("wim@oudemarkt.example") == []

    done = await run(portal, *lines, source="ACCESS")
    assert numbers(done) == (3, 3, 0, 0)
    (mail,) = await portal.mails("wim@oudemarkt.example")
    assert mail["subject"] == "Announcement: migration to a new licensing server"
    (link,) = set(re.findall(rf"{portal.url}/renew\?token=([\w-]+)", mail["text"]))
    page = await portal.http.get(f"/renew?token={link}")
    assert (page.status_code, "renewMigratedSubscription" in page.text) == (200, True)

    wim = await portal.person(email="wim@oudemarkt.example")
    (account,) = await moved(portal, wim.token)
    (before,) = account["subscriptions"]["nodes"]
    assert (before["quantity"], before["expiresOn"], before["autoRenew"]) == (15, "2030-04-01", False)
    refused = await portal.refused("setAutoRenew", wim.token, subscriptionId=before["id"], autoRenew=True)
    assert refused == [("INVALID", "subscriptionId")]
    machines = [portal.machine() for _ in range(6)]
    code = before["primaryKey"]["code"]
    activated = [
        await portal.done("activateComputer", keyCode=code, product="ACCESS", **machine)
        for machine in machines
    ]

    # Six computers need two packs; whoever has the link needs no sign-in.
    for packs, expected in ((1, FEWER), (0, ("INVALID", "packs")), (10**9, ("INVALID", "packs"))):
        assert await portal.refused("renewMigratedSubscription", token=link, packs=packs) == [expected]
    tries = [portal.do("renewMigratedSubscription", token=link, packs=2) for _ in range(3)]
    payloads = await asyncio.gather(*tries)
    errors = [[error["code"] for error in payload["errors"]] for payload in payloads]
    assert sorted(errors) == [[], ["LINK_INVALID"], ["LINK_INVALID"]]
    (after,) = (payload["subscription"] for payload in payloads if payload["subscription"])
    assert (after["id"], after["account"]["name"]) == (before["id"], "Oude Markt NV")
    assert (after["quantity"], after["expiresOn"], after["autoRenew"]) == (10, "2031-04-01", True)
    # Without a sign-in nothing else is shown.
    assert (after["primaryKey"], after["orders"], after["legacy"]) == (None, None, None)
    told = await portal.done("checkIn", installationToken=activated[0]["installationToken"])
    assert told["state"] == "ACTIVE"
    (account,) = await moved(portal, wim.token)
    orders = account["subscriptions"]["nodes"][0]["orders"]
    assert [(order["kind"], order["quantity"]) for order in orders] == [("RENEWAL", 10), ("MIGRATION", 15)]
    refused = await portal.refused(
        "placeOrder", wim.token, subscriptionId=before["id"], kind="RENEWAL", quantity=1
    )
    assert refused == [("INVALID", "quantity")]

    # The same file again: nothing new, and nobody is told twice.
    again = await run(portal, *lines, source="ACCESS")
    assert numbers(again) == (3, 0, 3, 0)
    kinds = [mail["subject"] for mail in await portal.mails("wim@oudemarkt.example")]
    assert kinds.count("Announcement: migration to a new licensing server") == 1


@pytest.mark.rule("MIG-6")
async def test_what_nobody_renews_ends_on_its_old_date(portal: Portal) -> None:
    lines = [
        organisation(),
        *(user(f"u{place}", email=f"u{place}@oudemarkt.example") for place in range(2)),
        subscription("s1", endsOn="2027-01-31"),
        subscription("s2", computers=3, endsOn="2021-04-01"),
    ]
    await run(portal, *lines, source="ACCESS")
    u0, u1 = [(await portal.mails(f"u{place}@oudemarkt.example"))[0] for place in range(2)]
    links = re.findall(r"token=([\w-]+)", u0["text"])
    assert len(links) == 2
    assert links == re.findall(r"token=([\w-]+)", u1["text"])
    wim = await portal.person(email="u0@oudemarkt.example")
    # One that is over is renewed from today on (SUB-10).
    today = portal.server.app.clock.today()
    renewed = await portal.done("renewMigratedSubscription", wim.token, token=links[0], packs=4)
    assert renewed["subscription"]["expiresOn"] == today.replace(year=today.year + 1).isoformat()
    assert (renewed["subscription"]["quantity"], renewed["subscription"]["legacy"]["legacyId"]) == (20, "s2")
    # A subscription that comes later is announced to the users who were there before.
    later = await start(portal, subscription("s3", endsOn="2030-01-01"), source="ACCESS", dryRun=False)
    await portal.work()
    assert numbers(await seen(portal, later)) == (1, 1, 0, 0)
    for place in range(2):
        newest = (await portal.mails(f"u{place}@oudemarkt.example"))[0]
        assert len(re.findall(r"token=([\w-]+)", newest["text"])) == 2

    await portal.advance("P90D")
    wim.token = await portal.sign_in(wim.email)
    (account,) = await moved(portal, wim.token)
    states = {each["legacy"]["legacyId"]: each["status"] for each in account["subscriptions"]["nodes"]}
    assert states == {"s1": "EXPIRED", "s2": "ACTIVE", "s3": "ACTIVE"}
