"""What a webhook's message says: an event, as JSON in the shape that Standard Webhooks recommends."""

from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from app.core import ids
from app.domain.events import cursors
from app.domain.events.summaries import summary
from app.models.event import Event


def message_id(event: Event) -> str:
    """The same at every attempt and redelivery, so that a receiver can tell repetitions: the event's ID."""
    return ids.encode("Event", event.id)


def body_of(event: Event) -> bytes:
    """`{"type", "timestamp", "data"}`; `data` has the names of the GraphQL interface `Event`, and more."""
    type_ = event.type.value
    data: dict[str, Any] = {
        "id": message_id(event),
        "sequence": event.sequence,
        "cursor": cursors.encode(event.stream_id, event.sequence),
        "accountId": ids.encode("BusinessAccount", event.stream_id),
        "actor": {
            "kind": event.actor_kind.value,
            "name": event.actor_name,
            "personId": _id("Person", event.actor_person_id),
        },
        "summary": summary(type_, event.actor_kind.value, event.actor_name, event.data),
        "subject": {"type": event.subject_type, "id": ids.encode(event.subject_type, event.subject_id)},
        "subscriptionId": _id("LicenseSubscription", event.subscription_id),
        "licenseKeyId": _id("LicenseKey", event.license_key_id),
        "data": event.data,
    }
    return orjson.dumps({"type": type_, "timestamp": _moment(event.occurred_at), "data": data})


def _id(typename: str, id_: UUID | None) -> str | None:
    return None if id_ is None else ids.encode(typename, id_)


def _moment(value: datetime) -> str:
    return value.isoformat().replace("+00:00", "Z")
