"""What happens to invitations."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from app.domain.events.record import DomainEvent
from app.models.event import EventAudience, EventType
from app.models.invitation import InvitationBatch


@dataclass(frozen=True, kw_only=True)
class InvitationsProgressed(DomainEvent):
    """INV-5: how many of a request's invitations were mailed so far."""

    type: ClassVar = EventType.INVITATIONS_PROGRESSED
    subject_type: ClassVar = "LicenseKey"
    audience: ClassVar = EventAudience.KEY

    sent: int
    failed: int
    total: int

    @classmethod
    def of(cls, batch: InvitationBatch) -> Self:
        """As it stands; what was revoked before it was mailed no longer counts."""
        return cls(
            account_id=batch.account_id,
            subject_id=batch.license_key_id,
            subscription_id=batch.subscription_id,
            license_key_id=batch.license_key_id,
            sent=batch.sent,
            failed=batch.failed,
            total=batch.total - batch.cancelled,
        )

    def data(self) -> dict[str, Any]:
        """Mails taken by the server, mails given up, and all of them."""
        return {"sent": self.sent, "failed": self.failed, "total": self.total}
