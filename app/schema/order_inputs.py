"""Inputs and payloads of orders, and of what administrators decide about a subscription."""

import strawberry

from app.schema.errors import UserError
from app.schema.orders import Order, OrderKind
from app.schema.payloads import errors
from app.schema.subscriptions import LicenseSubscription


@strawberry.input(description="Renewing by itself on the end date, or not (SUB-8)")
class SetAutoRenewInput:
    """SUB-8."""

    subscription_id: strawberry.ID = strawberry.field(description="The subscription")
    auto_renew: bool = strawberry.field(description="Whether it renews by itself")


@strawberry.input(description="At which percentages of used licences to be told (SUB-15)")
class SetUsageThresholdsInput:
    """SUB-15."""

    subscription_id: strawberry.ID = strawberry.field(description="The subscription")
    percentages: list[int] = strawberry.field(
        description="Up to five different ones from 1 to 100; an empty list turns alerts off"
    )


@strawberry.input(
    description="quantity: licences to add (packs for ACCESS) or, for a renewal, null to keep the present ones"
)
class PlaceOrderInput:
    """SUB-9."""

    subscription_id: strawberry.ID = strawberry.field(description="The subscription")
    kind: OrderKind = strawberry.field(
        description="ADD_LICENSES or RENEWAL; CONVERSION for a trial. The others aren't placed by customers"
    )
    quantity: int | None = strawberry.field(
        default=None,
        description="In packs. ADD_LICENSES: how many more. RENEWAL and CONVERSION: how many altogether; "
        "null keeps the present ones",
    )
    note: str | None = strawberry.field(default=None, description="A remark, up to 2,000 characters")


@strawberry.input(description="A decision of staff about an order (SUB-9)")
class DecideOrderInput:
    """SUB-9."""

    order_id: strawberry.ID = strawberry.field(description="The order")
    note: str | None = strawberry.field(
        default=None, description="A remark that the customer sees, below their own; up to 2,000 characters"
    )


@strawberry.type(description="An order and its subscription, as they are now")
class OrderPayload:
    """SUB-9."""

    order: Order | None = strawberry.field(default=None, description="The order")
    subscription: LicenseSubscription | None = strawberry.field(default=None, description="Its subscription")
    errors: list[UserError] = errors()
