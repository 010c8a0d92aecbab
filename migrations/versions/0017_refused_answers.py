"""Who answers a ticket by mail is told when the answer can't be taken."""

from migrations.choices import add_choices, remove_choices

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    add_choices("mail", "kind", "TICKET_ANSWER_REFUSED")


def downgrade() -> None:
    """Back."""
    remove_choices("mail", "kind", "TICKET_ANSWER_REFUSED")
