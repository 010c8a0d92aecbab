"""The catalogue: what is sold, and each product's policy as data (PRD-1)."""

from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from app.models.columns import choice, one_of, texts


class ProductCode(StrEnum):
    """The products at start. A new product is a new row, and a new value here."""

    DESKTOP = "DESKTOP"
    RAS = "RAS"
    DEVICE_MANAGEMENT_MAC = "DEVICE_MANAGEMENT_MAC"
    DEVICE_MANAGEMENT_MOBILE = "DEVICE_MANAGEMENT_MOBILE"
    ACCESS = "ACCESS"
    SECURE_WORKSPACE = "SECURE_WORKSPACE"


class InstallationKind(StrEnum):
    """What an activated copy is."""

    COMPUTER = "COMPUTER"
    FARM = "FARM"
    PROXY_SERVER = "PROXY_SERVER"


class Allocation(StrEnum):
    """How an additional key gets its licences (KEY-2)."""

    RESERVED = "RESERVED"
    DYNAMIC = "DYNAMIC"


class OverusePolicy(StrEnum):
    """What happens when more is used than was bought."""

    HARD_LIMIT = "HARD_LIMIT"
    GRACE = "GRACE"
    ALERT_ONLY = "ALERT_ONLY"


class Product(SQLModel, table=True):
    """A product and its policy. None of these numbers is a constant in code."""

    __tablename__ = "product"
    __table_args__ = (
        one_of("installation_kind", InstallationKind),
        one_of("overuse_policy", OverusePolicy),
        sa.CheckConstraint("licenses_per_pack > 0", name="pack"),
        sa.CheckConstraint("validation_minutes > 0", name="validation"),
    )

    code: str = Field(primary_key=True)
    position: int
    name: str
    unit: str
    installation_kind: InstallationKind = choice(InstallationKind)
    allocations: list[str] = texts()
    # Null is as many as the key's quota, and moves without limit
    installations_per_key: int | None = None
    moves_per_key: int | None = None
    expiry_grace_days: int
    overuse_policy: OverusePolicy = choice(OverusePolicy)
    overuse_grace_days: int
    licenses_per_pack: int
    # What a trial is converted to, and what something without a term of its own is renewed by
    usual_term_months: int = 12
    offline_possible: bool
    business: bool
    check_in_days: int | None = None
    report_days: int | None = None
    refresh_hours: int | None = None
    validation_minutes: int | None = None
    # A farm that stays above its limit after its grace is suspended at a validation in this window (OVR-3)
    suspension_from_minutes: int | None = None
    suspension_by_minutes: int | None = None
    overuse_reminder_hours: int | None = None
    # How often people hear of overuse that is tolerated, by events and by mail (OVR-9)
    alert_minutes: int | None = None
    alert_mail_hours: int | None = None
    # An administrator's connections that consume no licence, on each session host (FRM-3)
    free_connections_per_host: int | None = None
    # Null: the product offers no trial
    trial_days: int | None = None
    trial_licenses: int | None = None
