"""Proxy servers: an installation each, an activation for each of their products, and offline files."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from app.models.columns import choice, moment, one_of, primary_key, reference
from app.models.product import ProductCode


class OfflineAction(StrEnum):
    """What a request file asks for (PXY-4)."""

    ACTIVATE = "ACTIVATE"
    REFRESH = "REFRESH"
    DEACTIVATE = "DEACTIVATE"


class ProxyServer(SQLModel, table=True):
    """What only proxy servers have. The installation's `machine` is made of hostname and site code.

    Its installation shows the key, subscription and product of one of its activations.
    """

    __tablename__ = "proxy_server"

    installation_id: UUID = Field(primary_key=True, foreign_key="installation.id", ondelete="CASCADE")
    site_code: str
    site_description: str = ""
    # Ed25519, 32 bytes: the key of its first offline activation, with which its files must be signed
    public_key: bytes | None = Field(default=None, sa_type=sa.LargeBinary)


class ProxyActivation(SQLModel, table=True):
    """A proxy server's use of one product, each on its own (PXY-1). It outlives its key."""

    __tablename__ = "proxy_activation"
    __table_args__ = (
        one_of("product", ProductCode),
        sa.CheckConstraint("managed >= 0", name="managed"),
        sa.CheckConstraint("active or not release_ordered", name="release_ordered"),
        sa.CheckConstraint("active or over_since is null", name="over"),
        sa.Index("ix_proxy_activation_account", "account_id", "product"),
        sa.Index("ix_proxy_activation_key", "license_key_id", "installation_id"),
        sa.Index("ix_proxy_activation_subscription", "subscription_id", "installation_id"),
    )

    installation_id: UUID = Field(primary_key=True, foreign_key="installation.id", ondelete="CASCADE")
    product: ProductCode = choice(ProductCode, primary_key=True, foreign_key="product.code")
    account_id: UUID = reference("account.id", index=False)
    subscription_id: UUID | None = reference("license_subscription.id", index=False, nullable=True)
    # The key whose licences it uses, or used last
    license_key_id: UUID | None = reference("license_key.id", index=False, nullable=True, ondelete="SET NULL")
    active: bool
    offline: bool = False
    # PXY-6: deactivated in the portal, while only its file releases the key
    release_ordered: bool = False
    activated_at: datetime = moment()
    # Devices in the latest report
    managed: int = 0
    reported_at: datetime | None = moment(default=None, nullable=True)
    # OVR-9: since when more is managed than may be, and when that was told last
    over_since: datetime | None = moment(default=None, nullable=True)
    alerted_at: datetime | None = moment(default=None, nullable=True)
    mailed_at: datetime | None = moment(default=None, nullable=True)


class ProxyUsageDay(SQLModel, table=True):
    """PXY-3: a day on which a proxy server reported the devices of a product; kept 400 days."""

    __tablename__ = "proxy_usage_day"
    __table_args__ = (one_of("product", ProductCode), sa.Index("ix_proxy_usage_day_day", "day"))

    installation_id: UUID = Field(primary_key=True, foreign_key="installation.id", ondelete="CASCADE")
    product: ProductCode = choice(ProductCode, primary_key=True)
    day: date = Field(primary_key=True)
    peak: int
    last: int


class OfflineRequest(SQLModel, table=True):
    """A request file that was used, and its answer (PXY-4).

    Kept for as long as the file might be uploaded again; it is known by its random ID within
    the account, and by that and the key that signed it everywhere.
    """

    __tablename__ = "offline_request"
    __table_args__ = (
        one_of("action", OfflineAction),
        sa.UniqueConstraint("account_id", "request_id"),
        sa.UniqueConstraint("public_key", "request_id"),
        sa.Index("ix_offline_request_used_at", "used_at"),
    )

    id: UUID = primary_key()
    account_id: UUID = reference("account.id", index=False, ondelete="CASCADE")
    request_id: str
    public_key: bytes = Field(sa_type=sa.LargeBinary)
    installation_id: UUID = reference("installation.id", ondelete="CASCADE")
    action: OfflineAction = choice(OfflineAction)
    used_at: datetime = moment()
    # The licence file; NULL after a deactivation
    answer: str | None = None
    filename: str | None = None
