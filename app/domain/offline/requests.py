"""Used request files: their answers for a download, and forgetting them once they would be stale."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, delete, func, select
from sqlmodel import col

from app.access.permissions import Permission
from app.core.database import Reader
from app.core.statements import compiled
from app.domain.offline.files import CLOCKS_DIFFER_BY, FRESH_FOR
from app.domain.work import Work
from app.models.proxy import OfflineRequest

_BATCH: Final = 1_000
_ANSWER: Final = compiled(
    select(col(OfflineRequest.answer), col(OfflineRequest.filename)).where(
        col(OfflineRequest.id) == bindparam("id"), col(OfflineRequest.answer).is_not(None)
    )
)
_DUE: Final = compiled(
    select(func.count().label("due")).where(col(OfflineRequest.used_at) < bindparam("before"))
)


async def answer(read: Reader, id_: UUID) -> tuple[str, bytes] | None:
    """A licence file's name and bytes; needs the owner's look, since a signed link is the right."""
    row = await read.row(_ANSWER, id=id_)
    return None if row is None else (row["filename"], row["answer"].encode())


async def pieces(content: bytes) -> AsyncIterator[bytes]:
    """A small file as a stream."""
    yield content


def oldest(now: datetime) -> datetime:
    """A file that was used before this moment is stale by now, however its clock went."""
    return now - FRESH_FOR - 2 * CLOCKS_DIFFER_BY - timedelta(hours=1)


async def due(read: Reader, now: datetime) -> int:
    """How many can be forgotten."""
    row = await read.row(_DUE, before=oldest(now))
    return int(row["due"]) if row else 0


async def forget(work: Work) -> int:
    """One batch of them; how many."""
    async with work:
        work.require(Permission.BACKGROUND_WORK)
        old = (
            select(col(OfflineRequest.id))
            .where(col(OfflineRequest.used_at) < oldest(work.now))
            .limit(_BATCH)
            .with_for_update(skip_locked=True)
        )
        gone = await work.session.execute(
            delete(OfflineRequest).where(col(OfflineRequest.id).in_(old)).returning(col(OfflineRequest.id))
        )
        return len(gone.all())
