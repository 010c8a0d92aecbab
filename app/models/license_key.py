"""Licence keys."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import SQLModel

from app.models.columns import choice, moment, one_of, primary_key, reference, secret_hash
from app.models.product import Allocation


class LicenseKeyKind(StrEnum):
    """A subscription has one primary key, and any number of additional ones (KEY-1)."""

    PRIMARY = "PRIMARY"
    ADDITIONAL = "ADDITIONAL"


class LicenseKey(SQLModel, table=True):
    """A code that activates software.

    The code is found by a keyed hash and stored encrypted (KEY-5). `used` counts the
    key's activated licences; it changes only under the subscription's lock.
    """

    __tablename__ = "license_key"
    __table_args__ = (
        one_of("kind", LicenseKeyKind),
        sa.CheckConstraint("allocation in ('RESERVED', 'DYNAMIC')", name="allocation"),
        sa.CheckConstraint("(kind = 'PRIMARY') = (allocation is null)", name="kind_allocation"),
        sa.CheckConstraint("(kind = 'PRIMARY') = (quota is null)", name="kind_quota"),
        sa.CheckConstraint("quota > 0", name="quota"),
        sa.CheckConstraint("used >= 0", name="used"),
        sa.CheckConstraint("moves >= 0", name="moves"),
        sa.CheckConstraint("kind = 'ADDITIONAL' or renews_with_subscription", name="primary_renews"),
        sa.CheckConstraint("renews_with_subscription or expires_on is not null", name="end"),
        sa.Index("ix_license_key_account_name", "account_id", "name_key", "id"),
        sa.Index("ix_license_key_account_kind", "account_id", "kind", "id"),
        sa.Index(
            "ix_license_key_account_end",
            "account_id",
            sa.text("coalesce(expires_on, '9999-12-31'::date)"),
            "id",
        ),
        sa.Index(
            "ix_license_key_expiry",
            "expires_on",
            "id",
            postgresql_where=sa.text("kind = 'ADDITIONAL' and expired_at is null"),
        ),
        sa.Index(
            "uq_license_key_primary",
            "subscription_id",
            unique=True,
            postgresql_where=sa.text("kind = 'PRIMARY'"),
        ),
    )

    id: UUID = primary_key()
    subscription_id: UUID = reference("license_subscription.id", ondelete="CASCADE")
    account_id: UUID | None = reference("account.id", index=False, nullable=True)
    kind: LicenseKeyKind = choice(LicenseKeyKind)
    name: str
    name_key: str
    code_hash: bytes = secret_hash(unique=True)
    code_sealed: bytes = secret_hash()
    code_last_group: str
    allocation: Allocation | None = choice(Allocation, default=None, nullable=True)
    quota: int | None = None
    used: int = 0
    renews_with_subscription: bool = True
    expires_on: date | None = None
    # When KEY_EXPIRED was told; NULL again once the key was extended (KEY-6)
    expired_at: datetime | None = moment(default=None, nullable=True)
    # The server that the key's farm runs on, and how often that was changed (FRM-2)
    bound_machine: str | None = None
    moves: int = 0
    created_at: datetime = moment()
