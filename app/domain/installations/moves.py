"""Moving computers to another key of their account (DEV-6)."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.access.permissions import Permission
from app.domain.errors import DomainError, ErrorCode, Forbidden, Invalid, NotEnoughLicenses, NotFound, refuse
from app.domain.installations.commands import load_all
from app.domain.installations.events import ComputerMoved
from app.domain.installations.locking import Held
from app.domain.keys import lookup
from app.domain.keys.quota import available_after
from app.domain.products.queries import policy_of
from app.domain.subscriptions import thresholds
from app.domain.work import Work
from app.models.installation import Blacklisting, Installation, InstallationStatus, PendingChange
from app.models.license_key import LicenseKey
from app.models.product import Allocation, InstallationKind


async def move(
    work: Work, installation_ids: Sequence[UUID | None], license_key_id: UUID | None
) -> list[UUID]:
    """DEV-6: each takes a licence of the new key and frees that of the old one, all or none.

    Those that were deactivated or whose key is over become active too. What counts is the
    state after the move. Raises NOT_FOUND, FORBIDDEN, INVALID, KEY_EXPIRED, KEY_WRONG_PRODUCT
    and BLACKLISTED, each by path, and NOT_ENOUGH_LICENSES.
    """
    async with work:
        target = await work.get(LicenseKey, license_key_id, "licenseKeyId", lock=False)
        installations, held = await load_all(
            work, installation_ids, Permission.INSTALLATION_MOVE, [target.id]
        )
        target = _still_there(held, target.id)
        _require_target(work, target)
        await _refuse_over(work, held, target)
        places = {id_: str(place) for place, id_ in reversed(list(enumerate(installation_ids)))}
        await _refuse_misfits(work, held, target, installations, places)
        movers = [row for row in installations if not _is_there(row, target)]
        await _refuse_shortage(work, held, target, movers)
        for installation in movers:
            _put(work, installation, held.key_of(installation), target)
        await thresholds.after_keys_changed(work, held.keys.values())
        return [installation.id for installation in installations]


def _still_there(held: Held, key_id: UUID) -> LicenseKey:
    if key_id not in held.keys:  # deleted between our two looks
        raise NotFound("licenseKeyId")
    return held.keys[key_id]


def _require_target(work: Work, target: LicenseKey) -> None:
    try:
        work.require(Permission.INSTALLATION_MOVE, target)
    except Forbidden as error:
        raise Forbidden(error.message, "licenseKeyId") from error


async def _refuse_over(work: Work, held: Held, target: LicenseKey) -> None:
    policy = await policy_of(work.session, held.subscriptions[target.subscription_id].product)
    if lookup.is_over(target, policy, work.now.date()):
        raise DomainError(ErrorCode.KEY_EXPIRED, "This licence key has expired.", "licenseKeyId")


def _is_there(installation: Installation, target: LicenseKey) -> bool:
    """Whether a repeated request finds its work done."""
    return installation.license_key_id == target.id and installation.status is InstallationStatus.ACTIVE


async def _refuse_misfits(
    work: Work,
    held: Held,
    target: LicenseKey,
    installations: Collection[Installation],
    places: Mapping[UUID | None, str],
) -> None:
    product = held.subscriptions[target.subscription_id].product
    listed = await _blacklisted(work, target, installations)
    errors: list[DomainError] = []
    for row in installations:
        path = ("installationIds", places[row.id])
        if row.account_id != target.account_id:
            errors.append(NotFound(*path, what="This installation in the key's account"))
        elif row.kind is not InstallationKind.COMPUTER:
            errors.append(Invalid("Only computers move from key to key.", *path))
        elif row.product is not product:
            errors.append(DomainError(ErrorCode.KEY_WRONG_PRODUCT, "The key is for another product.", *path))
        elif row.machine in listed:
            errors.append(DomainError(ErrorCode.BLACKLISTED, "This computer may not use the key.", *path))
        elif row.license_key_id == target.id and not _is_there(row, target):
            errors.append(Invalid("It is on this key already, without a licence.", *path))
    refuse(errors)


async def _blacklisted(work: Work, target: LicenseKey, installations: Collection[Installation]) -> set[str]:
    statement = select(col(Blacklisting.machine)).where(
        col(Blacklisting.license_key_id) == target.id,
        col(Blacklisting.machine).in_({row.machine for row in installations}),
    )
    return set(await work.all(statement))


async def _refuse_shortage(
    work: Work, held: Held, target: LicenseKey, movers: Collection[Installation]
) -> None:
    today = work.now.date()
    subscription = held.subscriptions[target.subscription_id]
    async with work.as_owner():  # what the pool can give depends on all of its keys
        pool = await lookup.pool_of(work.session, subscription, today)
    policy = await policy_of(work.session, subscription.product)
    can_take = available_after(
        lookup.use_of(target, today, policy.expiry_grace_days), pool, _leaving(held, target, movers)
    )
    if can_take < len(movers):
        raise NotEnoughLicenses("licenseKeyId", available=can_take, requested=len(movers))


def _leaving(held: Held, target: LicenseKey, movers: Collection[Installation]) -> int:
    """How many licences the move gives back to the pool that the new key draws from."""
    active = Counter(row.license_key_id for row in movers if row.status is InstallationStatus.ACTIVE)
    return sum(
        count
        for key_id, count in active.items()
        if key_id is not None
        and held.keys[key_id].subscription_id == target.subscription_id
        and held.keys[key_id].allocation is not Allocation.RESERVED
    )


def _put(work: Work, installation: Installation, former: LicenseKey | None, target: LicenseKey) -> None:
    if installation.status is InstallationStatus.ACTIVE and former is not None:
        former.used -= 1
    target.used += 1
    installation.status = InstallationStatus.ACTIVE
    installation.pending_change = PendingChange.MOVE
    installation.license_key_id = target.id
    installation.subscription_id = target.subscription_id
    installation.activated_at = work.now
    work.emit(ComputerMoved.of(installation, target, from_key_name=former.name if former else None))
