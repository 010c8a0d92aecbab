"""What happens to licence keys: told to administrators, and to those of the key (ACC-11)."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from app.domain.events.record import DomainEvent
from app.models.event import EventAudience, EventType
from app.models.license_key import LicenseKey


@dataclass(frozen=True, kw_only=True)
class KeyEvent(DomainEvent):
    """About an additional key; `subscription_id` and `license_key_id` are always there."""

    subject_type: ClassVar = "LicenseKey"
    audience: ClassVar = EventAudience.KEY

    name: str

    @classmethod
    def of(cls, key: LicenseKey, **more: Any) -> Self:
        """The event about a key."""
        return cls(
            account_id=key.account_id,
            subject_id=key.id,
            subscription_id=key.subscription_id,
            license_key_id=key.id,
            name=key.name,
            **more,
        )

    def data(self) -> dict[str, Any]:
        """The key's name at that time."""
        return {"name": self.name}


@dataclass(frozen=True, kw_only=True)
class KeyCreated(KeyEvent):
    """KEY-1: an additional key was made."""

    type: ClassVar = EventType.KEY_CREATED

    quota: int
    allocation: str

    def data(self) -> dict[str, Any]:
        """Name, quota and allocation."""
        return {"name": self.name, "quota": self.quota, "allocation": self.allocation}


@dataclass(frozen=True, kw_only=True)
class KeyChanged(KeyEvent):
    """KEY-1, KEY-7: name, quota, allocation or end changed, FRM-2: its moves were reset.

    `changed` holds the new values alone.
    """

    type: ClassVar = EventType.KEY_CHANGED

    changed: dict[str, Any]
    deactivated: int = 0

    def data(self) -> dict[str, Any]:
        """Name, what changed, and how many installations that deactivated."""
        return {"name": self.name, "changed": self.changed, "deactivated": self.deactivated}


@dataclass(frozen=True, kw_only=True)
class KeyDeleted(KeyEvent):
    """KEY-7: the key is gone, and with it every grant of its administration."""

    type: ClassVar = EventType.KEY_DELETED
    changes_rights: ClassVar = True

    deactivated: int

    def data(self) -> dict[str, Any]:
        """Name, and how many installations were deactivated."""
        return {"name": self.name, "deactivated": self.deactivated}


@dataclass(frozen=True, kw_only=True)
class KeyExpired(KeyEvent):
    """KEY-6: the key's last good day is over; what it had reserved is in the pool again."""

    type: ClassVar = EventType.KEY_EXPIRED
