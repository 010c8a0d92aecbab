"""Support tickets: conversation, watchers, survey, and what only the staff see of them (SUP)."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlmodel import Field, SQLModel

from app.models.columns import choice, moment, one_of, primary_key, reference
from app.models.product import ProductCode


class TicketStatus(StrEnum):
    """How far a ticket is (SUP-3)."""

    NEW = "NEW"
    OPEN = "OPEN"
    WAITING_FOR_CUSTOMER = "WAITING_FOR_CUSTOMER"
    RESOLVED = "RESOLVED"
    CLOSED = "CLOSED"


class ContactMethod(StrEnum):
    """How the customer wants to be answered (SUP-2)."""

    EMAIL = "EMAIL"
    PHONE = "PHONE"
    CHAT = "CHAT"
    MESSENGER = "MESSENGER"


class Ticket(SQLModel, table=True):
    """A support request. Nothing that only staff do may change this row's `updated_at`: customers see it."""

    __tablename__ = "ticket"
    __table_args__ = (
        one_of("product", ProductCode),
        one_of("status", TicketStatus),
        one_of("method", ContactMethod),
        sa.CheckConstraint("(status in ('RESOLVED', 'CLOSED')) = (ended_at is not null)", name="ended"),
        sa.Index("ix_ticket_account_updated", "account_id", "updated_at", "id"),
        # The queue of all accounts, whole and by status
        sa.Index("ix_ticket_updated", "updated_at", "id"),
        sa.Index("ix_ticket_status_updated", "status", "updated_at", "id"),
    )

    id: UUID = primary_key()
    account_id: UUID = reference("account.id", index=False)
    number: int = Field(unique=True)
    subject: str
    product: ProductCode = choice(ProductCode, foreign_key="product.code", index=True)
    category_id: UUID = reference("support_category.id")
    subcategory_id: UUID | None = reference("support_subcategory.id", nullable=True)
    status: TicketStatus = choice(TicketStatus, default=TicketStatus.NEW)
    method: ContactMethod = choice(ContactMethod)
    owner_id: UUID = reference("person.id")
    booked_call_at: datetime | None = moment(default=None, nullable=True)
    # When it was resolved or closed: it can be reopened for a while after that
    ended_at: datetime | None = moment(default=None, nullable=True)
    created_at: datetime = moment()
    updated_at: datetime = moment()


class TicketMessage(SQLModel, table=True):
    """What somebody wrote. The author's name is kept as it was; internal notes never leave the staff."""

    __tablename__ = "ticket_message"
    __table_args__ = (sa.Index("ix_ticket_message_ticket_created", "ticket_id", "created_at", "id"),)

    id: UUID = primary_key()
    ticket_id: UUID = reference("ticket.id", index=False, ondelete="CASCADE")
    account_id: UUID = reference("account.id")
    author_id: UUID | None = reference("person.id", nullable=True, ondelete="SET NULL")
    author_name: str
    by_staff: bool
    internal: bool = False
    body: str
    # The Message-ID of the mail that it came by: one that comes twice is taken once
    mailed_as: str | None = Field(default=None, unique=True)
    created_at: datetime = moment()


class StoredObject(SQLModel, table=True):
    """One object of the attachments' storage, by the hash of its content.

    The row is committed before the object is stored, so that an upload whose mutation fails
    is found again; `check_at` says when somebody looks whether it is used. NULL: it is.
    """

    __tablename__ = "stored_object"
    __table_args__ = (
        sa.Index("ix_stored_object_check_at", "check_at", postgresql_where=sa.text("check_at is not null")),
    )

    sha256: str = Field(primary_key=True)
    size_bytes: int = Field(sa_type=sa.BigInteger)
    check_at: datetime | None = moment(default=None, nullable=True)


class Attachment(SQLModel, table=True):
    """A file of a message (SUP-8)."""

    __tablename__ = "attachment"
    __table_args__ = (sa.Index("ix_attachment_message", "message_id", "position"),)

    id: UUID = primary_key()
    message_id: UUID = reference("ticket_message.id", index=False, ondelete="CASCADE")
    account_id: UUID = reference("account.id")
    internal: bool = False
    position: int
    filename: str
    content_type: str
    size_bytes: int
    sha256: str = reference("stored_object.sha256")


class TicketWatcher(SQLModel, table=True):
    """An account administrator who gets the ticket's mail too; gone with the membership (SUP-5)."""

    __tablename__ = "ticket_watcher"

    ticket_id: UUID = Field(primary_key=True, foreign_key="ticket.id", ondelete="CASCADE")
    membership_id: UUID = Field(primary_key=True, foreign_key="membership.id", ondelete="CASCADE", index=True)
    account_id: UUID = reference("account.id")
    added_at: datetime = moment()


class TicketAssignment(SQLModel, table=True):
    """Who of the staff works on a ticket; apart, because customers don't see it."""

    __tablename__ = "ticket_assignment"

    ticket_id: UUID = Field(primary_key=True, foreign_key="ticket.id", ondelete="CASCADE")
    person_id: UUID = reference("person.id")
    assigned_at: datetime = moment()


class TicketSurvey(SQLModel, table=True):
    """What the customer thought of it, once (SUP-4)."""

    __tablename__ = "ticket_survey"
    __table_args__ = (sa.CheckConstraint("rating between 1 and 5", name="rating"),)

    ticket_id: UUID = Field(primary_key=True, foreign_key="ticket.id", ondelete="CASCADE")
    account_id: UUID = reference("account.id")
    person_id: UUID = reference("person.id")
    rating: int
    comment: str | None = None
    submitted_at: datetime = moment()


class TicketWords(SQLModel, table=True):
    """By which words a ticket is found: `public_words` by everybody, `all_words` by staff.

    No viewer reads this table: the function lychgate_found_tickets does, within their rights.
    """

    __tablename__ = "ticket_words"
    __table_args__ = (
        sa.Index("ix_ticket_words_public", "public_words", postgresql_using="gin"),
        sa.Index("ix_ticket_words_all", "all_words", postgresql_using="gin"),
    )

    ticket_id: UUID = Field(primary_key=True, foreign_key="ticket.id", ondelete="CASCADE")
    account_id: UUID = reference("account.id")
    public_words: Any = Field(sa_type=TSVECTOR, nullable=False)
    all_words: Any = Field(sa_type=TSVECTOR, nullable=False)
