"""Forgetting what can never work again: sessions that are over, links of long ago."""

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import bindparam, delete, func, select

from app.access.permissions import Permission
from app.core.database import Reader
from app.core.statements import compiled
from app.domain.work import Work
from app.models.person import Link, Session

# Until then a late click is told LINK_EXPIRED, and not that there never was such a link.
_KEEP_LINKS: Final = timedelta(days=30)
_BATCH: Final = 500
_DUE: Final = compiled(
    select(
        (
            select(func.count()).where(Session.expires_at <= bindparam("sessions")).scalar_subquery()
            + select(func.count()).where(Link.expires_at <= bindparam("links")).scalar_subquery()
        ).label("due")
    )
)


async def due(look: Reader, now: datetime) -> int:
    """How many rows wait to be forgotten."""
    row = await look.row(_DUE, sessions=now, links=now - _KEEP_LINKS)
    return int(row["due"]) if row else 0


async def forget(work: Work) -> int:
    """One batch of sessions and of links; how many rows it was."""
    async with work:
        work.require(Permission.BACKGROUND_WORK)
        return await _forget(work, Session, work.now) + await _forget(work, Link, work.now - _KEEP_LINKS)


async def _forget(work: Work, table: Any, until: datetime) -> int:
    # Skipping locked rows lets several nodes share the work without waiting for each other.
    batch = select(table.id).where(table.expires_at <= until).order_by(table.expires_at).limit(_BATCH)
    gone = delete(table).where(table.id.in_(batch.with_for_update(skip_locked=True))).returning(table.id)
    return len((await work.session.execute(gone)).all())
