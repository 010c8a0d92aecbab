"""Farms: an installation each, and what is kept beside it."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from app.models.columns import choice, moment, one_of, reference
from app.models.product import ProductCode


class OverusePhase(StrEnum):
    """OVR-1: where a farm's licence stands."""

    NORMAL = "NORMAL"
    GRACE = "GRACE"
    LIMITED = "LIMITED"
    SUSPENDED = "SUSPENDED"


class FarmState(SQLModel, table=True):
    """Where the licence of a farm stands (`domain.farms.rules.State`), a row for each key that it used.

    The row that began last is the farm's present one. It outlives its key, and it tells the
    next farm of the same key how much of the grace is spent.
    """

    __tablename__ = "farm_state"
    __table_args__ = (
        one_of("phase", OverusePhase),
        sa.CheckConstraint("used >= 0", name="used"),
        sa.Index(
            "ix_farm_state_due",
            "due_at",
            "installation_id",
            postgresql_where=sa.text("due_at is not null"),
        ),
        sa.Index("ix_farm_state_key", "license_key_id", "began_at"),
    )

    installation_id: UUID = Field(primary_key=True, foreign_key="installation.id", ondelete="CASCADE")
    license_key_id: UUID = Field(primary_key=True)
    began_at: datetime = moment()
    phase: OverusePhase = choice(OverusePhase)
    since: datetime = moment()
    # Users in the latest report, and in the highest
    used: int = 0
    peak: int = 0
    license_limit: int
    seen_at: datetime = moment()
    reported_at: datetime | None = moment(default=None, nullable=True)
    ends_at: datetime | None = moment(default=None, nullable=True)
    grace_ends_at: datetime | None = moment(default=None, nullable=True)
    grace_limit: int | None = None
    reminded: bool = False
    over_since: datetime | None = moment(default=None, nullable=True)
    expired_at: datetime | None = moment(default=None, nullable=True)
    # When time alone changes something next; NULL for a farm that waits for nothing
    due_at: datetime | None = moment(default=None, nullable=True)


class FarmUsageDay(SQLModel, table=True):
    """FRM-6: one day of a farm; kept 400 days."""

    __tablename__ = "farm_usage_day"
    __table_args__ = (sa.Index("ix_farm_usage_day_day", "day"),)

    installation_id: UUID = Field(primary_key=True, foreign_key="installation.id", ondelete="CASCADE")
    day: date = Field(primary_key=True)
    peak: int
    last: int


class FarmUsageReport(SQLModel, table=True):
    """FRM-6: one report of a farm; kept 7 days."""

    __tablename__ = "farm_usage_report"
    __table_args__ = (sa.Index("ix_farm_usage_report_at", "at"),)

    installation_id: UUID = Field(primary_key=True, foreign_key="installation.id", ondelete="CASCADE")
    at: datetime = Field(primary_key=True, sa_type=sa.DateTime(timezone=True))
    users: int


class Trial(SQLModel, table=True):
    """FRM-1: an account's one trial, whatever became of it."""

    __tablename__ = "trial"
    __table_args__ = (one_of("product", ProductCode),)

    product: ProductCode = choice(ProductCode, primary_key=True, foreign_key="product.code")
    account_id: UUID = Field(primary_key=True, foreign_key="account.id", ondelete="CASCADE")
    subscription_id: UUID = reference("license_subscription.id", ondelete="CASCADE")
    started_at: datetime = moment()
