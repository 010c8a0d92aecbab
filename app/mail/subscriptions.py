"""Mails about subscriptions."""

from app.domain.mails.commands import Addressee, write
from app.domain.subscriptions.events import SubscriptionIssued
from app.domain.work import Work
from app.models.mail import MailKind


async def key_issued(work: Work, event: SubscriptionIssued) -> None:
    """SUB-1: the buyer gets the unregistered key, if staff said where to send it."""
    if event.send_to is None:
        return
    buyer = Addressee(email=event.send_to, language=event.language)
    facts = {"code": event.code, "product": event.product_name, "quantity": event.quantity}
    await write(work, MailKind.KEY_ISSUED, buyer, facts)
