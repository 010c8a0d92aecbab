"""Finding and locking keys within a command; locks in the house's order."""

from collections.abc import Collection
from datetime import date
from uuid import UUID

from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.core.codes import normalise_key_code
from app.core.crypto import Vault
from app.domain.errors import DomainError, ErrorCode
from app.domain.keys.quota import KeyUse, Pool, available, is_live, least_quantity
from app.domain.work import Work
from app.models.license_key import LicenseKey
from app.models.product import Allocation, OverusePolicy, Product
from app.models.subscription import LicenseSubscription


def code_hash(vault: Vault, text: str, *path: str) -> bytes:
    """The keyed hash of a typed code. Raises KEY_MALFORMED without a look-up (SUB-2)."""
    code = normalise_key_code(text)
    if code is None:
        raise DomainError(
            ErrorCode.KEY_MALFORMED, "This is not a licence key: check for a typing error.", *path
        )
    return vault.fingerprint("key", code)


async def by_code(work: Work, text: str, *path: str) -> LicenseKey:
    """The key of a code, unlocked. Raises KEY_MALFORMED or KEY_UNKNOWN."""
    hashed = code_hash(work.resources.vault, text, *path)
    key = await work.first(select(LicenseKey).where(col(LicenseKey.code_hash) == hashed))
    if key is None:
        raise unknown(*path)
    found: LicenseKey = key
    return found


def unknown(*path: str) -> DomainError:
    """KEY_UNKNOWN: the same for a code that never was and one that wasn't registered."""
    return DomainError(ErrorCode.KEY_UNKNOWN, "This licence key is not known.", *path)


async def lock(
    work: Work, keys: Collection[UUID]
) -> tuple[dict[UUID, LicenseSubscription], dict[UUID, LicenseKey]]:
    """Lock keys and their subscriptions, subscriptions first, each in the order of their IDs."""
    of_keys = select(col(LicenseKey.subscription_id)).where(col(LicenseKey.id).in_(keys))
    subscriptions = await work.all(
        select(LicenseSubscription)
        .where(col(LicenseSubscription.id).in_(of_keys))
        .order_by(col(LicenseSubscription.id))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    locked = await work.all(
        select(LicenseKey)
        .where(col(LicenseKey.id).in_(keys))
        .order_by(col(LicenseKey.id))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in subscriptions}, {row.id: row for row in locked}


async def pool_of(session: AsyncSession, subscription: LicenseSubscription, today: date) -> Pool:
    """The subscription's pool as the database has it now; hold its lock.

    Keys that follow the subscription count as live even when it is over: nobody could use what
    they reserve, and at its renewal they have it (KEY-8).
    """
    following = col(LicenseKey.renews_with_subscription)
    live = or_(following, col(LicenseKey.expires_on) >= today)
    reserved = and_(col(LicenseKey.allocation) == Allocation.RESERVED, live)
    shared = or_(col(LicenseKey.allocation).is_(None), col(LicenseKey.allocation) == Allocation.DYNAMIC)
    statement = select(
        func.coalesce(func.sum(col(LicenseKey.quota)).filter(reserved), 0),
        func.coalesce(func.sum(col(LicenseKey.used)).filter(shared), 0),
    ).where(col(LicenseKey.subscription_id) == subscription.id)
    reserved_licenses, used = (await session.execute(statement)).one()
    return Pool(subscription.quantity, int(reserved_licenses or 0), int(used or 0))


async def fewest_licenses(work: Work, subscription: LicenseSubscription, policy: Product) -> int:
    """How few licences the subscription could have: what is reserved, and in use (see `quota.least_quantity`)."""
    pool = await pool_of(work.session, subscription, work.now.date())
    return least_quantity(pool, overuse=policy.overuse_policy is not OverusePolicy.HARD_LIMIT)


def is_over(key: LicenseKey, policy: Product, today: date) -> bool:
    """KEY-6, SUB-13: whether the key gives no licences any more.

    A key that ends with its subscription (KEY-8) shares the product's grace; one with an end of
    its own has none.
    """
    return not is_live(key.expires_on, today, policy.expiry_grace_days if key.renews_with_subscription else 0)


def use_of(key: LicenseKey, today: date, grace_days: int = 0) -> KeyUse:
    """A row as the arithmetic sees it; `grace_days` of the product."""
    live = is_live(key.expires_on, today, grace_days if key.renews_with_subscription else 0)
    return KeyUse(key.kind, key.allocation, key.quota, key.used, live)


def counted(key: LicenseKey, today: date) -> KeyUse:
    """A row as `pool_of` counts it: what follows its subscription is live whatever the day."""
    live = key.renews_with_subscription or is_live(key.expires_on, today)
    return KeyUse(key.kind, key.allocation, key.quota, key.used, live)


async def take_license(work: Work, subscription: LicenseSubscription, key: LicenseKey, *path: str) -> None:
    """Use one more licence of a locked key. Raises NO_LICENSES_LEFT."""
    today = work.now.date()
    pool = await pool_of(work.session, subscription, today)
    if available(use_of(key, today), pool) < 1:
        raise DomainError(ErrorCode.NO_LICENSES_LEFT, "All licences of this key are in use.", *path)
    key.used += 1
    # The next sum over keys must see it.
    await work.flush()
