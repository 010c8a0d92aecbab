"""The event log (EVT-1): one row a change, numbered without gaps in each stream."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from app.models.columns import choice, document, moment, one_of, primary_key


class EventType(StrEnum):
    """What happened."""

    SUBSCRIPTION_REGISTERED = "SUBSCRIPTION_REGISTERED"
    SUBSCRIPTION_RENEWED = "SUBSCRIPTION_RENEWED"
    SUBSCRIPTION_CHANGED = "SUBSCRIPTION_CHANGED"
    ORDER_PLACED = "ORDER_PLACED"
    ORDER_FULFILLED = "ORDER_FULFILLED"
    ORDER_REJECTED = "ORDER_REJECTED"
    KEY_CREATED = "KEY_CREATED"
    KEY_CHANGED = "KEY_CHANGED"
    KEY_DELETED = "KEY_DELETED"
    KEY_EXPIRED = "KEY_EXPIRED"
    INSTALLATION_ACTIVATED = "INSTALLATION_ACTIVATED"
    INSTALLATION_DEACTIVATED = "INSTALLATION_DEACTIVATED"
    INSTALLATION_BLACKLISTED = "INSTALLATION_BLACKLISTED"
    INSTALLATION_UNBLACKLISTED = "INSTALLATION_UNBLACKLISTED"
    INSTALLATION_MOVED = "INSTALLATION_MOVED"
    INSTALLATION_EDITED = "INSTALLATION_EDITED"
    FARM_DEACTIVATED = "FARM_DEACTIVATED"
    FARM_REACTIVATED = "FARM_REACTIVATED"
    USAGE_THRESHOLD_REACHED = "USAGE_THRESHOLD_REACHED"
    OVERUSE_STARTED = "OVERUSE_STARTED"
    OVERUSE_CONTINUES = "OVERUSE_CONTINUES"
    OVERUSE_GRACE_ENDING = "OVERUSE_GRACE_ENDING"
    OVERUSE_SUSPENSION_DUE = "OVERUSE_SUSPENSION_DUE"
    OVERUSE_ENDED = "OVERUSE_ENDED"
    TICKET_CREATED = "TICKET_CREATED"
    TICKET_REPLIED = "TICKET_REPLIED"
    TICKET_STATUS_CHANGED = "TICKET_STATUS_CHANGED"
    TICKET_WATCHERS_CHANGED = "TICKET_WATCHERS_CHANGED"
    MEMBER_INVITED = "MEMBER_INVITED"
    MEMBER_JOINED = "MEMBER_JOINED"
    MEMBER_CHANGED = "MEMBER_CHANGED"
    MEMBER_BLOCKED = "MEMBER_BLOCKED"
    MEMBER_UNBLOCKED = "MEMBER_UNBLOCKED"
    MEMBER_REMOVED = "MEMBER_REMOVED"
    KEY_ADMINISTRATION_CHANGED = "KEY_ADMINISTRATION_CHANGED"
    COMPANY_CHANGED = "COMPANY_CHANGED"
    INVITATIONS_PROGRESSED = "INVITATIONS_PROGRESSED"
    MIGRATION_PROGRESSED = "MIGRATION_PROGRESSED"
    SESSION_REVOKED = "SESSION_REVOKED"


class EventActorKind(StrEnum):
    """Who did it."""

    PERSON = "PERSON"
    STAFF = "STAFF"
    INSTALLATION = "INSTALLATION"
    SYSTEM = "SYSTEM"


class EventAudience(StrEnum):
    """Who may see an event: its account's administrators always, and these besides (EVT-4)."""

    ADMINISTRATORS = "ADMINISTRATORS"
    KEY = "KEY"
    TICKETS = "TICKETS"
    PERSON = "PERSON"


class EventStream(SQLModel, table=True):
    """The last number given in a stream; `id` is an account's or a person's."""

    __tablename__ = "event_stream"

    id: UUID = Field(primary_key=True)
    last_sequence: int = Field(default=0, sa_type=sa.BigInteger)


class Event(SQLModel, table=True):
    """One change. `stream_id` is the account (or, for `viewerEvents`, the person)."""

    __tablename__ = "event"
    __table_args__ = (
        one_of("type", EventType),
        one_of("actor_kind", EventActorKind),
        one_of("audience", EventAudience),
        # Each with the time, by which the table is partitioned: the counter makes numbers unique.
        sa.UniqueConstraint("stream_id", "sequence", "occurred_at", name="uq_event_stream_id_sequence"),
        sa.Index("ix_event_stream_type_sequence", "stream_id", "type", "sequence"),
        sa.Index("ix_event_stream_actor_sequence", "stream_id", "actor_person_id", "sequence"),
        sa.Index("ix_event_stream_occurred_at", "stream_id", "occurred_at"),
        sa.Index("ix_event_occurred_at", "occurred_at"),
    )

    id: UUID = primary_key()
    stream_id: UUID
    # The account that it is about, in a person's stream too
    account_id: UUID | None = None
    sequence: int = Field(sa_type=sa.BigInteger)
    type: EventType = choice(EventType)
    occurred_at: datetime = moment()
    actor_kind: EventActorKind = choice(EventActorKind)
    actor_name: str
    actor_person_id: UUID | None = None
    audience: EventAudience = choice(EventAudience)
    # Whoever administers this key, or the subscription's primary key, sees a KEY event
    license_key_id: UUID | None = None
    subscription_id: UUID | None = None
    subject_type: str
    subject_id: UUID
    data: dict[str, Any] = document(default_factory=dict)
