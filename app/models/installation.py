"""Installations: activated copies. Computers live here whole; other kinds add a table."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from app.models.columns import choice, moment, one_of, primary_key, reference, secret_hash, texts
from app.models.product import InstallationKind, ProductCode


class InstallationStatus(StrEnum):
    """What the portal says of an installation."""

    ACTIVE = "ACTIVE"
    DEACTIVATED = "DEACTIVATED"
    BLACKLISTED = "BLACKLISTED"


class PendingChange(StrEnum):
    """Made in the portal, not yet learnt by the installation (DEV-4, DEV-6)."""

    DEACTIVATION = "DEACTIVATION"
    MOVE = "MOVE"


class Installation(SQLModel, table=True):
    """An activated copy. `machine` is a computer's fingerprint (or a farm's server ID)."""

    __tablename__ = "installation"
    __table_args__ = (
        one_of("kind", InstallationKind),
        one_of("product", ProductCode),
        one_of("status", InstallationStatus),
        sa.CheckConstraint("pending_change in ('DEACTIVATION', 'MOVE')", name="pending_change"),
        sa.UniqueConstraint("account_id", "product", "machine"),
        sa.Index("ix_installation_account_kind_name", "account_id", "kind", "name_key", "id"),
        sa.Index("ix_installation_key_name", "license_key_id", "name_key", "id"),
        sa.Index(
            "ix_installation_key_active",
            "license_key_id",
            postgresql_where=sa.text("status = 'ACTIVE'"),
        ),
        # SUB-16: what is silent for longest
        sa.Index(
            "ix_installation_subscription_silence",
            "subscription_id",
            "last_contact_at",
            "id",
            postgresql_where=sa.text("status = 'ACTIVE'"),
        ),
        # Dashboards count farms and proxy servers; computers are counted by their keys
        sa.Index(
            "ix_installation_account_servers",
            "account_id",
            "product",
            postgresql_where=sa.text("status = 'ACTIVE' and kind <> 'COMPUTER'"),
        ),
    )

    id: UUID = primary_key()
    account_id: UUID = reference("account.id", index=False)
    subscription_id: UUID | None = reference("license_subscription.id", nullable=True)
    license_key_id: UUID | None = reference("license_key.id", index=False, nullable=True)
    product: ProductCode = choice(ProductCode)
    kind: InstallationKind = choice(InstallationKind)
    status: InstallationStatus = choice(InstallationStatus, default=InstallationStatus.ACTIVE)
    pending_change: PendingChange | None = choice(PendingChange, default=None, nullable=True)
    token_hash: bytes = secret_hash(unique=True)
    # Sealed, so that a client that retries an activation gets the same token again
    token_sealed: bytes = secret_hash()
    machine: str
    alias: str | None = None
    hostname: str
    # Alias or hostname, in lower case: what lists sort by
    name_key: str
    host_os: str = ""
    app_version: str
    serial_number: str = ""
    mac_addresses: list[str] = texts(default_factory=list)
    ip_addresses: list[str] = texts(default_factory=list)
    note: str = ""
    activated_at: datetime = moment()
    last_contact_at: datetime = moment()


class Blacklisting(SQLModel, table=True):
    """One machine that may not use one key (DEV-5)."""

    __tablename__ = "blacklisting"

    license_key_id: UUID = Field(primary_key=True, foreign_key="license_key.id", ondelete="CASCADE")
    machine: str = Field(primary_key=True)
    account_id: UUID = reference("account.id")
    created_at: datetime = moment()
