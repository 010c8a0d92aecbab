"""What happens to people. The first two go to no stream: they are told by mail alone."""

from dataclasses import dataclass
from typing import Any, ClassVar

from app.domain.events.record import DomainEvent
from app.models.event import EventType
from app.models.person import Person


@dataclass(frozen=True, kw_only=True)
class ConfirmationRequested(DomainEvent):
    """IDN-1, IDN-4: somebody must prove that the address is theirs."""

    person: Person
    token: str


@dataclass(frozen=True, kw_only=True)
class SignUpRepeated(DomainEvent):
    """IDN-2: somebody signed up with an address that is known; its owner is told."""

    person: Person


@dataclass(frozen=True, kw_only=True)
class SessionRevoked(DomainEvent):
    """IDN-8: a session is over; its websockets close."""

    type: ClassVar = EventType.SESSION_REVOKED
    subject_type: ClassVar = "Session"
    changes_rights: ClassVar = True

    def data(self) -> dict[str, Any]:
        """Which session, so that every node finds its sockets."""
        return {"sessionId": self.subject_id.hex}
