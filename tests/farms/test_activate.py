"""Activating farms, moving their keys, trying the product (FRM-1, FRM-2)."""

import asyncio
import base64
import json
from typing import Any

import pytest

from tests.support.documents.farms import EVENTS
from tests.support.farms import farm_for, farm_on, form, member, stay
from tests.support.portal import COMPANY, Portal
from tests.support.tickets import sql

KEY = "query ($id: ID!) { node(id: $id) { ... on LicenseKey { used movesLeft available } } }"


def payload_of(license_: str) -> dict[str, Any]:
    """What a licence says; its signature is checked elsewhere."""
    lines = license_.strip().splitlines()[1:-1]
    body = base64.b64decode("".join(lines)).split(b".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + b"=" * (-len(body) % 4)))
    return found


@pytest.mark.rule("FRM-1", "FRM-4")
async def test_a_farm_runs_on_its_key_and_a_retry_changes_nothing(portal: Portal) -> None:
    owner = await portal.administrator(product="RAS", quantity=10)
    first = await portal.done("activateFarm", **form(owner.code, name="  Main "))
    farm = first["installation"]
    assert (farm["name"], farm["serverId"], farm["status"]) == ("Main", "server-1", "ACTIVE")
    assert (farm["currentUsage"], farm["peakUsage"], farm["limit"]) == (0, 0, 10)
    assert farm["overuse"]["phase"] == "NORMAL"
    told = payload_of(first["license"])
    assert (told["serverId"], told["licenses"], told["sub"]) == ("server-1", 10, farm["id"])
    assert "fingerprint" not in told

    again = await portal.done("activateFarm", **form(owner.code, name="Main 2", appVersion="19.5"))
    assert again["installationToken"] == first["installationToken"]
    assert (again["installation"]["id"], again["installation"]["name"]) == (farm["id"], "Main 2")
    assert again["installation"]["licenseKey"]["movesLeft"] == 3


@pytest.mark.rule("FRM-1")
async def test_what_an_activation_is_refused_for(portal: Portal) -> None:
    farm = await farm_for(portal)
    code = farm.owner.code
    desktop = await portal.register(farm.owner, quantity=1)
    spare = await portal.issue(product="RAS")
    refused = {
        "KEY_MALFORMED": {"keyCode": "LYC-WRONG"},
        "KEY_UNKNOWN": {"keyCode": spare},
        "KEY_WRONG_PRODUCT": {"keyCode": desktop.code},
        "KEY_IN_USE": {"keyCode": code, "serverId": "server-2"},
    }
    for expected, changes in refused.items():
        assert await portal.refused("activateFarm", **form(**({"code": None} | changes))) == [
            (expected, "keyCode")
        ]
    other = await portal.refused("activateFarm", **form(code, product="SECURE_WORKSPACE"))
    assert other == [("KEY_WRONG_PRODUCT", "keyCode")]
    for field, changes in {
        "product": {"product": "DESKTOP"},
        "serverId": {"serverId": " "},
        "name": {"name": "x" * 256},
        "appVersion": {"appVersion": "1\n2"},
    }.items():
        assert await portal.refused("activateFarm", **form(code, **changes)) == [("INVALID", field)]
    assert (await farm.check_in())["state"] == "ACTIVE"
    # Within 30 days of grace a key still activates, after them it doesn't (OVR-8).
    await portal.advance("P1Y")
    await portal.advance("P20D")
    assert (await portal.do("activateFarm", **form(code)))["errors"] == []
    await portal.advance("P12D")
    assert await portal.refused("activateFarm", **form(code)) == [("KEY_EXPIRED", "keyCode")]


@pytest.mark.rule("FRM-2", "FRM-5")
async def test_a_keys_farm_is_changed_three_times(portal: Portal) -> None:
    farm = await farm_for(portal)
    owner, staff = farm.owner, await portal.staff()
    first = farm
    for number in range(2, 5):
        await portal.done("deactivateInstallations", owner.token, installationIds=[farm.id])
        # The same server again is no change.
        farm = await farm_on(portal, owner, owner.code, serverId=f"server-{number - 1}")
        await portal.done("deactivateSelf", installationToken=farm.token)
        farm = await farm_on(portal, owner, owner.code, serverId=f"server-{number}")
        assert (await farm.shown())["licenseKey"]["movesLeft"] == 4 - number
    assert (await first.check_in())["state"] == "DEACTIVATED"
    await portal.done("deactivateInstallations", owner.token, installationIds=[farm.id])
    fifth = form(owner.code, serverId="server-5")
    assert await portal.refused("activateFarm", **fifth) == [("MOVES_EXHAUSTED", "keyCode")]
    key = {"licenseKeyId": owner.key}
    assert (await portal.query(KEY, owner.token, id=owner.key))["node"]["used"] == 0

    assert await portal.refused("resetMoves", owner.token, **key) == [("FORBIDDEN", "")]
    stranger = await portal.person()
    assert await portal.refused("resetMoves", stranger.token, **key) == [("NOT_FOUND", "licenseKeyId")]
    assert await portal.refused("resetMoves", staff.token, licenseKeyId="LicenseKey_x") == [
        ("NOT_FOUND", "licenseKeyId")
    ]
    assert await portal.refused("activateFarm", **fifth) == [("MOVES_EXHAUSTED", "keyCode")]
    async with portal.live(owner.token) as live:
        events = await live.subscribe(EVENTS, account=owner.account, types=["KEY_CHANGED"])
        await portal.subscribed()
        # Resetting what is whole again tells nobody anything.
        for _ in range(2):
            reset = await portal.done("resetMoves", staff.token, **key)
            assert reset["licenseKey"]["movesLeft"] == 3
        event = await events.next()
        assert (event["actor"]["kind"], event["subject"]["id"]) == ("STAFF", owner.key)
        assert event["data"]["changed"] == {"movesLeft": 3}
    assert (
        await sql(
            portal, "select 1 from event where type = 'KEY_CHANGED' and account_id is not null offset 1"
        )
        == []
    )
    await portal.done("activateFarm", **fifth)
    assert (await portal.query(KEY, owner.token, id=owner.key))["node"]["movesLeft"] == 2


@pytest.mark.rule("FRM-1", "FRM-2")
async def test_of_many_servers_at_once_one_gets_the_key(portal: Portal) -> None:
    owner = await portal.administrator(product="RAS", quantity=10)
    forms = [form(owner.code, serverId=f"server-{number % 4}") for number in range(12)]
    payloads = await asyncio.gather(*(portal.do("activateFarm", **each) for each in forms))
    won = [payload["installation"]["id"] for payload in payloads if not payload["errors"]]
    lost = [payload["errors"][0]["code"] for payload in payloads if payload["errors"]]
    assert (len(won), len(set(won)), set(lost)) == (3, 1, {"KEY_IN_USE"})
    assert (await portal.query(KEY, owner.token, id=owner.key))["node"]["movesLeft"] == 3


@pytest.mark.rule("FRM-1")
async def test_a_farm_moves_to_another_key_of_its_account(portal: Portal) -> None:
    farm = await farm_for(portal)
    await farm.report(7)
    old = farm.owner.key
    owner = await portal.register(farm.owner, product="RAS", quantity=20)
    async with portal.live(owner.token) as live:
        events = await live.subscribe(EVENTS, account=owner.account)
        await portal.subscribed()
        moved = await farm_on(portal, owner, owner.code)
        event = await events.next()
        assert (event["type"], event["actor"]["kind"]) == ("INSTALLATION_MOVED", "INSTALLATION")
    assert (moved.id, moved.token) == (farm.id, farm.token)
    shown = await farm.shown()
    assert (shown["limit"], shown["licenseKey"]["id"], shown["currentUsage"]) == (20, owner.key, 0)
    assert (await portal.query(KEY, owner.token, id=old))["node"] == {
        "used": 0, "movesLeft": 3, "available": 10,
    }  # fmt: skip


@pytest.mark.rule("FRM-1")
async def test_a_trial_is_started_once_an_account(portal: Portal) -> None:
    owner = await portal.administrator()
    trial = {"product": "RAS", "accountId": owner.account}
    other = trial | {"product": "SECURE_WORKSPACE"}
    await stay(portal, owner)
    answers = await asyncio.gather(
        *(portal.do("startTrial", owner.token, **form) for form in (trial, other, trial))
    )
    [started] = [answer for answer in answers if not answer["errors"]]
    codes = [answer["errors"][0]["code"] for answer in answers if answer["errors"]]
    assert codes == ["TRIAL_USED", "TRIAL_USED"]
    subscription = started["subscription"]
    assert (subscription["kind"], subscription["quantity"], subscription["autoRenew"]) == ("TRIAL", 10, False)
    assert subscription["orders"] == [{"kind": "NEW", "status": "FULFILLED", "quantity": 10}]
    farm = await farm_on(
        portal, owner, subscription["primaryKey"]["code"], product=subscription["product"]["code"]
    )
    assert (await farm.report(10))["state"] == "ACTIVE"

    for again in (trial, other):
        assert await portal.refused("startTrial", owner.token, **again) == [("TRIAL_USED", "product")]
    assert await portal.refused("startTrial", owner.token, **(trial | {"product": "DESKTOP"})) == [
        ("INVALID", "product")
    ]
    await portal.advance("P29D")
    assert (await farm.check_in())["state"] == "ACTIVE"
    assert await portal.refused("startTrial", owner.token, **trial) == [("TRIAL_USED", "product")]


@pytest.mark.rule("FRM-1")
async def test_who_may_start_a_trial(portal: Portal) -> None:
    owner = await portal.administrator()
    trial = {"product": "RAS", "accountId": owner.account}
    regular, stranger = await member(portal, owner), await portal.person()
    assert await portal.refused("startTrial", regular.token, **trial) == [("FORBIDDEN", "")]
    assert await portal.refused("startTrial", stranger.token, **trial) == [("NOT_FOUND", "accountId")]
    newcomer = await portal.newcomer()
    company = {"product": "RAS", "company": COMPANY}
    assert await portal.refused("startTrial", newcomer.token, **company) == [("EMAIL_NOT_CONFIRMED", "")]
    assert await portal.refused("startTrial", stranger.token, product="RAS") == [
        ("BUSINESS_DETAILS_REQUIRED", "company")
    ]
    started = await portal.done("startTrial", stranger.token, **company)
    assert started["account"]["name"] == "Acme"
    await portal.done("startTrial", owner.token, **trial)
