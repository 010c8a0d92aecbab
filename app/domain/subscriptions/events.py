"""What happens to subscriptions."""

from dataclasses import dataclass
from typing import Any, ClassVar

from app.domain.events.record import DomainEvent
from app.models.event import EventType
from app.models.person import Language


@dataclass(frozen=True, kw_only=True)
class SubscriptionIssued(DomainEvent):
    """SUB-1: staff issued a subscription. It belongs to nobody yet, so no stream hears of it.

    `code` is the unregistered key: it goes into the buyer's mail and nowhere else.
    """

    code: str
    product_name: str
    quantity: int
    send_to: str | None
    language: Language = Language.EN


@dataclass(frozen=True, kw_only=True)
class SubscriptionRegistered(DomainEvent):
    """SUB-3: a key was registered; the subscription belongs to the account from now on."""

    type: ClassVar = EventType.SUBSCRIPTION_REGISTERED
    subject_type: ClassVar = "LicenseSubscription"
    changes_rights: ClassVar = True

    name: str
    product: str
    quantity: int

    def data(self) -> dict[str, Any]:
        """Name, product and licences."""
        return {"name": self.name, "product": self.product, "quantity": self.quantity}


@dataclass(frozen=True, kw_only=True)
class SubscriptionChanged(DomainEvent):
    """SUB-7: renamed, or another of its settings changed."""

    type: ClassVar = EventType.SUBSCRIPTION_CHANGED
    subject_type: ClassVar = "LicenseSubscription"

    name: str
    changed: dict[str, Any]

    def data(self) -> dict[str, Any]:
        """The present name and what changed."""
        return {"name": self.name, "changed": self.changed}
