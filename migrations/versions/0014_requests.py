"""Requests that carry an Idempotency-Key; nobody reads them but the application itself."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "idempotent_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner", sa.LargeBinary(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idempotent_request")),
        sa.UniqueConstraint("owner", "key", name=op.f("uq_idempotent_request_owner_key")),
    )
    op.create_index(
        op.f("ix_idempotent_request_expires_at"), "idempotent_request", ["expires_at"], unique=False
    )
    op.execute("grant select, update on idempotent_request to lychgate_viewer")
    op.execute("alter table idempotent_request enable row level security")
    op.execute("create policy visible on idempotent_request to lychgate_viewer using (false)")


def downgrade() -> None:
    """Back."""
    op.drop_table("idempotent_request")
