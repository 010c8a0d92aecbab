"""What happens to webhooks. The contract has no event type for it: this is for reactions alone."""

from dataclasses import dataclass
from uuid import UUID

from app.domain.events.record import DomainEvent
from app.models.webhook import WebhookDisabledReason


@dataclass(frozen=True, kw_only=True)
class WebhookDisabled(DomainEvent):
    """EVT-7: the portal switched an endpoint off; its account's administrators are told."""

    of_account: UUID
    host: str
    reason: WebhookDisabledReason
