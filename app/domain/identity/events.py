"""What happens to people. All but the end of a session go to no stream: they are told by mail alone."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

from app.core import ids
from app.domain.events.record import DomainEvent
from app.models.event import EventType
from app.models.person import Person


@dataclass(frozen=True, kw_only=True)
class ConfirmationRequested(DomainEvent):
    """IDN-1, IDN-4: somebody must prove that the address is theirs."""

    person: Person
    token: str


@dataclass(frozen=True, kw_only=True)
class AddressConfirmed(DomainEvent):
    """IDN-4, IDN-12, ACC-6: a mailed link has shown that the address is the person's."""

    person: Person


@dataclass(frozen=True, kw_only=True)
class SignUpRepeated(DomainEvent):
    """IDN-2: somebody signed up with an address that is known; its owner is told."""

    person: Person


@dataclass(frozen=True, kw_only=True)
class PasswordResetRequested(DomainEvent):
    """IDN-7: somebody wants a new password."""

    person: Person
    token: str


@dataclass(frozen=True, kw_only=True)
class PasswordChanged(DomainEvent):
    """IDN-7: a password was changed or reset."""

    person: Person


@dataclass(frozen=True, kw_only=True)
class EmailChangeRequested(DomainEvent):
    """IDN-12: a new address must prove to be the person's."""

    person: Person
    email: str
    token: str


@dataclass(frozen=True, kw_only=True)
class EmailChanged(DomainEvent):
    """IDN-12: a person signs in with another address; the old one is told."""

    person: Person
    old_email: str
    new_email: str


class TwoFactorChange(StrEnum):
    """What changed of two-step verification."""

    ON = "ON"
    OFF = "OFF"
    RESCUE_CODES = "RESCUE_CODES"


@dataclass(frozen=True, kw_only=True)
class TwoFactorChanged(DomainEvent):
    """IDN-6: two-step verification was turned on or off, or has other rescue codes."""

    person: Person
    change: TwoFactorChange


@dataclass(frozen=True, kw_only=True)
class SessionRevoked(DomainEvent):
    """IDN-8: a session is over; its websockets close."""

    type: ClassVar = EventType.SESSION_REVOKED
    subject_type: ClassVar = "Session"
    changes_rights: ClassVar = True

    def data(self) -> dict[str, Any]:
        """Which session, as the list of sessions calls it."""
        return {"sessionId": ids.encode("Session", self.subject_id)}
