"""Whom a farm or proxy server concerns: account administrators, and those of its key (OVR-2, OVR-9)."""

from collections.abc import Sequence

from sqlalchemy import and_, exists, or_, select
from sqlmodel import col

from app.domain.events.record import DomainEvent
from app.domain.work import Work
from app.models.account import KeyGrant, MemberRole, Membership, MemberStatus
from app.models.license_key import LicenseKey, LicenseKeyKind
from app.models.person import Person


async def concerned(work: Work, event: DomainEvent) -> Sequence[Person]:
    """The active people to tell, each once; a grant on the primary key covers every key (ACC-10)."""
    covering = or_(
        col(LicenseKey.id) == event.license_key_id,
        and_(
            col(LicenseKey.subscription_id) == event.subscription_id,
            col(LicenseKey.kind) == LicenseKeyKind.PRIMARY,
        ),
    )
    granted = exists(
        select(KeyGrant)
        .join(LicenseKey, col(LicenseKey.id) == col(KeyGrant.license_key_id))
        .where(col(KeyGrant.membership_id) == col(Membership.id), covering)
    )
    statement = (
        select(Person)
        .join(Membership, col(Membership.person_id) == col(Person.id))
        .where(
            col(Membership.account_id) == event.account_id,
            col(Membership.status) == MemberStatus.ACTIVE,
            or_(col(Membership.role) == MemberRole.ACCOUNT_ADMINISTRATOR, granted),
        )
        .order_by(col(Person.id))
    )
    found: Sequence[Person] = await work.all(statement)
    return found
