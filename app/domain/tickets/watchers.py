"""Account administrators who get a ticket's mail besides its owner (SUP-5)."""

from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.access.permissions import Permission
from app.domain.errors import Invalid, NotFound
from app.domain.members.events import MemberChanged
from app.domain.tickets.events import TicketWatchersChanged
from app.domain.work import Work
from app.models.account import MemberRole, Membership, MemberStatus
from app.models.ticket import Ticket, TicketWatcher


async def membership_to_watch(work: Work, ticket: Ticket, id_: UUID | None, *path: str) -> Membership:
    """An active administrator of the ticket's account. Raises NOT_FOUND for strangers, INVALID for other members."""
    # Locked, so that a demotion meanwhile waits, and then takes the watcher away.
    member = await work.get(Membership, id_, *path)
    if member.account_id != ticket.account_id:
        raise NotFound(*path)
    if member.role is not MemberRole.ACCOUNT_ADMINISTRATOR or member.status is not MemberStatus.ACTIVE:
        msg = "Only active account administrators can watch a ticket."
        raise Invalid(msg, *path)
    return member


async def add(work: Work, ticket_id: UUID | None, membership_id: UUID | None) -> UUID:
    """SUP-5: one more watcher; one who watches already changes nothing. Raises NOT_FOUND, FORBIDDEN, INVALID."""
    async with work:
        ticket = await work.get(Ticket, ticket_id, "ticketId")
        work.require(Permission.TICKET_WATCH, ticket)
        member = await membership_to_watch(work, ticket, membership_id, "membershipId")
        if await work.session.get(TicketWatcher, (ticket.id, member.id)) is None:
            work.add(
                TicketWatcher(
                    ticket_id=ticket.id,
                    membership_id=member.id,
                    account_id=ticket.account_id,
                    added_at=work.now,
                )
            )
            _changed(work, ticket)
        return ticket.id


async def remove(work: Work, ticket_id: UUID | None, membership_id: UUID | None) -> UUID:
    """SUP-5: one watcher less. Raises NOT_FOUND (also for one who doesn't watch), FORBIDDEN."""
    async with work:
        ticket = await work.get(Ticket, ticket_id, "ticketId")
        work.require(Permission.TICKET_WATCH, ticket)
        watcher = None
        if membership_id is not None:
            watcher = await work.session.get(TicketWatcher, (ticket.id, membership_id))
        if watcher is None:
            raise NotFound("membershipId")
        await work.session.delete(watcher)
        _changed(work, ticket)
        return ticket.id


async def member_changed(work: Work, event: MemberChanged) -> None:
    """SUP-5: a member who is no administrator any more watches nothing. A reaction: it runs as the owner."""
    member = await work.session.get(Membership, event.subject_id)
    if member is None or member.role is MemberRole.ACCOUNT_ADMINISTRATOR:
        return
    watched = select(TicketWatcher).where(col(TicketWatcher.membership_id) == member.id)
    for watcher in await work.all(watched):
        ticket = await work.session.get(Ticket, watcher.ticket_id)
        await work.session.delete(watcher)
        if ticket is not None:
            work.emit(TicketWatchersChanged.of(ticket))


def _changed(work: Work, ticket: Ticket) -> None:
    ticket.updated_at = work.now
    work.emit(TicketWatchersChanged.of(ticket))
