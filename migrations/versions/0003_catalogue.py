"""The catalogue (PRD-1): each product's policy is a row."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BOTH = ["RESERVED", "DYNAMIC"]
RESERVED = ["RESERVED"]

# PRD-3: how often an installation of each kind must be heard of.
COMPUTER = {"installation_kind": "COMPUTER", "overuse_policy": "HARD_LIMIT", "check_in_days": 7}
FARM = {
    "installation_kind": "FARM",
    "installations_per_key": 1,
    "moves_per_key": 3,
    "expiry_grace_days": 30,
    "overuse_policy": "GRACE",
    "overuse_grace_days": 7,
    "validation_minutes": 20,
}
PROXY_SERVER = {
    "installation_kind": "PROXY_SERVER",
    "installations_per_key": 1,
    "overuse_policy": "ALERT_ONLY",
    "offline_possible": True,
    "report_days": 7,
    "refresh_hours": 24,
}
DEFAULTS = {
    "installations_per_key": None,
    "moves_per_key": None,
    "expiry_grace_days": 0,
    "overuse_grace_days": 0,
    "licenses_per_pack": 1,
    "offline_possible": False,
    "business": True,
    "check_in_days": None,
    "report_days": None,
    "refresh_hours": None,
    "validation_minutes": None,
}
PRODUCTS = [
    {"code": "DESKTOP", "name": "Desktop", "unit": "computer", "allocations": BOTH, **COMPUTER},
    {
        "code": "RAS",
        "name": "Remote Application Server",
        "unit": "concurrent user",
        "allocations": RESERVED,
        **FARM,
    },
    {
        "code": "DEVICE_MANAGEMENT_MAC",
        "name": "Device Management for Mac computers",
        "unit": "managed Mac computer",
        "allocations": RESERVED,
        **PROXY_SERVER,
    },
    {
        "code": "DEVICE_MANAGEMENT_MOBILE",
        "name": "Device Management for Apple mobile devices",
        "unit": "managed Apple mobile device",
        "allocations": RESERVED,
        **PROXY_SERVER,
    },
    {
        "code": "ACCESS",
        "name": "Access for Business",
        "unit": "remote computer",
        "allocations": BOTH,
        **COMPUTER,
        "licenses_per_pack": 5,
    },
    {
        "code": "SECURE_WORKSPACE",
        "name": "Secure Workspace",
        "unit": "concurrent user",
        "allocations": RESERVED,
        **FARM,
    },
]

product = sa.table(
    "product",
    *(
        sa.column(name, ARRAY(sa.Text) if name == "allocations" else None)
        for name in ("position", *{**DEFAULTS, **PRODUCTS[0]})
    ),
)


def upgrade() -> None:
    """Insert the products."""
    op.bulk_insert(product, [{**DEFAULTS, **row, "position": place} for place, row in enumerate(PRODUCTS)])


def downgrade() -> None:
    """Remove them."""
    op.execute("delete from product")
