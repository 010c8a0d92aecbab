"""KEY-1, KEY-2, KEY-4, KEY-5, KEY-9: additional keys."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.support.licensing import (
    events_of,
    illegal,
    in_days,
    later,
    made_key,
    subscription_of,
    today,
    usage_of,
)
from tests.support.portal import Portal

KEYS = """query ($id: ID!, $order: LicenseKeyOrder, $filter: LicenseKeyFilter, $after: String) {
    node(id: $id) { ... on LicenseSubscription {
        keys(orderBy: $order, filter: $filter, first: 2, after: $after) {
            nodes { name } pageInfo { endCursor hasNextPage } totalCount } } } }"""


@pytest.mark.rule("KEY-1", "KEY-2", "KEY-3", "KEY-4", "KEY-5")
async def test_reserved_and_dynamic_keys(portal: Portal, database_url: str) -> None:
    ada = await portal.administrator()
    berlin = await made_key(portal, ada, name="  Berlin  ", quota=4)
    assert (berlin["name"], berlin["kind"], berlin["allocation"]) == ("Berlin", "ADDITIONAL", "RESERVED")
    assert (berlin["quota"], berlin["used"], berlin["available"]) == (4, 0, 4)
    assert berlin["status"] == "ACTIVE"
    assert berlin["renewsWithSubscription"]
    assert berlin["code"] != ada.code
    paris = await made_key(portal, ada, name="Paris", quota=9, allocation="DYNAMIC")
    assert (paris["quota"], paris["available"]) == (9, 6)
    assert await usage_of(portal, ada) == (10, 4, 6, 0, 6)

    for _ in range(4):
        await portal.activate(berlin["code"])
    assert await refusal(portal, berlin["code"]) == "NO_LICENSES_LEFT"
    for _ in range(5):
        await portal.activate(paris["code"])
    await portal.activate(ada.code)
    for code in (ada.code, paris["code"], berlin["code"]):
        assert await refusal(portal, code) == "NO_LICENSES_LEFT"
    assert await usage_of(portal, ada) == (10, 4, 6, 10, 0)
    keys = (await subscription_of(portal, ada))["keys"]["nodes"]
    assert [(key["name"], key["used"], key["available"]) for key in keys] == [
        ("Berlin", 4, 0),
        ("Desktop", 1, 0),
        ("Paris", 5, 0),
    ]
    payload = await portal.do(
        "createLicenseKey", ada.token, subscriptionId=ada.subscription, name="Rome", quota=1
    )
    [error] = payload["errors"]
    assert (error["code"], error["path"], error["available"], error["requested"]) == (
        "NOT_ENOUGH_LICENSES",
        ["quota"],
        0,
        1,
    )
    assert payload["licenseKey"] is None
    created = await events_of(portal, ada, "KEY_CREATED")
    assert [event["data"]["name"] for event in created] == ["Berlin", "Paris"]
    assert created[0]["summary"].endswith("made the key Berlin (RESERVED, 4 licences)")
    assert await illegal(database_url, await today(portal)) == []


async def refusal(portal: Portal, code: str | None) -> str:
    [(refused, _)] = await portal.refused("activateComputer", keyCode=code, **portal.machine())
    return refused


@pytest.mark.rule("KEY-1", "KEY-4")
async def test_what_cannot_be_made(portal: Portal) -> None:
    ada, farm = await portal.administrator(), await portal.administrator(product="RAS")
    perpetual = await portal.administrator(kind="PERPETUAL")
    end = (await subscription_of(portal, ada))["expiresOn"]
    yesterday, far = await in_days(portal, -1), await in_days(portal, 5000)
    own = {"renewsWithSubscription": False}
    wrong: list[tuple[Any, dict[str, Any], list[tuple[str, str]]]] = [
        (ada, {"quota": 0}, [("INVALID", "quota")]),
        (ada, {"quota": -1}, [("INVALID", "quota")]),
        (ada, {"quota": 2_147_483_647}, [("NOT_ENOUGH_LICENSES", "quota")]),
        (ada, {"quota": 11}, [("NOT_ENOUGH_LICENSES", "quota")]),
        (ada, {"name": " "}, [("INVALID", "name")]),
        (ada, {"name": "x" * 101, "quota": 0}, [("INVALID", "name"), ("INVALID", "quota")]),
        (ada, own, [("INVALID", "expiresOn")]),
        (ada, {**own, "expiresOn": yesterday}, [("INVALID", "expiresOn")]),
        (ada, {**own, "expiresOn": far}, [("INVALID", "expiresOn")]),
        (ada, {"expiresOn": end}, [("INVALID", "expiresOn")]),
        (perpetual, own, [("INVALID", "expiresOn")]),
        (farm, {"allocation": "DYNAMIC"}, [("ALLOCATION_NOT_ALLOWED", "allocation")]),
    ]
    for person, terms, expected in wrong:
        values = {"name": "Berlin", "quota": 1, "subscriptionId": person.subscription, **terms}
        assert await portal.refused("createLicenseKey", person.token, **values) == expected, terms
    answer = await portal.ask(
        'mutation ($id: ID!) { createLicenseKey(input: {subscriptionId: $id, name: "x", quota: 2147483648})'
        " { errors { code } } }",
        ada.token,
        id=ada.subscription,
    )
    assert "errors" in answer
    assert (await subscription_of(portal, ada))["keys"]["totalCount"] == 1
    assert await events_of(portal, ada, "KEY_CREATED") == []
    endless = await made_key(portal, ada, name="Endless", quota=2_147_483_647, allocation="DYNAMIC")
    assert (endless["quota"], endless["available"]) == (2_147_483_647, 10)
    last = await made_key(portal, ada, **own, expiresOn=end)
    assert (last["expiresOn"], last["renewsWithSubscription"]) == (end, False)
    await made_key(portal, perpetual, **own, expiresOn=far)
    assert (await made_key(portal, perpetual))["expiresOn"] is None

    await later(portal, "P400D", ada)
    assert await portal.refused(
        "createLicenseKey", ada.token, subscriptionId=ada.subscription, name="Late", quota=1
    ) == [("KEY_EXPIRED", "subscriptionId")]


@pytest.mark.rule("KEY-3", "KEY-4")
async def test_two_who_reserve_the_same_licences(portal: Portal, database_url: str) -> None:
    ada = await portal.administrator()
    asked = [
        portal.do(
            "createLicenseKey", ada.token, subscriptionId=ada.subscription, name=f"Key {number}", quota=3
        )
        for number in range(6)
    ]
    activated = [portal.do("activateComputer", keyCode=ada.code, **portal.machine()) for _ in range(6)]
    answers = await asyncio.gather(*asked, *activated)
    codes = [error["code"] for answer in answers for error in answer["errors"]]
    assert set(codes) <= {"NOT_ENOUGH_LICENSES", "NO_LICENSES_LEFT"}
    total, reserved, pool, used, available = await usage_of(portal, ada)
    assert (total, reserved + used + available, pool) == (10, 10, 10 - reserved)
    assert reserved == 3 * sum(answer.get("licenseKey") is not None for answer in answers)
    assert available < 3
    assert await illegal(database_url, await today(portal)) == []


@pytest.mark.rule("KEY-9")
async def test_keys_sort_and_page(portal: Portal) -> None:
    ada = await portal.administrator()
    day = await today(portal)
    for name, quota, days in (("beta", 2, 30), ("Alpha", 3, 20), ("gamma", 1, 10)):
        end = (day + timedelta(days=days)).isoformat()
        await made_key(portal, ada, name=name, quota=quota, renewsWithSubscription=False, expiresOn=end)

    async def listed(field: str, direction: str = "ASC", **filter: Any) -> list[str]:
        names: list[str] = []
        after, more = None, True
        while more:
            order = {"field": field, "direction": direction}
            data = await portal.query(
                KEYS, ada.token, id=ada.subscription, order=order, filter=filter, after=after
            )
            page = data["node"]["keys"]
            names += [node["name"] for node in page["nodes"]]
            after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
        assert page["totalCount"] == len(names)
        return names

    assert await listed("NAME") == ["Alpha", "beta", "Desktop", "gamma"]
    assert await listed("NAME", "DESC") == ["gamma", "Desktop", "beta", "Alpha"]
    assert await listed("KIND") == ["beta", "Alpha", "gamma", "Desktop"]
    # The primary key's quota is the pool: 10 - 6.
    assert await listed("QUOTA") == ["gamma", "beta", "Alpha", "Desktop"]
    bulky = await made_key(portal, ada, name="bulky", quota=5, allocation="DYNAMIC")
    assert await listed("QUOTA") == ["gamma", "beta", "Alpha", "Desktop", "bulky"]
    assert await listed("QUOTA", "DESC") == ["bulky", "Desktop", "Alpha", "beta", "gamma"]
    await portal.done("deleteLicenseKey", ada.token, licenseKeyId=bulky["id"])
    assert await listed("EXPIRES_ON") == ["gamma", "Alpha", "beta", "Desktop"]
    assert await listed("NAME", kind="PRIMARY") == ["Desktop"]
    assert await listed("NAME", search="A") == ["Alpha", "beta", "gamma"]
    await later(portal, "P11D", ada)
    assert await listed("NAME", status="EXPIRED") == ["gamma"]
    assert await listed("NAME", status="ACTIVE") == ["Alpha", "beta", "Desktop"]
    # What expired gave back is in the pool again: 10 - 5, and the next day of an end 10 - 2.
    await later(portal, "P10D", ada)
    assert await listed("QUOTA", "DESC", status="ACTIVE") == ["Desktop", "beta"]
    assert await listed("QUOTA", "DESC") == ["Desktop", "Alpha", "beta", "gamma"]
