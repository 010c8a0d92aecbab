"""Registering, changing and deleting webhooks, and having events delivered again (EVT-7)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete as delete_rows
from sqlalchemy import func, select
from sqlalchemy import update as update_rows
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from app.access.permissions import Permission
from app.core import outbound
from app.core.ids import new_id
from app.core.webhook_signatures import SigningKeys
from app.domain.errors import DomainError, ErrorCode, Invalid
from app.domain.events.outgoing import DELIVER_JOB, GIVE_UP_AFTER, delivery_row
from app.domain.webhooks import rules
from app.domain.work import Work
from app.models.account import Account
from app.models.event import Event
from app.models.webhook import WebhookDelivery, WebhookDeliveryStatus, WebhookEndpoint, WebhookSecret

_PATH = "webhookId"
_ROWS_AT_ONCE = 1_000


@dataclass(frozen=True)
class Registered:
    """An endpoint, and its secret, which is told this once."""

    id: UUID
    secret: str


@dataclass(frozen=True, kw_only=True)
class Change:
    """What to change of an endpoint; None leaves it. `types` None means all where `sets_types`."""

    url: str | None = None
    types: Collection[str] | None = None
    sets_types: bool = False
    enabled: bool | None = None


async def create(work: Work, account_id: UUID | None, url: str, types: Collection[str] | None) -> Registered:
    """EVT-7: deliver an account's events from now on.

    Raises NOT_FOUND, FORBIDDEN, INVALID (`url`, `types`), CONFLICT (twenty are enough).
    """
    async with work.again() as first:  # only who may shall have us look names up
        first.require(Permission.WEBHOOK_CREATE, await first.get(Account, account_id, "accountId"))
    wanted = rules.types_of(types)
    await _check_url(work, url)
    async with work:
        account = await work.get(Account, account_id, "accountId")
        work.require(Permission.WEBHOOK_CREATE, account)
        await _check_room(work, account.id)
        keys = SigningKeys.new()
        endpoint = WebhookEndpoint(
            id=new_id(),
            account_id=account.id,
            url=url,
            types=wanted,
            public_key=keys.public_key,
            created_at=work.now,
        )
        work.add(endpoint, _sealed(work, endpoint.id, keys))
        return Registered(endpoint.id, keys.secret)


async def update(work: Work, webhook_id: UUID | None, change: Change) -> UUID:
    """EVT-7: another address or other types; switched off, or on again, with what waits.

    Raises NOT_FOUND, FORBIDDEN, INVALID (`url`, `types`).
    """
    async with work.again() as first:
        seen = await first.get(WebhookEndpoint, webhook_id, _PATH)
        first.require(Permission.WEBHOOK_UPDATE, seen)
    types = rules.types_of(change.types)
    if change.url is not None and change.url != seen.url:
        await _check_url(work, change.url)
    async with work:
        endpoint = await work.get(WebhookEndpoint, webhook_id, _PATH)
        work.require(Permission.WEBHOOK_UPDATE, endpoint)
        if change.sets_types:
            endpoint.types = types
        if change.url is not None:
            endpoint.url = change.url
        if change.enabled is not None:
            endpoint.enabled = change.enabled
        if change.enabled or change.url is not None:
            _try_at_once(work, endpoint)
        if change.enabled:
            endpoint.disabled_reason = None
        return endpoint.id


async def delete(work: Work, webhook_id: UUID | None) -> None:
    """EVT-7: forget an endpoint, its secrets and deliveries. Raises NOT_FOUND, FORBIDDEN."""
    async with work:
        endpoint = await work.get(WebhookEndpoint, webhook_id, _PATH)
        work.require(Permission.WEBHOOK_DELETE, endpoint)
        async with work.as_owner():  # rows are deleted by the owner alone
            await work.session.execute(
                delete_rows(WebhookEndpoint).where(col(WebhookEndpoint.id) == endpoint.id)
            )


async def rotate_secret(work: Work, webhook_id: UUID | None) -> Registered:
    """EVT-7: new keys; the present ones go on signing beside them for a day, older ones end now.

    Raises NOT_FOUND, FORBIDDEN.
    """
    async with work:
        endpoint = await work.get(WebhookEndpoint, webhook_id, _PATH)
        work.require(Permission.WEBHOOK_ROTATE_SECRET, endpoint)
        keys = SigningKeys.new()
        of_endpoint = col(WebhookSecret.endpoint_id) == endpoint.id
        async with work.as_owner():  # no viewer sees a secret, not even sealed
            await work.session.execute(
                delete_rows(WebhookSecret).where(of_endpoint, col(WebhookSecret.expires_at).is_not(None))
            )
            await work.session.execute(
                update_rows(WebhookSecret).where(of_endpoint).values(expires_at=work.now + rules.OVERLAP)
            )
        endpoint.public_key = keys.public_key
        work.add(_sealed(work, endpoint.id, keys))
        return Registered(endpoint.id, keys.secret)


async def redeliver(work: Work, delivery_id: UUID | None) -> UUID:
    """EVT-7: one delivery again, whatever became of it; gives the endpoint's ID.

    Raises NOT_FOUND, FORBIDDEN, CONFLICT (switched off).
    """
    async with work:
        seen = await work.get(WebhookDelivery, delivery_id, "deliveryId", lock=False)
        endpoint = await _listening(work, seen.endpoint_id, "deliveryId")
        # Only now: whoever delivers writes under the endpoint's lock.
        delivery = await work.get(WebhookDelivery, delivery_id, "deliveryId")
        delivery.status = WebhookDeliveryStatus.PENDING
        delivery.give_up_at = work.now + GIVE_UP_AFTER
        _try_at_once(work, endpoint)
        return endpoint.id


async def redeliver_range(
    work: Work, webhook_id: UUID | None, since: datetime, until: datetime | None, *, only_missed: bool
) -> tuple[UUID, int]:
    """EVT-7: every event of a time again, those included that came while the endpoint was switched off.

    `only_missed` leaves out what was delivered. Gives the endpoint's ID and how many there are.
    Raises NOT_FOUND, FORBIDDEN, CONFLICT (switched off), INVALID (`from`: over 10,000 events; `to`: not behind it).
    """
    async with work:
        endpoint = await _listening(work, webhook_id, _PATH)
        if until is not None and until <= since:
            msg = "The time must end after it begins."
            raise Invalid(msg, "to")
        events = select(
            col(Event.stream_id), col(Event.sequence), col(Event.occurred_at), col(Event.type)
        ).where(
            col(Event.stream_id) == endpoint.account_id,
            col(Event.occurred_at) >= since,
            col(Event.occurred_at) < (until or work.now),
        )
        if endpoint.types is not None:
            events = events.where(col(Event.type).in_(endpoint.types))
        found = (await work.session.execute(events.limit(rules.MOST_REDELIVERED + 1))).mappings().all()
        if len(found) > rules.MOST_REDELIVERED:
            msg = f"These are more than {rules.MOST_REDELIVERED} events: choose a shorter time."
            raise Invalid(msg, "from")
        rows = [delivery_row(endpoint, dict(event), work.now) for event in found]
        async with work.as_owner():  # the endpoint's own events, by an administrator
            count = sum(
                [
                    await _requeue(work, rows[start : start + _ROWS_AT_ONCE], only_missed=only_missed)
                    for start in range(0, len(rows), _ROWS_AT_ONCE)
                ]
            )
        _try_at_once(work, endpoint)
        return endpoint.id, count


async def _requeue(work: Work, rows: list[dict[str, object]], *, only_missed: bool) -> int:
    given = insert(WebhookDelivery).values(rows)
    done = col(WebhookDelivery.status) != WebhookDeliveryStatus.DELIVERED if only_missed else None
    statement = given.on_conflict_do_update(
        index_elements=["endpoint_id", "sequence"],
        set_={"status": given.excluded.status, "give_up_at": given.excluded.give_up_at},
        where=done,
    ).returning(col(WebhookDelivery.id))
    return len((await work.session.execute(statement)).all())


async def _listening(work: Work, webhook_id: UUID | None, path: str) -> WebhookEndpoint:
    endpoint = await work.get(WebhookEndpoint, webhook_id, path)
    work.require(Permission.WEBHOOK_REDELIVER, endpoint)
    if not endpoint.enabled:
        msg = "This webhook is switched off: switch it on first."
        raise DomainError(ErrorCode.CONFLICT, msg, path)
    return endpoint


def _try_at_once(work: Work, endpoint: WebhookEndpoint) -> None:
    endpoint.failures = 0
    endpoint.retry_at = None
    work.enqueue(DELIVER_JOB)


def _sealed(work: Work, endpoint_id: UUID, keys: SigningKeys) -> WebhookSecret:
    vault = work.resources.vault
    return WebhookSecret(
        id=new_id(),
        endpoint_id=endpoint_id,
        secret_sealed=vault.encrypt(keys.secret),
        private_key_sealed=vault.encrypt(keys.private_key),
        created_at=work.now,
    )


async def _check_room(work: Work, account_id: UUID) -> None:
    count = (
        select(func.count()).select_from(WebhookEndpoint).where(col(WebhookEndpoint.account_id) == account_id)
    )
    if await work.first(count) >= rules.MOST_ENDPOINTS:
        msg = f"This account has {rules.MOST_ENDPOINTS} webhooks: delete one first."
        raise DomainError(ErrorCode.CONFLICT, msg, "accountId")


async def _check_url(work: Work, text: str) -> None:
    """By its text, and by where its name leads now; deliveries look again (SSRF). Raises INVALID (`url`)."""
    allow_private = work.resources.settings.webhook_allow_private
    url = rules.url_of(text, allow_private=allow_private)
    if not await outbound.may_be_public(url.raw_host.decode("ascii"), allow_private=allow_private):
        raise rules.internal()
