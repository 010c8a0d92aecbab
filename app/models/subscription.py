"""Subscriptions (`license_subscription`: GraphQL keeps the word Subscription) and orders."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from app.models.columns import choice, moment, one_of, primary_key, reference
from app.models.product import ProductCode


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
        sa.Index("ix_license_subscription_account_name", "account_id", "name_key", "id"),
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
    created_at: datetime = moment()


class SalesOrder(SQLModel, table=True):
    """An order in a subscription's history (SUB-9). `quantity` is in licences."""

    __tablename__ = "sales_order"
    __table_args__ = (
        one_of("kind", OrderKind),
        one_of("status", OrderStatus),
        one_of("channel", Channel),
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
