"""What the vendor's people do: reply, note, set status, assign (SUP-7)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from app.access.permissions import Permission
from app.core.ids import new_id
from app.domain.errors import Invalid
from app.domain.tickets import attachments, rules, search
from app.domain.tickets.attachments import Upload
from app.domain.tickets.commands import change_status
from app.domain.tickets.events import NoteAdded, TicketReplied
from app.domain.tickets.rules import Act
from app.domain.work import Work
from app.models.person import Person
from app.models.ticket import Ticket, TicketAssignment, TicketMessage, TicketStatus


@dataclass(frozen=True, kw_only=True)
class StaffReply:
    """A message to the customer, or a note among staff; and the status that comes with it, if any."""

    ticket_id: UUID | None
    body: str
    internal: bool = False
    status: TicketStatus | None = None
    uploads: Sequence[Upload] = field(default_factory=tuple)


async def reply(work: Work, form: StaffReply) -> tuple[UUID, UUID]:
    """SUP-7: the IDs of ticket and message. The first reply opens a new ticket, unless it says otherwise.

    Raises NOT_FOUND, FORBIDDEN, INVALID, TICKET_STATE, TOO_MANY_FILES, FILE_TOO_LARGE.
    """
    attachments.check_count(form.uploads)
    body = rules.text_of(form.body, "body")
    if form.uploads:
        async with work.again() as first:
            await _for(first, form.ticket_id, Permission.TICKET_STAFF_REPLY)
    files = await attachments.store(work.resources, form.uploads)
    async with work:
        ticket = await _for(work, form.ticket_id, Permission.TICKET_STAFF_REPLY)
        following = _following(work, ticket, form)
        message = _message(work, ticket, body, internal=form.internal)
        work.add(message)
        attachments.attach(work, message, files)
        await search.extend(work, ticket.id, body, internal=form.internal)
        if form.internal:
            # The ticket's own row stays as it is: its time would tell customers of the note.
            work.emit(NoteAdded.of(ticket, message=message))
        else:
            ticket.updated_at = work.now
            work.emit(TicketReplied.of(ticket, message=message))
        change_status(work, ticket, following, by_message=not form.internal)
        return ticket.id, message.id


def _following(work: Work, ticket: Ticket, form: StaffReply) -> TicketStatus:
    if form.status is not None:
        return rules.set_by_staff(form.status)
    if form.internal:
        return ticket.status
    return rules.after(Act.STAFF_REPLY, ticket.status, ticket.ended_at, work.now)


async def set_status(work: Work, ticket_id: UUID | None, status: TicketStatus) -> UUID:
    """SUP-7: any status but NEW; the one that it has changes nothing. Raises NOT_FOUND, FORBIDDEN, INVALID."""
    async with work:
        ticket = await _for(work, ticket_id, Permission.TICKET_SET_STATUS)
        change_status(work, ticket, rules.set_by_staff(status))
        return ticket.id


async def assign(work: Work, ticket_id: UUID | None, person_id: UUID | None, *, nobody: bool) -> UUID:
    """SUP-7: to one of the staff, or to nobody. Raises NOT_FOUND, FORBIDDEN, INVALID."""
    async with work:
        ticket = await _for(work, ticket_id, Permission.TICKET_ASSIGN)
        assignment = await work.session.get(TicketAssignment, ticket.id)
        if nobody:
            if assignment is not None:
                await work.session.delete(assignment)
            return ticket.id
        person = await work.get(Person, person_id, "personId", lock=False)
        if not person.is_staff:
            msg = "Tickets are assigned to staff."
            raise Invalid(msg, "personId")
        if assignment is None:
            work.add(TicketAssignment(ticket_id=ticket.id, person_id=person.id, assigned_at=work.now))
        elif assignment.person_id != person.id:
            assignment.person_id, assignment.assigned_at = person.id, work.now
        return ticket.id


async def _for(work: Work, ticket_id: UUID | None, permission: Permission) -> Ticket:
    ticket = await work.get(Ticket, ticket_id, "ticketId")
    work.require(permission, ticket)
    return ticket


def _message(work: Work, ticket: Ticket, body: str, *, internal: bool) -> TicketMessage:
    return TicketMessage(
        id=new_id(),
        ticket_id=ticket.id,
        account_id=ticket.account_id,
        author_id=work.actor.person_id,
        author_name=work.actor.name,
        by_staff=True,
        internal=internal,
        body=body,
        created_at=work.now,
    )
