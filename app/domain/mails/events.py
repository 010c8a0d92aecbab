"""What happens to mails. No stream hears of it: it is for reactions alone."""

from dataclasses import dataclass
from uuid import UUID

from app.domain.events.record import DomainEvent
from app.models.mail import MailKind


@dataclass(frozen=True, slots=True)
class Settled:
    """A mail was taken by the server (`sent`), or given up."""

    mail_id: UUID
    kind: MailKind
    sent: bool


@dataclass(frozen=True, kw_only=True)
class MailsSettled(DomainEvent):
    """All the mails that one Work settled."""

    settled: tuple[Settled, ...]
