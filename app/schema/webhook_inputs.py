"""Inputs and payloads of webhooks."""

from datetime import datetime

import strawberry

from app.models.event import EventType
from app.schema.errors import UserError
from app.schema.payloads import errors
from app.schema.webhooks import WebhookEndpoint


@strawberry.input(description="An endpoint to register (EVT-7)")
class CreateWebhookInput:
    """EVT-7."""

    account_id: strawberry.ID = strawberry.field(description="The business account whose events it gets")
    url: str = strawberry.field(
        description="Its https address on the public Internet; redirects aren't followed"
    )
    types: list[EventType] | None = strawberry.field(
        default=None, description="Which events; all of them if left out"
    )


@strawberry.input(description="What to change of an endpoint; what is left out stays")
class UpdateWebhookInput:
    """EVT-7."""

    webhook_id: strawberry.ID = strawberry.field(description="Which")
    url: str | None = strawberry.field(default=None, description="Another address")
    types: list[EventType] | None = strawberry.field(
        default=strawberry.UNSET, description="Other events; null for all of them"
    )
    enabled: bool | None = strawberry.field(
        default=None, description="Off: nothing is delivered or collected. On: what waits is tried at once"
    )


@strawberry.input(description="An endpoint to forget, with its deliveries")
class DeleteWebhookInput:
    """EVT-7."""

    webhook_id: strawberry.ID = strawberry.field(description="Which")


@strawberry.input(description="An endpoint that shall get a new secret")
class RotateWebhookSecretInput:
    """EVT-7."""

    webhook_id: strawberry.ID = strawberry.field(description="Which")


@strawberry.input(description="A delivery to repeat")
class RedeliverWebhookInput:
    """EVT-7."""

    delivery_id: strawberry.ID = strawberry.field(description="Which, whatever became of it")


@strawberry.input(description="A time whose events to deliver again")
class RedeliverWebhooksInput:
    """EVT-7."""

    webhook_id: strawberry.ID = strawberry.field(description="To which endpoint")
    from_: datetime = strawberry.field(name="from", description="Not before this moment")
    to: datetime | None = strawberry.field(default=None, description="Before this moment; now if left out")
    only_missed: bool | None = strawberry.field(
        default=True, description="Leave out what was delivered; false repeats that too"
    )


@strawberry.type(description="An endpoint as it is now")
class WebhookPayload:
    """EVT-7."""

    webhook: WebhookEndpoint | None = strawberry.field(
        default=None, description="The endpoint; null when it was deleted, or something failed"
    )
    secret: str | None = strawberry.field(
        default=None, description="Signing secret (`whsec_…`), shown at creation and at a rotation only"
    )
    errors: list[UserError] = errors()


@strawberry.type(description="What will be delivered again")
class RedeliverWebhooksPayload:
    """EVT-7."""

    webhook: WebhookEndpoint | None = strawberry.field(default=None, description="The endpoint")
    count: int = strawberry.field(default=0, description="How many events are on their way")
    errors: list[UserError] = errors()
