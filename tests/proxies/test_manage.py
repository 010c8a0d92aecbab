"""Lists, rights, deactivation and exports of proxy servers (PXY-2, PXY-6, KEY-7)."""

import csv
import io
from typing import Any

import pytest

from tests.support.documents.proxies import CARDS, LIST, OF_KEY, RECLAIMABLE, SHOWN
from tests.support.farms import member, stay
from tests.support.licensing import events_of, made_key
from tests.support.portal import Person, Portal
from tests.support.proxies import MAC, MOBILE, ProxyOf, form, proxy_for, proxy_on, used_of


async def both(portal: Portal) -> tuple[ProxyOf, str, str]:
    """A server with a Mac key and a mobile key, and those keys' IDs."""
    proxy = await proxy_for(portal, 10)
    mac = proxy.owner.key or ""
    await portal.register(proxy.owner, product=MOBILE, quantity=20)
    await portal.done("activateProxyServer", **form(proxy.owner.code, MOBILE))
    await proxy.report(mac=4, mobile=5)
    return proxy, mac, proxy.owner.key or ""


async def listed(portal: Portal, person: Person, account: str | None, **more: Any) -> list[str]:
    """The hostnames of a list, which must agree with its total."""
    data = await portal.query(LIST, person.token, account=account, **more)
    found = data["account"]["proxyServers"]
    assert found["totalCount"] == len(found["nodes"])
    return [node["hostname"] for node in found["nodes"]]


@pytest.mark.rule("PXY-2", "DEV-9")
async def test_lists_filter_sort_and_search(portal: Portal) -> None:
    proxy, mac, mobile = await both(portal)
    owner = await stay(portal, proxy.owner)
    soon = (await portal.advance("PT1S"))[:10]
    short = await portal.issue(product=MAC, quantity=3, endsOn=f"{int(soon[:4]) + 1}{soon[4:]}")
    extra = await portal.done("registerKey", owner.token, code=short, accountId=owner.account)
    await proxy_on(portal, owner, short, hostname="alpha", siteCode="Z9", siteDescription="Ünal & Söhne")
    account = owner.account
    hosts = ["alpha", "mdm-1.example.com"]
    assert await listed(portal, owner, account) == hosts
    order = {"field": "NAME", "direction": "DESC"}
    assert await listed(portal, owner, account, order=order) == hosts[::-1]
    for field in ("STATUS", "ACTIVATED_AT", "LAST_CONTACT_AT", "LICENSE_EXPIRES_ON", "APP_VERSION"):
        assert sorted(await listed(portal, owner, account, order={"field": field})) == hosts
    for wanted, found in (
        ({"search": "ünal"}, hosts[:1]),
        ({"search": "z9"}, hosts[:1]),
        ({"search": "MDM-1"}, hosts[1:]),
        ({"search": "\0"}, []),
        ({"product": MOBILE}, hosts[1:]),
        ({"product": MAC}, hosts),
        ({"licenseKeyId": mobile}, hosts[1:]),
        ({"licenseKeyId": extra["subscription"]["primaryKey"]["id"]}, hosts[:1]),
        ({"licenseKeyId": "LicenseKey_nonsense"}, []),
        ({"status": "DEACTIVATED"}, []),
        ({"status": "ACTIVE", "expiry": "ALL"}, hosts),
        ({"expiry": "EXPIRED"}, []),
    ):
        assert await listed(portal, owner, account, filter=wanted) == found, wanted
    assert (await portal.query(OF_KEY, owner.token, id=mobile, filter={"search": "alpha"}))["node"][
        "installations"
    ]["totalCount"] == 0
    page = await portal.query(LIST, owner.token, account=account, first=1)
    after = page["account"]["proxyServers"]["pageInfo"]["endCursor"]
    second = await portal.query(LIST, owner.token, account=account, first=1, after=after)
    assert [node["hostname"] for node in second["account"]["proxyServers"]["nodes"]] == hosts[1:]

    await portal.advance("P340D")
    await stay(portal, owner)
    assert sorted(await listed(portal, owner, account, filter={"expiry": "EXPIRING_SOON"})) == hosts
    silent = await portal.query(RECLAIMABLE, owner.token, id=owner.subscription)
    assert silent["node"]["reclaimableInstallations"]["nodes"] == [{"id": proxy.id}]
    await portal.advance("P30D")
    await stay(portal, owner)
    assert sorted(await listed(portal, owner, account, filter={"expiry": "EXPIRED"})) == hosts
    assert mac != mobile


@pytest.mark.rule("PXY-2", "PXY-6", "DEV-4")
async def test_deactivating_in_the_portal_releases_both_keys_at_once(portal: Portal) -> None:
    proxy, mac, mobile = await both(portal)
    owner = proxy.owner
    done = await portal.done("deactivateInstallations", owner.token, installationIds=[proxy.id, proxy.id])
    assert [each["id"] for each in done["installations"]] == [proxy.id]
    shown = await proxy.shown()
    assert (shown["status"], shown["pendingChange"]) == ("DEACTIVATED", "DEACTIVATION")
    assert (shown["mac"], shown["mobile"]) == (None, None)
    assert [await used_of(portal, owner, key) for key in (mac, mobile)] == [0, 0]
    assert await listed(portal, owner, owner.account, filter={"status": "DEACTIVATED"}) != []
    cards = (await portal.query(CARDS, owner.token, id=owner.account))["account"]["productCards"]
    assert [card["activeInstallations"] for card in cards] == [0, 0]
    other = await proxy_on(portal, owner, owner.code, product=MOBILE, hostname="mdm-2")
    assert other.id != proxy.id
    assert (await proxy.report(mac=3))["state"] == "DEACTIVATED"
    assert (await proxy.shown())["pendingChange"] is None
    again = await portal.done("deactivateInstallations", owner.token, installationIds=[proxy.id])
    assert again["errors"] == []
    events = await events_of(portal, owner, "INSTALLATION_DEACTIVATED")
    assert len(events) == 2
    for bad in ("blacklistComputers", "unblacklistComputers"):
        refused = await portal.refused(bad, owner.token, installationIds=[other.id])
        assert refused == [("INVALID", "installationIds.0")]
    target = {"installationIds": [other.id], "licenseKeyId": mobile}
    refused = await portal.refused("moveInstallations", owner.token, **target)
    assert refused == [("INVALID", "installationIds.0")]


@pytest.mark.rule("ACC-11", "ACC-14", "PXY-2")
async def test_a_licence_administrator_sees_and_frees_their_own_half(portal: Portal) -> None:
    proxy, mac, mobile = await both(portal)
    owner = proxy.owner
    lin = await member(portal, owner, key=mobile)
    bystander = await member(portal, owner)
    stranger = await portal.administrator(product=MAC)
    shown = (await portal.query(SHOWN, lin.token, id=proxy.id))["node"]
    assert (shown["mac"], shown["licenseKey"]) == (None, None)
    assert shown["mobile"]["maximum"] == 20
    assert await listed(portal, lin, owner.account) == ["mdm-1.example.com"]
    assert await listed(portal, lin, owner.account, filter={"licenseKeyId": mac}) == []
    assert await listed(portal, bystander, owner.account) == []
    for person in (bystander, stranger):
        assert (await portal.query(SHOWN, person.token, id=proxy.id))["node"] is None
        refused = await portal.refused("deactivateInstallations", person.token, installationIds=[proxy.id])
        assert refused == [("NOT_FOUND", "installationIds.0")]
    note = {"installationId": proxy.id, "note": "In the cellar"}
    assert (await portal.done("updateInstallation", lin.token, **note))["installation"]["id"] == proxy.id
    refused = await portal.refused("updateInstallation", lin.token, installationId=proxy.id, alias="x")
    assert refused == [("INVALID", "alias")]
    wanted = {
        "accountId": owner.account,
        "kind": "PROXY_SERVER",
        "columns": ["mac.managed", "mobile.managed"],
    }
    url = (await portal.done("exportInstallations", lin.token, **wanted, installationIds=[proxy.id]))["url"]
    assert (await portal.http.get(url)).text == "mac.managed,mobile.managed\r\n,5\r\n"

    await portal.done("deactivateInstallations", lin.token, installationIds=[proxy.id])
    shown = await proxy.shown()
    assert (shown["status"], shown["pendingChange"], shown["note"]) == (
        "ACTIVE",
        "DEACTIVATION",
        "In the cellar",
    )
    assert (shown["mac"]["managed"], shown["mobile"]) == (4, None)
    assert [await used_of(portal, owner, key) for key in (mac, mobile)] == [4, 0]
    seen = (await portal.query(SHOWN, lin.token, id=proxy.id))["node"]
    assert (seen["mac"], seen["mobile"]) == (None, None)


@pytest.mark.rule("KEY-7")
async def test_keys_that_shrink_or_go_away_deactivate_their_half(portal: Portal) -> None:
    proxy, mac, _ = await both(portal)
    owner = proxy.owner
    berlin = await made_key(portal, owner, name="Berlin", quota=5)
    await portal.done("activateProxyServer", **form(berlin["code"], MOBILE))
    await proxy.report(mobile=5)
    lower = {"licenseKeyId": berlin["id"], "quota": 4}
    dry = await portal.done("updateLicenseKey", owner.token, **lower, dryRun=True)
    assert [each["id"] for each in dry["deactivated"]] == [proxy.id]
    assert (await proxy.shown())["mobile"]["managed"] == 5
    real = await portal.done("updateLicenseKey", owner.token, **lower)
    assert [each["id"] for each in real["deactivated"]] == [proxy.id]
    shown = await proxy.shown()
    assert (shown["status"], shown["mobile"], shown["mac"]["managed"]) == ("ACTIVE", None, 4)
    assert await used_of(portal, owner, berlin["id"]) == 0

    await portal.done("activateProxyServer", **form(berlin["code"], MOBILE))
    for dry_run in (True, False):
        gone = await portal.done("deleteLicenseKey", owner.token, licenseKeyId=berlin["id"], dryRun=dry_run)
        assert [each["id"] for each in gone["deactivated"]] == [proxy.id]
    shown = await proxy.shown()
    assert (shown["status"], shown["mobile"], shown["mac"]["licenseKey"]["id"]) == ("ACTIVE", None, mac)
    assert (await proxy.report(mac=1))["state"] == "ACTIVE"


@pytest.mark.rule("PXY-2", "DEV-10")
async def test_an_export_shows_both_halves(portal: Portal) -> None:
    proxy, _, _ = await both(portal)
    owner = proxy.owner
    wanted: dict[str, Any] = {"accountId": owner.account, "kind": "PROXY_SERVER"}

    async def exported(**more: Any) -> list[dict[str, str]]:
        url = (await portal.done("exportInstallations", owner.token, **wanted, **more))["url"]
        return list(csv.DictReader(io.StringIO((await portal.http.get(url)).text, newline="")))

    (row,) = await exported()
    assert (row["name"], row["siteCode"], row["offlineUse"]) == ("mdm-1.example.com", "S01", "false")
    assert (row["mac.maximum"], row["mac.managed"], row["mobile.maximum"]) == ("10", "4", "20")
    names = ["hostname", "mobile.remaining", "mac.lastReportAt", "mac.offline", "licenseKey", "id"]
    (chosen,) = await exported(columns=names, installationIds=[proxy.id])
    assert (list(chosen), chosen["mobile.remaining"], chosen["id"]) == (names, "15", proxy.id)
    assert await exported(filter={"search": "nowhere"}) == []
    refused = await portal.refused("exportInstallations", owner.token, **wanted, columns=["mac"])
    assert refused == [("INVALID", "columns.0")]
