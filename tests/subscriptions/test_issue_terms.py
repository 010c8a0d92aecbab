"""SUB-1, SUB-3, SUB-5, SUB-6: terms and contracts, a race, and the list."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.support.licensing import (
    in_days,
    later,
    months_after,
    subscription_of,
    today,
)
from tests.support.portal import Person, Portal

DETAILS = """query ($id: ID!) { node(id: $id) { ... on LicenseSubscription {
    name kind status channel supportPlan autoRenew notForResale activatedOn expiresOn quantity
    product { code } account { id } usage { total used available }
    contract { number salesRepresentative { name email phone } }
    orders { kind status quantity fulfilledAt } primaryKey { code } keys { totalCount } } } }"""
LIST = """query ($id: ID!, $filter: SubscriptionFilter, $order: SubscriptionOrder, $after: String) {
    account(id: $id) { subscriptions(filter: $filter, orderBy: $order, first: 2, after: $after) {
        nodes { name } pageInfo { endCursor hasNextPage } totalCount } } }"""


@pytest.mark.rule("SUB-1", "SUB-12")
async def test_what_can_be_issued_and_what_cannot(portal: Portal) -> None:
    staff, ada = await portal.staff(), await portal.administrator()
    day = await today(portal)
    wrong: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
        ({"quantity": 0}, [("INVALID", "quantity")]),
        ({"quantity": -1}, [("INVALID", "quantity")]),
        ({"quantity": 1_000_001}, [("INVALID", "quantity")]),
        ({"product": "ACCESS", "quantity": 200_001}, [("INVALID", "quantity")]),
        ({"termMonths": 7}, [("INVALID", "termMonths")]),
        ({"termMonths": None}, [("INVALID", "termMonths")]),
        ({"endsOn": await in_days(portal, 5)}, [("INVALID", "termMonths")]),
        ({"termMonths": None, "endsOn": await in_days(portal, -1)}, [("INVALID", "endsOn")]),
        ({"termMonths": None, "endsOn": "9999-12-31"}, [("INVALID", "endsOn")]),
        ({"resellerAccountId": ada.account}, [("INVALID", "resellerAccountId")]),
        ({"channel": "RESELLER", "resellerAccountId": ada.account}, [("INVALID", "resellerAccountId")]),
        ({"channel": "RESELLER", "resellerAccountId": "nobody"}, [("NOT_FOUND", "resellerAccountId")]),
        ({"sendTo": "nobody"}, [("INVALID", "sendTo")]),
        ({"contractNumber": " "}, [("INVALID", "contractNumber")]),
        (
            {"salesName": "Sam"},
            [("INVALID", "contractNumber"), ("INVALID", "salesEmail")],
        ),
        (
            {"contractNumber": "1", "salesName": "Sam", "salesEmail": "sam"},
            [("INVALID", "salesEmail")],
        ),
    ]
    for changes, expected in wrong:
        order = {"product": "DESKTOP", "quantity": 1, "termMonths": 12, **changes}
        assert await portal.refused("issueSubscription", staff.token, **order) == expected, changes
    order = {"product": "DESKTOP", "quantity": 1, "termMonths": 12}
    assert await portal.refused("issueSubscription", ada.token, **order) == [("FORBIDDEN", "")]

    for months in (1, 12, 24, 36):
        person = await portal.register(ada, product="ACCESS", quantity=3, termMonths=months)
        found = await details(portal, person)
        assert (found["quantity"], found["expiresOn"]) == (15, months_after(day, months).isoformat())
        assert found["autoRenew"]
    perpetual = await portal.register(ada, kind="PERPETUAL", termMonths=24)
    found = await subscription_of(portal, perpetual)
    assert (found["expiresOn"], found["status"]) == (None, "ACTIVE")
    assert found["maintenanceExpiresOn"] == months_after(day, 24).isoformat()
    sale = {
        "contractNumber": " C-1 ",
        "salesName": "Sam",
        "salesEmail": "Sam@Vendor.example",
    }
    await portal.register(
        ada, kind="SPLA", endsOn=await in_days(portal, 0), notForResale=True, supportPlan="PREMIUM", **sale
    )
    found = await details(portal, ada)
    assert (found["kind"], found["notForResale"], found["supportPlan"]) == ("SPLA", True, "PREMIUM")
    assert (found["autoRenew"], found["status"]) == (False, "EXPIRING_SOON")
    assert found["contract"] == {
        "number": "C-1",
        "salesRepresentative": {"name": "Sam", "email": "Sam@vendor.example", "phone": None},
    }


async def details(portal: Portal, person: Person) -> dict[str, Any]:
    data = await portal.query(DETAILS, person.token, id=person.subscription)
    found: dict[str, Any] = data["node"]
    return found


@pytest.mark.rule("SUB-3")
async def test_two_who_register_one_code(portal: Portal) -> None:
    people = [await portal.administrator(), await portal.administrator()]
    code = await portal.issue()
    answers = await asyncio.gather(
        *(
            portal.do("registerKey", person.token, code=code, accountId=person.account)
            for person in people
            for _ in range(3)
        )
    )
    won = [answer for answer in answers if not answer["errors"]]
    assert len(won) == 1
    codes = {error["code"] for answer in answers for error in answer["errors"]}
    assert codes == {"KEY_ALREADY_REGISTERED"}


@pytest.mark.rule("SUB-4", "SUB-5", "SUB-6", "SUB-7")
async def test_lists_filter_sort_and_page(portal: Portal) -> None:
    ada = await portal.administrator(endsOn=await in_days(portal, 200), quantity=5)
    day = await today(portal)
    for name, product, days, quantity in (
        ("beta", "RAS", 5, 3),
        ("Alpha 100%", "DESKTOP", 31, 2),
        ("gamma", "DESKTOP", 5, 9),
    ):
        end = (day + timedelta(days=days)).isoformat()
        await portal.register(ada, product=product, endsOn=end, quantity=quantity)
        await portal.done("renameSubscription", ada.token, subscriptionId=ada.subscription, name=name)
    await portal.register(ada, kind="PERPETUAL", quantity=1)
    await portal.done("renameSubscription", ada.token, subscriptionId=ada.subscription, name="Forever")

    async def listed(field: str = "NAME", direction: str = "ASC", **filter: Any) -> list[str]:
        names: list[str] = []
        after, more = None, True
        while more:
            order = {"field": field, "direction": direction}
            data = await portal.query(
                LIST, ada.token, id=ada.account, order=order, filter=filter, after=after
            )
            page = data["account"]["subscriptions"]
            names += [node["name"] for node in page["nodes"]]
            after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
        assert page["totalCount"] == len(names)
        return names

    everything = ["Alpha 100%", "beta", "Desktop", "Forever", "gamma"]
    assert await listed() == everything
    assert await listed("NAME", "DESC") == everything[::-1]
    assert await listed("EXPIRES_ON") == ["beta", "gamma", "Alpha 100%", "Desktop", "Forever"]
    assert await listed("QUANTITY", "DESC") == ["gamma", "Desktop", "beta", "Alpha 100%", "Forever"]
    assert set(await listed("ACTIVATED_ON")) == set(everything)
    assert await listed(product="RAS") == ["beta"]
    assert await listed(search="% ") == ["Alpha 100%"]
    assert await listed(search="_") == []
    assert await listed(search="100%") == ["Alpha 100%"]
    assert await listed(search=" BET ") == ["beta"]
    assert await listed(display="EXPIRING_SOON") == ["beta", "gamma"]
    await later(portal, "P6D", ada)
    assert await listed(display="EXPIRED") == ["gamma"]
    assert await listed(display="ACTIVE") == ["Alpha 100%", "beta", "Desktop", "Forever"]
    assert await listed(display="EXPIRING_SOON") == ["Alpha 100%"]
    assert await listed(display="ALL") == everything
    await later(portal, "P30D", ada)
    assert await listed(display="EXPIRED") == ["Alpha 100%", "beta", "gamma"]
    assert await portal.refused(
        "renameSubscription", ada.token, subscriptionId=ada.subscription, name="  "
    ) == [("INVALID", "name")]
