"""Who hears of a ticket, and who may have it: memberships as they are now, not as they were."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import and_, exists, or_, select
from sqlmodel import col

from app.domain.members.queries import REPRESENTS
from app.domain.work import Work
from app.models.account import KeyGrant, MemberRole, Membership, MemberStatus
from app.models.person import Person
from app.models.ticket import Ticket, TicketWatcher

_ACTIVE = col(Membership.status) == MemberStatus.ACTIVE
_ADMINISTRATOR = col(Membership.role) == MemberRole.ACCOUNT_ADMINISTRATOR
# ACC-13: somebody of a partner, while licence administrator of at least one key.
_REPRESENTATIVE = and_(
    REPRESENTS(col(Membership.person_id), col(Membership.representing_account_id)),
    exists().where(col(KeyGrant.membership_id) == col(Membership.id)),
)
_ENTITLED = and_(_ACTIVE, or_(_ADMINISTRATOR, _REPRESENTATIVE))


async def recipients(work: Work, ticket: Ticket, author_id: UUID | None) -> Sequence[Person]:
    """SUP-5, SUP-6: owner and watchers but the author, each once, as long as they may see the ticket."""
    watching = exists().where(
        col(TicketWatcher.ticket_id) == ticket.id,
        col(TicketWatcher.membership_id) == col(Membership.id),
    )
    concerned = or_(
        and_(col(Person.id) == ticket.owner_id, _ENTITLED), and_(watching, _ACTIVE, _ADMINISTRATOR)
    )
    statement = (
        select(Person)
        .join(Membership, col(Membership.person_id) == col(Person.id))
        .where(col(Membership.account_id) == ticket.account_id, concerned)
        .order_by(col(Person.id))
    )
    found: Sequence[Person] = await work.all(statement)
    return [person for person in found if person.id != author_id]


async def inherit(work: Work, ticket: Ticket) -> None:
    """Who goes on with the ticket of somebody that has lost access becomes its owner, so that mail reaches one."""
    entitled = select(col(Membership.id)).where(
        col(Membership.account_id) == ticket.account_id,
        col(Membership.person_id) == ticket.owner_id,
        _ENTITLED,
    )
    async with work.as_owner():  # representatives know no members
        if await work.first(entitled) is None and work.actor.person_id is not None:
            ticket.owner_id = work.actor.person_id
