"""Installations: activated copies. Computers live here whole; other kinds add a table."""

from datetime import date, datetime
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
        # A list is read a status at a time, each in the order asked for (docs/decisions/0080). What moves
        # at each check-in stands in InstallationTiming, so that a check-in touches none of these.
        sa.Index("ix_installation_account_status", "account_id", "kind", "status", "id"),
        sa.Index("ix_installation_account_name", "account_id", "kind", "status", "name_key", "id"),
        sa.Index("ix_installation_account_activated", "account_id", "kind", "status", "activated_at", "id"),
        sa.Index("ix_installation_account_version", "account_id", "kind", "status", "app_version", "id"),
        sa.Index("ix_installation_key_status", "license_key_id", "status", "id"),
        sa.Index("ix_installation_key_name", "license_key_id", "status", "name_key", "id"),
        sa.Index("ix_installation_key_activated", "license_key_id", "status", "activated_at", "id"),
        sa.Index("ix_installation_key_version", "license_key_id", "status", "app_version", "id"),
        sa.Index(
            "ix_installation_search",
            sa.text("lychgate_grams(account_id, lychgate_search_text(alias, hostname, serial_number, note))"),
            postgresql_using="gin",
            # A list of what isn't indexed yet would be read by each search.
            postgresql_with={"fastupdate": "off"},
        ),
        # PXY-1: whatever product its row shows, a proxy server is there once
        sa.Index(
            "uq_installation_proxy_server",
            "account_id",
            "machine",
            unique=True,
            postgresql_where=sa.text("kind = 'PROXY_SERVER'"),
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


class InstallationTiming(SQLModel, table=True):
    """When an installation was heard of last, and when its licence ends.

    Kept by triggers (migration 0008) beside the wide, much indexed row: a check-in moves one
    of these, a renewed key all of its own. `ends_on` is 9999-12-31 for what has no end.
    """

    __tablename__ = "installation_timing"
    __table_args__ = (
        sa.Index(
            "ix_installation_timing_account_contact",
            *("account_id", "kind", "status", "last_contact_at", "installation_id"),
        ),
        sa.Index(
            "ix_installation_timing_account_ends",
            *("account_id", "kind", "status", "ends_on", "installation_id"),
        ),
        sa.Index(
            "ix_installation_timing_key_contact",
            *("license_key_id", "status", "last_contact_at", "installation_id"),
        ),
        # SUB-16: what is silent for longest
        sa.Index(
            "ix_installation_timing_silence",
            *("subscription_id", "last_contact_at", "installation_id"),
            postgresql_where=sa.text("status = 'ACTIVE'"),
        ),
    )

    installation_id: UUID = Field(primary_key=True, foreign_key="installation.id", ondelete="CASCADE")
    account_id: UUID
    subscription_id: UUID | None = None
    license_key_id: UUID | None = None
    # Copies of the installation's, which are checked there
    kind: str = Field(sa_type=sa.Text)
    status: str = Field(sa_type=sa.Text)
    last_contact_at: datetime = moment()
    ends_on: date


class InstallationTally(SQLModel, table=True):
    """A ledger of how many installations there are: their number is the sum of `change`.

    Written by triggers, a line a change, so that nobody waits for a counter; background work
    folds many lines into one.
    """

    __tablename__ = "installation_tally"
    __table_args__ = (
        sa.Index("ix_installation_tally_account", "account_id", "kind", "status"),
        sa.Index("ix_installation_tally_key", "license_key_id", "status"),
        sa.Index("ix_installation_tally_unfolded", "account_id", postgresql_where=sa.text("not folded")),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger)
    account_id: UUID
    subscription_id: UUID | None = None
    license_key_id: UUID | None = None
    # Copies of the installation's, which are checked there
    kind: str = Field(sa_type=sa.Text)
    product: str = Field(sa_type=sa.Text)
    status: str = Field(sa_type=sa.Text)
    change: int
    folded: bool = False


class Blacklisting(SQLModel, table=True):
    """One machine that may not use one key (DEV-5)."""

    __tablename__ = "blacklisting"

    license_key_id: UUID = Field(primary_key=True, foreign_key="license_key.id", ondelete="CASCADE")
    machine: str = Field(primary_key=True)
    account_id: UUID = reference("account.id")
    created_at: datetime = moment()
