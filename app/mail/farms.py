"""Mails about farms that use more than was bought (OVR-2 to OVR-6, OVR-8)."""

from typing import Any

from app.domain.farms.events import (
    FarmDeactivated,
    FarmDeactivationReason,
    FarmEvent,
    FarmReactivated,
    OveruseGraceEnding,
    OveruseStarted,
)
from app.domain.farms.people import concerned
from app.domain.mails.commands import Addressee, write
from app.domain.work import Work
from app.models.mail import MailKind

_SUSPENSIONS = (FarmDeactivationReason.OVERUSE, FarmDeactivationReason.EXPIRED)


async def overuse_started(work: Work, event: OveruseStarted) -> None:
    """OVR-2: grace begins."""
    await _tell(work, MailKind.OVERUSE_STARTED, event, event.data())


async def overuse_ending(work: Work, event: OveruseGraceEnding) -> None:
    """OVR-6: grace ends in a day."""
    await _tell(work, MailKind.OVERUSE_ENDING, event, event.data())


async def suspended(work: Work, event: FarmDeactivated) -> None:
    """OVR-3, OVR-8: nobody gets the published resources. What people did themselves needs no mail."""
    if event.reason in _SUSPENSIONS:
        await _tell(work, MailKind.OVERUSE_SUSPENDED, event, event.data())


async def restored(work: Work, event: FarmReactivated) -> None:
    """OVR-4, OVR-5, OVR-8: the farm works again."""
    await _tell(work, MailKind.OVERUSE_RESTORED, event, event.data())


async def _tell(work: Work, kind: MailKind, event: FarmEvent, data: dict[str, Any]) -> None:
    facts = {
        "farm": data["name"],
        "key": data["keyName"] or "",
        "used": data["used"],
        "limit": data["limit"],
        "reason": data.get("reason"),
        "phase": data.get("phase"),
        "grace_ends_at": data.get("graceEndsAt"),
    }
    for person in await concerned(work, event):
        await write(work, kind, Addressee.of(person), {"name": person.full_name, **facts})
