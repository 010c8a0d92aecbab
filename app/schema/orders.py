"""Orders: how quantity and end date of a subscription came about (SUB-9)."""

from datetime import datetime

import strawberry

from app.engine.enums import described
from app.engine.fields import column, global_id
from app.models.subscription import Channel, OrderKind, OrderStatus
from app.schema.node import Node, Tagged

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
    note: str | None = column("A remark")
