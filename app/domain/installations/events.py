"""What happens to installations."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from app.domain.events.record import DomainEvent
from app.models.event import EventAudience, EventType
from app.models.installation import Installation
from app.models.license_key import LicenseKey


@dataclass(frozen=True, kw_only=True)
class InstallationEvent(DomainEvent):
    """Seen by the account's administrators and by those of the installation's key."""

    audience: ClassVar = EventAudience.KEY

    name: str
    key_name: str | None = None

    def data(self) -> dict[str, Any]:
        """The installation's and its key's names at that time."""
        return {"name": self.name, "keyName": self.key_name}


@dataclass(frozen=True, kw_only=True)
class ComputerEvent(InstallationEvent):
    """About a computer."""

    subject_type: ClassVar = "Computer"

    @classmethod
    def of(cls, installation: Installation, key: LicenseKey | None, **more: Any) -> Self:
        """The event about a computer and the key whose licence it is about."""
        return cls(
            account_id=installation.account_id,
            subject_id=installation.id,
            subscription_id=key.subscription_id if key else installation.subscription_id,
            license_key_id=key.id if key else installation.license_key_id,
            name=installation.alias or installation.hostname,
            key_name=key.name if key else None,
            **more,
        )


@dataclass(frozen=True, kw_only=True)
class ComputerActivated(ComputerEvent):
    """DEV-1: a computer took a licence."""

    type: ClassVar = EventType.INSTALLATION_ACTIVATED


@dataclass(frozen=True, kw_only=True)
class ComputerDeactivated(ComputerEvent):
    """DEV-4: a licence was freed; `by_itself` if the machine asked for it."""

    type: ClassVar = EventType.INSTALLATION_DEACTIVATED

    by_itself: bool = False
    # Why: a value of deactivation.Reason
    reason: str = "ADMINISTRATOR"

    def data(self) -> dict[str, Any]:
        """Names, who freed it and why."""
        return {**ComputerEvent.data(self), "byItself": self.by_itself, "reason": self.reason}


@dataclass(frozen=True, kw_only=True)
class ComputerMoved(ComputerEvent):
    """DEV-2, DEV-6: it uses another key's licence now."""

    type: ClassVar = EventType.INSTALLATION_MOVED

    from_key_name: str | None = None

    def data(self) -> dict[str, Any]:
        """Names of the computer and both keys."""
        return {**ComputerEvent.data(self), "fromKeyName": self.from_key_name}
