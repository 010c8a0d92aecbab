"""Orders (SUB-9, SUB-13): customers place them, staff decide, and only a fulfilled one changes anything."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from app.access.permissions import Permission
from app.domain.errors import DomainError, ErrorCode, Invalid, NotEnoughLicenses, NotFound
from app.domain.keys import lookup
from app.domain.products.queries import policy_of
from app.domain.subscriptions import renewal, rules, thresholds
from app.domain.subscriptions.events import OrderFulfilled, OrderPlaced, OrderRejected, SubscriptionChanged
from app.domain.subscriptions.ordering import new_order
from app.domain.work import Work
from app.models.product import Product
from app.models.subscription import (
    Channel,
    LicenseSubscription,
    OrderKind,
    OrderStatus,
    SalesOrder,
    SubscriptionKind,
)

LONGEST_NOTE: Final = 2_000
_PLACEABLE: Final = (OrderKind.ADD_LICENSES, OrderKind.RENEWAL, OrderKind.CONVERSION)


@dataclass(frozen=True, kw_only=True)
class OrderForm:
    """What an administrator orders. `quantity` is in packs: more ones, or for a new term all of them.

    None keeps what is there.
    """

    kind: OrderKind
    quantity: int | None = None
    note: str | None = None


async def place(work: Work, subscription_id: UUID | None, form: OrderForm) -> tuple[UUID, UUID]:
    """SUB-9: the IDs of an order that staff will decide on, and of its subscription.

    Raises NOT_FOUND, FORBIDDEN, RENEWED_THROUGH_RESELLER, TRIAL, KEY_EXPIRED, NOT_ENOUGH_LICENSES, INVALID.
    """
    note = _note(form.note)
    async with work:
        subscription = await work.get(LicenseSubscription, subscription_id, "subscriptionId")
        work.require(Permission.ORDER_PLACE, subscription)
        policy = await policy_of(work.session, subscription.product)
        _check_kind(work, subscription, form.kind, policy)
        quantity = await _licenses(work, subscription, form, policy)
        order = new_order(work, subscription, form.kind, quantity=quantity, note=note)
        work.add(order)
        work.emit(OrderPlaced.of(order, subscription))
        return order.id, subscription.id


async def fulfill(work: Work, order_id: UUID | None, note: str | None) -> tuple[UUID, UUID]:
    """SUB-9: let an order take effect; the IDs of order and subscription.

    Raises NOT_FOUND, FORBIDDEN, CONFLICT if it was decided before or fits no longer, NOT_ENOUGH_LICENSES,
    INVALID for what isn't placed by customers.
    """
    note = _note(note)
    async with work:
        order, subscription = await _undecided(work, order_id, Permission.ORDER_FULFILL)
        order.status, order.fulfilled_at, order.note = OrderStatus.FULFILLED, work.now, _joined(order, note)
        work.emit(OrderFulfilled.of(order, subscription))
        await _take_effect(work, order, subscription)
        await thresholds.after_use_changed(work, subscription)
        return order.id, subscription.id


async def reject(work: Work, order_id: UUID | None, note: str | None) -> tuple[UUID, UUID]:
    """SUB-9: refuse an order; nothing of the subscription changes. Raises as `fulfill` does."""
    note = _note(note)
    async with work:
        order, subscription = await _undecided(work, order_id, Permission.ORDER_REJECT)
        order.status, order.note = OrderStatus.REJECTED, _joined(order, note)
        work.emit(OrderRejected.of(order, subscription))
        return order.id, subscription.id


def _check_kind(work: Work, subscription: LicenseSubscription, kind: OrderKind, policy: Product) -> None:
    if kind not in _PLACEABLE:
        msg = f"Orders of kind {kind} can't be placed."
        raise Invalid(msg, "kind")
    if subscription.channel is Channel.RESELLER:
        raise rules.renewed_through_reseller("subscriptionId")
    trial = subscription.kind is SubscriptionKind.TRIAL
    if trial and kind is not OrderKind.CONVERSION:
        raise rules.only_converted("kind")
    if kind is OrderKind.CONVERSION and not trial:
        msg = "Only a trial can be converted."
        raise Invalid(msg, "kind")
    if kind is OrderKind.ADD_LICENSES:
        rules.check_not_over(subscription, work.now.date(), policy.expiry_grace_days)


async def _licenses(work: Work, subscription: LicenseSubscription, form: OrderForm, policy: Product) -> int:
    """The order's quantity in licences."""
    adding = form.kind is OrderKind.ADD_LICENSES
    if form.quantity is None:
        if adding:
            msg = "How many licences shall be added?"
            raise Invalid(msg, "quantity")
        return subscription.quantity
    wanted = form.quantity * policy.licenses_per_pack
    most = rules.LARGEST_QUANTITY - (subscription.quantity if adding else 0)
    if not 0 < wanted <= most:
        msg = f"The quantity must be between 1 and {most // policy.licenses_per_pack}."
        raise Invalid(msg, "quantity")
    if form.kind is OrderKind.RENEWAL and wanted < subscription.quantity:
        msg = "A renewal can't have fewer licences than the subscription has."
        raise Invalid(msg, "quantity")
    if form.kind is OrderKind.CONVERSION:
        await _check_fewer(work, subscription, wanted, policy, "quantity")
    return wanted


async def _check_fewer(
    work: Work, subscription: LicenseSubscription, wanted: int, policy: Product, path: str
) -> None:
    """A conversion may have fewer licences than the trial: no fewer than are reserved and in use."""
    least = await lookup.fewest_licenses(work, subscription, policy)
    if wanted < least:
        raise NotEnoughLicenses(path, available=wanted, requested=least)


async def _undecided(
    work: Work, order_id: UUID | None, permission: Permission
) -> tuple[SalesOrder, LicenseSubscription]:
    """The order and its subscription, locked in the house's order."""
    seen = await work.get(SalesOrder, order_id, "orderId", lock=False)
    work.require(permission, seen)
    subscription = await work.get(LicenseSubscription, seen.subscription_id, "orderId")
    order = await work.get(SalesOrder, order_id, "orderId")
    if order.kind not in _PLACEABLE:
        msg = "This order is not one that staff decide on."
        raise Invalid(msg, "orderId")
    if order.status is not OrderStatus.PLACED:
        raise DomainError(ErrorCode.CONFLICT, f"This order is {order.status.lower()} already.", "orderId")
    if subscription.account_id is None:
        raise NotFound("orderId")
    return order, subscription


async def _take_effect(work: Work, order: SalesOrder, subscription: LicenseSubscription) -> None:
    policy = await policy_of(work.session, subscription.product)
    if order.kind is OrderKind.CONVERSION:
        await _convert(work, order, subscription, policy)
        return
    if order.kind is OrderKind.ADD_LICENSES:
        subscription.quantity = _within(subscription.quantity + order.quantity)
        return
    # Licences that were added since it was placed stay.
    subscription.quantity = max(subscription.quantity, order.quantity)
    await renewal.extend(work, subscription, subscription.term_months or policy.usual_term_months)


async def _convert(work: Work, order: SalesOrder, subscription: LicenseSubscription, policy: Product) -> None:
    """SUB-13: what was a trial is a subscription with a term, behind what is left of the trial."""
    if subscription.kind is not SubscriptionKind.TRIAL:
        raise DomainError(ErrorCode.CONFLICT, "This trial was converted already.", "orderId")
    async with work.as_owner():  # staff see every key; this is for the sum alone
        await _check_fewer(work, subscription, order.quantity, policy, "orderId")
    subscription.kind = SubscriptionKind.SUBSCRIPTION
    subscription.quantity = order.quantity
    subscription.term_months = policy.usual_term_months
    subscription.auto_renew = rules.renews_by_itself(
        subscription.kind, subscription.channel, subscription.term_months
    )
    await renewal.extend(work, subscription, policy.usual_term_months)
    work.emit(
        SubscriptionChanged.of(subscription, kind=subscription.kind.value, quantity=subscription.quantity)
    )


def _within(quantity: int) -> int:
    if quantity > rules.LARGEST_QUANTITY:
        text = f"The subscription would have more than {rules.LARGEST_QUANTITY} licences."
        raise DomainError(ErrorCode.CONFLICT, text, "orderId")
    return quantity


def _note(text: str | None) -> str | None:
    note = (text or "").strip()
    if len(note) > LONGEST_NOTE:
        msg = f"A note has {LONGEST_NOTE} characters at most."
        raise Invalid(msg, "note")
    return note or None


def _joined(order: SalesOrder, note: str | None) -> str | None:
    """The customer's remark and the decision's, one below the other."""
    return "\n".join(part for part in (order.note, note) if part) or None
