"""The job queue's tables, as its library makes them."""

from alembic import op
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def run_script(script: str) -> None:
    """Several statements at once, which asyncpg takes only without preparing them."""
    bind = op.get_bind()
    # The adapter begins its transaction at the first statement that goes through it.
    bind.exec_driver_sql("select 1")
    bind.connection.dbapi_connection.run_async(lambda connection: connection.execute(script))


def upgrade() -> None:
    """Install."""
    run_script(QueryBuilderEnvironment().build_install_query())


def downgrade() -> None:
    """Remove."""
    run_script(QueryBuilderEnvironment().build_uninstall_query())
