"""The administration of single keys (ACC-10)."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, select
from sqlmodel import col

from app.access.permissions import Permission
from app.domain.errors import DomainError, Invalid, NotFound, refuse
from app.domain.members import rules
from app.domain.members.events import KeyAdministrationChanged
from app.domain.work import Work
from app.models.account import Account, KeyGrant, Membership
from app.models.license_key import LicenseKey, LicenseKeyKind
from app.models.person import Person


async def grant(work: Work, key_id: UUID | None, membership_ids: Sequence[UUID | None]) -> UUID:
    """ACC-10: several members administer the key from now on; whoever does already, goes on.

    All or nothing. Raises NOT_FOUND, FORBIDDEN, ALREADY_ADMINISTRATOR, MEMBER_BLOCKED, INVALID.
    """
    rules.check_count(len(membership_ids), "members", "membershipIds")
    async with work:
        key, members = await _open(work, key_id, membership_ids, Permission.KEY_ADMINISTRATION_GRANT)
        refuse(_ungrantable(members))
        holders = await _holders(work, key.id)
        for membership, person in _each(members):
            if membership.id not in holders:
                work.add(_grant(work, key, membership))
                work.emit(KeyAdministrationChanged.of(key, person, granted=True))
        return key.id


async def revoke(work: Work, key_id: UUID | None, membership_ids: Sequence[UUID | None]) -> UUID:
    """ACC-10: members no longer administer the key; whoever didn't, doesn't.

    All or nothing. Raises NOT_FOUND, FORBIDDEN, and INVALID for those whose right comes from the
    subscription's primary key: it is taken back there.
    """
    rules.check_count(len(membership_ids), "members", "membershipIds")
    async with work:
        key, members = await _open(work, key_id, membership_ids, Permission.KEY_ADMINISTRATION_REVOKE)
        holders = await _holders(work, key.id)
        inherited = await _inheriting(work, key)
        refuse(
            Invalid("This member administers the key by its primary key: take that back.", *path)
            for path, (membership, _) in members.items()
            if membership.id in inherited and membership.id not in holders
        )
        gone = [(membership, person) for membership, person in _each(members) if membership.id in holders]
        await _delete(work, key, [membership.id for membership, _ in gone])
        for _, person in gone:
            work.emit(KeyAdministrationChanged.of(key, person, granted=False))
        return key.id


_Member = tuple[Membership, Person]
_Members = dict[tuple[str, str], _Member]


async def _open(
    work: Work, key_id: UUID | None, membership_ids: Sequence[UUID | None], permission: Permission
) -> tuple[LicenseKey, _Members]:
    """The key and the members by their path; the account's lock keeps roles and statuses as they are."""
    where = select(col(LicenseKey.account_id)).where(col(LicenseKey.id) == key_id)
    account = await work.get(Account, await work.first(where), "licenseKeyId")
    key = await work.get(LicenseKey, key_id, "licenseKeyId")
    work.require(permission, key)
    return key, await _members(work, account, membership_ids)


async def _members(work: Work, account: Account, membership_ids: Sequence[UUID | None]) -> _Members:
    found = await work.session.execute(
        select(Membership, Person)
        .join(Person, col(Person.id) == col(Membership.person_id))
        .where(
            col(Membership.id).in_([id_ for id_ in membership_ids if id_ is not None]),
            col(Membership.account_id) == account.id,
        )
    )
    rows = {membership.id: (membership, person) for membership, person in found}
    paths = {("membershipIds", str(place)): id_ for place, id_ in enumerate(membership_ids)}
    refuse(NotFound(*path, what="This member") for path, id_ in paths.items() if id_ not in rows)
    return {path: rows[id_] for path, id_ in paths.items() if id_ is not None}


def _each(members: _Members) -> list[_Member]:
    """Every member once, in the order in which they were named."""
    return list({membership.id: (membership, person) for membership, person in members.values()}.values())


def _ungrantable(members: _Members) -> list[DomainError]:
    errors: list[DomainError] = []
    for path, (membership, _) in members.items():
        try:
            rules.check_grantable(membership, *path)
        except DomainError as error:
            errors.append(error)
    return errors


def _grant(work: Work, key: LicenseKey, membership: Membership) -> KeyGrant:
    return KeyGrant(
        membership_id=membership.id,
        license_key_id=key.id,
        account_id=membership.account_id,
        granted_at=work.now,
    )


async def _holders(work: Work, *key_ids: UUID) -> set[UUID]:
    statement = select(col(KeyGrant.membership_id)).where(col(KeyGrant.license_key_id).in_(key_ids))
    return set(await work.all(statement))


async def _inheriting(work: Work, key: LicenseKey) -> set[UUID]:
    """Who administers the key because the subscription's primary key was granted."""
    if key.kind is LicenseKeyKind.PRIMARY:
        return set()
    primary = select(col(LicenseKey.id)).where(
        col(LicenseKey.subscription_id) == key.subscription_id,
        col(LicenseKey.kind) == LicenseKeyKind.PRIMARY,
    )
    return await _holders(work, *await work.all(primary))


async def _delete(work: Work, key: LicenseKey, membership_ids: Sequence[UUID]) -> None:
    if not membership_ids:
        return
    async with work.as_owner():  # rows are deleted by the owner alone
        await work.session.execute(
            delete(KeyGrant).where(
                col(KeyGrant.license_key_id) == key.id, col(KeyGrant.membership_id).in_(membership_ids)
            )
        )
