"""Moves from legacy portals (MIG): the runs, their rows, and what every moved thing was called there."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from app.models.columns import choice, document, moment, one_of, primary_key, reference, secret_hash
from app.models.product import ProductCode


class MigrationSource(StrEnum):
    """Which legacy portal something comes from."""

    SECURE_WORKSPACE = "SECURE_WORKSPACE"
    ACCESS = "ACCESS"


PRODUCTS: Final = {
    MigrationSource.SECURE_WORKSPACE: ProductCode.SECURE_WORKSPACE,
    MigrationSource.ACCESS: ProductCode.ACCESS,
}
"""What each portal licensed."""
SOURCES: Final = {product: source for source, product in PRODUCTS.items()}


class MigrationState(StrEnum):
    """How far a run is."""

    PLANNED = "PLANNED"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"


class TransferPhase(StrEnum):
    """What a run does at the moment; rows may come in any order, so each phase takes one kind of them."""

    READING = "READING"
    ORGANISATIONS = "ORGANISATIONS"
    USERS = "USERS"
    LICENSES = "LICENSES"
    WELCOMING = "WELCOMING"
    ANNOUNCING = "ANNOUNCING"
    UNDOING = "UNDOING"


class RowOutcome(StrEnum):
    """What became of a row of an export."""

    CREATED = "created"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


class Transfer(SQLModel, table=True):
    """A run over one export (MIG-1). Its numbers are those of the batches that were committed."""

    __tablename__ = "transfer"
    __table_args__ = (
        one_of("source", MigrationSource),
        one_of("state", MigrationState),
        one_of("phase", TransferPhase),
        # Two runs at once: the second is refused.
        sa.Index(
            "uq_transfer_open",
            "source",
            unique=True,
            postgresql_where=sa.text("state in ('PLANNED', 'RUNNING')"),
        ),
    )

    id: UUID = primary_key()
    source: MigrationSource = choice(MigrationSource)
    state: MigrationState = choice(MigrationState, default=MigrationState.PLANNED)
    phase: TransferPhase = choice(TransferPhase, default=TransferPhase.READING)
    dry_run: bool
    window_opens_at: datetime | None = moment(default=None, nullable=True)
    window_closes_at: datetime | None = moment(default=None, nullable=True)
    sha256: str
    size_bytes: int = Field(sa_type=sa.BigInteger)
    # Where reading goes on after a stop: bytes of the file, and its lines, blank ones among them
    bytes_read: int = Field(default=0, sa_type=sa.BigInteger)
    lines_read: int = 0
    rows_read: int = 0
    created: int = 0
    unchanged: int = 0
    refused: int = 0
    # Percent of the way when it was told last
    told: int = 0
    failure: str | None = None
    started_by_id: UUID | None = reference("person.id", nullable=True, ondelete="SET NULL")
    created_at: datetime = moment()
    finished_at: datetime | None = moment(default=None, nullable=True)
    # When a customer first used what it made; from then on it can't be undone
    touched_at: datetime | None = moment(default=None, nullable=True)
    undone_at: datetime | None = moment(default=None, nullable=True)


class TransferRow(SQLModel, table=True):
    """A line of an export, and what became of it: the report. `facts` go once that is decided."""

    __tablename__ = "transfer_row"
    __table_args__ = (
        one_of("outcome", RowOutcome),
        sa.Index("ix_transfer_row_kind_legacy_id", "transfer_id", "kind", "legacy_id"),
        sa.Index(
            "ix_transfer_row_mark",
            "transfer_id",
            "mark",
            postgresql_where=sa.text("mark is not null"),
        ),
        sa.Index(
            "ix_transfer_row_waiting",
            "transfer_id",
            "kind",
            "line",
            postgresql_where=sa.text("outcome is null"),
        ),
    )

    transfer_id: UUID = Field(primary_key=True, foreign_key="transfer.id", ondelete="CASCADE")
    line: int = Field(primary_key=True)
    kind: str = ""
    legacy_id: str = ""
    # The organisation that it names, by its legacy ID
    organisation: str | None = None
    # Tells rows with another content from the same ones
    content_hash: bytes | None = Field(default=None, sa_type=sa.LargeBinary)
    # What no two rows of a kind may share: a hash of the code, or of organisation and address
    mark: bytes | None = Field(default=None, sa_type=sa.LargeBinary)
    facts: dict[str, Any] | None = document(default=None, nullable=True)
    outcome: RowOutcome | None = choice(RowOutcome, default=None, nullable=True)
    why: str | None = None


class LegacyOrganisation(SQLModel, table=True):
    """A business account that came from a legacy portal (MIG-7)."""

    __tablename__ = "legacy_organisation"
    __table_args__ = (one_of("source", MigrationSource), sa.UniqueConstraint("source", "legacy_id"))

    id: UUID = primary_key()
    source: MigrationSource = choice(MigrationSource)
    legacy_id: str
    transfer_id: UUID = reference("transfer.id")
    account_id: UUID = reference("account.id")
    content_hash: bytes = secret_hash()


class LegacyUser(SQLModel, table=True):
    """A person who is pre-registered by address, until somebody confirms that it is theirs (MIG-3)."""

    __tablename__ = "legacy_user"
    __table_args__ = (
        one_of("source", MigrationSource),
        sa.UniqueConstraint("source", "legacy_id"),
        sa.UniqueConstraint("source", "mark"),
    )

    id: UUID = primary_key()
    source: MigrationSource = choice(MigrationSource)
    legacy_id: str
    transfer_id: UUID = reference("transfer.id")
    account_id: UUID = reference("account.id")
    content_hash: bytes = secret_hash()
    mark: bytes = secret_hash()
    email: str
    email_key: str = Field(index=True)
    first_name: str
    last_name: str
    # The run whose announcement was mailed last
    announced_in_id: UUID | None = Field(default=None)
    claimed_at: datetime | None = moment(default=None, nullable=True)
    claimed_by_id: UUID | None = reference("person.id", nullable=True, ondelete="SET NULL")


class LegacyLicense(SQLModel, table=True):
    """A licence of a legacy portal: moved to a subscription, or waiting for its code to be exchanged.

    `code` is kept once it is good for nothing any more but finding the key again (MIG-3); before that
    there is only `mark`, a keyed hash of it (MIG-5).
    """

    __tablename__ = "legacy_license"
    __table_args__ = (
        one_of("source", MigrationSource),
        sa.UniqueConstraint("source", "legacy_id"),
        sa.UniqueConstraint("source", "mark"),
        sa.CheckConstraint("(subscription_id is null) = (account_id is null)", name="moved"),
    )

    id: UUID = primary_key()
    source: MigrationSource = choice(MigrationSource)
    legacy_id: str
    transfer_id: UUID = reference("transfer.id")
    account_id: UUID | None = reference("account.id", nullable=True)
    subscription_id: UUID | None = reference(
        "license_subscription.id", nullable=True, unique=True, index=False
    )
    license_key_id: UUID | None = Field(
        default=None, foreign_key="license_key.id", ondelete="SET NULL", index=True
    )
    content_hash: bytes = secret_hash()
    mark: bytes | None = Field(default=None, sa_type=sa.LargeBinary)
    code: str | None = None
    code_key: str | None = None
    # What it was, as the mapping needs it, and the portal's own flags
    facts: dict[str, Any] = document(default_factory=dict)
    flags: dict[str, Any] = document(default_factory=dict)
    exchanged_at: datetime | None = moment(default=None, nullable=True)
    renewal_hash: bytes | None = Field(default=None, sa_type=sa.LargeBinary, unique=True)
    renewed_at: datetime | None = moment(default=None, nullable=True)
