"""Events for webhooks: a delivery is written in the transaction of its event (EVT-7)."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.core.ids import new_id
from app.models.webhook import WebhookDelivery, WebhookDeliveryStatus, WebhookEndpoint

DELIVER_JOB: Final = "deliver_webhooks"
# EVT-7
GIVE_UP_AFTER: Final = timedelta(days=3)
Listeners = Sequence[WebhookEndpoint]


async def listeners(session: AsyncSession, accounts: set[UUID]) -> Listeners:
    """Enabled endpoints of these accounts.

    Locked against being deleted until the commit, which nobody else waits for: the deliveries need them.
    """
    if not accounts:
        return ()
    statement = (
        sa.select(WebhookEndpoint)
        .where(col(WebhookEndpoint.account_id).in_(accounts), col(WebhookEndpoint.enabled))
        .with_for_update(read=True, key_share=True)
    )
    found: Listeners = (await session.execute(statement)).scalars().all()
    return found


async def queue(
    session: AsyncSession, endpoints: Listeners, events: Sequence[Mapping[str, Any]], now: datetime
) -> bool:
    """Write what goes to whom; whether there is anything to deliver."""
    rows = [
        delivery_row(endpoint, event, now)
        for endpoint in endpoints
        for event in events
        if event["stream_id"] == endpoint.account_id
        and (endpoint.types is None or str(event["type"]) in endpoint.types)
    ]
    if rows:
        await session.execute(sa.insert(WebhookDelivery), rows)
    return bool(rows)


def delivery_row(endpoint: WebhookEndpoint, event: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """A delivery that waits for its turn."""
    return {
        "id": new_id(),
        "endpoint_id": endpoint.id,
        "account_id": endpoint.account_id,
        "sequence": event["sequence"],
        "occurred_at": event["occurred_at"],
        "status": WebhookDeliveryStatus.PENDING,
        "attempts": 0,
        "created_at": now,
        "give_up_at": now + GIVE_UP_AFTER,
    }
