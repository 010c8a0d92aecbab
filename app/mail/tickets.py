"""Mails about tickets, to owner and watchers but whoever did it, threaded (SUP-6).

A message's mail has one Message-ID, made from the message, whoever it goes to: so everybody's
mailbox shows one conversation, and an answer finds its place in it.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.domain.mails.commands import Addressee, write
from app.domain.mails.rules import message_id
from app.domain.products.queries import policy_of
from app.domain.tickets import people
from app.domain.tickets.events import TicketCreated, TicketReplied, TicketStatusChanged
from app.domain.tickets.inbound import cut_line
from app.domain.tickets.reply_addresses import address_of
from app.domain.work import Work
from app.models.mail import MailKind
from app.models.person import Person
from app.models.ticket import Attachment, Ticket, TicketMessage


async def created(work: Work, event: TicketCreated) -> None:
    """SUP-6: those who watch from the beginning."""
    product = await policy_of(work.session, event.ticket.product)
    facts = {**await _told(work, event.message), "product": product.name}
    await _send(work, MailKind.TICKET_CREATED, event.ticket, facts, event.message)


async def replied(work: Work, event: TicketReplied) -> None:
    """SUP-6: a message; if the status changed by it, this mail says so too."""
    changed = [
        other.before.value
        for other in work.events
        if isinstance(other, TicketStatusChanged) and other.by_message and other.ticket is event.ticket
    ]
    facts = {**await _told(work, event.message), "before": changed[0] if changed else None}
    await _send(work, MailKind.TICKET_MESSAGE, event.ticket, facts, event.message)


async def status_changed(work: Work, event: TicketStatusChanged) -> None:
    """SUP-6: another status, unless a message's mail says so."""
    if not event.by_message:
        facts = {"author": work.actor.name, "before": event.before.value}
        await _send(work, MailKind.TICKET_STATUS, event.ticket, facts, None)


async def _send(
    work: Work, kind: MailKind, ticket: Ticket, facts: dict[str, Any], message: TicketMessage | None
) -> None:
    recipients = await people.recipients(work, ticket, work.actor.person_id)
    if not recipients:
        return
    threaded = await _thread(work, ticket, message)
    settings = work.resources.settings
    answerable = settings.inbound_mail_secret is not None
    common = {
        **facts,
        "number": f"#{ticket.number}",
        "subject": ticket.subject,
        "status": ticket.status.value,
        "answerable": answerable,
        "marker": cut_line(ticket.number) if answerable else "",
    }
    for person in recipients:
        headers = {**threaded, **(_reply_to(work, ticket, person) if answerable else {})}
        key = None if message is None else f"ticket-message:{message.id.hex}:{person.id.hex}"
        told = {**common, "name": person.full_name}
        await write(work, kind, Addressee.of(person), told, dedupe_key=key, headers=headers)


async def _told(work: Work, message: TicketMessage | None) -> dict[str, Any]:
    if message is None:
        return {}
    files = (
        select(col(Attachment.filename))
        .where(col(Attachment.message_id) == message.id)
        .order_by(col(Attachment.position))
    )
    return {"author": message.author_name, "body": message.body, "files": list(await work.all(files))}


async def _thread(work: Work, ticket: Ticket, message: TicketMessage | None) -> dict[str, str]:
    """Message-ID of a message's mail; In-Reply-To the message before it; References the first one too."""
    place = (col(TicketMessage.created_at), col(TicketMessage.id))
    earlier = select(col(TicketMessage.id)).where(
        col(TicketMessage.ticket_id) == ticket.id, ~col(TicketMessage.internal)
    )
    sender = work.resources.settings.mail_from
    headers = {}
    if message is not None:
        headers["Message-ID"] = message_id(message.id, sender)
        earlier = earlier.where(col(TicketMessage.id) != message.id)
    first: UUID | None = await work.first(earlier.order_by(*place).limit(1))
    last: UUID | None = await work.first(earlier.order_by(*(each.desc() for each in place)).limit(1))
    if first is not None and last is not None:
        known = dict.fromkeys(message_id(id_, sender) for id_ in (first, last))
        headers["In-Reply-To"] = message_id(last, sender)
        headers["References"] = " ".join(known)
    return headers


def _reply_to(work: Work, ticket: Ticket, person: Person) -> dict[str, str]:
    resources = work.resources
    sender = resources.settings.mail_from
    return {"Reply-To": address_of(resources.vault, sender, ticket.number, ticket.id, person.id)}
