"""Who stands behind an account: whom mails about it go to."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import or_, select
from sqlmodel import col

from app.domain.work import Work
from app.models.account import Account, MemberRole, Membership, MemberStatus
from app.models.person import Person


async def administrators(work: Work, account_id: UUID) -> Sequence[Person]:
    """The active account administrators of a business account, or the owner of a personal one."""
    members = select(col(Membership.person_id)).where(
        col(Membership.account_id) == account_id,
        col(Membership.role) == MemberRole.ACCOUNT_ADMINISTRATOR,
        col(Membership.status) == MemberStatus.ACTIVE,
    )
    owner = select(col(Account.owner_id)).where(col(Account.id) == account_id)
    statement = (
        select(Person)
        .where(or_(col(Person.id).in_(members), col(Person.id).in_(owner)))
        .order_by(col(Person.id))
    )
    async with work.as_owner():  # mails are written for all of them, whoever caused it
        found: Sequence[Person] = await work.all(statement)
        return found
