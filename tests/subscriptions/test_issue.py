"""SUB-1: staff sell; nobody else does."""

import uuid

import asyncpg
import pytest

from app.core import ids
from tests.support.portal import Portal

SOLD = """query ($id: ID!) { node(id: $id) { ... on LicenseSubscription { kind channel supportPlan notForResale
    quantity autoRenew activatedOn expiresOn maintenanceExpiresOn product { code }
    contract { number salesRepresentative { name email phone } }
    orders { kind status quantity channel number } } } }"""
FACTS = {
    "contractNumber": "C-77",
    "salesName": "Sal",
    "salesEmail": "sal@vendor.example",
    "salesPhone": "+1 2",
}


@pytest.mark.rule("SUB-1", "SUB-6")
async def test_what_is_issued_is_what_is_registered(portal: Portal, database_url: str) -> None:
    ada = await portal.administrator(
        product="ACCESS", quantity=3, notForResale=True, supportPlan="PREMIUM", kind="SPLA", **FACTS
    )
    sold = (await portal.query(SOLD, ada.token, id=ada.subscription))["node"]
    assert (sold["quantity"], sold["kind"], sold["channel"], sold["supportPlan"]) == (
        15,
        "SPLA",
        "ONLINE",
        "PREMIUM",
    )
    assert (sold["notForResale"], sold["autoRenew"], sold["product"]) == (True, True, {"code": "ACCESS"})
    representative = {"name": "Sal", "email": "sal@vendor.example", "phone": "+1 2"}
    assert sold["contract"] == {"number": "C-77", "salesRepresentative": representative}
    (order,) = sold["orders"]
    assert (order["kind"], order["status"], order["quantity"]) == ("NEW", "FULFILLED", 15)
    today, end = sold["activatedOn"], sold["expiresOn"]
    assert int(end[:4]) - int(today[:4]) == 1

    await portal.register(ada, kind="PERPETUAL", termMonths=24)
    sold = (await portal.query(SOLD, ada.token, id=ada.subscription))["node"]
    assert sold["expiresOn"] is None
    assert int(sold["maintenanceExpiresOn"][:4]) - int(today[:4]) == 2
    await portal.register(ada, endsOn=today)
    sold = (await portal.query(SOLD, ada.token, id=ada.subscription))["node"]
    assert (sold["expiresOn"], sold["autoRenew"], sold["contract"]) == (today, False, None)

    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(
            "update account set is_partner = true where id = $1", ids.decode(ada.account or "")
        )
    finally:
        await connection.close()
    reseller = {"channel": "RESELLER", "resellerAccountId": ada.account}
    bob = await portal.administrator(**reseller)
    sold = (await portal.query(SOLD, bob.token, id=bob.subscription))["node"]
    assert (sold["channel"], sold["autoRenew"]) == ("RESELLER", False)
    staff = (await portal.staff()).token
    # The reseller may have no account with the vendor's portal.
    elsewhere = await portal.administrator(channel="RESELLER")
    assert await portal.refused(
        "setAutoRenew", elsewhere.token, subscriptionId=elsewhere.subscription, autoRenew=True
    ) == [("RENEWED_THROUGH_RESELLER", "subscriptionId")]
    wrong = {"product": "DESKTOP", "quantity": 1, "termMonths": 1}
    assert await portal.refused("issueSubscription", staff, **wrong, **reseller) == [
        ("INVALID", "termMonths")
    ]


@pytest.mark.rule("SUB-1")
async def test_what_can_not_be_sold(portal: Portal) -> None:
    staff, ada = await portal.staff(), await portal.administrator()
    good = {"product": "DESKTOP", "quantity": 1, "termMonths": 12}
    yesterday = "2020-01-01"
    faults = [
        ({"quantity": 0}, "quantity"),
        ({"quantity": -5}, "quantity"),
        ({"quantity": 2**31 - 1}, "quantity"),
        ({"termMonths": None}, "termMonths"),
        ({"termMonths": 13}, "termMonths"),
        ({"endsOn": "2999-01-01"}, "termMonths"),
        ({"termMonths": None, "endsOn": yesterday}, "endsOn"),
        ({"sendTo": "nobody"}, "sendTo"),
        ({"resellerAccountId": ada.account}, "resellerAccountId"),
        ({"channel": "RESELLER", "resellerAccountId": ada.account}, "resellerAccountId"),
    ]
    for fault, path in faults:
        assert await portal.refused("issueSubscription", staff.token, **(good | fault)) == [
            ("INVALID", path)
        ], fault
    for nowhere in (f"BusinessAccount_{uuid.uuid4().hex}", ada.subscription, "x"):
        unknown = good | {"channel": "RESELLER", "resellerAccountId": nowhere}
        codes = [code for code, _ in await portal.refused("issueSubscription", staff.token, **unknown)]
        assert codes in (["NOT_FOUND"], ["INVALID"])
    assert await portal.refused("issueSubscription", ada.token, **good) == [("FORBIDDEN", "")]


@pytest.mark.rule("SUB-1", "MAI-1")
async def test_the_code_is_mailed_to_the_buyer(portal: Portal) -> None:
    code = await portal.issue(sendTo="buyer@example.com")
    (mail,) = await portal.mails("buyer@example.com")
    assert code in mail["text"]
    assert code in mail["html"]
