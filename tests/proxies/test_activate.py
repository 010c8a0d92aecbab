"""Validating keys and activating proxy servers online (PXY-1, PXY-6)."""

import asyncio

import pytest

from tests.support.documents.proxies import CARDS, LIST, OF_KEY
from tests.support.licensing import events_of, made_key
from tests.support.portal import Portal
from tests.support.proxies import MAC, MOBILE, form, payload_of, proxy_for, proxy_on, used_of, validated


@pytest.mark.rule("PXY-1")
async def test_what_a_key_would_give_is_told_before_an_activation(portal: Portal) -> None:
    proxy = await proxy_for(portal, 10)
    code = proxy.owner.code or ""
    await proxy.report(mac=4)
    data = await validated(portal, code.lower().replace("-", " "), MAC)
    assert (data["valid"], data["error"], data["product"]) == (True, None, {"code": MAC})
    assert (data["maximum"], data["used"], data["remaining"]) == (10, 4, 6)
    assert data["issuedOn"] < data["expiresOn"]
    key = await made_key(portal, proxy.owner, name="Berlin", quota=3)
    sub = await validated(portal, key["code"])
    assert (sub["valid"], sub["maximum"], sub["used"], sub["remaining"]) == (True, 3, 0, 3)
    assert (await validated(portal, code))["maximum"] == 7

    wrong = await validated(portal, code, MOBILE)
    assert (wrong["valid"], wrong["error"]) == (False, {"code": "KEY_WRONG_PRODUCT", "path": ["code"]})
    for bad, expected in (
        ("LYC-WRONG", "KEY_MALFORMED"),
        ("\0", "KEY_MALFORMED"),
        (await portal.issue(product=MAC), "KEY_UNKNOWN"),
    ):
        found = await validated(portal, bad, MAC)
        assert found["error"] == {"code": expected, "path": ["code"]}
        assert [found[name] for name in ("valid", "product", "maximum", "issuedOn")] == [False] + 3 * [None]
    await portal.advance("P1Y")
    await portal.advance("P1D")
    over = await validated(portal, code, MAC)
    assert (over["valid"], over["error"]["code"], over["remaining"]) == (False, "KEY_EXPIRED", 0)


@pytest.mark.rule("PXY-1")
async def test_a_proxy_server_uses_a_key_of_each_kind(portal: Portal) -> None:
    owner = await portal.administrator(product=MAC, quantity=10)
    mac_key, mac_code = owner.key, owner.code
    await portal.register(owner, product=MOBILE, quantity=20)
    first = await portal.done("activateProxyServer", **form(mac_code, hostname=" MDM-1.example.com "))
    shown = first["installation"]
    assert (shown["hostname"], shown["siteCode"], shown["siteDescription"]) == (
        "MDM-1.example.com",
        "S01",
        "Head office",
    )
    assert (shown["status"], shown["offlineUse"], shown["mobile"]) == ("ACTIVE", False, None)
    mac = shown["mac"]
    assert (mac["maximum"], mac["managed"], mac["remaining"], mac["lastReportAt"]) == (10, 0, 10, None)
    assert (mac["offline"], mac["licenseKey"]["id"]) == (False, mac_key)
    told = payload_of(first["license"])
    assert (told["hostname"], told["licenses"], told["product"]) == ("MDM-1.example.com", 10, MAC)
    assert (told["sub"], told["account"], told["offline"]) == (shown["id"], owner.account, False)

    # The same server in other letters; the other product gets its own licence, not another token.
    second = await portal.done("activateProxyServer", **form(owner.code, MOBILE, siteDescription=None))
    assert second["installationToken"] == first["installationToken"]
    both = second["installation"]
    assert (both["id"], both["siteDescription"]) == (shown["id"], "Head office")
    assert (both["mac"]["licenseKey"]["id"], both["mobile"]["licenseKey"]["id"]) == (mac_key, owner.key)
    assert both["mobile"]["maximum"] == 20
    assert payload_of(second["license"])["product"] == MOBILE
    again = await portal.done("activateProxyServer", **form(owner.code, MOBILE))
    assert again["installation"]["id"] == shown["id"]
    types = [event["type"] for event in await events_of(portal, owner, "INSTALLATION_ACTIVATED")]
    assert len(types) == 2

    # Both keys, both products, both dashboards know the one server.
    for key in (mac_key, owner.key):
        found = (await portal.query(OF_KEY, owner.token, id=key))["node"]["installations"]
        assert (found["totalCount"], found["nodes"][0]["id"]) == (1, shown["id"])
    cards = (await portal.query(CARDS, owner.token, id=owner.account))["account"]["productCards"]
    assert [card["activeInstallations"] for card in cards] == [1, 1]
    # Another site of the same hostname is another server.
    elsewhere = await portal.refused("activateProxyServer", **form(owner.code, MOBILE, siteCode="S02"))
    assert elsewhere == [("KEY_IN_USE", "keyCode")]
    listed = (await portal.query(LIST, owner.token, account=owner.account))["account"]["proxyServers"]
    assert listed["totalCount"] == 1


@pytest.mark.rule("PXY-1")
async def test_what_an_activation_is_refused_for(portal: Portal) -> None:
    proxy = await proxy_for(portal)
    code = proxy.owner.code
    other = await portal.register(await portal.person(), product=MOBILE)
    for expected, changes in {
        "KEY_MALFORMED": {"keyCode": "LYC-WRONG"},
        "KEY_UNKNOWN": {"keyCode": await portal.issue(product=MAC)},
        "KEY_WRONG_PRODUCT": {"keyCode": other.code},
        "KEY_IN_USE": {"hostname": "mdm-2.example.com"},
    }.items():
        refused = await portal.refused("activateProxyServer", **({**form(code), **changes}))
        assert refused == [(expected, "keyCode")]
    for field, value in {
        "product": "RAS",
        "hostname": " ",
        "siteCode": "",
        "siteDescription": "x" * 256,
        "appVersion": "1\0",
    }.items():
        refused = await portal.refused("activateProxyServer", **({**form(code), field: value}))
        assert refused == [("INVALID", field)]
    assert (await proxy.check_in())["state"] == "ACTIVE"
    await portal.advance("P1Y")
    await portal.advance("P1D")
    assert await portal.refused("activateProxyServer", **form(code)) == [("KEY_EXPIRED", "keyCode")]
    assert (await proxy.check_in())["state"] == "EXPIRED"
    assert (await proxy.report(mac=1))["license"] is None


@pytest.mark.rule("PXY-1", "KEY-3")
async def test_two_servers_that_want_one_key_at_once(portal: Portal) -> None:
    owner = await portal.administrator(product=MAC, quantity=5)
    done = await asyncio.gather(
        *(portal.do("activateProxyServer", **form(owner.code, hostname=f"mdm-{n}")) for n in range(4)),
        *(portal.do("activateProxyServer", **form(owner.code, hostname="mdm-0")) for _ in range(2)),
    )
    codes = [[error["code"] for error in payload["errors"]] for payload in done]
    assert {tuple(each) for each in codes} == {(), ("KEY_IN_USE",)}
    winners = {payload["installation"]["id"] for payload in done if payload["installation"]}
    assert len(winners) == 1


@pytest.mark.rule("PXY-1", "PXY-6")
async def test_a_server_goes_on_with_another_key_and_deactivates_itself(portal: Portal) -> None:
    proxy = await proxy_for(portal, 10)
    owner = proxy.owner
    await proxy.report(mac=6)
    berlin = await made_key(portal, owner, name="Berlin", quota=3)
    assert (await used_of(portal, owner, owner.key), await used_of(portal, owner, berlin["id"])) == (6, 0)
    again = await proxy_on(portal, owner, berlin["code"])
    assert (again.id, again.token) == (proxy.id, proxy.token)
    assert await used_of(portal, owner, owner.key) == 0
    shown = await proxy.shown()
    assert (shown["mac"]["licenseKey"]["name"], shown["mac"]["maximum"]) == ("Berlin", 3)
    await proxy_on(portal, owner, owner.code, hostname="mdm-2")

    told = await portal.done("deactivateSelf", installationToken=proxy.token)
    assert told["state"] == "DEACTIVATED"
    assert (await proxy.check_in())["state"] == "DEACTIVATED"
    assert (await proxy.report(mac=2))["state"] == "DEACTIVATED"
    shown = await proxy.shown()
    assert (shown["status"], shown["pendingChange"], shown["mac"]) == ("DEACTIVATED", None, None)
    assert await used_of(portal, owner, berlin["id"]) == 0
    moved = await events_of(portal, owner, "INSTALLATION_MOVED", "INSTALLATION_DEACTIVATED")
    assert [event["type"] for event in moved] == ["INSTALLATION_MOVED", "INSTALLATION_DEACTIVATED"]
    unknown = await portal.refused("reportManagedDevices", installationToken="lyc_ins_x", mac=1)
    assert unknown == [("INVALID_CREDENTIALS", "installationToken")]
