"""Another term: by itself on the end date (SUB-8), by an order (SUB-10), and the reminders before (SUB-11)."""

from datetime import date
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import select, update
from sqlmodel import col

from app.access.permissions import Permission
from app.core.database import Reader
from app.core.statements import compiled
from app.domain.batches import table_of
from app.domain.products.queries import policy_of
from app.domain.subscriptions import rules
from app.domain.subscriptions.events import OrderFulfilled, SubscriptionEnding, SubscriptionRenewed, WayOn
from app.domain.subscriptions.ordering import new_order
from app.domain.work import Work
from app.models.license_key import LicenseKey
from app.models.subscription import (
    Channel,
    LicenseSubscription,
    OrderKind,
    SubscriptionKind,
)

BATCH: Final = 200
_subscription = table_of(LicenseSubscription)
# Written out, so that every plan can use the partial indexes.
_RENEWING: Final = sa.text("auto_renew and account_id is not null")
_TO_RENEW = compiled(
    select(_subscription.c.id)
    .where(
        _RENEWING,
        _subscription.c.ends_on <= sa.bindparam("today"),
        _subscription.c.id > sa.bindparam("after"),
    )
    .order_by(_subscription.c.id)
    .limit(BATCH)
)
_TO_REMIND = compiled(
    select(_subscription.c.id)
    .where(_subscription.c.remind_on <= sa.bindparam("today"), _subscription.c.id > sa.bindparam("after"))
    .order_by(_subscription.c.id)
    .limit(BATCH)
)


async def to_renew(look: Reader, today: date, after: UUID) -> list[UUID]:
    """SUB-8: subscriptions whose end date has come, behind an ID; a batch of them."""
    return [row["id"] for row in await look.rows(_TO_RENEW, today=today, after=after)]


async def to_remind(look: Reader, today: date, after: UUID) -> list[UUID]:
    """SUB-11: subscriptions with a reminder whose day has come, behind an ID; a batch of them."""
    return [row["id"] for row in await look.rows(_TO_REMIND, today=today, after=after)]


async def renew(work: Work, subscription_id: UUID) -> bool:
    """SUB-8: extend by its term, once; False if there is nothing to do, or another worker does it.

    The row's lock and its moved end date are what makes it once: whoever comes later, or after a
    crash, sees either all of it or nothing.
    """
    async with work:
        work.require(Permission.BACKGROUND_WORK)
        statement = _claim(subscription_id).where(
            _RENEWING, col(LicenseSubscription.ends_on) <= work.now.date()
        )
        subscription = await work.first(statement)
        if subscription is None:
            return False
        # The last reminder is about this very end, whichever of the two jobs comes first.
        await _remind(work, subscription)
        order = new_order(work, subscription, OrderKind.RENEWAL, fulfilled=True)
        work.add(order)
        work.emit(OrderFulfilled.of(order, subscription))
        await extend(work, subscription, subscription.term_months or 0, by_itself=True)
        return True


async def remind(work: Work, subscription_id: UUID) -> bool:
    """SUB-11: mail the reminder whose day has come; False if there is none, or another worker does it."""
    async with work:
        work.require(Permission.BACKGROUND_WORK)
        statement = _claim(subscription_id).where(col(LicenseSubscription.remind_on) <= work.now.date())
        subscription = await work.first(statement)
        if subscription is None:
            return False
        await _remind(work, subscription)
        return True


async def extend(
    work: Work, subscription: LicenseSubscription, months: int, *, by_itself: bool = False
) -> date:
    """SUB-10, SUB-12: a later end, and the keys that renew with it (KEY-8). Hold the subscription's lock.

    Raises INVALID where no calendar reaches.
    """
    end = rules.renewed_end(rules.end_of(subscription), work.now.date(), months)
    maintenance = subscription.kind is SubscriptionKind.PERPETUAL
    if maintenance:
        subscription.maintenance_expires_on = end
    else:
        subscription.expires_on = end
        if subscription.maintenance_expires_on is not None:  # included for its whole time (MIG-2)
            subscription.maintenance_expires_on = end
        await _take_keys_along(work, subscription, end)
    work.emit(
        SubscriptionRenewed(
            account_id=subscription.account_id,
            subject_id=subscription.id,
            subscription_id=subscription.id,
            name=subscription.name,
            ends_on=end,
            by_itself=by_itself,
            maintenance=maintenance,
        )
    )
    return end


async def _take_keys_along(work: Work, subscription: LicenseSubscription, end: date) -> None:
    statement = (
        update(LicenseKey)
        .where(col(LicenseKey.subscription_id) == subscription.id, col(LicenseKey.renews_with_subscription))
        .values(expires_on=end, expired_at=None)
        .execution_options(synchronize_session="fetch")
    )
    async with work.as_owner():  # every key follows, whichever of them the actor sees
        await work.session.execute(statement)


def _claim(subscription_id: UUID) -> sa.Select[LicenseSubscription]:
    return (
        select(LicenseSubscription)
        .where(col(LicenseSubscription.id) == subscription_id)
        .with_for_update(skip_locked=True, key_share=True)
    )


def _way_on(subscription: LicenseSubscription) -> WayOn:
    if subscription.auto_renew:
        return WayOn.BY_ITSELF
    if subscription.channel is Channel.RESELLER:
        return WayOn.RESELLER
    return WayOn.CONVERSION if subscription.kind is SubscriptionKind.TRIAL else WayOn.ORDER


async def _remind(work: Work, subscription: LicenseSubscription) -> None:
    end, account_id = rules.end_of(subscription), subscription.account_id
    if end is None or account_id is None or subscription.activated_on is None:
        return
    dealt_with = subscription.reminded_days if subscription.reminded_end == end else None
    found = rules.reminder(work.now.date(), end, subscription.activated_on, dealt_with)
    subscription.reminded_end, subscription.reminded_days = end, found.days
    if found.due:
        product = await policy_of(work.session, subscription.product)
        work.emit(
            SubscriptionEnding(
                subject_id=subscription.id,
                owner_id=account_id,
                name=subscription.name,
                product_name=product.name,
                ends_on=end,
                reminder=found.days,
                way=_way_on(subscription),
                maintenance=subscription.kind is SubscriptionKind.PERPETUAL,
            )
        )
