"""MAI-1, MAI-5 as a client meets them: a mail comes of itself, and only of what was done."""

import asyncio
from contextlib import suppress

import httpx
import pytest

from app.core.statements import Statement
from tests.support.faults import until
from tests.support.portal import COMPANY, PASSWORD, Portal


async def mailbox(portal: Portal, **params: str) -> list[dict[str, object]]:
    answer = await portal.http.get("/dev/mailbox", params=params, headers={"accept": "application/json"})
    found: list[dict[str, object]] = answer.raise_for_status().json()
    return found


@pytest.mark.rule("MAI-1", "MAI-5")
async def test_mail_comes_by_itself_and_stays_on_the_machine(busy_portal: Portal) -> None:
    form = {"firstName": "Ada", "lastName": "L", "password": PASSWORD, "acceptTerms": True, "language": "DE"}
    people = [f"person{number}@example.com" for number in range(5)]
    await asyncio.gather(*(busy_portal.done("signUp", email=email, **form) for email in people))
    async with asyncio.timeout(20):
        await until(lambda: _complete(busy_portal, people))
    mails = await mailbox(busy_portal)
    assert len({mail["id"] for mail in mails}) == len(mails) == len(people)
    assert [mail["to"] for mail in await mailbox(busy_portal, to=people[0])] == [[people[0]]]
    page = await busy_portal.http.get("/dev/mailbox", headers={"accept": "text/html"})
    assert page.headers["content-type"].startswith("text/html")
    assert people[0] in page.text
    # Links lead to this very portal.
    assert all(f"{busy_portal.url}/confirm-email?token=" in str(mail["text"]) for mail in mails)


async def _complete(portal: Portal, people: list[str]) -> bool:
    return len(await mailbox(portal)) == len(people)


@pytest.mark.rule("MAI-1")
async def test_what_is_refused_or_lost_mails_nothing(portal: Portal) -> None:
    staff = await portal.staff()
    order = {"product": "DESKTOP", "quantity": 1, "termMonths": 12, "sendTo": "buyer@example.com"}
    assert await portal.refused("issueSubscription", staff.token, **(order | {"quantity": 0}))
    ada = await portal.person()
    refused = {"code": "LYC-" + "-".join(["00000"] * 5), "company": COMPANY}
    assert await portal.refused("registerKey", ada.token, **refused)
    assert await portal.mails("buyer@example.com") == []
    # A client that goes away before the answer: the cause is committed with its mail, or neither is.
    mutation = "mutation ($input: IssueSubscriptionInput!) { issueSubscription(input: $input) { code } }"
    body = {"query": mutation, "variables": {"input": order}}
    headers = {"authorization": f"Bearer {staff.token}"}
    for number in range(10):
        with suppress(httpx.TimeoutException):
            await portal.http.post("/graphql", json=body, headers=headers, timeout=0.0001 + number * 0.0002)
    # The server may still be at work for those who have gone; what it then commits has its mails.
    await until(lambda: _as_many(portal))


ISSUED = Statement("select count(*) from license_subscription", (), {})


async def _as_many(portal: Portal) -> bool:
    """There is a mail for each key."""
    mails = len(await portal.mails("buyer@example.com"))
    (row,) = await portal.server.app.read_all().rows(ISSUED)
    return bool(row["count"] == mails)
