"""KEY-6: telling, once, that a key's last good day is over. What follows from it needs no telling."""

from datetime import date
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import select

from app.access.permissions import Permission
from app.core.database import Reader
from app.core.statements import compiled
from app.domain.batches import table_of
from app.domain.keys import lookup
from app.domain.keys.events import KeyExpired
from app.domain.products.queries import policy_of
from app.domain.subscriptions import thresholds
from app.domain.work import Work
from app.models.license_key import LicenseKey
from app.models.product import Product
from app.models.subscription import LicenseSubscription

BATCH: Final = 200
_key = table_of(LicenseKey)
_subscription = table_of(LicenseSubscription)
_product = table_of(Product)
_grace = sa.case((_key.c.renews_with_subscription, _product.c.expiry_grace_days), else_=0)
_TO_EXPIRE = compiled(
    select(_key.c.id)
    .select_from(
        _key.join(_subscription, _subscription.c.id == _key.c.subscription_id).join(
            _product, _product.c.code == _subscription.c.product
        )
    )
    .where(
        # Written out, so that every plan can use the partial index.
        sa.text("license_key.kind = 'ADDITIONAL' and license_key.expired_at is null"),
        _key.c.expires_on < sa.bindparam("today"),
        _key.c.expires_on + _grace < sa.bindparam("today"),
        # What renews by itself is about to, and its keys with it.
        sa.not_(sa.and_(_key.c.renews_with_subscription, _subscription.c.auto_renew)),
        _key.c.id > sa.bindparam("after"),
    )
    .order_by(_key.c.id)
    .limit(BATCH)
)


async def to_expire(look: Reader, today: date, after: UUID) -> list[UUID]:
    """Keys that are over and weren't told to be, behind an ID; a batch of them."""
    return [row["id"] for row in await look.rows(_TO_EXPIRE, today=today, after=after)]


async def expire(work: Work, key_id: UUID) -> bool:
    """KEY-6: the event, once; False if it was told, or the key was extended or deleted meanwhile."""
    async with work:
        work.require(Permission.BACKGROUND_WORK)
        subscriptions, keys = await lookup.lock(work, [key_id])
        key = keys.get(key_id)
        if key is None or key.expired_at is not None:
            return False
        subscription = subscriptions[key.subscription_id]
        policy = await policy_of(work.session, subscription.product)
        if not lookup.is_over(key, policy, work.now.date()):
            return False
        key.expired_at = work.now
        work.emit(KeyExpired.of(key))
        # What a reserved key used counts no longer (SUB-15).
        await thresholds.after_use_changed(work, subscription)
        return True
