"""What happens to exports. No stream hears of it: it is for reactions alone."""

from dataclasses import dataclass
from uuid import UUID

from app.domain.events.record import DomainEvent


@dataclass(frozen=True, kw_only=True)
class ExportReady(DomainEvent):
    """A long list can be downloaded; `url` is good for as long as such links are."""

    person_id: UUID
    url: str
