"""Reports, overuse that is tolerated, and usage history (OVR-9, PXY-3)."""

from typing import Any

import pytest

from tests.support.documents.proxies import ALERTS, HISTORY
from tests.support.farms import buy, stay
from tests.support.licensing import events_of, made_key
from tests.support.portal import Portal
from tests.support.proxies import MAC, MOBILE, form, payload_of, proxy_for, used_of

TOLD = """query ($id: ID!) { node(id: $id) { ... on BusinessAccount {
    events(filter: {types: [OVERUSE_STARTED, OVERUSE_CONTINUES, OVERUSE_ENDED]}) { nodes {
        type ... on OveruseAlert { used limit } } } } } }"""
OVERUSE = ("OVERUSE_STARTED", "OVERUSE_CONTINUES", "OVERUSE_ENDED")


@pytest.mark.rule("OVR-9", "KEY-3")
async def test_overuse_is_told_hourly_mailed_daily_and_restricts_nothing(portal: Portal) -> None:
    proxy = await proxy_for(portal, 10)
    owner = await stay(portal, proxy.owner)
    await portal.done("setUsageThresholds", owner.token, subscriptionId=owner.subscription, percentages=[])
    before = len(await portal.mails(owner.email))
    assert (await proxy.report(mac=10))["state"] == "ACTIVE"

    async def types() -> list[str]:
        return [event["type"] for event in await events_of(portal, owner, *OVERUSE)]

    async def mails() -> int:
        return len(await portal.mails(owner.email)) - before

    assert await types() == []
    async with portal.live(owner.token) as live:
        alerts = await live.subscribe(ALERTS, account=owner.account)
        await portal.subscribed()
        told = await proxy.report(mac=12)
        assert (told["state"], told["overuse"]) == ("ACTIVE", None)
        assert payload_of(told["license"])["licenses"] == 10
        alert = await alerts.next()
    assert alert == {
        "type": "OVERUSE_STARTED",
        "summary": "mdm-1.example.com has 12 managed devices for 10 licences",
        "phase": "GRACE",
        "used": 12,
        "limit": 10,
        "graceEndsAt": None,
        "installation": {"id": proxy.id, "name": "mdm-1.example.com"},
    }
    shown = (await proxy.shown())["mac"]
    assert (shown["managed"], shown["maximum"], shown["remaining"]) == (12, 10, 0)
    assert await used_of(portal, owner, owner.key) == 12
    assert await mails() == 1

    await portal.advance("PT59M")
    await proxy.report(mac=13)
    assert await types() == ["OVERUSE_STARTED"]
    await portal.advance("PT1M")
    await proxy.check_in()
    await proxy.report(mac=14)
    assert await types() == ["OVERUSE_STARTED", "OVERUSE_CONTINUES"]
    assert await mails() == 1
    await portal.advance("PT23H")
    await proxy.report(mac=14)
    assert (await types())[2:] == ["OVERUSE_CONTINUES"]
    assert await mails() == 2
    await proxy.report(mac=9)
    await proxy.report(mac=8)
    assert (await types())[3:] == ["OVERUSE_ENDED"]
    await proxy.report(mac=11)
    assert (await types())[4:] == ["OVERUSE_STARTED"]
    assert await mails() == 2
    # More licences end it at once.
    await buy(portal, owner, quantity=5)
    assert (await types())[5:] == ["OVERUSE_ENDED"]
    text = (await portal.mails(owner.email))[0]
    assert "mdm-1.example.com" in text["subject"] or "order" in text["subject"].lower()


@pytest.mark.rule("OVR-9", "PXY-6")
async def test_overuse_ends_with_the_use_itself(portal: Portal) -> None:
    proxy = await proxy_for(portal, 10)
    owner = proxy.owner
    berlin = await made_key(portal, owner, quota=4)

    async def told() -> list[tuple[str, int, int]]:
        data = await portal.query(TOLD, owner.token, id=owner.account)
        return [(each["type"], each["used"], each["limit"]) for each in data["node"]["events"]["nodes"]]

    await proxy.report(mac=7)
    await portal.done("activateProxyServer", **form(berlin["code"]))
    assert await told() == [("OVERUSE_ENDED", 0, 6), ("OVERUSE_STARTED", 7, 6)]
    await proxy.report(mac=5)
    mails = len(await portal.mails(owner.email))
    for _ in range(2):
        await portal.done("deactivateInstallations", owner.token, installationIds=[proxy.id])
    assert (await told())[:2] == [("OVERUSE_ENDED", 0, 4), ("OVERUSE_STARTED", 5, 4)]
    assert len(await told()) == 4
    # That it was given back is no news to mail.
    assert len(await portal.mails(owner.email)) == mails


@pytest.mark.rule("PXY-3", "PRD-3")
async def test_each_report_is_kept_by_day(portal: Portal) -> None:
    proxy = await proxy_for(portal, 50)
    owner = await stay(portal, proxy.owner)
    await proxy.report(mac=5)
    told = await proxy.report(mac=3, appVersion="9.2")
    day = (await portal.advance("P7D"))[:10]
    await proxy.report(mac=4)

    async def history(**span: Any) -> list[dict[str, Any]]:
        data = await portal.query(HISTORY, owner.token, id=proxy.id, **span)
        found: list[dict[str, Any]] = data["node"]["mac"]["usageHistory"]
        return found

    assert [(each["peak"], each["last"]) for each in await history()] == [(5, 3), (4, 4)]
    assert await history(**{"from": day}) == [{"date": day, "peak": 4, "last": 4}]
    assert len(await history(to=day)) == 2
    shown = await proxy.shown()
    assert (shown["appVersion"], shown["mac"]["lastReportAt"][:10]) == ("9.2", day)
    # Licence data is to be refreshed daily, and good until the next weekly report is overdue.
    assert (told["licenses"], told["license"] is None) == ([told["license"]], False)
    assert told["validUntil"][:10] == day
    assert told["nextCheckInBy"] < told["validUntil"]
    await portal.advance("P400D")
    assert (await portal.work())["trim_usage"] == 2
    assert "trim_usage" not in await portal.work()


@pytest.mark.rule("PXY-1", "OVR-9", "MAI-5")
async def test_what_can_be_reported(portal: Portal) -> None:
    proxy = await proxy_for(portal, 10)
    owner = proxy.owner
    token = proxy.token
    for field, said in {
        "mac": {"mac": -1},
        "mobile": {"mobile": 1_000_001},
        "appVersion": {"mac": 1, "appVersion": "\0"},
    }.items():
        refused = await portal.refused("reportManagedDevices", installationToken=token, **said)
        assert refused == [("INVALID", field)]
    assert await portal.refused("reportManagedDevices", installationToken=token) == [("INVALID", "mac")]
    never = await portal.refused("reportManagedDevices", installationToken=token, mac=3, mobile=1)
    assert never == [("INVALID", "mobile")]
    assert (await proxy.shown())["mac"]["managed"] == 0
    desktop = await portal.administrator()
    computer = await portal.activate(desktop.code)
    refused = await portal.refused(
        "reportManagedDevices", installationToken=computer["installationToken"], mac=1
    )
    assert refused == [("INVALID", "installationToken")]

    await portal.register(owner, product=MOBILE, quantity=7)
    await portal.done("activateProxyServer", **form(owner.code, MOBILE))
    told = await proxy.report(mac=2, mobile=3)
    assert [payload_of(each)["product"] for each in told["licenses"]] == [MAC, MOBILE]
    shown = await proxy.shown()
    assert (shown["mac"]["managed"], shown["mobile"]["managed"]) == (2, 3)
    assert await used_of(portal, owner, owner.key) == 3
    # A subject as long as a line is read as it was written.
    await proxy.report(mobile=7)
    (mail, *_) = await portal.mails(owner.email)
    assert mail["subject"] == "Device Management for Apple mobile devices: 100% of the licences are in use"
    assert mail["headers"]["Subject"] == mail["subject"]
