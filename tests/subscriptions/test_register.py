"""SUB-3, ACC-1, ACC-2: a key finds its account."""

import re
import uuid
from typing import Any

import pytest

from tests.support.portal import COMPANY, Portal

ACCOUNTS = """{ viewer { personalAccount { id } accounts { totalCount nodes { __typename id name
    subscriptions { totalCount nodes { name } }
    ... on BusinessAccount { supportCode company { name street city country state zip phone }
        administrators { person { email } role status } viewerMembership { role } } } } } }"""


async def accounts_of(portal: Portal, token: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await portal.query(ACCOUNTS, token))["viewer"]["accounts"]["nodes"]
    return found


@pytest.mark.rule("ACC-1", "ACC-2", "SUB-3")
async def test_the_first_business_subscription_makes_the_account(portal: Portal) -> None:
    ada = await portal.person()
    (personal,) = await accounts_of(portal, ada.token)
    code = await portal.issue()
    assert await portal.refused("registerKey", ada.token, code=code) == [
        ("BUSINESS_DETAILS_REQUIRED", "company")
    ]
    refused = await portal.refused("registerKey", ada.token, code=code, accountId=personal["id"])
    assert refused == [("BUSINESS_DETAILS_REQUIRED", "accountId")]
    for field in ("name", "country", "zip", "phone"):
        missing = COMPANY | {field: "  "}
        refused = await portal.refused("registerKey", ada.token, code=code, company=missing)
        assert refused == [("INVALID", f"company.{field}")]
    assert len(await accounts_of(portal, ada.token)) == 1

    company = COMPANY | {"name": " Acme  Ltd ", "city": "Berlin", "street": " "}
    written = code.lower().replace("-", " ")
    payload = await portal.done("registerKey", ada.token, code=written, name="Main", company=company)
    assert payload["subscription"]["name"] == "Main"
    assert payload["subscription"]["primaryKey"]["code"] == code
    business = next(
        each for each in await accounts_of(portal, ada.token) if each["id"] == payload["account"]["id"]
    )
    assert business["name"] == business["company"]["name"] == "Acme Ltd"
    assert business["company"] | {"name": ""} == COMPANY | {
        "name": "",
        "city": "Berlin",
        "street": None,
        "state": None,
    }
    assert re.fullmatch(r"\d{5}-\d{5}", business["supportCode"])
    (administrator,) = business["administrators"]
    assert administrator == {
        "person": {"email": ada.email},
        "role": "ACCOUNT_ADMINISTRATOR",
        "status": "ACTIVE",
    }
    assert business["viewerMembership"] == {"role": "ACCOUNT_ADMINISTRATOR"}

    # A second one goes into the same account, or makes another: the client says which (ACC-2).
    await portal.done("registerKey", ada.token, code=await portal.issue(), accountId=business["id"])
    await portal.done("registerKey", ada.token, code=await portal.issue(), company=COMPANY)
    found = await accounts_of(portal, ada.token)
    assert {each["__typename"] for each in found} == {"PersonalAccount", "BusinessAccount"}
    assert sorted(each["subscriptions"]["totalCount"] for each in found) == [0, 1, 2]
    assert len({each.get("supportCode") for each in found}) == 3


@pytest.mark.rule("SUB-3", "SUB-2", "ACC-14")
async def test_keys_that_can_not_be_registered(portal: Portal) -> None:
    ada, bob = await portal.administrator(), await portal.administrator()
    before = await accounts_of(portal, ada.token)
    good = await portal.issue()
    typo = good[:-1] + ("0" if good[-1] != "0" else "1")
    for code in (typo, "", "nonsense", good[:-6], "LYC-T-AAAA-AAAA-AAAA", "ü" * 30, "\u0000"):
        refused = await portal.refused("registerKey", ada.token, code=code, accountId=ada.account)
        assert refused == [("KEY_MALFORMED", "code")], code
    unknown = "LYC-" + "-".join(["00000"] * 5)
    refused = await portal.refused("registerKey", ada.token, code=unknown, accountId=ada.account)
    assert refused == [("KEY_UNKNOWN", "code")]
    # The same answer whoever holds it.
    payloads = [
        await portal.do("registerKey", ada.token, code=code, accountId=ada.account)
        for code in (ada.code, bob.code)
    ]
    assert payloads[0] == payloads[1]
    assert payloads[0]["errors"][0]["code"] == "KEY_ALREADY_REGISTERED"

    for nowhere in (bob.account, f"BusinessAccount_{uuid.uuid4().hex}", ada.subscription, "", "x"):
        refused = await portal.refused("registerKey", ada.token, code=good, accountId=nowhere)
        assert refused == [("NOT_FOUND", "accountId")], nowhere
    refused = await portal.refused("registerKey", ada.token, code=good, accountId=ada.account, name="x" * 101)
    assert refused == [("INVALID", "name")]

    late = await portal.issue(termMonths=1)
    await portal.advance("P32D")
    ada.token = await portal.sign_in(ada.email)
    refused = await portal.refused("registerKey", ada.token, code=late, accountId=ada.account)
    assert refused == [("KEY_EXPIRED", "code")]
    assert await accounts_of(portal, ada.token) == before
    await portal.done("registerKey", ada.token, code=good, accountId=ada.account)
