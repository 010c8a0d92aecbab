"""Webhooks, as the looking actor may see them: administrators and staff."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa

from app.core.database import Reader, Row
from app.core.paging import Listing, Order
from app.core.statements import compiled
from app.domain.batches import by_key, grouped, ids_parameter, table_of, tagged
from app.domain.events import queries as events
from app.models.event import Event
from app.models.webhook import WebhookDelivery, WebhookEndpoint

_endpoint = table_of(WebhookEndpoint)
_delivery = table_of(WebhookDelivery)
_event = table_of(Event)

COLUMNS = (*_endpoint.c, tagged("WebhookEndpoint"))
_BY_IDS = compiled(sa.select(*COLUMNS).where(_endpoint.c.id == sa.any_(ids_parameter())))
_OF_ACCOUNTS = compiled(
    sa.select(*COLUMNS)
    .where(_endpoint.c.account_id == sa.any_(ids_parameter()))
    .order_by(_endpoint.c.created_at, _endpoint.c.id)
)
_EVENTS = compiled(
    sa.select(*events.COLUMNS, _delivery.c.id.label("delivery_id"))
    .select_from(
        _delivery.join(
            _event,
            sa.and_(
                _event.c.stream_id == _delivery.c.account_id,
                _event.c.sequence == _delivery.c.sequence,
                _event.c.occurred_at == _delivery.c.occurred_at,
            ),
        )
    )
    .where(_delivery.c.id == sa.any_(ids_parameter()))
)
_waits = sa.and_(_delivery.c.status == sa.literal_column("'PENDING'"), _endpoint.c.enabled)
DELIVERIES = Listing(
    name="webhook-deliveries",
    columns=(
        *_delivery.c,
        # None while the endpoint is switched off: nothing is tried then.
        sa.case((_waits, sa.func.coalesce(_endpoint.c.retry_at, _delivery.c.created_at))).label(
            "next_attempt_at"
        ),
    ),
    source=_delivery.join(_endpoint, _endpoint.c.id == _delivery.c.endpoint_id),
    id=_delivery.c.id,
    parent=_delivery.c.endpoint_id,
    # IDs follow the time at which they were made.
    sorts={"MADE": _delivery.c.id},
    order=Order("MADE", descending=True),
)


async def by_ids(read: Reader, ids: Sequence[UUID]) -> dict[UUID, Row]:
    """Endpoints by ID."""
    return by_key(await read.rows(_BY_IDS, ids=list(ids)))


async def of_accounts(read: Reader, account_ids: Sequence[UUID]) -> dict[UUID, list[Row]]:
    """The endpoints of each account, the oldest first."""
    return grouped(await read.rows(_OF_ACCOUNTS, ids=list(account_ids)), "account_id")


async def events_of_deliveries(read: Reader, delivery_ids: Sequence[UUID]) -> dict[UUID, Row]:
    """What each delivery tells of."""
    return by_key(await read.rows(_EVENTS, ids=list(delivery_ids)), "delivery_id")
