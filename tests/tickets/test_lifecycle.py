"""Opening, closing, reopening, rating, calling, watching, staff's own acts."""

from typing import Any

import pytest

from app.core import ids
from app.core.ids import new_id
from tests.support.portal import Person, Portal, running
from tests.support.servers import make_settings
from tests.support.tickets import QUEUE, TICKETS, category, member, representative, sql, ticket, upload, uuid

EVENTS = "select count(*) as n from event where subject_type = 'Ticket'"


async def count(portal: Portal, table: str) -> int:
    rows = await sql(portal, f"select count(*) as n from {table}")
    found: int = rows[0]["n"]
    return found


@pytest.mark.rule("SUP-2", "SUP-3")
async def test_opening(portal: Portal) -> None:
    ada = await portal.administrator()
    _, regular = await member(portal, ada.account, "REGULAR_MEMBER")
    _, stranger = await member(portal, (await portal.administrator()).account)
    form: dict[str, Any] = {
        "accountId": ada.account,
        "product": "RAS",
        "categoryId": await category(portal, "RAS", 1),
        "subject": "Printers",
        "description": "Gone.\x00",
        "method": "PHONE",
    }
    made = (await portal.done("createTicket", ada.token, **form))["ticket"]
    assert (made["method"], made["product"], made["category"]) == (
        "PHONE",
        {"code": "RAS"},
        {"name": "Publishing"},
    )
    assert made["messages"]["nodes"] == [{"body": "Gone.", "internal": False}]
    subcategory = (await sql(portal, "select id from support_subcategory where name = 'Printing'"))[0]["id"]
    given = {"categoryId": ids.encode("SupportSubcategory", subcategory)}
    assert (await portal.done("createTicket", ada.token, **form | given))["ticket"]["category"][
        "name"
    ] == "Publishing"

    tickets, events = await count(portal, "ticket"), await count(portal, "event")
    personal = (await portal.query("{ viewer { personalAccount { id } } }", ada.token))["viewer"]
    for changes, error in (
        ({"description": "  "}, ("INVALID", "description")),
        ({"subject": "x" * 151}, ("INVALID", "subject")),
        ({"product": "DESKTOP"}, ("INVALID", "categoryId")),
        ({"categoryId": ids.encode("SupportCategory", new_id())}, ("NOT_FOUND", "categoryId")),
        ({"accountId": personal["personalAccount"]["id"]}, ("NOT_FOUND", "accountId")),
        ({"accountId": ids.encode("BusinessAccount", new_id())}, ("NOT_FOUND", "accountId")),
        ({"watcherIds": [regular]}, ("INVALID", "watcherIds.0")),
        ({"watcherIds": [stranger]}, ("NOT_FOUND", "watcherIds.0")),
    ):
        assert await portal.refused("createTicket", ada.token, **form | changes) == [error]
    assert (await count(portal, "ticket"), await count(portal, "event")) == (tickets, events)


@pytest.mark.rule("SUP-4")
async def test_from_new_to_rated(portal: Portal) -> None:
    ada, sam = await portal.administrator(), await portal.staff()
    id_ = (await ticket(portal, ada))["id"]
    state = [("TICKET_STATE", "ticketId")]
    one = {"ticketId": id_}
    assert await portal.refused("reopenTicket", ada.token, **one) == state
    assert await portal.refused("submitTicketSurvey", ada.token, **one, rating=5) == state
    assert (await portal.done("replyAsStaff", sam.token, **one, body="Hello"))["ticket"]["status"] == "OPEN"
    assert await portal.refused("setTicketStatus", sam.token, **one, status="NEW") == [("INVALID", "status")]
    await portal.done("setTicketStatus", sam.token, **one, status="RESOLVED")
    before = (await sql(portal, EVENTS))[0]["n"]
    await portal.done("setTicketStatus", sam.token, **one, status="RESOLVED")
    assert await portal.refused("closeTicket", ada.token, **one) == state
    assert await portal.refused("submitTicketSurvey", ada.token, **one, rating=6) == [("INVALID", "rating")]
    assert (await sql(portal, EVENTS))[0]["n"] == before
    rated = await portal.done("submitTicketSurvey", ada.token, **one, rating=4, comment=" Fine ")
    assert rated["ticket"]["survey"] == {"rating": 4, "comment": "Fine"}
    assert await portal.refused("submitTicketSurvey", ada.token, **one, rating=1) == state

    assert (await portal.done("replyToTicket", ada.token, **one, body="Again"))["ticket"]["status"] == "OPEN"
    assert (await portal.done("closeTicket", ada.token, **one))["ticket"]["status"] == "CLOSED"
    assert await portal.refused("replyToTicket", ada.token, **one, body="Too late") == state
    assert await portal.refused("replyAsStaff", sam.token, **one, body="Too late") == state
    await portal.done("replyAsStaff", sam.token, **one, body="for us", internal=True)
    await portal.advance("P29D")
    assert (await portal.done("reopenTicket", await portal.sign_in(ada.email), **one))["ticket"][
        "status"
    ] == "OPEN"
    await portal.done("closeTicket", await portal.sign_in(ada.email), **one)
    await portal.advance("P31D")
    assert await portal.refused("reopenTicket", await portal.sign_in(ada.email), **one) == state


@pytest.mark.rule("SUP-2")
async def test_booked_calls(portal: Portal, cluster: Any, database_url: str) -> None:
    ada = await portal.administrator()
    by_mail = (await ticket(portal, ada))["id"]
    by_phone = (await ticket(portal, ada, method="PHONE"))["id"]
    night, day = "2099-11-23T02:00:00Z", "2099-11-23T09:00:00+01:00"  # a Monday
    assert await portal.refused("bookCall", ada.token, ticketId=by_mail, at=day) == [("INVALID", "ticketId")]
    past = "2020-01-01T10:00:00Z"
    assert await portal.refused("bookCall", ada.token, ticketId=by_phone, at=past) == [("INVALID", "at")]
    booked = (await portal.done("bookCall", ada.token, ticketId=by_phone, at=night))["ticket"]
    assert booked["bookedCallAt"] == night
    strict = make_settings(cluster, database_url, support_hours="Mon-Fri 08:00-18:00 Europe/Zurich")
    async with running(strict) as office:
        assert await office.refused("bookCall", ada.token, ticketId=by_phone, at=night) == [("INVALID", "at")]
        moved = (await office.done("bookCall", ada.token, ticketId=by_phone, at=day))["ticket"]
        assert moved["bookedCallAt"] == "2099-11-23T08:00:00Z"
    await portal.done("closeTicket", ada.token, ticketId=by_phone)
    assert await portal.refused("bookCall", ada.token, ticketId=by_phone, at=day) == [
        ("TICKET_STATE", "ticketId")
    ]


@pytest.mark.rule("SUP-5")
async def test_watchers_come_and_go(portal: Portal) -> None:
    ada, sam = await portal.administrator(), await portal.staff()
    bob, bobs = await member(portal, ada.account)
    carl, carls = await member(portal, ada.account)
    _, regular = await member(portal, ada.account, "REGULAR_MEMBER")
    id_ = (await ticket(portal, ada))["id"]

    async def change(verb: str, membership: str) -> list[str]:
        payload = await portal.done(verb, ada.token, ticketId=id_, membershipId=membership)
        return [watcher["person"]["email"] for watcher in payload["ticket"]["watchers"]]

    assert await change("addTicketWatcher", bobs) == [bob.email]
    assert await change("addTicketWatcher", bobs) == [bob.email]
    assert await change("addTicketWatcher", carls) == [bob.email, carl.email]
    assert await change("removeTicketWatcher", carls) == [bob.email]
    assert await change("addTicketWatcher", carls) == [bob.email, carl.email]
    # Who loses the role stops being a watcher, and is none when the role comes back.
    for role in ("REGULAR_MEMBER", "ACCOUNT_ADMINISTRATOR"):
        await portal.done("updateMember", ada.token, membershipId=carls, role=role)
        watchers = await sql(portal, "select membership_id from ticket_watcher")
        assert [row["membership_id"] for row in watchers] == [uuid(bobs)]
    refused = {"ticketId": id_, "membershipId": carls}
    assert await portal.refused("removeTicketWatcher", ada.token, **refused) == [
        ("NOT_FOUND", "membershipId")
    ]
    refused = {"ticketId": id_, "membershipId": regular}
    assert await portal.refused("addTicketWatcher", ada.token, **refused) == [("INVALID", "membershipId")]

    await portal.done("replyAsStaff", sam.token, ticketId=id_, body="One")
    # Blocked, nobody gets mail, neither as watcher nor as owner.
    await portal.done("blockMember", ada.token, membershipId=bobs)
    await portal.done("replyAsStaff", sam.token, ticketId=id_, body="Two")
    await sql(
        portal,
        "update membership set status = 'BLOCKED' where account_id = $1 and person_id = (select id from person"
        " where email = $2)",
        uuid(ada.account),
        ada.email,
    )
    await portal.done("replyAsStaff", sam.token, ticketId=id_, body="Three")
    assert await told(portal, bob) == ["One"]
    assert await told(portal, ada) == ["One", "Two"]
    # Who goes on with it has it from now on.
    inherited = (await portal.done("replyToTicket", carl.token, ticketId=id_, body="I go on"))["ticket"]
    assert inherited["owner"]["email"] == carl.email
    await portal.done("replyAsStaff", sam.token, ticketId=id_, body="Four")
    assert await told(portal, carl) == ["Four"]


async def told(portal: Portal, person: Person) -> list[str]:
    mails = [
        mail["text"]
        for mail in reversed(await portal.mails(person.email))
        if "Support request" in mail["subject"]
    ]
    return [word for text in mails for word in ("One", "Two", "Three", "Four") if word in text]


@pytest.mark.rule("SUP-5", "ACC-13", "ACC-11", "ACC-12")
async def test_who_may_what(portal: Portal) -> None:
    ada, sam, eve = await portal.administrator(), await portal.staff(), await portal.administrator()
    rep = await representative(portal, ada)
    regular, _ = await member(portal, ada.account, "REGULAR_MEMBER")
    _, bobs = await member(portal, ada.account)
    id_ = (await ticket(portal, ada, watcherIds=[bobs]))["id"]
    await ticket(portal, rep)
    await portal.done("replyAsStaff", sam.token, ticketId=id_, body="hidden", internal=True)
    seen = await portal.query(TICKETS, rep.token, account=ada.account)
    assert seen["account"]["tickets"]["totalCount"] == 2
    # A representative knows no members, but whose ticket it is.
    done = (await portal.done("replyToTicket", rep.token, ticketId=id_, body="We look at it"))["ticket"]
    assert (done["owner"]["email"], done["watchers"], done["messages"]["totalCount"]) == (ada.email, [], 2)
    await portal.done("closeTicket", rep.token, ticketId=id_)
    await portal.done("reopenTicket", rep.token, ticketId=id_)

    events, messages = await count(portal, "event"), await count(portal, "ticket_message")
    watching = {"ticketId": id_, "membershipId": bobs}
    assert await portal.refused("addTicketWatcher", rep.token, **watching) == [("FORBIDDEN", "")]
    assert await portal.refused("removeTicketWatcher", rep.token, **watching) == [("FORBIDDEN", "")]
    acts: dict[str, dict[str, Any]] = {
        "bookCall": {"at": "2099-01-01T00:00:00Z"},
        "replyToTicket": {"body": "x"},
        "closeTicket": {},
        "reopenTicket": {},
        "submitTicketSurvey": {"rating": 1},
        "addTicketWatcher": {"membershipId": bobs},
        "removeTicketWatcher": {"membershipId": bobs},
        "replyAsStaff": {"body": "x"},
        "setTicketStatus": {"status": "CLOSED"},
        "assignTicket": {},
    }
    for verb, more in acts.items():
        for outsider in (eve, regular):
            found = await portal.refused(verb, outsider.token, ticketId=id_, **more)
            assert found == [("NOT_FOUND", "ticketId")], verb
        other = ada if "taff" in verb or verb in ("setTicketStatus", "assignTicket") else sam
        assert await portal.refused(verb, other.token, ticketId=id_, **more) == [("FORBIDDEN", "")], verb
    form = {"product": "DESKTOP", "categoryId": await category(portal), "subject": "s", "description": "d"}
    assert await portal.refused("createTicket", eve.token, accountId=ada.account, **form) == [
        ("NOT_FOUND", "accountId")
    ]
    for outsider in (regular, sam):
        assert await portal.refused("createTicket", outsider.token, accountId=ada.account, **form) == [
            ("FORBIDDEN", "")
        ]
    article = {"product": "DESKTOP", "title": "t", "body": "b"}
    assert await portal.refused("publishArticle", ada.token, **article) == [("FORBIDDEN", "")]
    assert (await portal.query(TICKETS, regular.token, account=ada.account))["account"]["tickets"] is None
    assert (await count(portal, "event"), await count(portal, "ticket_message")) == (events, messages)
    # Files of somebody who is refused are not even stored.
    assert (await upload(portal, "replyToTicket", eve.token, [("a.txt", b"a")], ticketId=id_, body="x"))[
        "errors"
    ]
    assert await count(portal, "stored_object") == 0


@pytest.mark.rule("SUP-7")
async def test_staff_assign_and_customers_see_nothing_of_it(portal: Portal) -> None:
    ada, sam = await portal.administrator(), await portal.staff()
    made = await ticket(portal, ada)
    me = (await portal.query("{ viewer { person { id } } }", sam.token))["viewer"]["person"]["id"]
    adas = (await portal.query("{ viewer { person { id } } }", ada.token))["viewer"]["person"]["id"]
    one = {"ticketId": made["id"]}
    assert await portal.refused("assignTicket", sam.token, **one, personId=adas) == [("INVALID", "personId")]
    assert (await portal.done("assignTicket", sam.token, **one, personId=me))["ticket"]["assignee"] == {
        "email": sam.email
    }
    noted = await portal.done("replyAsStaff", sam.token, **one, body="secret", internal=True)
    assert noted["ticket"]["updatedAt"] == made["updatedAt"]
    seen = await portal.query(
        "query ($id: ID!) { node(id: $id) { ... on Ticket { assignee { email } updatedAt status"
        " messages { totalCount nodes { body } } } } }",
        ada.token,
        id=made["id"],
    )
    assert seen["node"] == {
        "assignee": None,
        "updatedAt": made["updatedAt"],
        "status": "NEW",
        "messages": {"totalCount": 1, "nodes": [{"body": "The machine has no network."}]},
    }
    note = noted["message"]["id"]
    node = "query ($id: ID!) { node(id: $id) { id } }"
    assert await portal.query(node, ada.token, id=note) == {"node": None}
    assert (await portal.query(node, sam.token, id=note))["node"] == {"id": note}
    assert (await portal.query(QUEUE, sam.token))["staff"]["tickets"]["nodes"][0]["assignee"] == {
        "email": sam.email
    }
    await portal.done("assignTicket", sam.token, **one)
    assert (await portal.query(QUEUE, sam.token))["staff"]["tickets"]["nodes"][0]["assignee"] is None
