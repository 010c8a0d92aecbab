"""What follows from more or fewer licences in use: alerts (SUB-15) and each day's peak (SUB-16).

Whoever changes a key's `used`, a subscription's quantity or what counts as used calls one of
these, holding the subscription's lock. A sum over the subscription's keys is all they read.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Final

from sqlalchemy import Boolean, and_, delete, func, literal_column, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from app.domain.errors import DomainError, Invalid, refuse
from app.domain.subscriptions.events import UsageThresholdReached
from app.domain.work import Work
from app.models.license_key import LicenseKey
from app.models.product import Allocation
from app.models.subscription import LicenseSubscription, SubscriptionDay

MOST_THRESHOLDS: Final = 5
_KEPT: Final = timedelta(days=400)


def level(thresholds: Sequence[int], used: int, quantity: int) -> int:
    """SUB-15: the highest percentage that use has reached; 0 if none."""
    return max((each for each in thresholds if used * 100 >= each * quantity), default=0)


def checked(percentages: Sequence[int]) -> list[int]:
    """SUB-15: up to five different percentages from 1 to 100, sorted; none turns alerts off. Raises INVALID."""
    if len(percentages) > MOST_THRESHOLDS:
        msg = f"At most {MOST_THRESHOLDS} percentages."
        raise Invalid(msg, "percentages")
    errors: list[DomainError] = []
    for place, each in enumerate(percentages):
        if not 1 <= each <= 100:  # noqa: PLR2004 - percentages
            errors.append(Invalid("A percentage is between 1 and 100.", "percentages", str(place)))
        elif each in percentages[:place]:
            errors.append(Invalid("This percentage is there already.", "percentages", str(place)))
    refuse(errors)
    return sorted(percentages)


async def after_keys_changed(work: Work, keys: Iterable[LicenseKey | None]) -> None:
    """The same as `after_use_changed` for the subscriptions of these keys."""
    for id_ in sorted({key.subscription_id for key in keys if key is not None}):
        async with work.as_owner():  # who uses a key may not see its subscription's row whole
            subscription = await work.session.get(LicenseSubscription, id_)
        if subscription is not None:
            await after_use_changed(work, subscription)


async def after_use_changed(work: Work, subscription: LicenseSubscription) -> None:
    """SUB-15, SUB-16: compare what is in use now with the thresholds, and keep the day's peak.

    Hold the subscription's lock; `require` comes before, since this writes what changed so far.
    """
    await work.flush()
    async with work.as_owner():  # alerts and peaks are about all keys, whoever changed one
        used = await _used(work, subscription)
        await _keep_peak(work, subscription, max(subscription.used, used))
    subscription.used = used
    reached = level(subscription.usage_thresholds, used, subscription.quantity)
    if reached > subscription.threshold_reached and subscription.account_id is not None:
        work.emit(
            UsageThresholdReached(
                account_id=subscription.account_id,
                subject_id=subscription.id,
                subscription_id=subscription.id,
                name=subscription.name,
                percentage=reached,
                used=used,
                quantity=subscription.quantity,
            )
        )
    subscription.threshold_reached = reached


async def _used(work: Work, subscription: LicenseSubscription) -> int:
    """Licences in use; those of a reserved key that is over went back to the pool (KEY-6)."""
    counted = or_(
        col(LicenseKey.allocation).is_distinct_from(Allocation.RESERVED),
        col(LicenseKey.renews_with_subscription),
        col(LicenseKey.expires_on) >= work.now.date(),
    )
    statement = select(func.coalesce(func.sum(col(LicenseKey.used)), 0)).where(
        and_(col(LicenseKey.subscription_id) == subscription.id, counted)
    )
    return int((await work.session.execute(statement)).scalar_one())


async def _keep_peak(work: Work, subscription: LicenseSubscription, used: int) -> None:
    peak = col(SubscriptionDay.peak)
    statement = (
        insert(SubscriptionDay)
        .values(subscription_id=subscription.id, day=work.now.date(), peak=used)
        .on_conflict_do_update(
            index_elements=["subscription_id", "day"], set_={"peak": func.greatest(peak, used)}
        )
        .returning(literal_column("xmax = 0", Boolean))
    )
    first_of_day = (await work.session.execute(statement)).scalar_one()
    if first_of_day:
        await _forget(work, subscription, work.now.date() - _KEPT)


async def _forget(work: Work, subscription: LicenseSubscription, before: date) -> None:
    statement = delete(SubscriptionDay).where(
        col(SubscriptionDay.subscription_id) == subscription.id, col(SubscriptionDay.day) < before
    )
    await work.session.execute(statement)
