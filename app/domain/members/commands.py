"""Roles, notes, blocking, removing, leaving (ACC-4, ACC-7, ACC-9).

Whatever may take an administrator away locks the account's row first: two who demote each
other wait for one another, and the second finds that the first one's rights are gone.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, select
from sqlmodel import col

from app.access.permissions import Permission
from app.domain.errors import Forbidden, NotFound
from app.domain.members import rules
from app.domain.members.events import (
    MemberBlocked,
    MemberChanged,
    MemberEvent,
    MemberRemoved,
    MemberUnblocked,
)
from app.domain.work import Work
from app.models.account import Account, MemberRole, Membership, MemberStatus
from app.models.person import Person

_PATH = "membershipId"


@dataclass(frozen=True)
class Place:
    """A membership, whose it is and where; locked, and who administers the account now."""

    membership: Membership
    person: Person
    account: Account
    administrators: frozenset[UUID]

    def event(self, kind: type[MemberEvent], **more: object) -> MemberEvent:
        """The event of that kind about this member."""
        return kind.of(self.membership, self.person, self.account, **more)


async def update(
    work: Work, membership_id: UUID | None, *, role: MemberRole | None, note: str | None
) -> UUID:
    """ACC-7: another role, another note, or both; None leaves it as it is.

    Raises NOT_FOUND, FORBIDDEN, LAST_ADMINISTRATOR, INVALID.
    """
    note = None if note is None else rules.note_of(note, "note")
    async with work:
        place = await _administered(work, membership_id, Permission.MEMBER_UPDATE)
        member = place.membership
        if role is not None and role is not member.role:
            if role is MemberRole.REGULAR_MEMBER and member.status is MemberStatus.ACTIVE:
                rules.check_not_last(place.administrators, member.person_id, "role")
            member.role = role
            work.emit(place.event(MemberChanged, changed={"role": role.value}))
        if note is not None and note != member.note:
            member.note = note
            # Not into the person's own stream: that a note was taken is not theirs to know.
            work.emit(_unheard(place))
        return member.id


def _unheard(place: Place) -> MemberChanged:
    return MemberChanged(
        account_id=place.account.id,
        subject_id=place.membership.id,
        person=place.person,
        account_name=place.account.name,
        changed={"note": True},
    )


async def block(work: Work, membership_id: UUID | None) -> UUID:
    """ACC-9: no access any more; membership and grants stay. Blocking twice changes nothing.

    Raises NOT_FOUND, FORBIDDEN, LAST_ADMINISTRATOR.
    """
    async with work:
        place = await _administered(work, membership_id, Permission.MEMBER_BLOCK)
        if place.membership.status is MemberStatus.ACTIVE:
            rules.check_not_last(place.administrators, place.membership.person_id, _PATH)
            place.membership.status = MemberStatus.BLOCKED
            work.emit(place.event(MemberBlocked))
        return place.membership.id


async def unblock(work: Work, membership_id: UUID | None) -> UUID:
    """ACC-9: access as before. Raises NOT_FOUND, FORBIDDEN."""
    async with work:
        place = await _administered(work, membership_id, Permission.MEMBER_UNBLOCK)
        if place.membership.status is MemberStatus.BLOCKED:
            place.membership.status = MemberStatus.ACTIVE
            work.emit(place.event(MemberUnblocked))
        return place.membership.id


async def remove(work: Work, membership_id: UUID | None) -> UUID:
    """ACC-9: membership and grants are deleted; gives the account's ID.

    Raises NOT_FOUND, FORBIDDEN, LAST_ADMINISTRATOR.
    """
    async with work:
        place = await _administered(work, membership_id, Permission.MEMBER_REMOVE)
        rules.check_not_last(place.administrators, place.membership.person_id, _PATH)
        await _delete(work, place)
        work.emit(place.event(MemberRemoved))
        return place.account.id


async def leave(work: Work, account_id: UUID | None) -> None:
    """ACC-4: end one's own membership. Raises NOT_FOUND, LAST_ADMINISTRATOR."""
    async with work:
        own = select(col(Membership.id)).where(
            col(Membership.account_id) == account_id, col(Membership.person_id) == work.actor.person_id
        )
        place = await _place(work, await work.first(own), "accountId")
        work.require(Permission.ACCOUNT_LEAVE, place.membership)
        rules.check_not_last(place.administrators, place.membership.person_id, "accountId")
        await _delete(work, place)
        work.emit(place.event(MemberRemoved, by_themselves=True))


async def administrators_of(work: Work, account_id: UUID) -> frozenset[UUID]:
    """Who administers the account: people with an active membership. Hold the account's lock."""
    async with work.as_owner():  # members who leave don't see who else there is
        statement = select(col(Membership.person_id)).where(
            col(Membership.account_id) == account_id,
            col(Membership.role) == MemberRole.ACCOUNT_ADMINISTRATOR,
            col(Membership.status) == MemberStatus.ACTIVE,
        )
        return frozenset(await work.all(statement))


async def _administered(work: Work, membership_id: UUID | None, permission: Permission) -> Place:
    """The place of a member whom the actor administers, at this very moment still."""
    place = await _place(work, membership_id, _PATH)
    work.require(permission, place.membership)
    if work.actor.person_id not in place.administrators:
        raise Forbidden
    return place


async def _place(work: Work, membership_id: UUID | None, path: str) -> Place:
    # The row itself is read only behind the account's lock: an earlier look would be a stale one.
    where = select(col(Membership.account_id)).where(col(Membership.id) == membership_id)
    account = await work.get(Account, await work.first(where), path)
    membership = await work.get(Membership, membership_id, path)
    async with work.as_owner():  # of a person whom the actor sees a membership of
        person = await work.session.get(Person, membership.person_id)
    if person is None:
        raise NotFound(path)
    return Place(membership, person, account, await administrators_of(work, account.id))


async def _delete(work: Work, place: Place) -> None:
    async with work.as_owner():  # rows are deleted by the owner alone; grants go with the membership
        await work.session.execute(delete(Membership).where(col(Membership.id) == place.membership.id))
