"""Taking an answer that came by mail: its writer is who the address was given to, or nobody (SUP-6)."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, exists, select

from app.access.actor import Actor
from app.access.authentication import actor_behind
from app.access.permissions import Permission
from app.core.database import Row
from app.core.statements import compiled
from app.domain.application import App
from app.domain.batches import table_of
from app.domain.errors import DomainError, ErrorCode
from app.domain.identity.rules import email_key
from app.domain.mails.commands import Addressee, write
from app.domain.tickets import attachments, commands, inbound, reply_addresses, rules
from app.domain.tickets.commands import Reply
from app.domain.tickets.inbound import Dropped, Incoming
from app.models.mail import MailKind
from app.models.person import Person
from app.models.ticket import Ticket, TicketMessage

_ticket = table_of(Ticket)
_person = table_of(Person)
_message = table_of(TicketMessage)
_CONCERNED = compiled(
    select(
        _ticket.c.id.label("ticket_id"),
        _person.c.id.label("person_id"),
        exists().where(_message.c.mailed_as == bindparam("mailed_as")).label("taken"),
    ).where(
        _ticket.c.number == bindparam("number"),
        _person.c.email_key == bindparam("email_key"),
        _person.c.email_confirmed_at.is_not(None),
    )
)


async def take(app: App, raw: bytes) -> UUID:
    """Make a raw MIME message a reply of the person who sent it: the message's ID. Raises Dropped.

    A person's own answer isn't dropped in silence: they are told by mail what was wrong with it.
    """
    incoming = inbound.read(raw)
    row = await _concerned(app, incoming)
    actor = await actor_behind(app.read_all(), row["person_id"])
    if actor is None:
        raise Dropped(_STRANGER)
    form = Reply(
        ticket_id=row["ticket_id"],
        body=incoming.body,
        uploads=incoming.uploads,
        mailed_as=incoming.mailed_as,
    )
    try:
        _, message_id = await commands.reply(app.work(actor), form)
    except DomainError as error:
        # They may have lost their rights since, or the ticket is closed: the same answer as over the API.
        await _tell(app, incoming, row["person_id"], error)
        msg = f"{error.code}: {error.message}"
        raise Dropped(msg) from error
    return message_id


async def _tell(app: App, incoming: Incoming, person_id: UUID, error: DomainError) -> None:
    """Why the answer wasn't taken; whoever lost the right to answer hears nothing of the ticket any more."""
    if error.code not in _TOLD:
        return
    work = app.work(Actor.system("inbound mail"))
    async with work:
        work.require(Permission.BACKGROUND_WORK)
        person = await work.session.get(Person, person_id)
        if person is not None:
            facts = {"name": person.full_name, "number": f"#{incoming.number}", "reason": str(error.code)}
            await write(
                work,
                MailKind.TICKET_ANSWER_REFUSED,
                Addressee.of(person),
                {**facts, "most": _TOLD[error.code]},
                # The same mail may be handed over twice.
                dedupe_key=f"answer-refused:{incoming.mailed_as}",
            )


async def _concerned(app: App, incoming: Incoming) -> Row:
    row = await app.read_all().row(
        _CONCERNED,
        number=incoming.number,
        email_key=email_key(incoming.sender),
        mailed_as=incoming.mailed_as,
    )
    vault = app.resources.vault
    if row is None or not reply_addresses.is_genuine(
        vault, incoming.signature, row["ticket_id"], row["person_id"]
    ):
        raise Dropped(_STRANGER)
    if row["taken"]:
        msg = "it was taken before"
        raise Dropped(msg)
    return row


_STRANGER: Final = "its address was not given to its sender"
# What the writer can do something about, and the limit that it is about.
_TOLD: Final[Mapping[str, int | None]] = {
    ErrorCode.FILE_TOO_LARGE: attachments.LARGEST_BYTES // 2**20,
    ErrorCode.TOO_MANY_FILES: attachments.MOST_FILES,
    ErrorCode.TICKET_STATE: None,
    ErrorCode.INVALID: rules.LONGEST_TEXT,
}
