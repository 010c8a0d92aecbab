"""Subscriptions (`license_subscription`: GraphQL keeps the word Subscription) and orders."""

from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel

from app.models.columns import choice, moment, one_of, primary_key, reference
from app.models.product import ProductCode

# SUB-15: percentages of used licences that raise an alert unless administrators say otherwise.
DEFAULT_THRESHOLDS: Final = (80, 90, 100)
# What a renewal moves: the subscription's end, or that of a perpetual licence's maintenance.
_END: Final = "coalesce(expires_on, maintenance_expires_on)"
# SUB-11: `reminded_days` is the last reminder that was dealt with for the end `reminded_end`.
_REMIND_ON: Final = f"""case
    when account_id is null then null
    when reminded_end is distinct from {_END} then {_END} - 30
    when reminded_days = 30 then {_END} - 7
    when reminded_days = 7 then {_END} - 1
    when reminded_days = 1 then {_END}
end"""


class SubscriptionKind(StrEnum):
    """What was bought."""

    SUBSCRIPTION = "SUBSCRIPTION"
    TRIAL = "TRIAL"
    SPLA = "SPLA"
    PERPETUAL = "PERPETUAL"


class Channel(StrEnum):
    """Through whom it was bought."""

    ONLINE = "ONLINE"
    RESELLER = "RESELLER"


class SupportPlan(StrEnum):
    """Which support comes with it."""

    STANDARD = "STANDARD"
    PREMIUM = "PREMIUM"


class OrderKind(StrEnum):
    """What an order asks for (SUB-9)."""

    NEW = "NEW"
    ADD_LICENSES = "ADD_LICENSES"
    RENEWAL = "RENEWAL"
    CONVERSION = "CONVERSION"
    MIGRATION = "MIGRATION"


class OrderStatus(StrEnum):
    """How far an order is."""

    PLACED = "PLACED"
    FULFILLED = "FULFILLED"
    REJECTED = "REJECTED"


class LicenseSubscription(SQLModel, table=True):
    """A right to `quantity` licences of one product. `account_id` is NULL until registered."""

    __tablename__ = "license_subscription"
    __table_args__ = (
        one_of("product", ProductCode),
        one_of("kind", SubscriptionKind),
        one_of("channel", Channel),
        one_of("support_plan", SupportPlan),
        sa.CheckConstraint("quantity > 0", name="quantity"),
        sa.CheckConstraint("(account_id is null) = (activated_on is null)", name="registered"),
        sa.CheckConstraint("(kind = 'PERPETUAL') = (expires_on is null)", name="end"),
        sa.CheckConstraint("cardinality(usage_thresholds) <= 5", name="usage_thresholds"),
        sa.CheckConstraint("used >= 0", name="used"),
        sa.Index("ix_license_subscription_account_name", "account_id", "name_key", "id"),
        sa.Index(
            "ix_license_subscription_account_end",
            "account_id",
            sa.text("coalesce(expires_on, '9999-12-31'::date)"),
            "id",
        ),
        sa.Index("ix_license_subscription_account_activated", "account_id", "activated_on", "id"),
        sa.Index("ix_license_subscription_account_quantity", "account_id", "quantity", "id"),
        sa.Index(
            "ix_license_subscription_renewal",
            "ends_on",
            "id",
            postgresql_where=sa.text("auto_renew and account_id is not null"),
        ),
        sa.Index(
            "ix_license_subscription_reminder",
            "remind_on",
            "id",
            postgresql_where=sa.text("remind_on is not null"),
        ),
    )

    id: UUID = primary_key()
    account_id: UUID | None = reference("account.id", index=False, nullable=True)
    product: ProductCode = choice(ProductCode, foreign_key="product.code", index=True)
    kind: SubscriptionKind = choice(SubscriptionKind)
    name: str
    # Sorting and searching ignore case
    name_key: str
    not_for_resale: bool = False
    channel: Channel = choice(Channel)
    reseller_account_id: UUID | None = reference("account.id", nullable=True)
    support_plan: SupportPlan = choice(SupportPlan)
    auto_renew: bool
    quantity: int
    # NULL: issued with an explicit end
    term_months: int | None = None
    issued_on: date
    activated_on: date | None = None
    # The last good day; NULL for a perpetual licence
    expires_on: date | None = None
    maintenance_expires_on: date | None = None
    offline_use: bool = False
    contract_number: str | None = None
    sales_name: str | None = None
    sales_email: str | None = None
    sales_phone: str | None = None
    usage_thresholds: list[int] = Field(
        default_factory=lambda: list(DEFAULT_THRESHOLDS), sa_type=ARRAY(sa.Integer)
    )
    # The highest threshold that use is at or above: those above it are armed (SUB-15)
    threshold_reached: int = 0
    # Licences in use when somebody last took or freed one (domain.subscriptions.thresholds)
    used: int = 0
    reminded_end: date | None = None
    reminded_days: int | None = None
    ends_on: date | None = Field(
        default=None, sa_column=sa.Column(sa.Date, sa.Computed(_END, persisted=True))
    )
    remind_on: date | None = Field(
        default=None, sa_column=sa.Column(sa.Date, sa.Computed(_REMIND_ON, persisted=True))
    )
    created_at: datetime = moment()


class SubscriptionDay(SQLModel, table=True):
    """SUB-16: the most licences in use at any moment of a day on which that number changed."""

    __tablename__ = "subscription_day"
    __table_args__ = (sa.CheckConstraint("peak >= 0", name="peak"),)

    subscription_id: UUID = Field(primary_key=True, foreign_key="license_subscription.id", ondelete="CASCADE")
    day: date = Field(primary_key=True)
    peak: int


class SalesOrder(SQLModel, table=True):
    """An order in a subscription's history (SUB-9). `quantity` is in licences."""

    __tablename__ = "sales_order"
    __table_args__ = (
        one_of("kind", OrderKind),
        one_of("status", OrderStatus),
        one_of("channel", Channel),
        sa.CheckConstraint("quantity > 0", name="quantity"),
        sa.CheckConstraint("(status = 'FULFILLED') = (fulfilled_at is not null)", name="fulfilled"),
        sa.Index("ix_sales_order_placed", "placed_at", "id"),
        sa.Index("ix_sales_order_status_placed", "status", "placed_at", "id"),
    )

    id: UUID = primary_key()
    number: str = Field(unique=True)
    subscription_id: UUID = reference("license_subscription.id", ondelete="CASCADE")
    account_id: UUID | None = reference("account.id", nullable=True)
    kind: OrderKind = choice(OrderKind)
    status: OrderStatus = choice(OrderStatus)
    quantity: int
    channel: Channel = choice(Channel)
    note: str | None = None
    placed_at: datetime = moment()
    fulfilled_at: datetime | None = moment(default=None, nullable=True)
