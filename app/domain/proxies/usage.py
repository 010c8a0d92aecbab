"""PXY-3: the days on which a proxy server reported, kept as long as a farm's (FRM-6)."""

from typing import Any, Final

from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from app.access.permissions import Permission
from app.core.database import Reader
from app.core.statements import compiled
from app.domain.farms.usage import first_day
from app.domain.work import Work
from app.models.proxy import ProxyActivation, ProxyUsageDay

_BATCH: Final = 2_000
_DUE: Final = compiled(select(func.count().label("due")).where(col(ProxyUsageDay.day) < bindparam("day")))


async def record(work: Work, activation: ProxyActivation) -> None:
    """Note what the activation reported at this moment. Written as the owner."""
    managed = activation.managed
    day = insert(ProxyUsageDay).values(
        installation_id=activation.installation_id,
        product=activation.product,
        day=work.now.date(),
        peak=managed,
        last=managed,
    )
    highest = func.greatest(col(ProxyUsageDay.peak), managed)
    await work.session.execute(
        day.on_conflict_do_update(
            index_elements=["installation_id", "product", "day"], set_={"peak": highest, "last": managed}
        )
    )


async def due(look: Reader, work_now: Any) -> int:
    """How many days are too old."""
    row = await look.row(_DUE, day=first_day(work_now.date()))
    return int(row["due"]) if row else 0


async def forget(work: Work) -> int:
    """One batch of what is too old; how many rows it was."""
    async with work:
        work.require(Permission.BACKGROUND_WORK)
        key = list(ProxyUsageDay.__table__.primary_key)  # type: ignore[attr-defined]
        old = col(ProxyUsageDay.day) < first_day(work.now.date())
        batch = select(*key).where(old).limit(_BATCH).with_for_update(skip_locked=True).subquery()
        matching = [column == batch.c[column.name] for column in key]
        gone = await work.session.execute(delete(ProxyUsageDay).where(*matching).returning(key[0]))
        return len(gone.all())
