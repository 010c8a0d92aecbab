"""Renewing what came from Access for Business, by the announced link (MIG-6)."""

import base64
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.access.permissions import Permission
from app.core.crypto import token_hash
from app.domain.errors import DomainError, ErrorCode, Invalid, NotEnoughLicenses
from app.domain.keys import lookup
from app.domain.products.queries import policy_of
from app.domain.subscriptions import renewal, rules, thresholds
from app.domain.subscriptions.events import OrderFulfilled, SubscriptionChanged
from app.domain.subscriptions.ordering import new_order
from app.domain.transfers import touching
from app.domain.work import Work
from app.models.product import Product
from app.models.subscription import LicenseSubscription, OrderKind
from app.models.transfer import LegacyLicense, MigrationSource

_PREFIX: Final = "lyc_rnw_"


def token_for(work: Work, legacy_id: UUID) -> str:
    """The token of a legacy subscription's link: always the same, so that whoever mails it again needs no copy."""
    raw = work.resources.vault.fingerprint("renewal", legacy_id.hex)
    return _PREFIX + base64.urlsafe_b64encode(raw).decode().rstrip("=")


def hash_for(work: Work, origin: LegacyLicense) -> bytes | None:
    """What is stored of it; only what came from Access has a link."""
    if origin.source is not MigrationSource.ACCESS:
        return None
    return token_hash(token_for(work, origin.id))


@dataclass(frozen=True, slots=True)
class Renewed:
    """What the link renewed."""

    subscription_id: UUID
    account_id: UUID | None


async def renew(work: Work, token: str, packs: int) -> Renewed:
    """MIG-6: another year behind the present end, in so many packs; from then on it renews by itself.

    Fewer packs than before are possible here, once, but not fewer licences than are reserved and in
    use. Raises LINK_INVALID (unknown, or used), NOT_ENOUGH_LICENSES, INVALID.
    """
    async with work:
        work.require(Permission.MIGRATED_SUBSCRIPTION_RENEW)
        async with work.as_owner():  # the mailed link is the right: who follows it may have no sign-in yet
            origin, subscription = await _opened(work, token)
            policy = await policy_of(work.session, subscription.product)
            quantity = _licenses(packs, policy)
            await _check_fewer(work, subscription, quantity, policy)
            origin.renewed_at = work.now
            await _take_effect(work, subscription, quantity, policy)
        return Renewed(subscription.id, subscription.account_id)


async def _opened(work: Work, token: str) -> tuple[LegacyLicense, LicenseSubscription]:
    same = select(LegacyLicense).where(col(LegacyLicense.renewal_hash) == token_hash(token))
    found: LegacyLicense | None = await work.first(same)
    if found is None:
        raise _invalid()
    await touching.touch(work, found.transfer_id)
    # Of two who follow the link at once the second sees it used.
    locked = same.with_for_update().execution_options(populate_existing=True)
    origin: LegacyLicense | None = await work.first(locked)
    if origin is None or origin.subscription_id is None or origin.renewed_at is not None:
        raise _invalid()
    return origin, await work.get(LicenseSubscription, origin.subscription_id, "token")


def _invalid() -> DomainError:
    return DomainError(ErrorCode.LINK_INVALID, "This link is not valid, or was used already.", "token")


def _licenses(packs: int, policy: Product) -> int:
    most = rules.LARGEST_QUANTITY // policy.licenses_per_pack
    if not 0 < packs <= most:
        msg = f"The number of packs must be between 1 and {most}."
        raise Invalid(msg, "packs")
    return packs * policy.licenses_per_pack


async def _check_fewer(work: Work, subscription: LicenseSubscription, wanted: int, policy: Product) -> None:
    least = await lookup.fewest_licenses(work, subscription, policy)
    if wanted < min(least, subscription.quantity):
        raise NotEnoughLicenses("packs", available=wanted, requested=least)


async def _take_effect(work: Work, subscription: LicenseSubscription, quantity: int, policy: Product) -> None:
    subscription.quantity = quantity
    subscription.term_months = policy.usual_term_months
    subscription.auto_renew = True
    order = new_order(work, subscription, OrderKind.RENEWAL, fulfilled=True)
    work.add(order)
    work.emit(OrderFulfilled.of(order, subscription))
    await renewal.extend(work, subscription, policy.usual_term_months)
    await thresholds.after_use_changed(work, subscription)
    work.emit(SubscriptionChanged.of(subscription, autoRenew=True, quantity=quantity))
