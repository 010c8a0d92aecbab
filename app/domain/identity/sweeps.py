"""Forgetting what can never work again: sessions that are over, answers of yesterday, links and tokens of long ago."""

from datetime import datetime, timedelta
from functools import reduce
from operator import add
from typing import Any, Final

from sqlalchemy import bindparam, delete, func, select

from app.access.permissions import Permission
from app.core.database import Reader
from app.core.statements import compiled
from app.domain.work import Work
from app.models.person import Link, Session
from app.models.request import IdempotentRequest
from app.models.sign_in import AccessToken, SignInChallenge

# Until then a late click is told LINK_EXPIRED, and their owner sees which tokens are over.
_KEEP: Final = timedelta(days=30)
_KEPT: Final[tuple[tuple[Any, timedelta], ...]] = (
    (Session, timedelta(0)),
    (SignInChallenge, timedelta(0)),
    (IdempotentRequest, timedelta(0)),
    (Link, _KEEP),
    (AccessToken, _KEEP),
)
_BATCH: Final = 500


def _waiting(table: Any) -> Any:
    until: Any = bindparam(table.__tablename__)
    return select(func.count()).where(table.expires_at <= until).scalar_subquery()


_DUE: Final = compiled(select(reduce(add, (_waiting(table) for table, _ in _KEPT)).label("due")))


async def due(look: Reader, now: datetime) -> int:
    """How many rows wait to be forgotten."""
    row = await look.row(_DUE, **{table.__tablename__: now - kept for table, kept in _KEPT})
    return int(row["due"]) if row else 0


async def forget(work: Work) -> int:
    """One batch of each; how many rows it was."""
    async with work:
        work.require(Permission.BACKGROUND_WORK)
        return sum([await _forget(work, table, work.now - kept) for table, kept in _KEPT])


async def _forget(work: Work, table: Any, until: datetime) -> int:
    # Skipping locked rows lets several nodes share the work without waiting for each other.
    batch = select(table.id).where(table.expires_at <= until).order_by(table.expires_at).limit(_BATCH)
    gone = delete(table).where(table.id.in_(batch.with_for_update(skip_locked=True))).returning(table.id)
    return len((await work.session.execute(gone)).all())
