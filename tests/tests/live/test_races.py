"""Limits hold whoever comes at the same time."""

import asyncio
from collections import Counter

import pytest

from tests.support.portal import COMPANY, Portal


@pytest.mark.rule("DEV-1", "KEY-3")
async def test_forty_computers_at_once_share_ten_licences(portal: Portal) -> None:
    ada = await portal.administrator(quantity=10)
    answers = await asyncio.gather(
        *(portal.do("activateComputer", keyCode=ada.code, **portal.machine()) for _ in range(40))
    )
    told = Counter(tuple(error["code"] for error in answer["errors"]) for answer in answers)
    assert told == {(): 10, ("NO_LICENSES_LEFT",): 30}
    assert all((answer["installation"] is None) == bool(answer["errors"]) for answer in answers)
    account = await portal.query(USE, ada.token, id=ada.account)
    key = account["account"]["subscriptions"]["nodes"][0]["primaryKey"]
    assert (key["used"], key["available"]) == (10, 0)
    assert account["account"]["computers"]["totalCount"] == 10
    # One who goes makes room for one, whoever is first.
    gone = next(answer["installationToken"] for answer in answers if not answer["errors"])
    await portal.done("deactivateSelf", installationToken=gone)
    answers = await asyncio.gather(
        *(portal.do("activateComputer", keyCode=ada.code, **portal.machine()) for _ in range(5))
    )
    assert sum(not answer["errors"] for answer in answers) == 1


USE = """query ($id: ID!) { account(id: $id) { ... on BusinessAccount { computers { totalCount }
    subscriptions { totalCount nodes { name primaryKey { used available } } } } } }"""


@pytest.mark.rule("SUB-3")
async def test_two_people_register_one_code_at_once_and_one_wins(portal: Portal) -> None:
    people = [await portal.person() for _ in range(2)]
    for _ in range(5):
        code = await portal.issue()
        answers = await asyncio.gather(
            *(portal.do("registerKey", person.token, code=code, company=COMPANY) for person in people * 2)
        )
        codes = Counter(tuple(error["code"] for error in answer["errors"]) for answer in answers)
        assert codes == {(): 1, ("KEY_ALREADY_REGISTERED",): 3}
    # Who lost has no half-made account.
    mine = "{ viewer { accounts { nodes { ... on BusinessAccount { subscriptions { totalCount } } } } } }"
    held = [
        account["subscriptions"]["totalCount"]
        for person in people
        for account in (await portal.query(mine, person.token))["viewer"]["accounts"]["nodes"]
        if account
    ]
    assert held == [1] * 5


@pytest.mark.rule("DEV-2")
async def test_one_computer_ten_times_at_once_is_one_installation(portal: Portal) -> None:
    ada = await portal.administrator(quantity=2)
    machine = portal.machine()
    answers = await asyncio.gather(
        *(portal.done("activateComputer", keyCode=ada.code, **machine) for _ in range(10))
    )
    assert len({answer["installation"]["id"] for answer in answers}) == 1
    account = (await portal.query(USE, ada.token, id=ada.account))["account"]
    assert account["computers"]["totalCount"] == 1
    assert account["subscriptions"]["nodes"][0]["primaryKey"] == {"used": 1, "available": 1}
    # Every client got a token that works.
    for token in {answer["installationToken"] for answer in answers}:
        assert (await portal.done("checkIn", installationToken=token))["state"] == "ACTIVE"


@pytest.mark.rule("IDN-2")
async def test_one_address_signed_up_ten_times_at_once_is_one_person(portal: Portal) -> None:
    form = {"firstName": "Ada", "lastName": "L", "password": "wonderful-Kettle-42", "acceptTerms": True}
    written = ("ada@example.com", "Ada@example.com", "ADA@EXAMPLE.COM")
    await asyncio.gather(*(portal.done("signUp", email=written[n % 3], **form) for n in range(10)))
    mails = {mail["id"]: mail["subject"] for address in written for mail in await portal.mails(address)}
    confirm, *notices = sorted(Counter(mails.values()).values())
    assert (confirm, len(notices)) == (1, 1)
