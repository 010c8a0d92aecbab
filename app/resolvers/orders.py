"""Orders, and what administrators decide about a subscription."""

from typing import Any
from uuid import UUID

import strawberry

from app.access.actor import Scope
from app.core import ids
from app.domain.subscriptions import orders, settings
from app.domain.subscriptions import queries as subscriptions
from app.domain.subscriptions.orders import OrderForm
from app.engine.fields import Info
from app.resolvers.root import mutation
from app.schema.order_inputs import (
    DecideOrderInput,
    OrderPayload,
    PlaceOrderInput,
    SetAutoRenewInput,
    SetUsageThresholdsInput,
)
from app.schema.subscription_inputs import SubscriptionPayload


@strawberry.type
class OrderMutation:
    """SUB-8, SUB-9, SUB-13, SUB-15."""

    @mutation(
        SubscriptionPayload,
        "Have a subscription renew by itself on its end date, or not (SUB-8)",
        scope=Scope.MANAGE_LICENSES,
    )
    async def set_auto_renew(self, info: Info, input: SetAutoRenewInput) -> SubscriptionPayload:
        """SUB-8."""
        wanted = ids.decode(input.subscription_id, "LicenseSubscription")
        done = await settings.set_auto_renew(info.context.work(), wanted, auto_renew=input.auto_renew)
        row: Any = await info.context.load(subscriptions.by_ids, done)
        return SubscriptionPayload(subscription=row)

    @mutation(
        SubscriptionPayload,
        "Choose at which percentages of used licences to be told (SUB-15)",
        scope=Scope.MANAGE_LICENSES,
    )
    async def set_usage_thresholds(self, info: Info, input: SetUsageThresholdsInput) -> SubscriptionPayload:
        """SUB-15."""
        wanted = ids.decode(input.subscription_id, "LicenseSubscription")
        done = await settings.set_usage_thresholds(info.context.work(), wanted, input.percentages)
        row: Any = await info.context.load(subscriptions.by_ids, done)
        return SubscriptionPayload(subscription=row)

    @mutation(
        OrderPayload,
        "Order more licences, another term, or a trial's conversion (SUB-9)",
        scope=Scope.MANAGE_LICENSES,
    )
    async def place_order(self, info: Info, input: PlaceOrderInput) -> OrderPayload:
        """SUB-9, SUB-13."""
        wanted = ids.decode(input.subscription_id, "LicenseSubscription")
        form = OrderForm(kind=input.kind, quantity=input.quantity, note=input.note)
        return await _payload(info, await orders.place(info.context.work(), wanted, form))

    @mutation(OrderPayload, "Staff: let an order take effect (SUB-9)", scope=Scope.MANAGE_LICENSES)
    async def fulfill_order(self, info: Info, input: DecideOrderInput) -> OrderPayload:
        """SUB-9."""
        wanted = ids.decode(input.order_id, "Order")
        return await _payload(info, await orders.fulfill(info.context.work(), wanted, input.note))

    @mutation(
        OrderPayload,
        "Staff: refuse an order; the subscription stays as it is (SUB-9)",
        scope=Scope.MANAGE_LICENSES,
    )
    async def reject_order(self, info: Info, input: DecideOrderInput) -> OrderPayload:
        """SUB-9."""
        wanted = ids.decode(input.order_id, "Order")
        return await _payload(info, await orders.reject(info.context.work(), wanted, input.note))


async def _payload(info: Info, done: tuple[UUID, UUID]) -> OrderPayload:
    order_id, subscription_id = done
    order: Any = await info.context.load(subscriptions.orders_by_ids, order_id)
    subscription: Any = await info.context.load(subscriptions.by_ids, subscription_id)
    return OrderPayload(order=order, subscription=subscription)
