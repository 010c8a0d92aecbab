"""SUB-9, SUB-10, SUB-12, SUB-13: orders and what they change."""

import asyncio
from typing import Any

import pytest

from tests.support.licensing import (
    events_of,
    fulfilled,
    in_days,
    later,
    made_key,
    months_after,
    ordered,
    subscription_of,
    today,
    usage_of,
)
from tests.support.portal import Person, Portal

STAFF_ORDERS = """query ($status: OrderStatus, $after: String) { staff {
    orders(status: $status, first: 2, after: $after) {
    nodes { id number kind status account { id } subscription { id name } }
    pageInfo { endCursor hasNextPage } totalCount } } }"""


@pytest.mark.rule("SUB-6", "SUB-9", "SUB-10")
async def test_only_a_fulfilled_order_changes_anything(portal: Portal) -> None:
    ada = await portal.administrator(product="ACCESS", quantity=2)
    staff = await portal.staff()
    before = await subscription_of(portal, ada)
    more = await ordered(portal, ada, "ADD_LICENSES", quantity=1, note=" Berlin ")
    assert (more["kind"], more["status"], more["quantity"], more["note"]) == (
        "ADD_LICENSES",
        "PLACED",
        5,
        "Berlin",
    )
    term = await ordered(portal, ada, "RENEWAL")
    assert term["quantity"] == 10
    larger = await ordered(portal, ada, "RENEWAL", quantity=4)
    assert larger["quantity"] == 20
    found = await subscription_of(portal, ada)
    assert [order["id"] for order in found["orders"][:3]] == [larger["id"], term["id"], more["id"]]
    for field in ("quantity", "expiresOn", "usage"):
        assert found[field] == before[field]

    refused = await portal.done("rejectOrder", staff.token, orderId=larger["id"], note="Too many")
    assert (refused["order"]["status"], refused["order"]["fulfilledAt"]) == ("REJECTED", None)
    after = await fulfilled(portal, more)
    assert (after["quantity"], after["expiresOn"]) == (15, before["expiresOn"])
    # The licences that were added since the renewal was placed stay.
    after = await fulfilled(portal, term)
    assert (after["quantity"], after["expiresOn"]) == (
        15,
        months_after(await today(portal), 24).isoformat(),
    )
    decided = [
        await portal.done("placeOrder", ada.token, subscriptionId=ada.subscription, **again)
        for again in ({"kind": "RENEWAL", "quantity": 5},)
    ]
    after = await fulfilled(portal, decided[0]["order"])
    assert (after["quantity"], after["usage"]["available"]) == (25, 25)
    for order in (more, larger):
        for decision in ("fulfillOrder", "rejectOrder"):
            assert await portal.refused(decision, staff.token, orderId=order["id"]) == [
                ("CONFLICT", "orderId")
            ]
    events = await events_of(
        portal, ada, "ORDER_PLACED", "ORDER_FULFILLED", "ORDER_REJECTED", "SUBSCRIPTION_RENEWED"
    )
    assert [event["type"] for event in events] == [
        *["ORDER_PLACED"] * 3,
        "ORDER_REJECTED",
        "ORDER_FULFILLED",
        "ORDER_FULFILLED",
        "SUBSCRIPTION_RENEWED",
        "ORDER_PLACED",
        "ORDER_FULFILLED",
        "SUBSCRIPTION_RENEWED",
    ]
    numbers = [order["number"] for order in (await subscription_of(portal, ada))["orders"]]
    assert len(set(numbers)) == 5
    subjects = [mail["subject"] for mail in await portal.mails(ada.email)]
    assert subjects.count("Access for Business was renewed") == 2


@pytest.mark.rule("SUB-9", "SUB-13")
async def test_what_cannot_be_ordered(portal: Portal) -> None:
    ada, trial, stranger = (
        await portal.administrator(),
        await portal.administrator(kind="TRIAL", endsOn=await in_days(portal, 5)),
        await portal.administrator(),
    )
    resold = await through_a_reseller(portal)
    short = await portal.administrator(endsOn=await in_days(portal, 5))

    async def wrong(person: Person, kind: str, **more: Any) -> list[tuple[str, str]]:
        return await portal.refused(
            "placeOrder", person.token, subscriptionId=person.subscription, kind=kind, **more
        )

    for quantity in (None, 0, -1, 999_991, 2_147_483_647):
        assert await wrong(ada, "ADD_LICENSES", quantity=quantity) == [("INVALID", "quantity")]
    for quantity in (9, 0, 1_000_001):
        assert await wrong(ada, "RENEWAL", quantity=quantity) == [("INVALID", "quantity")]
    assert await wrong(ada, "ADD_LICENSES", quantity=1, note="x" * 2001) == [("INVALID", "note")]
    for kind in ("NEW", "MIGRATION", "CONVERSION"):
        assert await wrong(ada, kind, quantity=1) == [("INVALID", "kind")]
    for kind in ("RENEWAL", "ADD_LICENSES"):
        assert await wrong(trial, kind, quantity=11) == [("TRIAL", "kind")]
        assert await wrong(resold, kind, quantity=1) == [("RENEWED_THROUGH_RESELLER", "subscriptionId")]
    foreign = {"subscriptionId": ada.subscription, "kind": "ADD_LICENSES", "quantity": 1}
    assert await portal.refused("placeOrder", stranger.token, **foreign) == [("NOT_FOUND", "subscriptionId")]
    order = await ordered(portal, ada, "ADD_LICENSES", quantity=1)
    for decision in ("fulfillOrder", "rejectOrder"):
        assert await portal.refused(decision, ada.token, orderId=order["id"]) == [("FORBIDDEN", "")]
        assert await portal.refused(decision, stranger.token, orderId=order["id"]) == [
            ("NOT_FOUND", "orderId")
        ]
        staff = await portal.staff()
        first = (await subscription_of(portal, ada))["orders"][-1]
        assert await portal.refused(decision, staff.token, orderId=first["id"]) == [("INVALID", "orderId")]
        assert await portal.refused(decision, staff.token, orderId="Order_1") == [("NOT_FOUND", "orderId")]
    assert (await subscription_of(portal, ada))["quantity"] == 10
    await later(portal, "P6D", short)
    assert await wrong(short, "ADD_LICENSES", quantity=1) == [("KEY_EXPIRED", "subscriptionId")]
    renewed = await fulfilled(portal, await ordered(portal, short, "RENEWAL"))
    # It has no term of its own: the product's usual one.
    assert renewed["expiresOn"] == months_after(await today(portal), 12).isoformat()


async def through_a_reseller(portal: Portal) -> Person:
    """Somebody whose subscription a partner sold."""
    partner = await portal.administrator()
    async with portal.server.app.read_all().connection() as connection:
        await connection.execute(
            "update account set is_partner = true where id = $1", str(partner.account).partition("_")[2]
        )
    return await portal.administrator(channel="RESELLER", resellerAccountId=partner.account)


@pytest.mark.rule("SUB-10", "SUB-13")
async def test_a_trial_is_converted(portal: Portal) -> None:
    ada = await portal.administrator(kind="TRIAL", endsOn=await in_days(portal, 20))
    end = (await subscription_of(portal, ada))["expiresOn"]
    await made_key(portal, ada, quota=3)
    await portal.activate(ada.code)
    payload = await portal.do(
        "placeOrder", ada.token, subscriptionId=ada.subscription, kind="CONVERSION", quantity=3
    )
    [error] = payload["errors"]
    assert (error["code"], error["available"], error["requested"]) == ("NOT_ENOUGH_LICENSES", 3, 4)
    four, five = (
        await ordered(portal, ada, "CONVERSION", quantity=4),
        await ordered(portal, ada, "CONVERSION", quantity=5),
    )
    second = await portal.activate(ada.code)
    staff = await portal.staff()
    assert await portal.refused("fulfillOrder", staff.token, orderId=four["id"]) == [
        ("NOT_ENOUGH_LICENSES", "orderId")
    ]
    found = await fulfilled(portal, five)
    assert (found["kind"], found["quantity"], found["autoRenew"]) == ("SUBSCRIPTION", 5, True)
    # Behind what was left of the trial.
    day = await today(portal)
    assert found["expiresOn"] == months_after(day.fromisoformat(end), 12).isoformat()
    assert await usage_of(portal, ada) == (5, 3, 2, 2, 0)
    await portal.done("deactivateInstallations", ada.token, installationIds=[second["installation"]["id"]])
    assert await portal.refused("fulfillOrder", staff.token, orderId=four["id"]) == [("CONFLICT", "orderId")]
    over = await portal.administrator(kind="TRIAL", endsOn=await in_days(portal, 0))
    await later(portal, "P3D", over)
    found = await fulfilled(portal, await ordered(portal, over, "CONVERSION"))
    assert found["expiresOn"] == months_after(await today(portal), 12).isoformat()
    assert (await portal.activate(over.code))["installation"]["status"] == "ACTIVE"


@pytest.mark.rule("SUB-12")
async def test_a_perpetual_licences_maintenance_is_renewed(portal: Portal) -> None:
    ada = await portal.administrator(kind="PERPETUAL", termMonths=12)
    machine = await portal.activate(ada.code)
    day = await today(portal)
    await portal.done("setAutoRenew", ada.token, subscriptionId=ada.subscription, autoRenew=False)
    await later(portal, "P500D", ada)
    assert "expire_keys" not in await portal.work()
    told = await portal.done("checkIn", installationToken=machine["installationToken"])
    assert told["state"] == "ACTIVE"
    found = await subscription_of(portal, ada)
    assert (found["status"], found["maintenanceExpiresOn"]) == ("ACTIVE", months_after(day, 12).isoformat())
    found = await fulfilled(portal, await ordered(portal, ada, "RENEWAL"))
    assert found["expiresOn"] is None
    assert found["maintenanceExpiresOn"] == months_after(await today(portal), 12).isoformat()
    subjects = [mail["subject"] for mail in await portal.mails(ada.email)]
    assert "Desktop was renewed" in subjects


@pytest.mark.rule("SUB-9")
async def test_staff_decide_one_order_once_and_see_all(portal: Portal) -> None:
    ada, bob = await portal.administrator(), await portal.administrator()
    staff = await portal.staff()
    orders = [await ordered(portal, person, "ADD_LICENSES", quantity=1) for person in (ada, bob, ada)]
    answers = await asyncio.gather(
        *(portal.do("fulfillOrder", staff.token, orderId=orders[0]["id"]) for _ in range(3)),
        *(portal.do("rejectOrder", staff.token, orderId=orders[0]["id"]) for _ in range(2)),
    )
    assert sum(not answer["errors"] for answer in answers) == 1
    assert {error["code"] for answer in answers for error in answer["errors"]} == {"CONFLICT"}
    [status] = {answer["order"]["status"] for answer in answers if answer["order"]}
    assert (await subscription_of(portal, ada))["quantity"] == (11 if status == "FULFILLED" else 10)

    found: list[dict[str, Any]] = []
    after, more = None, True
    while more:
        data = await portal.query(STAFF_ORDERS, staff.token, status="PLACED", after=after)
        page = data["staff"]["orders"]
        found += page["nodes"]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    assert [order["id"] for order in found] == [orders[2]["id"], orders[1]["id"]]
    assert page["totalCount"] == 2
    assert [order["subscription"]["id"] for order in found] == [ada.subscription, bob.subscription]
    assert [order["account"]["id"] for order in found] == [ada.account, bob.account]
    spare = await portal.issue()
    assert spare
    data = await portal.query(STAFF_ORDERS, staff.token, status="PLACED")
    assert data["staff"]["orders"]["nodes"][0]["subscription"] is None
    assert (await portal.query(STAFF_ORDERS, ada.token))["staff"] is None
