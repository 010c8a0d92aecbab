"""Lists of tickets: filters, text, pages, and what customers can't find."""

import pytest

from tests.support.portal import Portal
from tests.support.tickets import QUEUE, TICKETS, category, ticket


@pytest.mark.rule("SUP-3", "SUP-7")
async def test_lists(portal: Portal) -> None:
    ada, eve, sam = await portal.administrator(), await portal.administrator(), await portal.staff()
    first = await ticket(portal, ada, subject="Drucker", description="Häuser und 打印机驱动程序")
    second = await ticket(
        portal,
        ada,
        product="RAS",
        categoryId=await category(portal, "RAS"),
        subject="Farm",
        description="suspended",
    )
    foreign = await ticket(portal, eve, subject="Drucker")
    await portal.done("replyAsStaff", sam.token, ticketId=first["id"], body="zebrafinch", internal=True)
    await portal.done("replyToTicket", ada.token, ticketId=second["id"], body="It says licence-limit reached")
    await portal.done("setTicketStatus", sam.token, ticketId=second["id"], status="RESOLVED")

    async def found(**filter: object) -> list[str]:
        data = await portal.query(TICKETS, ada.token, account=ada.account, filter=filter)
        tickets = data["account"]["tickets"]
        assert tickets["totalCount"] == len(tickets["nodes"])
        return [node["id"] for node in tickets["nodes"]]

    one, two = first["id"], second["id"]
    assert await found() == [two, one]
    assert await found(statuses=["NEW", "OPEN", "WAITING_FOR_CUSTOMER"]) == [one]
    assert await found(statuses=["RESOLVED", "CLOSED"]) == [two]
    assert await found(product="RAS") == [two]
    assert await found(search="druck") == [one]
    assert await found(search="hauser") == [one]
    assert await found(search="印机") == [one]
    assert await found(search="LICENCE limit") == [two]
    assert await found(search="limit drucker") == []
    assert await found(search=first["number"]) == [one]
    assert await found(search="  ") == [two, one]
    assert await found(search="'!&|:*\\") == []
    # A note is found by staff alone: not by its words, not by a count.
    assert await found(search="zebrafinch") == []

    async def queued(**filter: object) -> set[str]:
        data = await portal.query(QUEUE, sam.token, filter=filter)
        return {node["id"] for node in data["staff"]["tickets"]["nodes"]}

    assert await queued(search="zebrafinch") == {one}
    assert await queued(search="drucker") == {one, foreign["id"]}
    assert await queued(statuses=["RESOLVED"]) == {two}

    page = await portal.query(TICKETS, ada.token, account=ada.account, first=1)
    info = page["account"]["tickets"]["pageInfo"]
    assert info["hasNextPage"]
    rest = await portal.query(TICKETS, ada.token, account=ada.account, first=1, after=info["endCursor"])
    assert [node["id"] for node in rest["account"]["tickets"]["nodes"]] == [one]
    staffs = "query ($after: String) { staff { tickets(after: $after) { nodes { id } } } }"
    answer = await portal.ask(staffs, sam.token, after=info["endCursor"])
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
