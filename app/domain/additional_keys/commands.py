"""Making, changing and deleting additional keys (KEY-1 to KEY-8)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import update as update_rows
from sqlmodel import col

from app.access.permissions import Permission
from app.core.codes import new_key_code
from app.core.ids import new_id
from app.domain.additional_keys import rules
from app.domain.additional_keys.rules import KeyChange, KeyTerms, Surroundings
from app.domain.errors import DomainError, ErrorCode, NotEnoughLicenses, NotFound
from app.domain.installations.deactivation import Reason, active_of, deactivate_all, surplus_of
from app.domain.keys import lookup
from app.domain.keys.events import KeyChanged, KeyCreated, KeyDeleted
from app.domain.keys.quota import NO_CLAIM, Claim, KeyUse, claim, fits, givable, is_live, surplus
from app.domain.products.queries import policy_of
from app.domain.subscriptions import thresholds
from app.domain.subscriptions.rules import check_not_over
from app.domain.work import Work
from app.models.installation import Installation
from app.models.license_key import LicenseKey, LicenseKeyKind
from app.models.product import Product
from app.models.subscription import LicenseSubscription


@dataclass(frozen=True)
class KeyDone:
    """A key, its subscription, and whom the change deactivated (or would: a dry run)."""

    key_id: UUID
    subscription_id: UUID
    deactivated: Sequence[UUID] = ()


async def create(work: Work, subscription_id: UUID | None, terms: KeyTerms) -> KeyDone:
    """KEY-1: an additional key with a code of its own.

    Raises NOT_FOUND, FORBIDDEN, KEY_EXPIRED, INVALID, ALLOCATION_NOT_ALLOWED, NOT_ENOUGH_LICENSES.
    """
    async with work:
        subscription = await work.get(LicenseSubscription, subscription_id, "subscriptionId")
        work.require(Permission.LICENSE_KEY_CREATE, subscription)
        policy = await policy_of(work.session, subscription.product)
        check_not_over(subscription, work.now.date(), policy.expiry_grace_days)
        terms = rules.new_terms(terms, _around(work, subscription, policy))
        key = _new(work, subscription, terms)
        await _check_fits(work, subscription, NO_CLAIM, _wanted(work, terms, used=0), "quota")
        work.add(key)
        work.emit(KeyCreated.of(key, quota=terms.quota, allocation=terms.allocation.value))
        return KeyDone(key.id, subscription.id)


async def update(work: Work, key_id: UUID | None, change: KeyChange, *, dry_run: bool) -> KeyDone:
    """KEY-1, KEY-7: other terms; whoever is then beyond the quota is deactivated.

    A dry run changes nothing, and names whom the real one would deactivate. Raises NOT_FOUND,
    FORBIDDEN, PRIMARY_KEY, INVALID, ALLOCATION_NOT_ALLOWED, NOT_ENOUGH_LICENSES.
    """
    async with work:
        subscription, key = await _locked(work, key_id, Permission.LICENSE_KEY_UPDATE)
        policy = await policy_of(work.session, subscription.product)
        terms = rules.changed_terms(key, change, _around(work, subscription, policy))
        if key.kind is LicenseKeyKind.ADDITIONAL:
            beyond = await _beyond(work, key, terms)
            present = claim(lookup.counted(key, work.now.date()))
            wanted = _wanted(work, terms, used=min(key.used, terms.quota))
            await _check_fits(work, subscription, present, wanted, _path(change))
        else:
            beyond = []
        if not dry_run:
            await _apply(work, key, terms, beyond)
        return KeyDone(key.id, subscription.id, [row.id for row in beyond])


async def delete(work: Work, key_id: UUID | None, *, dry_run: bool) -> KeyDone:
    """KEY-7: deactivate all that the key activated, and forget the key and its grants.

    Installations stay, without a key; what happened stays readable. Raises NOT_FOUND, FORBIDDEN, PRIMARY_KEY.
    """
    async with work:
        subscription, key = await _locked(work, key_id, Permission.LICENSE_KEY_DELETE)
        if key.kind is LicenseKeyKind.PRIMARY:
            raise DomainError(ErrorCode.PRIMARY_KEY, "The primary key can't be deleted.", "licenseKeyId")
        active = await active_of(work, key)
        if not dry_run:
            await deactivate_all(work, active, {key.id: key}, Reason.KEY_DELETED)
            work.emit(KeyDeleted.of(key, deactivated=len(active)))
            await _forget(work, key)
            await thresholds.after_use_changed(work, subscription)
        return KeyDone(key.id, subscription.id, [row.id for row in active])


async def _locked(
    work: Work, key_id: UUID | None, permission: Permission
) -> tuple[LicenseSubscription, LicenseKey]:
    """The key and its subscription, locked in the house's order."""
    seen = await work.get(LicenseKey, key_id, "licenseKeyId", lock=False)
    work.require(permission, seen)
    subscriptions, keys = await lookup.lock(work, [seen.id])
    if seen.id not in keys:  # deleted between our two looks
        raise NotFound("licenseKeyId")
    return subscriptions[keys[seen.id].subscription_id], keys[seen.id]


def _around(work: Work, subscription: LicenseSubscription, policy: Product) -> Surroundings:
    return Surroundings(
        subscription_end=subscription.expires_on,
        allocations=tuple(policy.allocations),
        today=work.now.date(),
    )


def _wanted(work: Work, terms: KeyTerms, used: int) -> Claim:
    """What a key with these terms takes."""
    live = terms.renews or is_live(terms.expires_on, work.now.date())
    return claim(KeyUse(LicenseKeyKind.ADDITIONAL, terms.allocation, terms.quota, used, live))


async def _check_fits(
    work: Work, subscription: LicenseSubscription, present: Claim, wanted: Claim, path: str
) -> None:
    """KEY-3, KEY-4, KEY-6: raise NOT_ENOUGH_LICENSES with what the key could have."""
    pool = await lookup.pool_of(work.session, subscription, work.now.date())
    if not fits(pool, present, wanted):
        raise NotEnoughLicenses(path, available=givable(pool, present), requested=wanted.total)


def _path(change: KeyChange) -> str:
    """The field that asks for licences: the first of those that can."""
    given = change.given()
    fields = ("quota", "allocation", "expires_on", "renews_with_subscription")
    return next((given[field] for field in fields if field in given), "licenseKeyId")


async def _beyond(work: Work, key: LicenseKey, terms: KeyTerms) -> Sequence[Installation]:
    """KEY-7: whom a lowered quota deactivates. Overuse that was there before is another matter."""
    if key.quota is None or terms.quota >= key.quota:
        return []
    after = KeyUse(key.kind, terms.allocation, terms.quota, key.used)
    return await surplus_of(work, key, surplus(after))


async def _apply(work: Work, key: LicenseKey, terms: KeyTerms, beyond: Sequence[Installation]) -> None:
    changed = _differences(key, terms)
    await deactivate_all(work, beyond, {key.id: key}, Reason.QUOTA_LOWERED)
    key.name, key.name_key = terms.name, terms.name.casefold()
    if key.kind is LicenseKeyKind.ADDITIONAL:
        key.quota, key.allocation = terms.quota, terms.allocation
        key.renews_with_subscription = terms.renews
        if terms.expires_on != key.expires_on:
            key.expires_on, key.expired_at = terms.expires_on, None
    if changed:
        work.emit(KeyChanged.of(key, changed=changed, deactivated=len(beyond)))
    await thresholds.after_keys_changed(work, [key])


def _differences(key: LicenseKey, terms: KeyTerms) -> dict[str, Any]:
    """The new values alone, by the API's names."""
    present = KeyTerms.of(key).told()
    return {name: value for name, value in terms.told().items() if value != present[name]}


async def _forget(work: Work, key: LicenseKey) -> None:
    await work.flush()
    async with work.as_owner():  # whatever used the key last loses it too, whoever may see it
        statement = (
            update_rows(Installation)
            .where(col(Installation.license_key_id) == key.id)
            .values(license_key_id=None)
            .execution_options(synchronize_session=False)
        )
        await work.session.execute(statement)
        await work.session.delete(key)
    await work.flush()


def _new(work: Work, subscription: LicenseSubscription, terms: KeyTerms) -> LicenseKey:
    vault, code = work.resources.vault, new_key_code()
    return LicenseKey(
        id=new_id(),
        subscription_id=subscription.id,
        account_id=subscription.account_id,
        kind=LicenseKeyKind.ADDITIONAL,
        name=terms.name,
        name_key=terms.name.casefold(),
        code_hash=vault.fingerprint("key", code),
        code_sealed=vault.encrypt(code),
        code_last_group=code.rpartition("-")[2],
        allocation=terms.allocation,
        quota=terms.quota,
        renews_with_subscription=terms.renews,
        expires_on=terms.expires_on,
        created_at=work.now,
    )
