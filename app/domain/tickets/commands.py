"""What customers do: open, reply, close, reopen, rate, book a call (SUP-2, SUP-4)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import BigInteger, literal_column, select

from app.access.permissions import Permission
from app.core.ids import new_id
from app.domain.errors import DomainError, ErrorCode, Forbidden, Invalid
from app.domain.tickets import attachments, people, rules, search
from app.domain.tickets.attachments import StoredFile, Upload
from app.domain.tickets.events import CallBooked, TicketCreated, TicketReplied, TicketStatusChanged
from app.domain.tickets.rules import Act
from app.domain.tickets.watchers import membership_to_watch
from app.domain.work import Work
from app.models.account import Account
from app.models.article import SupportCategory, SupportSubcategory
from app.models.product import ProductCode
from app.models.ticket import ContactMethod, Ticket, TicketMessage, TicketStatus, TicketSurvey, TicketWatcher

_NEXT_PLACE: Final = select(literal_column("nextval('ticket_number')", BigInteger))


@dataclass(frozen=True, kw_only=True)
class NewTicket:
    """SUP-2: a support request. `category_id` is a category's or a subcategory's, its kind in the flag."""

    account_id: UUID | None
    product: ProductCode
    category_id: UUID | None
    is_subcategory: bool = False
    subject: str
    description: str
    method: ContactMethod = ContactMethod.EMAIL
    watcher_ids: Sequence[UUID | None] = ()
    uploads: Sequence[Upload] = field(default_factory=tuple)


async def create(work: Work, form: NewTicket) -> tuple[UUID, UUID]:
    """SUP-2: the IDs of the ticket and its first message.

    Raises NOT_FOUND, FORBIDDEN, INVALID, TOO_MANY_FILES, FILE_TOO_LARGE.
    """
    attachments.check_count(form.uploads)
    if form.uploads:
        # Nothing is stored for somebody who may not open the ticket.
        async with work.again() as first:
            await _drafted(first, form)
    files = await attachments.store(work.resources, form.uploads)
    async with work:
        ticket, watchers = await _drafted(work, form)
        async with work.as_owner():  # the sequence is nobody's to look at
            ticket.number = rules.number_of(await work.first(_NEXT_PLACE))
        message = _message(work, ticket, rules.text_of(form.description, "description"))
        work.add(ticket, message, *watchers)
        attachments.attach(work, message, files)
        await work.flush()
        await search.begin(work, ticket, message.body)
        work.emit(TicketCreated.of(ticket, message=message))
        return ticket.id, message.id


async def _drafted(work: Work, form: NewTicket) -> tuple[Ticket, list[TicketWatcher]]:
    account = await work.get(Account, form.account_id, "accountId", lock=False)
    work.require(Permission.TICKET_CREATE, account)
    category, subcategory_id = await _category(work, form)
    rules.text_of(form.description, "description")
    if work.actor.person_id is None:
        raise Forbidden
    ticket = Ticket(
        id=new_id(),
        account_id=account.id,
        number=0,
        subject=rules.subject_of(form.subject, account.name),
        product=form.product,
        category_id=category.id,
        subcategory_id=subcategory_id,
        method=form.method,
        owner_id=work.actor.person_id,
        created_at=work.now,
        updated_at=work.now,
    )
    return ticket, await _watchers(work, ticket, form.watcher_ids)


async def _category(work: Work, form: NewTicket) -> tuple[SupportCategory, UUID | None]:
    category_id, subcategory_id = form.category_id, None
    if form.is_subcategory:
        found = await work.get(SupportSubcategory, form.category_id, "categoryId", lock=False)
        category_id, subcategory_id = found.category_id, found.id
    category = await work.get(SupportCategory, category_id, "categoryId", lock=False)
    if category.product != form.product:
        msg = "This category belongs to another product."
        raise Invalid(msg, "categoryId")
    return category, subcategory_id


async def _watchers(work: Work, ticket: Ticket, given: Sequence[UUID | None]) -> list[TicketWatcher]:
    found = {}
    for place, membership_id in enumerate(given):
        member = await membership_to_watch(work, ticket, membership_id, "watcherIds", str(place))
        found[member.id] = TicketWatcher(
            ticket_id=ticket.id, membership_id=member.id, account_id=ticket.account_id, added_at=work.now
        )
    return list(found.values())


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A message and its files; `mailed_as` is the Message-ID of a mail that it came by."""

    ticket_id: UUID | None
    body: str
    uploads: Sequence[Upload] = field(default_factory=tuple)
    mailed_as: str | None = None


async def reply(work: Work, form: Reply) -> tuple[UUID, UUID]:
    """SUP-4: the IDs of ticket and message; a reply to RESOLVED reopens.

    Raises NOT_FOUND, FORBIDDEN, INVALID, TICKET_STATE, TOO_MANY_FILES, FILE_TOO_LARGE.
    """
    attachments.check_count(form.uploads)
    body = rules.text_of(form.body, "body")
    if form.uploads:
        async with work.again() as first:
            await _for(first, form.ticket_id, Permission.TICKET_REPLY, Act.REPLY)
    files = await attachments.store(work.resources, form.uploads)
    async with work:
        ticket, following = await _for(work, form.ticket_id, Permission.TICKET_REPLY, Act.REPLY)
        message = _message(work, ticket, body)
        message.mailed_as = form.mailed_as
        await _write(work, ticket, message, files)
        await people.inherit(work, ticket)
        work.emit(TicketReplied.of(ticket, message=message))
        change_status(work, ticket, following, by_message=True)
        return ticket.id, message.id


async def close(work: Work, ticket_id: UUID | None) -> UUID:
    """SUP-4: close a current one. Raises NOT_FOUND, FORBIDDEN, TICKET_STATE."""
    async with work:
        ticket, following = await _for(work, ticket_id, Permission.TICKET_CLOSE, Act.CLOSE)
        change_status(work, ticket, following)
        return ticket.id


async def reopen(work: Work, ticket_id: UUID | None) -> UUID:
    """SUP-4: go on with one that ended in the last 30 days. Raises NOT_FOUND, FORBIDDEN, TICKET_STATE."""
    async with work:
        ticket, following = await _for(work, ticket_id, Permission.TICKET_REOPEN, Act.REOPEN)
        await people.inherit(work, ticket)
        change_status(work, ticket, following)
        return ticket.id


async def rate(work: Work, ticket_id: UUID | None, rating: int, comment: str | None) -> UUID:
    """SUP-4: the survey of a resolved one, once. Raises NOT_FOUND, FORBIDDEN, INVALID, TICKET_STATE."""
    async with work:
        ticket, _ = await _for(work, ticket_id, Permission.TICKET_SURVEY, Act.SURVEY)
        if await work.session.get(TicketSurvey, ticket.id) is not None:
            text = "The survey was answered before."
            raise DomainError(ErrorCode.TICKET_STATE, text, "ticketId")
        if work.actor.person_id is not None:
            work.add(
                TicketSurvey(
                    ticket_id=ticket.id,
                    account_id=ticket.account_id,
                    person_id=work.actor.person_id,
                    rating=rules.check_rating(rating),
                    comment=_comment(comment),
                    submitted_at=work.now,
                )
            )
        return ticket.id


async def book_call(work: Work, ticket_id: UUID | None, at: datetime) -> UUID:
    """SUP-2: a call at a time inside support hours. Raises NOT_FOUND, FORBIDDEN, INVALID, TICKET_STATE."""
    hours = work.resources.settings.support_hours
    async with work:
        ticket, _ = await _for(work, ticket_id, Permission.TICKET_CALL, Act.BOOK_CALL)
        rules.check_call(ticket.method, at, work.now, hours=str(hours), is_open=hours.open_at(at))
        ticket.booked_call_at = at
        ticket.updated_at = work.now
        work.emit(CallBooked.of(ticket, at=at))
        return ticket.id


def change_status(work: Work, ticket: Ticket, following: TicketStatus, *, by_message: bool = False) -> None:
    """Another status, if it is another; subscribers and mailboxes hear of it."""
    before = ticket.status
    if following is before:
        return
    ticket.status = following
    ticket.ended_at = work.now if following in rules.ENDED else None
    ticket.updated_at = work.now
    work.emit(TicketStatusChanged.of(ticket, before=before, by_message=by_message))


async def _for(
    work: Work, ticket_id: UUID | None, permission: Permission, act: Act
) -> tuple[Ticket, TicketStatus]:
    ticket = await work.get(Ticket, ticket_id, "ticketId")
    work.require(permission, ticket)
    return ticket, rules.after(act, ticket.status, ticket.ended_at, work.now)


def _message(work: Work, ticket: Ticket, body: str) -> TicketMessage:
    return TicketMessage(
        id=new_id(),
        ticket_id=ticket.id,
        account_id=ticket.account_id,
        author_id=work.actor.person_id,
        author_name=work.actor.name,
        by_staff=False,
        body=body,
        created_at=work.now,
    )


async def _write(work: Work, ticket: Ticket, message: TicketMessage, files: Sequence[StoredFile]) -> None:
    ticket.updated_at = work.now
    work.add(message)
    attachments.attach(work, message, files)
    await search.extend(work, ticket.id, message.body, internal=False)


def _comment(text: str | None) -> str | None:
    if text is None or not text.strip():
        return None
    return rules.text_of(text, "comment", longest=rules.LONGEST_COMMENT)
