"""Mails that somebody does without, and the list of those that were given up."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.add_column(
        "person", sa.Column("unwanted_mails", sa.ARRAY(sa.Text()), server_default="{}", nullable=False)
    )
    op.alter_column("person", "unwanted_mails", server_default=None)
    op.create_index(
        "ix_mail_given_up", "mail", ["created_at", "id"], postgresql_where=sa.text("status = 'FAILED'")
    )
    # Staff see what was given up, and nothing else of the outbox: never what a mail said.
    op.execute("drop policy visible on mail")
    op.execute(
        "create policy visible on mail to lychgate_viewer using (status = 'FAILED' and lychgate_staff())"
    )


def downgrade() -> None:
    """Back."""
    op.execute("drop policy visible on mail")
    op.execute("create policy visible on mail to lychgate_viewer using (false)")
    op.drop_index("ix_mail_given_up", table_name="mail")
    op.drop_column("person", "unwanted_mails")
