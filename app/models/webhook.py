"""Webhooks (EVT-7): where an account's events are delivered, with which secrets, and how each delivery went."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel

from app.models.columns import choice, moment, one_of, primary_key, reference


class WebhookDeliveryStatus(StrEnum):
    """How far a delivery is."""

    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"


class WebhookDisabledReason(StrEnum):
    """Why the portal itself switched an endpoint off."""

    GONE = "GONE"
    FAILING = "FAILING"


class WebhookEndpoint(SQLModel, table=True):
    """An address that an account's events go to, in order: while the first one waits, the others do.

    Whoever delivers holds the lease; the row itself is locked only for moments.
    """

    __tablename__ = "webhook_endpoint"
    __table_args__ = (one_of("disabled_reason", WebhookDisabledReason),)

    id: UUID = primary_key()
    account_id: UUID = reference("account.id", ondelete="CASCADE")
    url: str
    # None: all of them
    types: list[str] | None = Field(default=None, sa_type=ARRAY(sa.Text), nullable=True)
    enabled: bool = True
    disabled_reason: WebhookDisabledReason | None = choice(WebhookDisabledReason, default=None, nullable=True)
    # With which the present key's Ed25519 signatures are checked; nothing secret
    public_key: str
    created_at: datetime = moment()
    # Failures one after the other, and when the next attempt may begin
    failures: int = 0
    retry_at: datetime | None = moment(default=None, nullable=True)
    lease: UUID | None = None
    leased_until: datetime | None = moment(default=None, nullable=True)


class WebhookSecret(SQLModel, table=True):
    """What an endpoint's messages are signed with; both keys are sealed. An older one ends with its overlap."""

    __tablename__ = "webhook_secret"

    id: UUID = primary_key()
    endpoint_id: UUID = reference("webhook_endpoint.id", ondelete="CASCADE")
    secret_sealed: bytes = Field(sa_type=sa.LargeBinary)
    private_key_sealed: bytes = Field(sa_type=sa.LargeBinary)
    created_at: datetime = moment()
    expires_at: datetime | None = moment(default=None, nullable=True)


class WebhookDelivery(SQLModel, table=True):
    """One event for one endpoint. The event is found by its stream (the account), number and time."""

    __tablename__ = "webhook_delivery"
    __table_args__: Any = (
        one_of("status", WebhookDeliveryStatus),
        sa.UniqueConstraint("endpoint_id", "sequence"),
        sa.Index("ix_webhook_delivery_endpoint", "endpoint_id", "id"),
        sa.Index(
            "ix_webhook_delivery_pending",
            "endpoint_id",
            "sequence",
            postgresql_where=sa.text("status = 'PENDING'"),
        ),
        sa.Index("ix_webhook_delivery_give_up", "give_up_at", postgresql_where=sa.text("status = 'PENDING'")),
        sa.Index("ix_webhook_delivery_occurred_at", "occurred_at"),
    )

    id: UUID = primary_key()
    endpoint_id: UUID = reference("webhook_endpoint.id", index=False, ondelete="CASCADE")
    account_id: UUID
    sequence: int = Field(sa_type=sa.BigInteger)
    occurred_at: datetime = moment()
    status: WebhookDeliveryStatus = choice(WebhookDeliveryStatus, default=WebhookDeliveryStatus.PENDING)
    attempts: int = 0
    # Of the latest attempt; None if nothing answered
    response_status: int | None = None
    created_at: datetime = moment()
    give_up_at: datetime = moment()
