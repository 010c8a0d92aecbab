"""Answers by mail: who wrote them, what they say, and what is dropped."""

from collections.abc import AsyncIterator
from email.message import EmailMessage
from typing import Any

import pytest

from app.domain.tickets import inbound, reply_addresses
from app.domain.tickets.inbound import Dropped, without_quotes
from tests.support.portal import Portal, running
from tests.support.servers import make_settings
from tests.support.tickets import member, sql, ticket

SECRET = "a secret that only the mail server knows"
MESSAGES = """query ($id: ID!) { node(id: $id) { ... on Ticket { status messages { nodes {
    body author { name } attachments { filename } } } } } }"""


@pytest.fixture
async def open_portal(cluster: Any, database_url: str) -> AsyncIterator[Portal]:
    async with running(make_settings(cluster, database_url, inbound_mail_secret=SECRET)) as portal:
        yield portal


def answer(to: str, sender: str, text: str, **headers: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = f"Somebody <{sender}>", to, "Re: it"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message


async def hand_over(portal: Portal, message: EmailMessage, secret: str = SECRET) -> Any:
    headers = {"authorization": f"Bearer {secret}", "content-type": "message/rfc822"}
    found = await portal.http.post("/mail/inbound", content=message.as_bytes(), headers=headers)
    return found.json() if found.status_code == 200 else found.status_code


@pytest.mark.rule("SUP-6", "SUP-4")
async def test_an_answer_becomes_a_reply_of_its_writer(open_portal: Portal) -> None:
    portal = open_portal
    ada, sam = await portal.administrator(), await portal.staff()
    bob, bobs = await member(portal, ada.account)
    id_ = (await ticket(portal, ada, watcherIds=[bobs]))["id"]
    await portal.done("replyAsStaff", sam.token, ticketId=id_, body="Please restart.", status="RESOLVED")
    mail = (await portal.mails(ada.email))[0]
    assert "You can simply answer it." in mail["text"]
    to = mail["headers"]["Reply-To"]

    message = answer(
        to, ada.email.upper(), f"It works.\n\nOn Sunday, Sam wrote:\n> {mail['text']}", Message_ID="<1@x>"
    )
    message.add_attachment(b"log", maintype="application", subtype="octet-stream", filename="../a.log")
    assert await hand_over(portal, message) == {"taken": True}
    assert await hand_over(portal, message) == {"taken": False, "reason": "it was taken before"}
    found = (await portal.query(MESSAGES, ada.token, id=id_))["node"]
    assert found["status"] == "OPEN"
    assert found["messages"]["nodes"][2] == {
        "body": "It works.",
        "author": {"name": mail["headers"]["To"].partition(" <")[0].strip('"')},
        "attachments": [{"filename": "a.log"}],
    }
    assert "It works." in (await portal.mails(bob.email))[0]["text"]

    before = await sql(portal, "select (select count(*) from ticket_message), (select count(*) from event)")
    stranger = "its address was not given to its sender"
    machine = "a machine sent it"
    for dropped, reason in (
        (answer(to, bob.email, "I am Bob"), stranger),
        (answer(to, "nobody@example.com", "x"), stranger),
        (answer(to.replace("reply+", "reply+1"), ada.email, "x"), stranger),
        (answer("support@localhost", ada.email, "x"), "no reply address of a ticket is among its recipients"),
        (answer(to, ada.email, "Away", Auto_Submitted="auto-replied"), machine),
        (answer(to, ada.email, "Away", Precedence="bulk"), machine),
        (answer(to, ada.email, "Bounced", Return_Path="<>"), machine),
        (answer(to, f"{ada.email}>, <eve@example.com", "x"), "it has no single sender"),
    ):
        assert await hand_over(portal, dropped) == {"taken": False, "reason": reason}
    assert await hand_over(portal, message, "wrong") == 401
    await portal.done("closeTicket", ada.token, ticketId=id_)
    late = await hand_over(portal, answer(to, ada.email, "Late"))
    assert late["reason"].startswith("TICKET_STATE")
    # Who has lost the right answers no more, whatever address they kept.
    await portal.done("reopenTicket", ada.token, ticketId=id_)
    await sql(
        portal,
        "update membership set status = 'BLOCKED' where person_id = (select id from person where email = $1)",
        ada.email,
    )
    gone = await hand_over(portal, answer(to, ada.email, "Still me"))
    assert gone["reason"].startswith("NOT_FOUND")
    after = await sql(portal, "select (select count(*) from ticket_message), (select count(*) from event)")
    assert after[0][0] == before[0][0]
    # Closing and reopening, each in the account and in the queue of all.
    assert after[0][1] == before[0][1] + 4


@pytest.mark.rule("SUP-8", "SUP-4", "MAI-3")
async def test_a_writer_is_told_why_an_answer_was_not_taken(open_portal: Portal) -> None:
    portal = open_portal
    ada, sam = await portal.administrator(), await portal.staff()
    id_ = (await ticket(portal, ada))["id"]
    await portal.done("replyAsStaff", sam.token, ticketId=id_, body="Please send the log.")
    mail = (await portal.mails(ada.email))[0]
    to, number = mail["headers"]["Reply-To"], mail["subject"].split()[2].rstrip(":")

    def with_files(*files: bytes) -> EmailMessage:
        message = answer(to, ada.email, "Here it is.")
        for place, content in enumerate(files):
            message.add_attachment(content, maintype="text", subtype="x-log", filename=f"{place}.log")
        return message

    large, many = with_files(b"ok", b"\0" * (20 * 2**20 + 1)), with_files(*(b"%d" % n for n in range(11)))
    empty = answer(to, ada.email, "\n")
    cases = [
        (large, "FILE_TOO_LARGE", "larger than 20 MiB"),
        (many, "TOO_MANY_FILES", "more than 10 files"),
        (empty, "INVALID", "longer than 20,000 characters"),
        (answer(to, ada.email, "Late"), "TICKET_STATE", "has ended"),
    ]
    for place, (message, code, text) in enumerate(cases, start=1):
        if code == "TICKET_STATE":
            await portal.done("closeTicket", ada.token, ticketId=id_)
        message["Message-ID"] = f"<{code}@home>"
        for _ in range(2):  # a mail server that hands it over again
            assert (await hand_over(portal, message))["reason"].startswith(f"{code}: ")
        told = [mail for mail in await portal.mails(ada.email) if "was not taken" in mail["subject"]]
        assert len(told) == place
        assert told[0]["subject"] == f"Your answer to support request {number} was not taken"
        assert text in told[0]["text"]
        # What it brings back is an absence note, and no loop.
        assert told[0]["headers"]["Auto-Submitted"] == "auto-generated"
    # Who may not answer any more is told nothing, and neither is who forges an address.
    for dropped in (answer(to, sam.email, "x"), answer(to, "eve@example.com", "x")):
        assert (await hand_over(portal, dropped))["taken"] is False
    everything = [mail for mail in await portal.mails("") if "was not taken" in mail["subject"]]
    assert len(everything) == len(cases)
    assert (await sql(portal, "select count(*) as n from stored_object"))[0]["n"] == 0
    found = (await portal.query(MESSAGES, ada.token, id=id_))["node"]
    assert len(found["messages"]["nodes"]) == 2


async def test_without_a_secret_there_is_no_such_path(portal: Portal) -> None:
    assert await hand_over(portal, answer("reply@localhost", "a@example.com", "x")) == 404


QUOTES = [
    "On Sun, 22 Nov 2026 at 10:00, Lychgate <no-reply@x> wrote:",
    "Am 22.11.2026 um 10:00 schrieb Lychgate <no-reply@x>:",
    "Le dim. 22 nov. 2026 à 10:00, Lychgate <no-reply@x> a écrit :",
    "El dom, 22 nov 2026 a las 10:00, Lychgate escribió:",
    "Il giorno dom 22 nov 2026 alle ore 10:00 Lychgate ha scritto:",
    "Em dom., 22 de nov. de 2026 às 10:00, Lychgate escreveu:",
    "2026年11月22日(日) 10:00 Lychgate <no-reply@x>:",
    "Lychgate <no-reply@x> 于2026年11月22日周日 10:00写道\uff1a",
    "-----Original Message-----",
    "Von: Lychgate <no-reply@x>",
    "-=-=- #1234567 -=-=-",
    "On Sun, 22 Nov 2026 at 10:00,\nLychgate <no-reply@x> wrote:",
]


@pytest.mark.parametrize("quote", QUOTES)
def test_quotations_are_cut(quote: str) -> None:
    assert without_quotes(f"Thanks!\n\nOn Monday we wrote to you.\n\n{quote}\n> old\n> older\n") == (
        "Thanks!\n\nOn Monday we wrote to you."
    )


def test_answers_of_all_sorts_are_read() -> None:
    to = "Reply <REPLY+1234567.ABCDEFGHIJKLMNOPQRSTUVWX@portal.example>"
    html = EmailMessage()
    html["From"], html["To"], html["Message-ID"] = "ada@example.com", to, "<a@b>"
    html.set_content("<p>Hello<br>there</p><blockquote>old</blockquote><script>x()</script>", subtype="html")
    found = inbound.read(html.as_bytes())
    assert (found.number, found.signature, found.body) == (
        1234567,
        "abcdefghijklmnopqrstuvwx",
        "Hello\nthere",
    )
    odd = (
        b"From: ada@example.com\nTo: "
        + to.encode()
        + b"\nContent-Type: text/plain; charset=klingon\n\nHi \xff"
    )
    assert inbound.read(odd).body.startswith("Hi")
    for raw in (b"", b"\xff\xfe", b"From: a@b.c\n\n"):
        with pytest.raises(Dropped):
            inbound.read(raw)
    assert reply_addresses.split("reply+123.x@y") is None
