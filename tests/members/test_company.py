import pytest

from tests.support.members import join, partner
from tests.support.portal import COMPANY, Portal

COMPANY_OF = """query ($id: ID!) { account(id: $id) { name ... on BusinessAccount { isPartner
    company { name street city country state zip phone }
    events(filter: {types: [COMPANY_CHANGED]}) { nodes { summary ... on GeneralEvent { data } } } } } }"""
REGISTERED = """query ($id: ID!) { account(id: $id) { ... on BusinessAccount { supportCode
    viewerMembership { role } company { name } subscriptions { totalCount } } } }"""
ALL = """query ($search: String, $first: Int, $after: String) { staff {
    accounts(search: $search, first: $first, after: $after) { totalCount pageInfo { hasNextPage endCursor }
        nodes { __typename id name ... on BusinessAccount { supportCode } } } } }"""


@pytest.mark.rule("ACC-3")
async def test_administrators_change_the_profile(portal: Portal) -> None:
    ada = await portal.administrator()
    profile = {
        "name": " Acme  AG ",
        "street": "Weg 1",
        "city": "Bern",
        "country": "CH",
        "zip": "3000",
        "phone": "1",
    }
    payload = await portal.done("updateCompany", ada.token, accountId=ada.account, company=profile)
    assert payload["account"]["name"] == payload["account"]["company"]["name"] == "Acme AG"
    assert payload["account"]["company"]["state"] is None
    again = await portal.done("updateCompany", ada.token, accountId=ada.account, company=profile)
    assert again == payload
    account = (await portal.query(COMPANY_OF, ada.token, id=ada.account))["account"]
    assert len(account["events"]["nodes"]) == 1, "nothing changed the second time"
    assert account["events"]["nodes"][0]["data"]["changed"]["city"] == "Bern"
    bad = {**profile, "name": "", "zip": "\x00", "phone": "x" * 101}
    refused = await portal.refused("updateCompany", ada.token, accountId=ada.account, company=bad)
    assert refused == [("INVALID", "company.name"), ("INVALID", "company.zip"), ("INVALID", "company.phone")]
    own = (await portal.query("{ viewer { personalAccount { id } } }", ada.token))["viewer"][
        "personalAccount"
    ]
    for wrong in (own["id"], own["id"].replace("Personal", "Business"), "x"):
        refused = await portal.refused("updateCompany", ada.token, accountId=wrong, company=COMPANY)
        assert refused == [("NOT_FOUND", "accountId")]


@pytest.mark.rule("ACC-1", "ACC-2", "SUB-3")
async def test_who_registers_a_key_where(portal: Portal) -> None:
    ada = await portal.administrator()
    account = (await portal.query(REGISTERED, ada.token, id=ada.account))["account"]
    assert account["viewerMembership"] == {"role": "ACCOUNT_ADMINISTRATOR"}
    first, _, second = account["supportCode"].partition("-")
    assert (len(first), len(second), (first + second).isdigit()) == (5, 5, True)
    bob, stranger = await join(portal, ada, keys=(ada.key,)), await portal.administrator()
    own = (await portal.query("{ viewer { personalAccount { id } } }", bob.token))["viewer"][
        "personalAccount"
    ]
    code = await portal.issue()
    for person, where, expected in (
        (bob, ada.account, ("FORBIDDEN", "")),
        (stranger, ada.account, ("NOT_FOUND", "accountId")),
        (bob, own["id"], ("BUSINESS_DETAILS_REQUIRED", "accountId")),
        (stranger, own["id"], ("NOT_FOUND", "accountId")),
        (await portal.staff(), ada.account, ("FORBIDDEN", "")),
    ):
        assert await portal.refused("registerKey", person.token, code=code, accountId=where) == [expected]
    assert await portal.refused("registerKey", bob.token, code=code) == [
        ("BUSINESS_DETAILS_REQUIRED", "company")
    ]
    assert (await portal.query(REGISTERED, ada.token, id=ada.account))["account"]["subscriptions"][
        "totalCount"
    ] == 1
    # A regular member makes an account of their own; nothing joins it to the other one.
    payload = await portal.done("registerKey", bob.token, code=code, company=COMPANY | {"name": "Bob's"})
    mine = await portal.query("{ viewer { accounts { totalCount nodes { name } } } }", bob.token)
    names = [account["name"] for account in mine["viewer"]["accounts"]["nodes"]]
    assert names == ["Acme", "Bob's", "Nora Newcomer"]
    assert payload["account"]["id"] != ada.account


@pytest.mark.rule("ACC-13")
async def test_staff_make_partners_and_see_all_accounts(portal: Portal) -> None:
    pia, ada = await partner(portal), await portal.administrator()
    staff = await portal.staff()
    account = (await portal.query(COMPANY_OF, pia.token, id=pia.account))["account"]
    assert account["isPartner"] is True
    assert account["events"]["nodes"][0]["data"]["changed"] == {"isPartner": True}
    assert (await portal.query(ALL, pia.token))["staff"] is None
    assert (await portal.query(ALL))["staff"] is None
    found = (await portal.query(ALL, staff.token))["staff"]["accounts"]
    # Three people, two companies.
    assert found["totalCount"] == 5
    code = next(node["supportCode"] for node in found["nodes"] if node["id"] == ada.account)
    for search, count in (("acm", 2), ("%", 0), (code, 1), (code[:5], 0), (" ", 5), ("\0", 0)):
        found = (await portal.query(ALL, staff.token, search=search))["staff"]["accounts"]
        assert found["totalCount"] == len(found["nodes"]) == count, search
    page = (await portal.query(ALL, staff.token, first=2))["staff"]["accounts"]
    rest = await portal.query(ALL, staff.token, after=page["pageInfo"]["endCursor"])
    assert len(rest["staff"]["accounts"]["nodes"]) == 3
    missing = {"accountId": "BusinessAccount_" + "0" * 32, "isPartner": True}
    assert await portal.refused("setPartner", staff.token, **missing) == [("NOT_FOUND", "accountId")]
    assert await portal.refused("setPartner", pia.token, **(missing | {"accountId": ada.account})) == [
        ("NOT_FOUND", "accountId")
    ]
