"""Forgets the job queue's own diary, which its library writes and never shortens."""

from typing import Final

from app.core.statements import Statement
from app.domain.application import App

# The library stamps by the database's clock, so that alone can say what is old here.
_FORGET: Final = Statement(
    """
    with old as (
        delete from pgqueuer_log where aggregated and created < now() - interval '1 day' returning 1
    ), counted as (
        delete from pgqueuer_statistics where created < now() - interval '30 days' returning 1
    )
    select (select count(*) from old) + (select count(*) from counted) as gone
    """,
    (),
    {},
)


async def run(app: App) -> int:
    """Forget what is old; how many rows."""
    row = await app.read_all().row(_FORGET)
    return int(row["gone"]) if row else 0


async def due(_app: App) -> int:
    """Nothing that anybody would wait for."""
    return 0
