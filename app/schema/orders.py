"""Orders: how quantity and end date of a subscription came about (SUB-9)."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from app.domain.accounts import queries as accounts
from app.domain.subscriptions import queries as subscriptions
from app.engine.enums import described
from app.engine.fields import Info, column, global_id, relation
from app.models.subscription import Channel, OrderKind, OrderStatus
from app.schema.node import Node, Tagged

if TYPE_CHECKING:
    from app.schema.accounts import BusinessAccount
    from app.schema.subscriptions import LicenseSubscription

described(
    Channel,
    "Through whom something was bought",
    {"ONLINE": "From the vendor", "RESELLER": "Through a partner"},
)
described(
    OrderKind,
    "What an order asks for",
    {
        "NEW": "The subscription itself",
        "ADD_LICENSES": "More licences",
        "RENEWAL": "Another term",
        "CONVERSION": "A trial becomes a subscription",
        "MIGRATION": "Taken over from a legacy portal",
    },
)
described(
    OrderStatus,
    "How far an order is",
    {
        "PLACED": "Staff have to decide",
        "FULFILLED": "It took effect",
        "REJECTED": "It was refused",
    },
)


@strawberry.type(description="An order in a subscription's history")
class Order(Tagged, Node):
    """An order's row."""

    id: strawberry.ID = global_id("Order")
    number: str = column("What to quote on the telephone")
    kind: OrderKind = column("What it asks for")
    status: OrderStatus = column("How far it is")
    quantity: int = column("Licences")
    channel: Channel = column("Through whom it was placed")
    placed_at: datetime = column("When it was placed")
    fulfilled_at: datetime | None = column("When it took effect")
    note: str | None = column("The customer's remark, and below it the decision's")
    account: Annotated["BusinessAccount", strawberry.lazy("app.schema.accounts")] | None = relation(
        accounts.by_ids, "Whose order it is; null while the subscription isn't registered", key="account_id"
    )

    @strawberry.field(description="What it is about; null while that isn't registered")
    async def subscription(
        self, info: Info
    ) -> Annotated["LicenseSubscription", strawberry.lazy("app.schema.subscriptions")] | None:
        """An unregistered one has no account yet that it could tell of."""
        row: Any = self
        if row["account_id"] is None:
            return None
        found: LicenseSubscription | None = await info.context.load(
            subscriptions.by_ids, row["subscription_id"]
        )
        return found
