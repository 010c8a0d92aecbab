"""What administrators decide about a subscription (SUB-8, SUB-15)."""

from collections.abc import Sequence
from uuid import UUID

from app.access.permissions import Permission
from app.domain.errors import Invalid
from app.domain.products.queries import policy_of
from app.domain.subscriptions import rules, thresholds
from app.domain.subscriptions.events import SubscriptionChanged
from app.domain.work import Work
from app.models.subscription import LicenseSubscription


async def set_auto_renew(work: Work, subscription_id: UUID | None, *, auto_renew: bool) -> UUID:
    """SUB-8: renew by itself on the end date, or not.

    Raises NOT_FOUND, FORBIDDEN; to switch it on also RENEWED_THROUGH_RESELLER, TRIAL, INVALID, KEY_EXPIRED.
    """
    async with work:
        subscription = await work.get(LicenseSubscription, subscription_id, "subscriptionId")
        work.require(Permission.SUBSCRIPTION_SET_AUTO_RENEW, subscription)
        if auto_renew and not subscription.auto_renew:
            rules.check_auto_renewal(subscription, work.now.date())
        if auto_renew is not subscription.auto_renew:
            subscription.auto_renew = auto_renew
            work.emit(SubscriptionChanged.of(subscription, autoRenew=auto_renew))
        return subscription.id


async def set_usage_thresholds(work: Work, subscription_id: UUID | None, percentages: Sequence[int]) -> UUID:
    """SUB-15: which percentages raise an alert; an empty list turns alerts off.

    What use has reached by now is not told again: it is armed once use has fallen below it.
    Raises NOT_FOUND, FORBIDDEN, INVALID (`percentages.N`).
    """
    async with work:
        subscription = await work.get(LicenseSubscription, subscription_id, "subscriptionId")
        work.require(Permission.SUBSCRIPTION_SET_USAGE_THRESHOLDS, subscription)
        chosen = thresholds.checked(percentages)
        if chosen != subscription.usage_thresholds:
            subscription.usage_thresholds = chosen
            subscription.threshold_reached = thresholds.level(
                chosen, subscription.used, subscription.quantity
            )
            work.emit(SubscriptionChanged.of(subscription, usageThresholds=chosen))
        return subscription.id


async def set_offline_use(work: Work, subscription_id: UUID | None, *, enabled: bool) -> UUID:
    """PXY-4: staff let files activate with this subscription's keys, or no longer.

    What files activated stays, and can be given back. Raises NOT_FOUND, FORBIDDEN, INVALID for a
    product that knows no offline use.
    """
    async with work:
        subscription = await work.get(LicenseSubscription, subscription_id, "subscriptionId")
        work.require(Permission.OFFLINE_USE_SET, subscription)
        policy = await policy_of(work.session, subscription.product)
        if not policy.offline_possible:
            msg = f"{policy.name} can't be used offline."
            raise Invalid(msg, "subscriptionId")
        if enabled is not subscription.offline_use:
            subscription.offline_use = enabled
            work.emit(SubscriptionChanged.of(subscription, offlineUse=enabled))
        return subscription.id
