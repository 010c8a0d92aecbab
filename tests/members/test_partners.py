from typing import Any

import pytest

from tests.support.members import grant, join, partner
from tests.support.portal import COMPANY, Person, Portal

CUSTOMERS = """query ($id: ID!, $search: String, $expiringOnly: Boolean, $first: Int, $after: String) {
    account(id: $id) { ... on BusinessAccount { isPartner
        partnerCustomers(search: $search, expiringOnly: $expiringOnly, first: $first, after: $after) {
            totalCount pageInfo { hasNextPage endCursor }
            nodes { account { id name supportCode members { totalCount } subscriptions { totalCount nodes { id } }
                    licenseKeys { totalCount } computers { totalCount } events { totalCount } }
                representatives { id note person { email } representing { id } }
                expiringSubscriptions { id status } } } } } }"""


async def customers(portal: Portal, person: Person, account: str | None, **arguments: Any) -> Any:
    data = await portal.query(CUSTOMERS, person.token, id=account, **arguments)
    return data["account"]["partnerCustomers"]


async def customer(portal: Portal, name: str, **issue: Any) -> Person:
    ada = await portal.administrator(**issue)
    await portal.done("updateCompany", ada.token, accountId=ada.account, company=COMPANY | {"name": name})
    return ada


@pytest.mark.rule("ACC-13")
async def test_the_partners_page(portal: Portal) -> None:
    pia = await partner(portal)
    rob, tom = await join(portal, pia), await join(portal, pia)
    ada = await customer(portal, "Alpha", endsOn="2026-12-01")
    ben = await customer(portal, "Beta")
    represents = {"representingAccountId": pia.account}
    robs = await join(portal, ada, rob, keys=(ada.key,), **represents)
    toms = await join(portal, ben, tom, **represents)
    await join(portal, ben, rob)  # as himself

    # Rob sees the customer that he represents the partner at, and what he was granted there.
    page = await customers(portal, rob, pia.account)
    assert page["totalCount"] == 1
    (entry,) = page["nodes"]
    assert entry["account"]["id"] == ada.account
    assert entry["account"]["subscriptions"]["nodes"] == [{"id": ada.subscription}]
    assert entry["account"]["members"] is None
    assert [r["id"] for r in entry["representatives"]] == [robs.membership]
    assert [s["id"] for s in entry["expiringSubscriptions"]] == [ada.subscription]

    # The partner's administrator sees whom all its people represent it at, and nothing of what is inside.
    page = await customers(portal, pia, pia.account)
    assert [entry["account"]["name"] for entry in page["nodes"]] == ["Alpha", "Beta"]
    for entry, member in zip(page["nodes"], (robs, toms), strict=True):
        (representative,) = entry["representatives"]
        assert representative["id"] == member.membership
        assert representative["person"] == {"email": member.email}
        assert representative["representing"] == {"id": pia.account}
        assert representative["note"] is None
        assert entry["expiringSubscriptions"] == []
        account = entry["account"]
        assert (account["supportCode"], account["members"], account["events"]) == (None, None, None)
        for name in ("subscriptions", "licenseKeys", "computers"):
            assert account[name]["totalCount"] == 0
    assert [
        e["account"]["name"] for e in (await customers(portal, pia, pia.account, search="BET"))["nodes"]
    ] == ["Beta"]
    assert (await customers(portal, pia, pia.account, search="%"))["totalCount"] == 0
    first = await customers(portal, pia, pia.account, first=1)
    rest = await customers(portal, pia, pia.account, after=first["pageInfo"]["endCursor"])
    assert [e["account"]["name"] for e in rest["nodes"]] == ["Beta"]
    assert (await customers(portal, rob, pia.account, expiringOnly=True))["totalCount"] == 1
    assert (await customers(portal, pia, pia.account, expiringOnly=True))["totalCount"] == 0
    # It is the business of the partner's people alone.
    assert await customers(portal, await portal.staff(), pia.account) is None
    assert await customers(portal, ada, ada.account) is None
    document = """query ($id: ID!) { node(id: $id) { ... on Membership {
        representing { partnerCustomers { totalCount } } } } }"""
    seen = await portal.query(document, ada.token, id=robs.membership)
    assert seen["node"]["representing"] == {"partnerCustomers": None}


@pytest.mark.rule("ACC-13")
async def test_representation_lasts_as_long_as_one_is_one_of_the_partners_people(portal: Portal) -> None:
    pia, ada = await partner(portal), await customer(portal, "Alpha")
    staff, rob = await portal.staff(), await join(portal, pia)
    robs = await join(portal, ada, rob, keys=(ada.key,), representingAccountId=pia.account)
    other = await join(portal, ada)
    seen = "query ($id: ID!) { node(id: $id) { ... on Membership { representing { id } } } }"
    hidden = "query ($id: ID!) { account(id: $id) { name } }"

    async def stands() -> tuple[bool, bool, bool]:
        """For the customer; on the partner's page; whether the partner's administrator sees the customer."""
        node = (await portal.query(seen, ada.token, id=robs.membership))["node"]
        page = await customers(portal, pia, pia.account)
        account = (await portal.query(hidden, pia.token, id=ada.account))["account"]
        return node["representing"] is not None, bool(page and page["nodes"]), account is not None

    assert await stands() == (True, True, True)
    assert (await portal.query(seen, pia.token, id=other.membership))["node"] is None
    await portal.done("blockMember", pia.token, membershipId=rob.membership)
    assert await stands() == (False, False, False)
    await portal.done("unblockMember", pia.token, membershipId=rob.membership)
    assert await stands() == (True, True, True)
    await portal.done("setPartner", staff.token, accountId=pia.account, isPartner=False)
    assert await stands() == (False, False, False)
    await portal.done("setPartner", staff.token, accountId=pia.account, isPartner=True)
    assert await stands() == (True, True, True)
    # Blocked at the customer's, there is nothing to represent; but the customer still sees whom he stood for.
    await portal.done("blockMember", ada.token, membershipId=robs.membership)
    assert await stands() == (True, False, False)
    await portal.done("unblockMember", ada.token, membershipId=robs.membership)
    for name in ("updateMember", "blockMember", "removeMember"):
        refused = await portal.refused(name, pia.token, membershipId=robs.membership)
        assert refused == [("FORBIDDEN", "")], "the partner sees who acts there, and no more"
    await portal.done("removeMember", pia.token, membershipId=rob.membership)
    assert await stands() == (False, False, False)
    # What the customer granted to him himself stays his.
    await grant(portal, ada, ada.key, robs)
    keys = "query ($id: ID!) { account(id: $id) { ... on BusinessAccount { licenseKeys { totalCount } } } }"
    assert (await portal.query(keys, robs.token, id=ada.account))["account"]["licenseKeys"]["totalCount"] == 1
