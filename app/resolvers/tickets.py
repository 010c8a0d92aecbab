"""Support tickets: what customers do, and what staff do."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import strawberry

from app.access.actor import Scope
from app.core import ids
from app.core.failures import Failure
from app.domain.tickets import commands, staff, watchers
from app.domain.tickets import queries as tickets
from app.domain.tickets.attachments import Upload
from app.domain.tickets.commands import NewTicket, Reply
from app.domain.tickets.staff import StaffReply
from app.engine.fields import Info
from app.resolvers.root import mutation
from app.schema.ticket_inputs import (
    AssignTicketInput,
    BookCallInput,
    CreateTicketInput,
    ReplyAsStaffInput,
    ReplyToTicketInput,
    SetTicketStatusInput,
    SubmitTicketSurveyInput,
    TicketActionInput,
    TicketPayload,
    TicketWatcherInput,
)


@strawberry.type
class TicketMutation:
    """SUP-2, SUP-4, SUP-5."""

    @mutation(TicketPayload, "Open a ticket (SUP-2)", scope=Scope.SUPPORT)
    async def create_ticket(self, info: Info, input: CreateTicketInput) -> TicketPayload:
        """SUP-2."""
        return await _payload(info, *await commands.create(info.context.work(), _new_ticket(input)))

    @mutation(TicketPayload, "Book a call about a ticket (SUP-2)", scope=Scope.SUPPORT)
    async def book_call(self, info: Info, input: BookCallInput) -> TicketPayload:
        """SUP-2."""
        return await _payload(
            info, await commands.book_call(info.context.work(), _ticket(input.ticket_id), input.at)
        )

    @mutation(TicketPayload, "Write to support; a resolved ticket is open again (SUP-4)", scope=Scope.SUPPORT)
    async def reply_to_ticket(self, info: Info, input: ReplyToTicketInput) -> TicketPayload:
        """SUP-4."""
        form = Reply(ticket_id=_ticket(input.ticket_id), body=input.body, uploads=_uploads(input.attachments))
        return await _payload(info, *await commands.reply(info.context.work(), form))

    @mutation(TicketPayload, "Close a current ticket (SUP-4)", scope=Scope.SUPPORT)
    async def close_ticket(self, info: Info, input: TicketActionInput) -> TicketPayload:
        """SUP-4."""
        return await _payload(info, await commands.close(info.context.work(), _ticket(input.ticket_id)))

    @mutation(
        TicketPayload, "Go on with a ticket that ended in the last 30 days (SUP-4)", scope=Scope.SUPPORT
    )
    async def reopen_ticket(self, info: Info, input: TicketActionInput) -> TicketPayload:
        """SUP-4."""
        return await _payload(info, await commands.reopen(info.context.work(), _ticket(input.ticket_id)))

    @mutation(TicketPayload, "Rate how a resolved ticket went, once (SUP-4)", scope=Scope.SUPPORT)
    async def submit_ticket_survey(self, info: Info, input: SubmitTicketSurveyInput) -> TicketPayload:
        """SUP-4."""
        wanted = _ticket(input.ticket_id)
        work = info.context.work()
        return await _payload(info, await commands.rate(work, wanted, input.rating, input.comment))

    @mutation(TicketPayload, "Have an administrator get a ticket's mail too (SUP-5)", scope=Scope.SUPPORT)
    async def add_ticket_watcher(self, info: Info, input: TicketWatcherInput) -> TicketPayload:
        """SUP-5."""
        member = ids.decode(input.membership_id, "Membership")
        return await _payload(info, await watchers.add(info.context.work(), _ticket(input.ticket_id), member))

    @mutation(TicketPayload, "Have a watcher get no more of a ticket's mail (SUP-5)", scope=Scope.SUPPORT)
    async def remove_ticket_watcher(self, info: Info, input: TicketWatcherInput) -> TicketPayload:
        """SUP-5."""
        member = ids.decode(input.membership_id, "Membership")
        return await _payload(
            info, await watchers.remove(info.context.work(), _ticket(input.ticket_id), member)
        )


@strawberry.type
class StaffTicketMutation:
    """SUP-7."""

    @mutation(
        TicketPayload, "Staff: write to the customer, or a note among staff (SUP-7)", scope=Scope.SUPPORT
    )
    async def reply_as_staff(self, info: Info, input: ReplyAsStaffInput) -> TicketPayload:
        """SUP-7."""
        form = StaffReply(
            ticket_id=_ticket(input.ticket_id),
            body=input.body,
            internal=input.internal,
            status=input.status,
            uploads=_uploads(input.attachments),
        )
        return await _payload(info, *await staff.reply(info.context.work(), form))

    @mutation(TicketPayload, "Staff: set a ticket's status (SUP-7)", scope=Scope.SUPPORT)
    async def set_ticket_status(self, info: Info, input: SetTicketStatusInput) -> TicketPayload:
        """SUP-7."""
        wanted = _ticket(input.ticket_id)
        return await _payload(info, await staff.set_status(info.context.work(), wanted, input.status))

    @mutation(
        TicketPayload, "Staff: give a ticket to one of the staff, or to nobody (SUP-7)", scope=Scope.SUPPORT
    )
    async def assign_ticket(self, info: Info, input: AssignTicketInput) -> TicketPayload:
        """SUP-7."""
        given = input.person_id
        person = None if given is None else ids.decode(given, "Person")
        work = info.context.work()
        return await _payload(
            info, await staff.assign(work, _ticket(input.ticket_id), person, nobody=given is None)
        )


async def _payload(info: Info, ticket_id: UUID, message_id: UUID | None = None) -> TicketPayload:
    ticket: Any = await info.context.load(tickets.by_ids, ticket_id)
    message: Any = None
    if message_id is not None:
        message = await info.context.load(tickets.messages_by_ids, message_id)
    return TicketPayload(ticket=ticket, message=message)


def _new_ticket(input: CreateTicketInput) -> NewTicket:
    subcategory = ids.decode(input.category_id, "SupportSubcategory")
    return NewTicket(
        account_id=ids.decode(input.account_id, "BusinessAccount"),
        product=input.product,
        category_id=subcategory or ids.decode(input.category_id, "SupportCategory"),
        is_subcategory=subcategory is not None,
        subject=input.subject,
        description=input.description,
        method=input.method,
        watcher_ids=[ids.decode(given, "Membership") for given in input.watcher_ids or ()],
        uploads=_uploads(input.attachments),
    )


def _ticket(global_id: str) -> UUID | None:
    return ids.decode(global_id, "Ticket")


def _uploads(given: Sequence[Any] | None) -> list[Upload]:
    """The files of a multipart request; what a plain request calls a file is none. Raises BAD_USER_INPUT."""
    if not all(hasattr(each, "file") for each in given or ()):
        msg = "Files come in a multipart request (graphql-multipart-request-spec)."
        raise Failure(msg)
    return [Upload(each.filename, each.file) for each in given or ()]
