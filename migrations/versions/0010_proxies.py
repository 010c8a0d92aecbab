"""Proxy servers, offline files."""

import sqlalchemy as sa
from alembic import op

from migrations.choices import add_choices, remove_choices

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

STAFF = "(select lychgate_staff())"
PRODUCTS = (
    "('DESKTOP', 'RAS', 'DEVICE_MANAGEMENT_MAC', 'DEVICE_MANAGEMENT_MOBILE', 'ACCESS', 'SECURE_WORKSPACE')"
)
# OVR-9
NUMBERS = ("alert_minutes", "alert_mail_hours")
ALERTS = "update product set alert_minutes = 60, alert_mail_hours = 24 where overuse_policy = 'ALERT_ONLY'"


def among(column: str, setting: str) -> str:
    """That a column is one of the IDs in a setting."""
    return f"{column} = any((select lychgate_ids('{setting}'))::uuid[])"


ADMINISTERED = among("account_id", "administered")
KEY = f"({among('license_key_id', 'keys')} or {among('subscription_id', 'key_subscriptions')})"
ITSELF = "(select lychgate_id('installation'))"
INSTALLATION_BEFORE = f"{ADMINISTERED} or {KEY} or id = {ITSELF} or {STAFF}"
# Whoever administers one of its keys sees the proxy server (ACC-11).
INSTALLATION = f"""{INSTALLATION_BEFORE} or kind = 'PROXY_SERVER' and exists (
    select from proxy_activation where proxy_activation.installation_id = installation.id)"""
KEY_BEFORE = f"""{ADMINISTERED} or {among("id", "keys")} or {among("subscription_id", "key_subscriptions")}
    or id = (select lychgate_id('installation_key')) or {STAFF}"""
# A proxy server sees the keys of both of its products.
LICENSE_KEY = f"""{KEY_BEFORE} or id = any(array(
    select license_key_id from proxy_activation where installation_id = {ITSELF}))"""  # noqa: S608 - no input
POLICIES = {
    "offline_request": "false",
    "proxy_activation": f"{ADMINISTERED} or {KEY} or installation_id = {ITSELF} or {STAFF}",
    "proxy_server": "exists (select from installation where installation.id = installation_id)",
    "proxy_usage_day": """exists (
        select from proxy_activation where proxy_activation.installation_id = proxy_usage_day.installation_id
        and proxy_activation.product = proxy_usage_day.product)""",
}


def upgrade() -> None:
    """Forward."""
    for name in NUMBERS:
        op.add_column("product", sa.Column(name, sa.Integer(), nullable=True))
    op.execute(ALERTS)
    add_choices("mail", "kind", "OVERUSE_ALERT")
    op.create_index(
        "uq_installation_proxy_server",
        "installation",
        ["account_id", "machine"],
        unique=True,
        postgresql_where=sa.text("kind = 'PROXY_SERVER'"),
    )
    create_servers()
    create_offline_request()
    for table, visible in POLICIES.items():
        op.execute(f"grant select, update on {table} to lychgate_viewer")
        op.execute(f"alter table {table} enable row level security")
        op.execute(f"create policy visible on {table} to lychgate_viewer using ({visible})")
    op.execute(f"alter policy visible on installation using ({INSTALLATION})")
    op.execute(f"alter policy visible on license_key using ({LICENSE_KEY})")


def of_installation(table: str) -> sa.ForeignKeyConstraint:
    """The foreign key of what belongs to an installation."""
    return sa.ForeignKeyConstraint(
        ["installation_id"],
        ["installation.id"],
        name=op.f(f"fk_{table}_installation_id"),
        ondelete="CASCADE",
    )


def create_servers() -> None:
    """PXY-1, PXY-3."""
    op.create_table(
        "proxy_server",
        sa.Column("installation_id", sa.Uuid(), nullable=False),
        sa.Column("site_code", sa.String(), nullable=False),
        sa.Column("site_description", sa.String(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=True),
        of_installation("proxy_server"),
        sa.PrimaryKeyConstraint("installation_id", name=op.f("pk_proxy_server")),
    )
    op.create_table(
        "proxy_activation",
        sa.Column("installation_id", sa.Uuid(), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("subscription_id", sa.Uuid(), nullable=True),
        sa.Column("license_key_id", sa.Uuid(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("offline", sa.Boolean(), nullable=False),
        sa.Column("release_ordered", sa.Boolean(), nullable=False),
        sa.Column("activated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("managed", sa.Integer(), nullable=False),
        *(
            sa.Column(name, sa.DateTime(timezone=True), nullable=True)
            for name in ("reported_at", "over_since", "alerted_at", "mailed_at")
        ),
        sa.CheckConstraint(f"product in {PRODUCTS}", name=op.f("ck_proxy_activation_product")),
        sa.CheckConstraint("managed >= 0", name=op.f("ck_proxy_activation_managed")),
        sa.CheckConstraint("active or not release_ordered", name=op.f("ck_proxy_activation_release_ordered")),
        sa.CheckConstraint("active or over_since is null", name=op.f("ck_proxy_activation_over")),
        of_installation("proxy_activation"),
        sa.ForeignKeyConstraint(["product"], ["product.code"], name=op.f("fk_proxy_activation_product")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_proxy_activation_account_id")),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["license_subscription.id"],
            name=op.f("fk_proxy_activation_subscription_id"),
        ),
        sa.ForeignKeyConstraint(
            ["license_key_id"],
            ["license_key.id"],
            name=op.f("fk_proxy_activation_license_key_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("installation_id", "product", name=op.f("pk_proxy_activation")),
    )
    op.create_index("ix_proxy_activation_account", "proxy_activation", ["account_id", "product"])
    op.create_index("ix_proxy_activation_key", "proxy_activation", ["license_key_id", "installation_id"])
    op.create_index(
        "ix_proxy_activation_subscription", "proxy_activation", ["subscription_id", "installation_id"]
    )
    op.create_table(
        "proxy_usage_day",
        sa.Column("installation_id", sa.Uuid(), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("peak", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.CheckConstraint(f"product in {PRODUCTS}", name=op.f("ck_proxy_usage_day_product")),
        of_installation("proxy_usage_day"),
        sa.PrimaryKeyConstraint("installation_id", "product", "day", name=op.f("pk_proxy_usage_day")),
    )
    op.create_index("ix_proxy_usage_day_day", "proxy_usage_day", ["day"])


def create_offline_request() -> None:
    """PXY-4."""
    op.create_table(
        "offline_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("installation_id", sa.Uuid(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.String(), nullable=True),
        sa.Column("filename", sa.String(), nullable=True),
        sa.CheckConstraint(
            "action in ('ACTIVATE', 'REFRESH', 'DEACTIVATE')", name=op.f("ck_offline_request_action")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_offline_request_account_id"), ondelete="CASCADE"
        ),
        of_installation("offline_request"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offline_request")),
        sa.UniqueConstraint(
            "account_id", "request_id", name=op.f("uq_offline_request_account_id_request_id")
        ),
        sa.UniqueConstraint(
            "public_key", "request_id", name=op.f("uq_offline_request_public_key_request_id")
        ),
    )
    op.create_index(op.f("ix_offline_request_installation_id"), "offline_request", ["installation_id"])
    op.create_index("ix_offline_request_used_at", "offline_request", ["used_at"])


def downgrade() -> None:
    """Back."""
    op.execute(f"alter policy visible on installation using ({INSTALLATION_BEFORE})")
    op.execute(f"alter policy visible on license_key using ({KEY_BEFORE})")
    for table in ("offline_request", "proxy_usage_day", "proxy_activation", "proxy_server"):
        op.drop_table(table)
    op.drop_index("uq_installation_proxy_server", "installation")
    remove_choices("mail", "kind", "OVERUSE_ALERT")
    for name in NUMBERS:
        op.drop_column("product", name)
