"""Webhooks: registered, changed, deleted; what they got delivered again (EVT-7)."""

from typing import Any
from uuid import UUID

import strawberry

from app.access.actor import Scope
from app.core import ids
from app.domain.webhooks import commands
from app.domain.webhooks import queries as webhooks
from app.domain.webhooks.commands import Change
from app.engine.fields import Info
from app.resolvers.root import mutation
from app.schema.webhook_inputs import (
    CreateWebhookInput,
    DeleteWebhookInput,
    RedeliverWebhookInput,
    RedeliverWebhooksInput,
    RedeliverWebhooksPayload,
    RotateWebhookSecretInput,
    UpdateWebhookInput,
    WebhookPayload,
)

_SCOPE = Scope.MANAGE_MEMBERS
_BUSINESS = "BusinessAccount"


@strawberry.type
class WebhookMutation:
    """EVT-7."""

    @mutation(WebhookPayload, "Deliver an account's events to a server of yours (EVT-7)", scope=_SCOPE)
    async def create_webhook(self, info: Info, input: CreateWebhookInput) -> WebhookPayload:
        """EVT-7."""
        account = ids.decode(input.account_id, _BUSINESS)
        made = await commands.create(info.context.work(), account, input.url, input.types)
        return await _payload(info, made.id, made.secret)

    @mutation(WebhookPayload, "Change an endpoint, or switch it off or on (EVT-7)", scope=_SCOPE)
    async def update_webhook(self, info: Info, input: UpdateWebhookInput) -> WebhookPayload:
        """EVT-7."""
        change = Change(
            url=input.url,
            types=None if input.types is strawberry.UNSET else input.types,
            sets_types=input.types is not strawberry.UNSET,
            enabled=input.enabled,
        )
        return await _payload(
            info, await commands.update(info.context.work(), _webhook(input.webhook_id), change)
        )

    @mutation(WebhookPayload, "Forget an endpoint and its deliveries (EVT-7)", scope=_SCOPE)
    async def delete_webhook(self, info: Info, input: DeleteWebhookInput) -> WebhookPayload:
        """EVT-7."""
        await commands.delete(info.context.work(), _webhook(input.webhook_id))
        return WebhookPayload()

    @mutation(
        WebhookPayload, "Give an endpoint a new secret; the present one works for another day", scope=_SCOPE
    )
    async def rotate_webhook_secret(self, info: Info, input: RotateWebhookSecretInput) -> WebhookPayload:
        """EVT-7."""
        made = await commands.rotate_secret(info.context.work(), _webhook(input.webhook_id))
        return await _payload(info, made.id, made.secret)

    @mutation(WebhookPayload, "Deliver one event again, at once (EVT-7)", scope=_SCOPE)
    async def redeliver_webhook(self, info: Info, input: RedeliverWebhookInput) -> WebhookPayload:
        """EVT-7."""
        delivery = ids.decode(input.delivery_id, "WebhookDelivery")
        return await _payload(info, await commands.redeliver(info.context.work(), delivery))

    @mutation(
        RedeliverWebhooksPayload, "Deliver the events of a time again, 10,000 at most (EVT-7)", scope=_SCOPE
    )
    async def redeliver_webhooks(self, info: Info, input: RedeliverWebhooksInput) -> RedeliverWebhooksPayload:
        """EVT-7."""
        wanted, missed = _webhook(input.webhook_id), input.only_missed is not False
        webhook, count = await commands.redeliver_range(
            info.context.work(), wanted, input.from_, input.to, only_missed=missed
        )
        payload = await _payload(info, webhook)
        return RedeliverWebhooksPayload(webhook=payload.webhook, count=count)


def _webhook(global_id: str) -> UUID | None:
    return ids.decode(global_id, "WebhookEndpoint")


async def _payload(info: Info, webhook_id: UUID, secret: str | None = None) -> WebhookPayload:
    row: Any = await info.context.load(webhooks.by_ids, webhook_id)
    return WebhookPayload(webhook=row, secret=secret)
