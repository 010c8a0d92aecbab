"""The mail outbox (MAI-1), and the mailbox that development sends into (MAI-5)."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from app.models.columns import choice, document, moment, one_of, primary_key, reference
from app.models.person import Language


class MailStatus(StrEnum):
    """How far a mail is."""

    QUEUED = "QUEUED"
    SENT = "SENT"
    FAILED = "FAILED"


class MailKind(StrEnum):
    """What a mail is about (MAI-3)."""

    CONFIRM_ADDRESS = "CONFIRM_ADDRESS"
    ADDRESS_IN_USE = "ADDRESS_IN_USE"
    RESET_PASSWORD = "RESET_PASSWORD"  # noqa: S105 - a kind, not a password
    PASSWORD_CHANGED = "PASSWORD_CHANGED"  # noqa: S105 - a kind, not a password
    ADDRESS_CHANGED = "ADDRESS_CHANGED"
    TWO_STEP_CHANGED = "TWO_STEP_CHANGED"
    MEMBERSHIP_INVITATION = "MEMBERSHIP_INVITATION"
    MEMBER_BLOCKED = "MEMBER_BLOCKED"
    MEMBER_UNBLOCKED = "MEMBER_UNBLOCKED"
    MEMBER_REMOVED = "MEMBER_REMOVED"
    INSTALL_INVITATION = "INSTALL_INVITATION"
    KEY_ISSUED = "KEY_ISSUED"
    OVERUSE_STARTED = "OVERUSE_STARTED"
    OVERUSE_ENDING = "OVERUSE_ENDING"
    OVERUSE_SUSPENDED = "OVERUSE_SUSPENDED"
    OVERUSE_RESTORED = "OVERUSE_RESTORED"
    OVERUSE_ALERT = "OVERUSE_ALERT"
    SUBSCRIPTION_REMINDER = "SUBSCRIPTION_REMINDER"
    SUBSCRIPTION_RENEWED = "SUBSCRIPTION_RENEWED"
    USAGE_THRESHOLD = "USAGE_THRESHOLD"
    TICKET_CREATED = "TICKET_CREATED"
    TICKET_MESSAGE = "TICKET_MESSAGE"
    TICKET_STATUS = "TICKET_STATUS"
    MIGRATION_ANNOUNCED = "MIGRATION_ANNOUNCED"
    EXPORT_READY = "EXPORT_READY"
    WEBHOOK_DISABLED = "WEBHOOK_DISABLED"
    TICKET_ANSWER_REFUSED = "TICKET_ANSWER_REFUSED"


class MailTopic(StrEnum):
    """What somebody may do without; every other mail is sent."""

    REMINDERS = "REMINDERS"
    ALERTS = "ALERTS"


class Mail(SQLModel, table=True):
    """A mail to one recipient, written in the transaction of its cause.

    `facts` fill the template and may hold links that sign somebody in: they are
    stored sealed, and removed once the mail is sent.
    """

    __tablename__ = "mail"
    __table_args__ = (
        one_of("kind", MailKind),
        one_of("language", Language),
        one_of("status", MailStatus),
        sa.Index(
            "ix_mail_due",
            "next_attempt_at",
            "id",
            postgresql_where=sa.text("status = 'QUEUED'"),
        ),
        sa.Index(
            "ix_mail_given_up",
            "created_at",
            "id",
            postgresql_where=sa.text("status = 'FAILED'"),
        ),
    )

    id: UUID = primary_key()
    kind: MailKind = choice(MailKind)
    recipient: str
    recipient_name: str = ""
    person_id: UUID | None = reference("person.id", nullable=True, ondelete="SET NULL")
    language: Language = choice(Language)
    time_zone: str = "UTC"
    # None once the mail is sent: what was given up can be sent again
    facts_sealed: bytes | None = Field(default=None, sa_type=sa.LargeBinary)
    dedupe_key: str | None = Field(default=None, unique=True)
    headers: dict[str, Any] = document(default_factory=dict)
    status: MailStatus = choice(MailStatus, default=MailStatus.QUEUED)
    attempts: int = 0
    created_at: datetime = moment()
    next_attempt_at: datetime = moment()
    give_up_at: datetime = moment()
    sent_at: datetime | None = moment(default=None, nullable=True)
    last_error: str | None = None


class ReceivedMail(SQLModel, table=True):
    """What the development mailbox received, as it came over SMTP."""

    __tablename__ = "received_mail"

    id: UUID = primary_key()
    recipients: list[str] = document()
    sender: str
    raw: bytes = Field(sa_type=sa.LargeBinary)
    received_at: datetime = moment(index=True)
