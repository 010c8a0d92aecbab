"""What is indexed for searches is found at once.

PostgreSQL collects changes of such an index in a list first, and each search reads all of that list: some thousand
check-ins with a new version of the software made every search half as expensive again.
"""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

INDEX = "ix_installation_search"


def upgrade() -> None:
    """Forward."""
    op.execute(f"alter index {INDEX} set (fastupdate = off)")
    op.execute(f"select gin_clean_pending_list('{INDEX}')")


def downgrade() -> None:
    """Back."""
    op.execute(f"alter index {INDEX} reset (fastupdate)")
