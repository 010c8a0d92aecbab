"""Events of farms that have a type of their own."""

from datetime import datetime
from typing import Any

import strawberry

from app.domain.farms.events import FarmDeactivationReason
from app.domain.installations import queries as installations
from app.engine.enums import described
from app.engine.fields import computed, relation
from app.models.farm import OverusePhase
from app.schema.events import Event
from app.schema.farms import Farm
from app.schema.installations import Installation
from app.schema.node import Tagged

described(
    FarmDeactivationReason,
    "Why a farm stopped working",
    {
        "ADMINISTRATOR": "Somebody deactivated it in the portal",
        "INSTALLATION": "It gave its key back",
        "KEY_DELETED": "Its key was deleted",
        "QUOTA_LOWERED": "Its key's quota was lowered below its use",
        "OVERUSE": "It was suspended: more users than licences after its grace",
        "EXPIRED": "It was suspended: its licence and the grace behind that are over",
    },
)


def _reason(row: Any, _context: Any) -> FarmDeactivationReason:
    return FarmDeactivationReason(row["data"]["reason"])


@strawberry.type(description="A farm stopped working, for the time being or for good")
class FarmDeactivated(Tagged, Event):
    """Events of the type `FARM_DEACTIVATED`."""

    farm: Farm = relation(installations.by_ids, "As it is now", key="subject_id")
    reason: FarmDeactivationReason = computed(_reason, "Why")


def _of_data(name: str, description: str) -> Any:
    return computed(lambda row, _context: row["data"].get(name), description)


def _moment_of_data(name: str, description: str) -> Any:
    def read(row: Any, _context: Any) -> datetime | None:
        text = row["data"].get(name)
        return None if text is None else datetime.fromisoformat(text)

    return computed(read, description)


def _phase(row: Any, _context: Any) -> OverusePhase:
    return OverusePhase(row["data"]["phase"])


@strawberry.type(description="More is used than was bought, or no longer is")
class OveruseAlert(Tagged, Event):
    """Events of the types `OVERUSE_…`; the numbers are those of its moment."""

    installation: Installation = relation(installations.by_ids, "As it is now", key="subject_id")
    phase: OverusePhase = computed(_phase, "Where its licence stood then")
    used: int = _of_data("used", "Licences in use then")
    limit: int = _of_data("limit", "Licences that it had then")
    grace_ends_at: datetime | None = _moment_of_data("graceEndsAt", "When grace ends, while there is one")
    suspension_due_from: datetime | None = _moment_of_data(
        "suspensionDueFrom", "The earliest moment of a coming suspension"
    )
    suspension_due_by: datetime | None = _moment_of_data(
        "suspensionDueBy", "The latest moment of a coming suspension"
    )
