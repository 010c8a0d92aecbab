"""Reports of users: counted, kept, answered; and reports that can't be (FRM-3 to FRM-6)."""

import asyncio
from typing import Any

import pytest

from tests.support.documents.farms import HISTORY, LIST
from tests.support.farms import FarmOf, farm_for, farm_on, member, stay
from tests.support.portal import Portal

POOL = "query ($id: ID!) { node(id: $id) { ... on LicenseSubscription { usage { used pool available } } } }"


def session(user: str, type_: str = "RAS_APPLICATION", **changes: Any) -> dict[str, Any]:
    return {"user": user, "device": "pc", "type": type_, "host": "host-1"} | changes


async def used(farm: FarmOf) -> dict[str, Any]:
    found = await farm.portal.query(POOL, farm.owner.token, id=farm.owner.subscription)
    usage: dict[str, Any] = found["node"]["usage"]
    return usage


@pytest.mark.rule("FRM-3", "FRM-4", "KEY-3", "OVR-1")
async def test_a_report_counts_users_as_licences(portal: Portal) -> None:
    farm = await farm_for(portal, 3)
    told = await farm.report(2, appVersion="20.0")
    assert (told["state"], told["overuse"]["phase"], told["expiryGraceEndsOn"]) == ("ACTIVE", "NORMAL", None)
    assert told["license"].startswith("-----BEGIN LYCHGATE LICENSE-----")
    assert await used(farm) == {"used": 2, "pool": 3, "available": 1}

    sessions = [session("ada"), session("ADA", device="phone"), session("bob", "RDP_DESKTOP")]
    administrators = [session(f"root{n}", "RAS_DESKTOP", administrator=True) for n in range(3)]
    told = await farm.report(sessions=[*sessions, *administrators])
    assert (told["state"], told["overuse"]["phase"]) == ("ACTIVE", "NORMAL")
    assert await used(farm) == {"used": 3, "pool": 3, "available": 0}
    # More than the pool leaves it nothing, never less (KEY-3).
    assert (await farm.report(5))["overuse"]["phase"] == "GRACE"
    assert await used(farm) == {"used": 5, "pool": 3, "available": 0}
    shown = await farm.shown()
    assert (shown["currentUsage"], shown["peakUsage"], shown["limit"]) == (5, 5, 3)
    await farm.report(1)
    shown = await farm.shown()
    assert (shown["currentUsage"], shown["peakUsage"]) == (1, 5)


@pytest.mark.rule("FRM-3", "FRM-5", "OVR-7")
async def test_reports_that_cant_be_change_nothing(portal: Portal) -> None:
    farm = await farm_for(portal, 3)
    await farm.report(2)
    token = {"installationToken": farm.token}
    too_many = [session(str(number)) for number in range(8_000)] + [session("x", device="")] * 2_001
    for expected, said in [
        ("users", {}),
        ("users", {"users": 1, "sessions": []}),
        ("users", {"users": -1}),
        ("users", {"users": 1_000_001}),
        ("sessions.1.user", {"sessions": [session("a"), session(" ")]}),
        ("sessions.0.host", {"sessions": [session("a", host="x" * 256)]}),
        ("sessions", {"sessions": too_many}),
    ]:
        assert await portal.refused("reportFarmUsage", **(token | said)) == [("INVALID", expected)]
    for users in (2**31, "many", 1.5):
        answer = await portal.ask(
            "mutation ($i: ReportFarmUsageInput!) { reportFarmUsage(input: $i) { state } }",
            i=token | {"users": users},
        )
        assert answer["errors"]
    dead = {"installationToken": "lyc_ins_unknown", "users": 1}
    assert await portal.refused("reportFarmUsage", **dead) == [("INVALID_CREDENTIALS", "installationToken")]
    computer = await portal.register(farm.owner, quantity=1)
    activated = await portal.activate(computer.code)
    wrong = {"installationToken": activated["installationToken"], "users": 1}
    assert await portal.refused("reportFarmUsage", **wrong) == [("INVALID", "installationToken")]
    assert (await farm.shown())["currentUsage"] == 2


@pytest.mark.rule("FRM-3")
async def test_ten_thousand_sessions_are_counted(portal: Portal) -> None:
    farm = await farm_for(portal, 9_000)
    sessions = [
        {"user": f"u{n % 9_000}", "device": "d", "type": "RAS_DESKTOP", "host": "h"} for n in range(10_000)
    ]
    assert (await farm.report(sessions=sessions))["overuse"]["phase"] == "NORMAL"
    assert (await farm.shown())["currentUsage"] == 9_000


@pytest.mark.rule("FRM-5")
async def test_a_deactivated_farm_learns_so_and_counts_nothing(portal: Portal) -> None:
    farm = await farm_for(portal, 3)
    await farm.report(2)
    payload = await portal.done("deactivateInstallations", farm.owner.token, installationIds=[farm.id])
    assert payload["installations"][0]["pendingChange"] == "DEACTIVATION"
    assert (await used(farm))["used"] == 0
    columns = ["serverId", "status", "peakUsage", "currentUsage"]
    what = {"accountId": farm.owner.account, "kind": "FARM"}
    for chosen in ({}, {"installationIds": [farm.id]}):
        payload = await portal.done(
            "exportInstallations", farm.owner.token, **what, **chosen, columns=columns
        )
        lines = (await portal.http.get(payload["url"])).text.split("\r\n")
        assert lines[0] == ",".join(columns)
        assert lines[1].split(",")[1:] == ["DEACTIVATED", "2", "0"]
    told = await farm.report(3)
    assert (told["state"], told["license"], told["overuse"]) == ("DEACTIVATED", None, None)
    shown = await farm.shown()
    assert (shown["status"], shown["pendingChange"], shown["currentUsage"]) == ("DEACTIVATED", None, 0)
    assert (await used(farm))["used"] == 0
    assert (await portal.done("deactivateSelf", installationToken=farm.token))["state"] == "DEACTIVATED"
    again = await farm_on(portal, farm.owner, farm.owner.code)
    assert (again.id, again.token) == (farm.id, farm.token)
    assert (await farm.report(1))["state"] == "ACTIVE"


@pytest.mark.rule("FRM-6")
async def test_usage_is_kept_by_day_and_by_report(portal: Portal) -> None:
    farm = await farm_for(portal, 10, termMonths=36)
    await stay(portal, farm.owner)
    for users in (3, 9, 4):
        await farm.report(users)
    start = (await portal.advance("PT1S"))[:10]
    await portal.advance("P3D")
    await farm.report(6)
    found = (await portal.query(HISTORY, farm.owner.token, id=farm.id))["node"]
    assert [(day["peak"], day["last"]) for day in found["usageHistory"]] == [(9, 4), (6, 6)]
    assert [each["users"] for each in found["recentReports"]] == [6, 4, 9, 3]
    some = (await portal.query(HISTORY, farm.owner.token, id=farm.id, to=start, first=2))["node"]
    assert [(day["date"], day["peak"]) for day in some["usageHistory"]] == [(start, 9)]
    assert [each["users"] for each in some["recentReports"]] == [6, 4]
    refused = await portal.ask(HISTORY, farm.owner.token, id=farm.id, first=101)
    assert refused["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"

    await portal.advance("P5D")
    found = (await portal.query(HISTORY, farm.owner.token, id=farm.id))["node"]
    assert [each["users"] for each in found["recentReports"]] == [6]
    assert (await portal.work())["trim_usage"] == 3
    await portal.advance("P393D")
    await stay(portal, farm.owner)
    found = (await portal.query(HISTORY, farm.owner.token, id=farm.id))["node"]
    assert ([day["peak"] for day in found["usageHistory"]], found["recentReports"]) == ([6], [])
    assert (await portal.work())["trim_usage"] == 2
    assert "trim_usage" not in await portal.work()


@pytest.mark.rule("FRM-3", "KEY-3")
async def test_reports_at_once_leave_one_of_them(portal: Portal) -> None:
    farm = await farm_for(portal, 10)
    answers = await asyncio.gather(*(farm.report(users) for users in range(11, 19)))
    assert {answer["overuse"]["phase"] for answer in answers} == {"GRACE"}
    shown = await farm.shown()
    assert shown["currentUsage"] in range(11, 19)
    assert (shown["peakUsage"], await used(farm)) == (
        18,
        {"used": shown["currentUsage"], "pool": 10, "available": 0},
    )


@pytest.mark.rule("FRM-4", "ACC-11", "ACC-14")
async def test_who_sees_farms(portal: Portal) -> None:
    farm = await farm_for(portal)
    owner = farm.owner
    first_key = owner.key
    other = await portal.register(owner, product="RAS", quantity=5)
    second = await farm_on(portal, other, other.code, serverId="server-9", name="A second")
    await second.report(4)
    licensed, regular = await member(portal, owner, key=first_key), await member(portal, owner)
    stranger = await portal.administrator()

    async def names(token: str, **arguments: Any) -> list[str] | None:
        found = (await portal.query(LIST, token, account=owner.account, **arguments))["account"]
        return found and [node["name"] for node in found["farms"]["nodes"]]

    assert await names(owner.token) == ["A second", "Farm 1"]
    descending = {"field": "NAME", "direction": "DESC"}
    assert await names(owner.token, order=descending) == ["Farm 1", "A second"]
    assert await names(owner.token, filter={"search": "SECOND"}) == ["A second"]
    assert await names(owner.token, filter={"status": "DEACTIVATED"}) == []
    assert await names(owner.token, filter={"licenseKeyId": first_key}) == ["Farm 1"]
    assert await names(licensed.token) == ["Farm 1"]
    assert await names(regular.token) == []
    assert await names(stranger.token) is None

    ids = {"installationIds": [farm.id, second.id]}
    assert await portal.refused("deactivateInstallations", stranger.token, **ids) == [
        ("NOT_FOUND", "installationIds.0"),
        ("NOT_FOUND", "installationIds.1"),
    ]
    assert await portal.refused("deactivateInstallations", licensed.token, **ids) == [
        ("NOT_FOUND", "installationIds.1")
    ]
    history = await portal.query(HISTORY, stranger.token, id=second.id)
    assert history == {"node": None}
    assert (await farm.check_in())["state"] == "ACTIVE"
    await portal.done("deactivateInstallations", owner.token, **ids)
    assert await names(owner.token, filter={"status": "DEACTIVATED"}) == ["A second", "Farm 1"]
