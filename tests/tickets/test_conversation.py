"""A conversation between customer, watcher and staff: each sees exactly what they may, once."""

from typing import Any

import pytest

from tests.support.portal import Portal
from tests.support.tickets import QUEUE, UPDATES, member, sql, ticket

EVENTS = """query ($account: ID!) { account(id: $account) { ... on BusinessAccount {
    events { totalCount nodes { sequence type summary } } } } }"""
SECRET = "zebra finding"


def told(event: dict[str, Any]) -> tuple[str, str, str | None]:
    message = event["message"]
    return event["type"], event["status"], message and message["body"]


@pytest.mark.rule("SUP-3", "SUP-5", "SUP-6", "SUP-7", "EVT-2", "EVT-4")
async def test_customer_watcher_and_staff(portal: Portal) -> None:
    ada = await portal.administrator()
    bob, bobs = await member(portal, ada.account, firstName="Bob")
    eve = await portal.administrator()
    sam = await portal.staff()
    async with (
        portal.live(ada.token) as adas,
        portal.live(bob.token) as bobs_socket,
        portal.live(sam.token) as sams,
    ):
        customer = await adas.subscribe(UPDATES, account=ada.account)
        watcher = await bobs_socket.subscribe(UPDATES, account=ada.account)
        staff = await sams.subscribe(UPDATES)
        await portal.subscribed(3)

        opened = await ticket(portal, ada, watcherIds=[bobs])
        id_ = opened["id"]
        assert opened["number"][0] == "#"
        assert len(opened["number"]) == 8
        assert opened["subject"] == "Acme: No network"
        assert (opened["status"], opened["owner"]["email"]) == ("NEW", ada.email)
        noted = await portal.done("replyAsStaff", sam.token, ticketId=id_, body=SECRET, internal=True)
        assert noted["message"]["internal"]
        await portal.done(
            "replyAsStaff", sam.token, ticketId=id_, body="Restart it.", status="WAITING_FOR_CUSTOMER"
        )
        await portal.done("replyToTicket", bob.token, ticketId=id_, body="It works.")
        await portal.done("setTicketStatus", sam.token, ticketId=id_, status="RESOLVED")

        first = "The machine has no network."
        public = [
            ("TICKET_CREATED", "NEW", first),
            ("TICKET_REPLIED", "WAITING_FOR_CUSTOMER", "Restart it."),
            ("TICKET_STATUS_CHANGED", "WAITING_FOR_CUSTOMER", None),
            ("TICKET_REPLIED", "OPEN", "It works."),
            ("TICKET_STATUS_CHANGED", "OPEN", None),
            ("TICKET_STATUS_CHANGED", "RESOLVED", None),
        ]
        for subscription in (customer, watcher):
            got = [await subscription.next() for _ in public]
            assert [told(event) for event in got] == public
            assert [event["sequence"] for event in got] == [2, 3, 4, 5, 6, 7]
            assert got[1]["message"]["author"] == {"name": "Sam Staff", "staff": True}
        heard = [await staff.next() for _ in range(7)]
        assert told(heard[1]) == ("TICKET_REPLIED", "NEW", SECRET)
        assert [told(event) for event in (heard[0], *heard[2:])] == public
        for subscription in (customer, watcher, staff):
            assert await subscription.quiet(0.2)

    await check_mail(portal, ada.email, bob.email, opened["number"])
    assert not await portal.mails(sam.email)
    log = await portal.query(EVENTS, ada.token, account=ada.account)
    assert log["account"]["events"]["totalCount"] == 7
    assert SECRET not in str(log)
    assert (await portal.query(QUEUE, sam.token))["staff"]["tickets"]["totalCount"] == 1
    assert await portal.query(QUEUE, ada.token) == {"staff": None}
    await check_strangers(portal, eve.token, ada.account, id_)


async def check_mail(portal: Portal, owner: str, watcher: str, number: str) -> None:
    owners = [mail for mail in reversed(await portal.mails(owner)) if number in mail["subject"]]
    watchers = [mail for mail in reversed(await portal.mails(watcher)) if number in mail["subject"]]
    # Nobody gets mail of what they did themselves: Ada opened it, Bob wrote the answer.
    assert [part(mail) for mail in owners] == ["Restart it.", "It works.", "resolved"]
    assert [part(mail) for mail in watchers] == ["The machine has no network.", "Restart it.", "resolved"]
    assert SECRET not in str(owners) + str(watchers)
    created, answered, resolved = (mail["headers"] for mail in watchers)
    assert answered["In-Reply-To"] == answered["References"] == created["Message-ID"]
    assert resolved["References"].split()[0] == created["Message-ID"]
    # A message has one ID in everybody's mailbox, and each conversation begins with the same.
    assert owners[0]["headers"]["Message-ID"] == answered["Message-ID"]
    assert owners[1]["headers"]["References"].split() == [created["Message-ID"], answered["Message-ID"]]
    assert resolved["In-Reply-To"] == owners[1]["headers"]["Message-ID"]
    rows = await sql(portal, "select count(*) as mails from mail where kind like 'TICKET%'")
    assert rows[0]["mails"] == 6


def part(mail: dict[str, Any]) -> str:
    text: str = mail["text"]
    known = ("The machine has no network.", "Restart it.", "It works.", "resolved")
    return next(words for words in known if words in text)


async def check_strangers(portal: Portal, token: str, account: str | None, id_: str) -> None:
    node = "query ($id: ID!) { node(id: $id) { id } }"
    assert await portal.query(node, token, id=id_) == {"node": None}
    wanted = [({"account": account}, "NOT_FOUND"), ({"ticket": id_}, "NOT_FOUND"), ({}, "BAD_USER_INPUT")]
    for place, code in wanted:
        async with portal.live(token) as live:
            refused = await (await live.subscribe(UPDATES, **place)).error()
            assert refused["extensions"]["code"] == code
