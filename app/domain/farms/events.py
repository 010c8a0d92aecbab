"""What happens to farms."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Self

from app.domain.events.record import DomainEvent
from app.models.event import EventAudience, EventType
from app.models.installation import Installation
from app.models.license_key import LicenseKey


class FarmDeactivationReason(StrEnum):
    """Why a farm stopped working."""

    ADMINISTRATOR = "ADMINISTRATOR"
    INSTALLATION = "INSTALLATION"
    KEY_DELETED = "KEY_DELETED"
    QUOTA_LOWERED = "QUOTA_LOWERED"
    OVERUSE = "OVERUSE"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, kw_only=True)
class FarmEvent(DomainEvent):
    """Seen by the account's administrators and by those of the farm's key."""

    audience: ClassVar = EventAudience.KEY
    subject_type: ClassVar = "Farm"

    name: str
    key_name: str | None = None

    @classmethod
    def of(cls, farm: Installation, key: LicenseKey | None, **more: Any) -> Self:
        """The event about a farm and the key that it runs on."""
        return cls(
            account_id=farm.account_id,
            subject_id=farm.id,
            subscription_id=key.subscription_id if key else farm.subscription_id,
            license_key_id=key.id if key else farm.license_key_id,
            name=farm.alias or farm.hostname,
            key_name=key.name if key else None,
            **more,
        )

    def data(self) -> dict[str, Any]:
        """The farm's and its key's names at that time."""
        return {"name": self.name, "keyName": self.key_name}


@dataclass(frozen=True, kw_only=True)
class FarmActivated(FarmEvent):
    """FRM-1: a farm runs on a key."""

    type: ClassVar = EventType.INSTALLATION_ACTIVATED


@dataclass(frozen=True, kw_only=True)
class FarmMoved(FarmEvent):
    """FRM-1: a farm that was active runs on another key now."""

    type: ClassVar = EventType.INSTALLATION_MOVED

    from_key_name: str | None = None

    def data(self) -> dict[str, Any]:
        """Names of the farm and of both keys."""
        return {**FarmEvent.data(self), "fromKeyName": self.from_key_name}


@dataclass(frozen=True, kw_only=True)
class FarmDeactivated(FarmEvent):
    """OVR-3, OVR-8, FRM-5: a farm stopped working, for the time being or for good."""

    type: ClassVar = EventType.FARM_DEACTIVATED

    reason: FarmDeactivationReason
    used: int | None = None
    limit: int | None = None

    def data(self) -> dict[str, Any]:
        """Names and the reason; for overuse, the numbers."""
        return {
            **FarmEvent.data(self),
            "reason": self.reason.value,
            "used": self.used,
            "limit": self.limit,
        }


@dataclass(frozen=True, kw_only=True)
class OveruseAlert(FarmEvent):
    """A farm's users against its licences, and where that leads."""

    used: int
    limit: int
    phase: str
    grace_ends_at: datetime | None = None
    suspension_due_from: datetime | None = None
    suspension_due_by: datetime | None = None

    def data(self) -> dict[str, Any]:
        """Names, numbers, and the moments of what comes."""
        return {
            **FarmEvent.data(self),
            "used": self.used,
            "limit": self.limit,
            "phase": self.phase,
            "graceEndsAt": _told(self.grace_ends_at),
            "suspensionDueFrom": _told(self.suspension_due_from),
            "suspensionDueBy": _told(self.suspension_due_by),
        }


def _told(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


@dataclass(frozen=True, kw_only=True)
class OveruseStarted(OveruseAlert):
    """OVR-2: grace begins."""

    type: ClassVar = EventType.OVERUSE_STARTED


@dataclass(frozen=True, kw_only=True)
class OveruseGraceEnding(OveruseAlert):
    """OVR-6: grace ends in a day."""

    type: ClassVar = EventType.OVERUSE_GRACE_ENDING


@dataclass(frozen=True, kw_only=True)
class OveruseSuspensionDue(OveruseAlert):
    """OVR-3: use is above the limit after the grace."""

    type: ClassVar = EventType.OVERUSE_SUSPENSION_DUE


@dataclass(frozen=True, kw_only=True)
class OveruseEnded(OveruseAlert):
    """OVR-3, OVR-5: use fits again: no suspension is due any more, or more licences were bought."""

    type: ClassVar = EventType.OVERUSE_ENDED


@dataclass(frozen=True, kw_only=True)
class FarmReactivated(OveruseAlert):
    """OVR-4, OVR-5, OVR-8: a suspended farm works again."""

    type: ClassVar = EventType.FARM_REACTIVATED
