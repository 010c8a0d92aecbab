"""Mails that somebody does without, and the list of those that were given up."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "unwanted_mail",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("topic in ('REMINDERS', 'ALERTS')", name=op.f("ck_unwanted_mail_topic")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_unwanted_mail_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", "topic", name=op.f("pk_unwanted_mail")),
    )
    op.execute("grant select, update on unwanted_mail to lychgate_viewer")
    op.execute("alter table unwanted_mail enable row level security")
    op.execute(
        "create policy visible on unwanted_mail to lychgate_viewer using (person_id = lychgate_person())"
    )
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
    op.drop_table("unwanted_mail")
