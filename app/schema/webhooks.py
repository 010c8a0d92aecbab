"""Webhooks."""

from datetime import datetime

import strawberry

from app.domain.webhooks import queries as webhooks
from app.engine.connection import Connection, connection
from app.engine.enums import described
from app.engine.fields import column, global_id, relation
from app.models.event import EventType
from app.models.webhook import WebhookDeliveryStatus, WebhookDisabledReason
from app.schema.events import Event
from app.schema.node import Node, Tagged

described(
    WebhookDeliveryStatus,
    "How far a delivery is (EVT-7)",
    {
        "PENDING": "It waits for its turn or its next attempt",
        "DELIVERED": "The endpoint took it",
        "FAILED": "It was given up; it can be redelivered",
    },
)
described(
    WebhookDisabledReason,
    "Why the portal switched an endpoint off",
    {
        "GONE": "Its server answered 410",
        "FAILING": "Its server accepted nothing for three days",
    },
)


@strawberry.type(description="An event for an endpoint, and how its delivery went (EVT-7)")
class WebhookDelivery:
    """A delivery's row."""

    id: strawberry.ID = global_id("WebhookDelivery")
    event: Event = relation(webhooks.events_of_deliveries, "What is told")
    attempts: int = column("How often it was tried, redeliveries included")
    status: WebhookDeliveryStatus = column("How far it is")
    response_status: int | None = column(
        "The HTTP status that answered the latest attempt; null if nothing did"
    )
    next_attempt_at: datetime | None = column(
        "Not before this moment, and behind the deliveries that wait in front of it; null if none will be"
    )


@strawberry.type(description="An address that an account's events are delivered to, in order (EVT-7)")
class WebhookEndpoint(Tagged, Node):
    """An endpoint's row."""

    id: strawberry.ID = global_id("WebhookEndpoint")
    url: str = column("Where messages are posted to")
    types: list[EventType] | None = column("Which events; null for all of them")
    enabled: bool = column("Whether events are delivered")
    disabled_reason: WebhookDisabledReason | None = column(
        "Why the portal switched it off; null where an administrator did, or nobody"
    )
    public_key: str = column("Checks the `v1a` signatures (Ed25519): `whpk_…`")
    created_at: datetime = column("When it was registered")
    deliveries: Connection[WebhookDelivery] = connection(
        webhooks.DELIVERIES, "What was delivered in the last 30 days or waits, the newest first"
    )
