"""Farms and overuse: states, usage, trials, and the numbers that they go by."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

NUMBERS = (
    "suspension_from_minutes",
    "suspension_by_minutes",
    "overuse_reminder_hours",
    "free_connections_per_host",
    "trial_days",
    "trial_licenses",
)
# OVR-3, OVR-6, FRM-1, FRM-3
FARMS = """
update product set suspension_from_minutes = 60, suspension_by_minutes = 120, overuse_reminder_hours = 24,
    free_connections_per_host = 2, trial_days = 30, trial_licenses = 10
where installation_kind = 'FARM'
"""
# As its installation; a trial as its account.
OF_INSTALLATION = "exists (select from installation where installation.id = installation_id)"
POLICIES = {
    "farm_state": OF_INSTALLATION,
    "farm_usage_day": OF_INSTALLATION,
    "farm_usage_report": OF_INSTALLATION,
    "trial": "account_id = any((select lychgate_ids('administered'))::uuid[]) or (select lychgate_staff())",
}


def upgrade() -> None:
    """Forward."""
    for name in NUMBERS:
        op.add_column("product", sa.Column(name, sa.Integer(), nullable=True))
    op.create_check_constraint(op.f("ck_product_validation"), "product", "validation_minutes > 0")
    op.execute(FARMS)
    op.add_column("license_key", sa.Column("bound_machine", sa.String(), nullable=True))
    create_farm_state()
    create_usage()
    create_trial()
    for table, visible in POLICIES.items():
        op.execute(f"grant select, update on {table} to lychgate_viewer")
        op.execute(f"alter table {table} enable row level security")
        op.execute(f"create policy visible on {table} to lychgate_viewer using ({visible})")


def create_farm_state() -> None:
    """OVR-1."""
    op.create_table(
        "farm_state",
        sa.Column("installation_id", sa.Uuid(), nullable=False),
        sa.Column("license_key_id", sa.Uuid(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("peak", sa.Integer(), nullable=False),
        sa.Column("license_limit", sa.Integer(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("grace_ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("grace_limit", sa.Integer(), nullable=True),
        sa.Column("reminded", sa.Boolean(), nullable=False),
        sa.Column("over_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "phase in ('NORMAL', 'GRACE', 'LIMITED', 'SUSPENDED')", name=op.f("ck_farm_state_phase")
        ),
        sa.CheckConstraint("used >= 0", name=op.f("ck_farm_state_used")),
        sa.ForeignKeyConstraint(
            ["installation_id"],
            ["installation.id"],
            name=op.f("fk_farm_state_installation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("installation_id", "license_key_id", name=op.f("pk_farm_state")),
    )
    op.create_index(
        "ix_farm_state_due",
        "farm_state",
        ["due_at", "installation_id"],
        unique=False,
        postgresql_where=sa.text("due_at is not null"),
    )
    op.create_index("ix_farm_state_key", "farm_state", ["license_key_id", "began_at"], unique=False)


def create_usage() -> None:
    """FRM-6."""
    op.create_table(
        "farm_usage_day",
        sa.Column("installation_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("peak", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["installation_id"],
            ["installation.id"],
            name=op.f("fk_farm_usage_day_installation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("installation_id", "day", name=op.f("pk_farm_usage_day")),
    )
    op.create_index("ix_farm_usage_day_day", "farm_usage_day", ["day"], unique=False)
    op.create_table(
        "farm_usage_report",
        sa.Column("installation_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("users", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["installation_id"],
            ["installation.id"],
            name=op.f("fk_farm_usage_report_installation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("installation_id", "at", name=op.f("pk_farm_usage_report")),
    )
    op.create_index("ix_farm_usage_report_at", "farm_usage_report", ["at"], unique=False)


def create_trial() -> None:
    """FRM-1."""
    op.create_table(
        "trial",
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("subscription_id", sa.Uuid(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "product in ('DESKTOP', 'RAS', 'DEVICE_MANAGEMENT_MAC', 'DEVICE_MANAGEMENT_MOBILE', 'ACCESS', 'SECURE_WORKSPACE')",
            name=op.f("ck_trial_product"),
        ),
        sa.ForeignKeyConstraint(["product"], ["product.code"], name=op.f("fk_trial_product")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_trial_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["license_subscription.id"],
            name=op.f("fk_trial_subscription_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("product", "account_id", name=op.f("pk_trial")),
    )
    op.create_index(op.f("ix_trial_subscription_id"), "trial", ["subscription_id"], unique=False)


def downgrade() -> None:
    """Back."""
    for table in ("trial", "farm_usage_report", "farm_usage_day", "farm_state"):
        op.drop_table(table)
    op.drop_column("license_key", "bound_machine")
    op.drop_constraint(op.f("ck_product_validation"), "product")
    for name in NUMBERS:
        op.drop_column("product", name)
