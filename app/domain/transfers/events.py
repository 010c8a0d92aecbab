"""What happens during a move from a legacy portal."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self
from uuid import UUID

from app.domain.events.record import DomainEvent
from app.domain.transfers.rules import percent
from app.models.event import EventType
from app.models.person import Language
from app.models.transfer import Transfer


@dataclass(frozen=True, kw_only=True)
class MigrationProgressed(DomainEvent):
    """MIG-1: how far a run is; in the own stream of whoever of the staff started it."""

    type: ClassVar = EventType.MIGRATION_PROGRESSED
    subject_type: ClassVar = "Migration"

    facts: dict[str, Any]

    @classmethod
    def of(cls, transfer: Transfer) -> Self:
        """The event about a run as it is now."""
        starter = transfer.started_by_id
        facts = {
            "source": transfer.source.value,
            "state": transfer.state.value,
            "dryRun": transfer.dry_run,
            "percent": percent(transfer),
            "rowsRead": transfer.rows_read,
            "created": transfer.created,
            "unchanged": transfer.unchanged,
            "refused": transfer.refused,
            "undone": transfer.undone_at is not None,
        }
        return cls(subject_id=transfer.id, person_ids=(starter,) if starter else (), facts=facts)

    def data(self) -> dict[str, Any]:
        """The run's numbers at that moment."""
        return self.facts


@dataclass(frozen=True, slots=True)
class Renewable:
    """A subscription that ends unless it is renewed here (MIG-6). The token goes into the mail alone."""

    licenses: int
    ends_on: str
    token: str


@dataclass(frozen=True, slots=True)
class Invited:
    """Somebody who could sign in at the legacy portal."""

    legacy_id: UUID
    email: str
    name: str
    language: Language
    company: str
    subscriptions: Sequence[Renewable]
    person_id: UUID | None = None


def letters_of(transfer_id: UUID) -> str:
    """What the dedupe keys of a run's announcements begin with."""
    return f"announced:{transfer_id.hex}:"


@dataclass(frozen=True, kw_only=True)
class MigrationAnnounced(DomainEvent):
    """MIG-6: users of moved organisations get the link to renew; told by mail alone."""

    product_name: str
    pack: int
    people: Sequence[Invited]
