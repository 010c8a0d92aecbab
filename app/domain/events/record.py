"""What an event is before it has a number: `work.emit` takes one of these."""

from dataclasses import dataclass
from typing import Any, ClassVar, Final
from uuid import UUID

from app.models.event import EventAudience, EventType

STAFF_QUEUE: Final = UUID("00000000-0000-7000-8000-000000000001")
"""The stream of what staff follow over all accounts; its rows are seen by staff alone."""


@dataclass(frozen=True, kw_only=True)
class DomainEvent:
    """A change that a user would want to know (EVT-1).

    A subclass names its `type` and `subject_type`, and says in `data` what its summary
    needs. It goes to its account's stream (if it has one), to the own streams of
    `person_ids` (EVT-2, `viewerEvents`), and to the staff's queue where the class says so.
    """

    type: ClassVar[EventType]
    subject_type: ClassVar[str]
    audience: ClassVar[EventAudience] = EventAudience.ADMINISTRATORS
    changes_rights: ClassVar[bool] = False
    in_staff_queue: ClassVar[bool] = False

    account_id: UUID | None = None
    subject_id: UUID
    subscription_id: UUID | None = None
    license_key_id: UUID | None = None
    person_ids: tuple[UUID, ...] = ()

    def data(self) -> dict[str, Any]:
        """What the summary and a client need beside the subject; never a secret."""
        return {}
