"""Webhooks: endpoints, their secrets and deliveries, and who sees them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.choices import add_choices, remove_choices

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

VISIBLE = "account_id = any((select lychgate_ids('administered'))::uuid[]) or (select lychgate_staff())"
POLICIES = {
    "webhook_delivery": VISIBLE,
    "webhook_endpoint": VISIBLE,
    # Not even sealed.
    "webhook_secret": "false",
}


def upgrade() -> None:
    """Forward."""
    create_endpoint()
    create_secret()
    create_delivery()
    add_choices("mail", "kind", "WEBHOOK_DISABLED")
    for table, visible in POLICIES.items():
        op.execute(f"grant select, update on {table} to lychgate_viewer")
        op.execute(f"alter table {table} enable row level security")
        op.execute(f"create policy visible on {table} to lychgate_viewer using ({visible})")


def create_endpoint() -> None:
    """Where events go."""
    op.create_table(
        "webhook_endpoint",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("types", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("disabled_reason", sa.Text(), nullable=True),
        sa.Column("public_key", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease", sa.Uuid(), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "disabled_reason in ('GONE', 'FAILING')", name=op.f("ck_webhook_endpoint_disabled_reason")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_webhook_endpoint_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoint")),
    )
    op.create_index(op.f("ix_webhook_endpoint_account_id"), "webhook_endpoint", ["account_id"], unique=False)


def create_secret() -> None:
    """What signs."""
    op.create_table(
        "webhook_secret",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("secret_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("private_key_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["webhook_endpoint.id"],
            name=op.f("fk_webhook_secret_endpoint_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_secret")),
    )
    op.create_index(op.f("ix_webhook_secret_endpoint_id"), "webhook_secret", ["endpoint_id"], unique=False)


def create_delivery() -> None:
    """What went, or goes, where."""
    op.create_table(
        "webhook_delivery",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("response_status", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("give_up_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "status in ('PENDING', 'DELIVERED', 'FAILED')", name=op.f("ck_webhook_delivery_status")
        ),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["webhook_endpoint.id"],
            name=op.f("fk_webhook_delivery_endpoint_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_delivery")),
        sa.UniqueConstraint("endpoint_id", "sequence", name=op.f("uq_webhook_delivery_endpoint_id_sequence")),
    )
    op.create_index("ix_webhook_delivery_endpoint", "webhook_delivery", ["endpoint_id", "id"], unique=False)
    pending = sa.text("status = 'PENDING'")
    op.create_index(
        "ix_webhook_delivery_pending",
        "webhook_delivery",
        ["endpoint_id", "sequence"],
        unique=False,
        postgresql_where=pending,
    )
    op.create_index(
        "ix_webhook_delivery_give_up",
        "webhook_delivery",
        ["give_up_at"],
        unique=False,
        postgresql_where=pending,
    )
    op.create_index("ix_webhook_delivery_occurred_at", "webhook_delivery", ["occurred_at"], unique=False)


def downgrade() -> None:
    """Back."""
    remove_choices("mail", "kind", "WEBHOOK_DISABLED")
    for table in ("webhook_delivery", "webhook_secret", "webhook_endpoint"):
        op.drop_table(table)
