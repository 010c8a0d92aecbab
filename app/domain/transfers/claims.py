"""MIG-3: a pre-registered address makes whoever confirms it administrator of the organisation."""

from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.core.ids import new_id
from app.domain.identity.events import AddressConfirmed
from app.domain.members.events import MemberChanged, MemberJoined
from app.domain.transfers import touching
from app.domain.work import Work
from app.models.account import Account, MemberRole, Membership, MemberStatus
from app.models.person import Person
from app.models.transfer import LegacyUser, Transfer

PEOPLE_AT_ONCE: Final = 500


async def claim(work: Work, event: AddressConfirmed) -> None:
    """Somebody has shown that an address is theirs: what waits for it is theirs, at once.

    An external provider's sign-in confirms nothing, and so claims nothing (IDN-11).
    """
    person = event.person
    waiting = select(LegacyUser).where(
        col(LegacyUser.email_key) == person.email_key, col(LegacyUser.claimed_at).is_(None)
    )
    found = await work.all(waiting.order_by(col(LegacyUser.account_id)))
    if not found:
        return
    for transfer_id in sorted({user.transfer_id for user in found}):
        await touching.touch(work, transfer_id)
    if not work.actor.signed_in:
        work.prove(person.id, person.full_name)
    for user in await work.all(
        waiting.order_by(col(LegacyUser.account_id))
        .with_for_update()
        .execution_options(populate_existing=True)
    ):
        await _hand_over(work, user, person)


async def welcome(work: Work, transfer: Transfer) -> bool:
    """Those who had confirmed their address before the run; False if nobody is left.

    Their rows are locked: whoever confirms at this very moment is waited for.
    """
    statement = (
        select(LegacyUser, Person)
        .join(Person, col(Person.email_key) == col(LegacyUser.email_key))
        .where(
            col(LegacyUser.transfer_id) == transfer.id,
            col(LegacyUser.claimed_at).is_(None),
            col(Person.email_confirmed_at).is_not(None),
        )
        .order_by(col(LegacyUser.account_id), col(LegacyUser.id))
        .limit(PEOPLE_AT_ONCE)
        .with_for_update(key_share=True)
    )
    found = [] if transfer.dry_run else (await work.session.execute(statement)).all()
    for user, person in found:
        await _hand_over(work, user, person)
    return bool(found)


async def _hand_over(work: Work, user: LegacyUser, person: Person) -> None:
    account = await work.get(Account, user.account_id)
    user.claimed_at, user.claimed_by_id = work.now, person.id
    membership = await _membership(work, account.id, person.id)
    if membership is None:
        membership = Membership(
            id=new_id(),
            account_id=account.id,
            person_id=person.id,
            role=MemberRole.ACCOUNT_ADMINISTRATOR,
            member_since=work.now,
        )
        work.add(membership)
        # Two legacy users may be one person in one account.
        await work.flush()
        work.emit(MemberJoined.of(membership, person, account))
    elif membership.status is MemberStatus.ACTIVE and membership.role is MemberRole.REGULAR_MEMBER:
        membership.role = MemberRole.ACCOUNT_ADMINISTRATOR
        work.emit(MemberChanged.of(membership, person, account, changed={"role": membership.role.value}))


async def _membership(work: Work, account_id: UUID, person_id: UUID) -> Membership | None:
    found: Membership | None = await work.first(
        select(Membership).where(
            col(Membership.account_id) == account_id, col(Membership.person_id) == person_id
        )
    )
    return found
