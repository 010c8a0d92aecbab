"""FRM-6: a farm's usage, by day for 400 days and by report for 7."""

from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from app.access.permissions import Permission
from app.core.database import Reader
from app.core.statements import compiled
from app.domain.work import Work
from app.models.farm import FarmUsageDay, FarmUsageReport

DAYS_KEPT: Final = timedelta(days=400)
REPORTS_KEPT: Final = timedelta(days=7)
_BATCH: Final = 2_000
_DUE: Final = compiled(
    select(
        (
            select(func.count()).where(col(FarmUsageDay.day) < bindparam("day")).scalar_subquery()
            + select(func.count()).where(col(FarmUsageReport.at) < bindparam("at")).scalar_subquery()
        ).label("due")
    )
)


async def record(work: Work, installation_id: UUID, users: int) -> None:
    """Note a report; of several at one moment the last stays. Written as the owner."""
    report = insert(FarmUsageReport).values(installation_id=installation_id, at=work.now, users=users)
    await work.session.execute(
        report.on_conflict_do_update(index_elements=["installation_id", "at"], set_={"users": users})
    )
    day = insert(FarmUsageDay).values(
        installation_id=installation_id, day=work.now.date(), peak=users, last=users
    )
    highest = func.greatest(col(FarmUsageDay.peak), users)
    await work.session.execute(
        day.on_conflict_do_update(
            index_elements=["installation_id", "day"], set_={"peak": highest, "last": users}
        )
    )


def first_day(today: date) -> date:
    """The oldest day that is kept."""
    return today - DAYS_KEPT + timedelta(days=1)


async def due(look: Reader, work_now: Any) -> int:
    """How many rows are too old."""
    row = await look.row(_DUE, day=first_day(work_now.date()), at=work_now - REPORTS_KEPT)
    return int(row["due"]) if row else 0


async def forget(work: Work) -> int:
    """One batch of what is too old; how many rows it was."""
    async with work:
        work.require(Permission.BACKGROUND_WORK)
        days = col(FarmUsageDay.day) < first_day(work.now.date())
        reports = col(FarmUsageReport.at) < work.now - REPORTS_KEPT
        return await _forget(work, FarmUsageDay, days) + await _forget(work, FarmUsageReport, reports)


async def _forget(work: Work, table: Any, old: Any) -> int:
    # Skipping locked rows lets several nodes share the work without waiting for each other.
    key = list(table.__table__.primary_key)
    batch = select(*key).where(old).limit(_BATCH).with_for_update(skip_locked=True).subquery()
    matching = [column == batch.c[column.name] for column in key]
    gone = await work.session.execute(delete(table).where(*matching).returning(key[0]))
    return len(gone.all())
