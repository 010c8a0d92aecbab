"""What happens to tickets. Each goes to the account and to the queue of all accounts, which staff follow."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Self

from app.domain.events.record import DomainEvent
from app.models.event import EventAudience, EventType
from app.models.ticket import Ticket, TicketMessage, TicketStatus


@dataclass(frozen=True, kw_only=True)
class _TicketEvent(DomainEvent):
    subject_type: ClassVar = "Ticket"
    audience: ClassVar = EventAudience.TICKETS
    in_staff_queue: ClassVar = True

    did: ClassVar[str] = "changed"
    ticket: Ticket
    message: TicketMessage | None = None

    @classmethod
    def of(cls, ticket: Ticket, **facts: Any) -> Self:
        """The event of a ticket."""
        return cls(account_id=ticket.account_id, subject_id=ticket.id, ticket=ticket, **facts)

    def data(self) -> dict[str, Any]:
        """Number and subject, the status after it, and the message if there is one."""
        told = {
            "number": f"#{self.ticket.number}",
            "subject": self.ticket.subject,
            "status": self.ticket.status.value,
            "did": self.did,
        }
        return told if self.message is None else {**told, "messageId": self.message.id.hex}


@dataclass(frozen=True, kw_only=True)
class TicketCreated(_TicketEvent):
    """SUP-2: a support request."""

    type: ClassVar = EventType.TICKET_CREATED


@dataclass(frozen=True, kw_only=True)
class TicketReplied(_TicketEvent):
    """SUP-4, SUP-7: a message that both sides read."""

    type: ClassVar = EventType.TICKET_REPLIED
    did: ClassVar = "replied to"


@dataclass(frozen=True, kw_only=True)
class NoteAdded(_TicketEvent):
    """SUP-7: an internal note. It has no account, so that not even a gap in an account's numbers tells of it."""

    type: ClassVar = EventType.TICKET_REPLIED
    did: ClassVar = "left a note on"

    @classmethod
    def of(cls, ticket: Ticket, **facts: Any) -> Self:
        """In the staff's queue alone."""
        return cls(subject_id=ticket.id, ticket=ticket, **facts)


@dataclass(frozen=True, kw_only=True)
class CallBooked(_TicketEvent):
    """SUP-2: a call at a certain time. A message of a kind, without a text."""

    type: ClassVar = EventType.TICKET_REPLIED
    did: ClassVar = "booked a call about"
    at: datetime

    def data(self) -> dict[str, Any]:
        """When to call."""
        return {**super().data(), "callAt": self.at.isoformat()}


@dataclass(frozen=True, kw_only=True)
class TicketStatusChanged(_TicketEvent):
    """SUP-4, SUP-7: another status; `by_message`: a message said so already, whose mail tells both."""

    type: ClassVar = EventType.TICKET_STATUS_CHANGED

    before: TicketStatus
    by_message: bool = False

    def data(self) -> dict[str, Any]:
        """The status before, too."""
        return {**super().data(), "before": self.before.value}


@dataclass(frozen=True, kw_only=True)
class TicketWatchersChanged(_TicketEvent):
    """SUP-5: somebody watches, or doesn't any more."""

    type: ClassVar = EventType.TICKET_WATCHERS_CHANGED
