"""What happens to proxy servers."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from app.domain.events.record import DomainEvent
from app.models.event import EventAudience, EventType
from app.models.installation import Installation
from app.models.license_key import LicenseKey
from app.models.proxy import ProxyActivation


@dataclass(frozen=True, kw_only=True)
class ProxyEvent(DomainEvent):
    """About one product of a proxy server; seen by the account's administrators and those of the key."""

    audience: ClassVar = EventAudience.KEY
    subject_type: ClassVar = "ProxyServer"

    name: str
    product: str
    key_name: str | None = None

    @classmethod
    def of(
        cls, proxy: Installation, activation: ProxyActivation, key: LicenseKey | None, **more: Any
    ) -> Self:
        """The event about a proxy server's activation and the key that it is about."""
        return cls(
            account_id=proxy.account_id,
            subject_id=proxy.id,
            subscription_id=key.subscription_id if key else activation.subscription_id,
            license_key_id=key.id if key else activation.license_key_id,
            name=proxy.hostname,
            product=activation.product.value,
            key_name=key.name if key else None,
            **more,
        )

    def data(self) -> dict[str, Any]:
        """The server's and its key's names at that time, and the product."""
        return {"name": self.name, "keyName": self.key_name, "product": self.product}


@dataclass(frozen=True, kw_only=True)
class ProxyActivated(ProxyEvent):
    """PXY-1, PXY-4: a proxy server uses a key."""

    type: ClassVar = EventType.INSTALLATION_ACTIVATED

    offline: bool = False

    def data(self) -> dict[str, Any]:
        """Names, product, and whether a file did it."""
        return {**ProxyEvent.data(self), "offline": self.offline}


@dataclass(frozen=True, kw_only=True)
class ProxyMoved(ProxyEvent):
    """PXY-1: a proxy server that was active uses another key of that product now."""

    type: ClassVar = EventType.INSTALLATION_MOVED

    from_key_name: str | None = None

    def data(self) -> dict[str, Any]:
        """Names of the server and of both keys."""
        return {**ProxyEvent.data(self), "fromKeyName": self.from_key_name}


@dataclass(frozen=True, kw_only=True)
class ProxyDeactivated(ProxyEvent):
    """PXY-2, PXY-6: a key was released."""

    type: ClassVar = EventType.INSTALLATION_DEACTIVATED

    reason: str
    by_itself: bool = False

    def data(self) -> dict[str, Any]:
        """Names, who released it and why."""
        return {**ProxyEvent.data(self), "byItself": self.by_itself, "reason": self.reason}


@dataclass(frozen=True, kw_only=True)
class ProxyReleaseOrdered(ProxyEvent):
    """PXY-6: deactivated in the portal; its deactivation file will release the key."""

    type: ClassVar = EventType.INSTALLATION_EDITED

    def data(self) -> dict[str, Any]:
        """Names, and the field that changed."""
        return {**ProxyEvent.data(self), "changed": ["pendingChange"]}


@dataclass(frozen=True, kw_only=True)
class ProxyOveruse(ProxyEvent):
    """OVR-9: devices against licences. Nothing is restricted; `mail` if it is told by mail, too."""

    used: int
    limit: int
    mail: bool = False
    phase: ClassVar[str] = "GRACE"

    def data(self) -> dict[str, Any]:
        """Names, numbers, and what they are about."""
        return {
            **ProxyEvent.data(self),
            "used": self.used,
            "limit": self.limit,
            "phase": self.phase,
            "unit": "managed devices",
        }


@dataclass(frozen=True, kw_only=True)
class ProxyOveruseStarted(ProxyOveruse):
    """More is managed than was bought."""

    type: ClassVar = EventType.OVERUSE_STARTED


@dataclass(frozen=True, kw_only=True)
class ProxyOveruseContinues(ProxyOveruse):
    """Still, an hour later at the earliest."""

    type: ClassVar = EventType.OVERUSE_CONTINUES


@dataclass(frozen=True, kw_only=True)
class ProxyOveruseEnded(ProxyOveruse):
    """It fits again."""

    type: ClassVar = EventType.OVERUSE_ENDED
    phase: ClassVar = "NORMAL"
