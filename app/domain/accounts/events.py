"""What happens to companies."""

from dataclasses import dataclass
from typing import Any, ClassVar

from app.domain.events.record import DomainEvent
from app.models.event import EventType


@dataclass(frozen=True, kw_only=True)
class CompanyChanged(DomainEvent):
    """ACC-3, ACC-13: the profile changed, or whether the account is a partner."""

    type: ClassVar = EventType.COMPANY_CHANGED
    subject_type: ClassVar = "BusinessAccount"

    account_name: str
    changed: dict[str, Any]

    def data(self) -> dict[str, Any]:
        """The present name and what changed."""
        return {"account": self.account_name, "changed": self.changed}
