"""Mails about subscriptions."""

from typing import Any
from uuid import UUID

from app.domain.accounts.people import administrators
from app.domain.mails.commands import Addressee, write
from app.domain.subscriptions.events import (
    SubscriptionEnding,
    SubscriptionIssued,
    SubscriptionRenewed,
    UsageThresholdReached,
)
from app.domain.work import Work
from app.models.mail import MailKind


async def key_issued(work: Work, event: SubscriptionIssued) -> None:
    """SUB-1: the buyer gets the unregistered key, if staff said where to send it."""
    if event.send_to is None:
        return
    buyer = Addressee(email=event.send_to, language=event.language)
    facts = {"code": event.code, "product": event.product_name, "quantity": event.quantity}
    await write(work, MailKind.KEY_ISSUED, buyer, facts)


async def ending(work: Work, event: SubscriptionEnding) -> None:
    """SUB-11: each reminder of an end once, whoever sends it and however often."""
    facts = {
        "subscription": event.name,
        "product": event.product_name,
        "ends_on": event.ends_on.isoformat(),
        "way": event.way.value,
        "maintenance": event.maintenance,
    }
    which = f"reminder:{event.subject_id}:{event.ends_on}:{event.reminder}"
    await _tell(work, event.owner_id, MailKind.SUBSCRIPTION_REMINDER, facts, which)


async def renewed(work: Work, event: SubscriptionRenewed) -> None:
    """SUB-8, SUB-10: until when it lasts now."""
    facts = {
        "subscription": event.name,
        "ends_on": event.ends_on.isoformat(),
        "maintenance": event.maintenance,
    }
    await _tell(work, event.account_id, MailKind.SUBSCRIPTION_RENEWED, facts)


async def threshold_reached(work: Work, event: UsageThresholdReached) -> None:
    """SUB-15."""
    facts = {
        "subscription": event.name,
        "percentage": event.percentage,
        "used": event.used,
        "quantity": event.quantity,
    }
    await _tell(work, event.account_id, MailKind.USAGE_THRESHOLD, facts)


async def _tell(
    work: Work, account_id: UUID | None, kind: MailKind, facts: dict[str, Any], which: str | None = None
) -> None:
    people = () if account_id is None else await administrators(work, account_id)
    for person in people:
        once = None if which is None else f"{which}:{person.id}"
        to = Addressee.of(person)
        await write(work, kind, to, {"name": person.full_name, **facts}, dedupe_key=once)
