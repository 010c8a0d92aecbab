"""What happens to subscriptions."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, ClassVar, Self
from uuid import UUID

from app.domain.events.record import DomainEvent
from app.models.event import EventType
from app.models.license_key import LicenseKey
from app.models.person import Language
from app.models.subscription import LicenseSubscription, OrderKind, SalesOrder


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

    @classmethod
    def of(cls, subscription: LicenseSubscription, key: LicenseKey) -> Self:
        """The event about a subscription that is in its account, and its primary key."""
        return cls(
            account_id=subscription.account_id,
            subject_id=subscription.id,
            subscription_id=subscription.id,
            license_key_id=key.id,
            name=subscription.name,
            product=subscription.product,
            quantity=subscription.quantity,
        )

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

    @classmethod
    def of(cls, subscription: LicenseSubscription, **changed: Any) -> Self:
        """The event about a subscription as it is now; `changed` names GraphQL fields."""
        return cls(
            account_id=subscription.account_id,
            subject_id=subscription.id,
            subscription_id=subscription.id,
            name=subscription.name,
            changed=changed,
        )

    def data(self) -> dict[str, Any]:
        """The present name and what changed."""
        return {"name": self.name, "changed": self.changed}


@dataclass(frozen=True, kw_only=True)
class OrderEvent(DomainEvent):
    """SUB-9: about an order; `quantity` is in licences."""

    subject_type: ClassVar = "Order"

    number: str
    kind: OrderKind
    quantity: int
    name: str

    @classmethod
    def of(cls, order: SalesOrder, subscription: LicenseSubscription) -> Self:
        """The event about an order of this subscription."""
        return cls(
            account_id=order.account_id,
            subject_id=order.id,
            subscription_id=subscription.id,
            number=order.number,
            kind=order.kind,
            quantity=order.quantity,
            name=subscription.name,
        )

    def data(self) -> dict[str, Any]:
        """The order's number, kind and quantity, and the subscription's name at that time."""
        return {
            "number": self.number,
            "kind": self.kind.value,
            "quantity": self.quantity,
            "name": self.name,
        }


@dataclass(frozen=True, kw_only=True)
class OrderPlaced(OrderEvent):
    """SUB-9: staff have to decide."""

    type: ClassVar = EventType.ORDER_PLACED


@dataclass(frozen=True, kw_only=True)
class OrderFulfilled(OrderEvent):
    """SUB-9: it took effect: quantity, end or kind of the subscription changed."""

    type: ClassVar = EventType.ORDER_FULFILLED


@dataclass(frozen=True, kw_only=True)
class OrderRejected(OrderEvent):
    """SUB-9: nothing changed."""

    type: ClassVar = EventType.ORDER_REJECTED


@dataclass(frozen=True, kw_only=True)
class SubscriptionRenewed(DomainEvent):
    """SUB-8, SUB-10: the subscription (or a perpetual licence's maintenance) lasts until `ends_on`."""

    type: ClassVar = EventType.SUBSCRIPTION_RENEWED
    subject_type: ClassVar = "LicenseSubscription"

    name: str
    ends_on: date
    by_itself: bool
    maintenance: bool = False

    def data(self) -> dict[str, Any]:
        """Name, the new last good day, and whether it renewed by itself."""
        return {
            "name": self.name,
            "endsOn": self.ends_on.isoformat(),
            "byItself": self.by_itself,
            "maintenance": self.maintenance,
        }


class WayOn(StrEnum):
    """How a subscription that ends goes on."""

    BY_ITSELF = "BY_ITSELF"
    ORDER = "ORDER"
    RESELLER = "RESELLER"
    CONVERSION = "CONVERSION"


@dataclass(frozen=True, kw_only=True)
class SubscriptionEnding(DomainEvent):
    """SUB-11: the reminder of so many days before the end. Told by mail alone: nothing changed yet."""

    name: str
    product_name: str
    ends_on: date
    reminder: int
    way: WayOn
    maintenance: bool
    owner_id: UUID


@dataclass(frozen=True, kw_only=True)
class UsageThresholdReached(DomainEvent):
    """SUB-15: used licences reached `percentage` of those bought."""

    type: ClassVar = EventType.USAGE_THRESHOLD_REACHED
    subject_type: ClassVar = "LicenseSubscription"

    name: str
    percentage: int
    used: int
    quantity: int

    def data(self) -> dict[str, Any]:
        """Name, the percentage that was reached, and the licences behind it."""
        return {
            "name": self.name,
            "percentage": self.percentage,
            "used": self.used,
            "quantity": self.quantity,
        }
