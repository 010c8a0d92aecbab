"""Delivering: claiming an endpoint's first delivery, and recording what became of it (EVT-7).

No transaction is open while a receiver is spoken to, since it may take its time. A lease keeps other
workers away meanwhile; one that was left by a worker that died ends by itself, and the delivery is
repeated under the same message ID.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import httpx
from sqlalchemy import delete, or_, select, update
from sqlmodel import col

from app.access.permissions import Permission
from app.core.database import Reader
from app.core.ids import new_id
from app.core.statements import Statement
from app.core.webhook_signatures import SigningKeys
from app.domain.webhooks import messages, rules
from app.domain.webhooks.events import WebhookDisabled
from app.domain.work import Work
from app.models.event import Event
from app.models.webhook import (
    WebhookDelivery,
    WebhookDeliveryStatus,
    WebhookDisabledReason,
    WebhookEndpoint,
    WebhookSecret,
)

# Longer than a receiver is waited for.
_LEASE: Final = timedelta(seconds=60)
_KEPT: Final = timedelta(days=30)
_FORGOTTEN_AT_ONCE: Final = 5_000
_OLD: Final = Statement(
    "select count(*) as old from webhook_delivery where occurred_at < $1", ("before",), {}
)
_SUCCESSES: Final = range(200, 300)
_GONE: Final = 410
# Of the index on what is pending, one entry an endpoint is read, however much waits there.
_DUE: Final = Statement(
    """
    with recursive waiting as (
        (select endpoint_id from webhook_delivery where status = 'PENDING' order by endpoint_id limit 1)
        union all
        select (
            select delivery.endpoint_id from webhook_delivery delivery
            where delivery.status = 'PENDING' and delivery.endpoint_id > waiting.endpoint_id
            order by delivery.endpoint_id limit 1)
        from waiting where waiting.endpoint_id is not null
    )
    select endpoint.id, endpoint.leased_until > $1 is true as leased
    from waiting join webhook_endpoint endpoint on endpoint.id = waiting.endpoint_id
    where endpoint.enabled and (endpoint.retry_at is null or endpoint.retry_at <= $1)
    order by endpoint.retry_at nulls first, endpoint.id
    """,
    ("now",),
    {},
)


@dataclass(frozen=True, slots=True)
class Parcel:
    """One attempt: what goes where, signed with which keys, under which lease."""

    endpoint_id: UUID
    delivery_id: UUID
    lease: UUID
    url: str
    message_id: str
    body: bytes
    keys: tuple[SigningKeys, ...]


async def due(look: Reader, now: datetime) -> list[UUID]:
    """Endpoints that have something to deliver now, and are in nobody's hands."""
    return [row["id"] for row in await look.rows(_DUE, now=now) if not row["leased"]]


async def count_due(look: Reader, now: datetime) -> int:
    """How many endpoints have something to deliver now, those in somebody's hands included."""
    return len(await look.rows(_DUE, now=now))


async def claim(work: Work, endpoint_id: UUID) -> Parcel | None:
    """The endpoint's first delivery, leased; None if there is nothing to do, or somebody else does it."""
    async with work:
        work.require(Permission.BACKGROUND_WORK)
        statement = (
            select(WebhookEndpoint)
            .where(col(WebhookEndpoint.id) == endpoint_id, col(WebhookEndpoint.enabled))
            .where(or_(col(WebhookEndpoint.retry_at).is_(None), col(WebhookEndpoint.retry_at) <= work.now))
            .where(or_(col(WebhookEndpoint.lease).is_(None), col(WebhookEndpoint.leased_until) <= work.now))
            .with_for_update(skip_locked=True, key_share=True)
        )
        endpoint = await work.first(statement)
        return None if endpoint is None else await _next(work, endpoint)


async def settle(work: Work, parcel: Parcel, answered: int | None, share: float) -> Parcel | None:
    """Record what the receiver answered (None: nothing); the next parcel if it takes more.

    `share` as in `rules.next_attempt`. A lease that was lost, or an endpoint that is gone, records nothing.
    """
    async with work:
        work.require(Permission.BACKGROUND_WORK)
        endpoint = await work.session.get(
            WebhookEndpoint, parcel.endpoint_id, with_for_update={"key_share": True}
        )
        delivery = await work.session.get(WebhookDelivery, parcel.delivery_id)
        if endpoint is None or delivery is None or endpoint.lease != parcel.lease:
            return None
        delivery.attempts += 1
        delivery.response_status = answered
        endpoint.lease = endpoint.leased_until = None
        if answered in _SUCCESSES:
            delivery.status = WebhookDeliveryStatus.DELIVERED
            endpoint.failures, endpoint.retry_at = 0, None
            await work.flush()
            return await _next(work, endpoint) if endpoint.enabled else None
        _failed(work, endpoint, delivery, share)
        return None


def _failed(work: Work, endpoint: WebhookEndpoint, delivery: WebhookDelivery, share: float) -> None:
    endpoint.failures += 1
    if delivery.response_status == _GONE:
        delivery.status = WebhookDeliveryStatus.FAILED
        _disable(work, endpoint, WebhookDisabledReason.GONE)
    elif work.now >= delivery.give_up_at:
        delivery.status = WebhookDeliveryStatus.FAILED
        _disable(work, endpoint, WebhookDisabledReason.FAILING)
    else:
        endpoint.retry_at = rules.next_attempt(endpoint.failures, work.now, delivery.give_up_at, share)


def _disable(work: Work, endpoint: WebhookEndpoint, reason: WebhookDisabledReason) -> None:
    if not endpoint.enabled:  # an administrator was faster
        return
    endpoint.enabled = False
    endpoint.disabled_reason = reason
    host = httpx.URL(endpoint.url).host
    work.emit(
        WebhookDisabled(subject_id=endpoint.id, of_account=endpoint.account_id, host=host, reason=reason)
    )


async def _next(work: Work, endpoint: WebhookEndpoint) -> Parcel | None:
    statement = (
        select(WebhookDelivery, Event)
        .join(
            Event,
            (col(Event.stream_id) == col(WebhookDelivery.account_id))
            & (col(Event.sequence) == col(WebhookDelivery.sequence))
            & (col(Event.occurred_at) == col(WebhookDelivery.occurred_at)),
        )
        .where(
            col(WebhookDelivery.endpoint_id) == endpoint.id,
            col(WebhookDelivery.status) == WebhookDeliveryStatus.PENDING,
        )
        .order_by(col(WebhookDelivery.sequence))
        .limit(1)
    )
    found = (await work.session.execute(statement)).first()
    if found is None:
        return None
    delivery, event = found
    endpoint.lease = new_id()
    endpoint.leased_until = work.now + _LEASE
    return Parcel(
        endpoint_id=endpoint.id,
        delivery_id=delivery.id,
        lease=endpoint.lease,
        url=endpoint.url,
        message_id=messages.message_id(event),
        body=messages.body_of(event),
        keys=await _keys(work, endpoint.id),
    )


async def _keys(work: Work, endpoint_id: UUID) -> tuple[SigningKeys, ...]:
    """The keys that sign now, the newest first."""
    statement = (
        select(WebhookSecret)
        .where(col(WebhookSecret.endpoint_id) == endpoint_id)
        .where(or_(col(WebhookSecret.expires_at).is_(None), col(WebhookSecret.expires_at) > work.now))
        .order_by(col(WebhookSecret.id).desc())
    )
    found: Collection[WebhookSecret] = await work.all(statement)
    open_ = work.resources.vault.decrypt
    return tuple(SigningKeys(open_(row.secret_sealed), open_(row.private_key_sealed)) for row in found)


async def count_old(look: Reader, now: datetime) -> int:
    """How many deliveries are too old to be listed."""
    row = await look.row(_OLD, before=now - _KEPT)
    return int(row["old"]) if row else 0


async def forget(work: Work) -> int:
    """Forget some of those; how many."""
    async with work:
        work.require(Permission.BACKGROUND_WORK)
        old = select(col(WebhookDelivery.id)).where(col(WebhookDelivery.occurred_at) < work.now - _KEPT)
        statement = delete(WebhookDelivery).where(col(WebhookDelivery.id).in_(old.limit(_FORGOTTEN_AT_ONCE)))
        done = await work.session.execute(statement.returning(col(WebhookDelivery.id)))
        return len(done.all())


async def let_go(work: Work, parcel: Parcel) -> None:
    """End the lease of a parcel that is not sent: others take it up."""
    async with work:
        work.require(Permission.BACKGROUND_WORK)
        await work.session.execute(
            update(WebhookEndpoint)
            .where(col(WebhookEndpoint.id) == parcel.endpoint_id, col(WebhookEndpoint.lease) == parcel.lease)
            .values(lease=None, leased_until=None)
        )


async def give_up(work: Work) -> None:
    """End what waits for three days at an endpoint that is switched off."""
    async with work:
        work.require(Permission.BACKGROUND_WORK)
        switched_off = select(col(WebhookEndpoint.id)).where(~col(WebhookEndpoint.enabled))
        await work.session.execute(
            update(WebhookDelivery)
            .where(
                col(WebhookDelivery.status) == WebhookDeliveryStatus.PENDING,
                col(WebhookDelivery.give_up_at) <= work.now,
                col(WebhookDelivery.endpoint_id).in_(switched_off),
            )
            .values(status=WebhookDeliveryStatus.FAILED)
        )
