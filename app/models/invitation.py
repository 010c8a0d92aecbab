"""Invitations to install, and how far a send of many of them is (INV)."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from app.models.columns import choice, moment, one_of, primary_key, reference, secret_hash
from app.models.person import Language


class InvitationProgress(StrEnum):
    """How far an invitation is, but for its end, which the clock brings."""

    QUEUED = "QUEUED"
    SENT = "SENT"
    FAILED = "FAILED"
    USED = "USED"
    REVOKED = "REVOKED"


class InvitationBatch(SQLModel, table=True):
    """The invitations of one request (INV-5)."""

    __tablename__ = "invitation_batch"

    id: UUID = primary_key()
    account_id: UUID = reference("account.id")
    subscription_id: UUID
    license_key_id: UUID = reference("license_key.id", ondelete="CASCADE")
    total: int
    sent: int = 0
    failed: int = 0
    # Revoked before their mail went out
    cancelled: int = 0
    created_at: datetime = moment()


class InstallInvitation(SQLModel, table=True):
    """One address that may install with one key (INV-2).

    The code is found by a keyed hash and stored encrypted, like a key's own.
    """

    __tablename__ = "install_invitation"
    __table_args__ = (
        one_of("progress", InvitationProgress),
        one_of("language", Language),
        sa.Index("ix_install_invitation_key", "license_key_id", "id"),
        sa.Index("ix_install_invitation_batch", "batch_id", "id"),
    )

    id: UUID = primary_key()
    account_id: UUID = reference("account.id")
    subscription_id: UUID
    license_key_id: UUID = reference("license_key.id", index=False, ondelete="CASCADE")
    batch_id: UUID = reference("invitation_batch.id", index=False, ondelete="CASCADE")
    # No foreign key: the outbox may forget the mail before the invitation goes
    mail_id: UUID | None = Field(default=None, index=True)
    email: str
    language: Language = choice(Language)
    code_hash: bytes = secret_hash(unique=True)
    code_sealed: bytes = secret_hash()
    progress: InvitationProgress = choice(InvitationProgress, default=InvitationProgress.QUEUED)
    created_at: datetime = moment()
    sent_at: datetime | None = moment(default=None, nullable=True)
    expires_at: datetime = moment()
    used_at: datetime | None = moment(default=None, nullable=True)
    used_by: UUID | None = reference("installation.id", nullable=True, ondelete="SET NULL")
