"""What happens to mails. No stream hears of it: it is for reactions alone."""

from dataclasses import dataclass

from app.domain.events.record import DomainEvent
from app.models.mail import MailKind


@dataclass(frozen=True, kw_only=True)
class MailSettled(DomainEvent):
    """A mail was taken by the server (`sent`), or given up."""

    kind: MailKind
    sent: bool
