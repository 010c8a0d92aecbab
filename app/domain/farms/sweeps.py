"""OVR-7: the sweep: farms for which the passing of time means something, and no others."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, func, select, text, tuple_
from sqlmodel import col

from app.access.permissions import Permission
from app.core.database import Reader, Row
from app.core.statements import compiled
from app.domain.batches import table_of
from app.domain.farms import standing
from app.domain.work import Work
from app.models.farm import FarmState
from app.models.installation import Installation
from app.models.subscription import LicenseSubscription

BATCH: Final = 200
_state = table_of(FarmState)
_is_due = (text("farm_state.due_at is not null"), _state.c.due_at <= bindparam("now"))
_DUE: Final = compiled(select(func.count().label("due")).select_from(_state).where(*_is_due))
_PAGE = select(_state.c.due_at, _state.c.installation_id).where(*_is_due)
_BATCH: Final = compiled(
    _PAGE.where(
        tuple_(_state.c.due_at, _state.c.installation_id)
        > tuple_(bindparam("after_at"), bindparam("after_id", type_=_state.c.installation_id.type))
    )
    .order_by(_state.c.due_at, _state.c.installation_id)
    .limit(BATCH)
)


async def due(look: Reader, now: datetime) -> int:
    """How many farms are due, those in somebody's hands included."""
    row = await look.row(_DUE, now=now)
    return int(row["due"]) if row else 0


async def batch(look: Reader, now: datetime, after: tuple[datetime, UUID]) -> Sequence[Row]:
    """The next farms that are due, in the order of their moments: `due_at`, `installation_id`."""
    return await look.rows(_BATCH, now=now, after_at=after[0], after_id=after[1])


async def validate(work: Work, installation_id: UUID) -> bool:
    """One farm: whatever is due by now happens. False if another worker has it in its hands."""
    async with work:
        work.require(Permission.BACKGROUND_WORK)
        subscription_id = await work.first(
            select(col(Installation.subscription_id)).where(col(Installation.id) == installation_id)
        )
        if subscription_id is not None and not await _claimed(work, subscription_id):
            return False
        farm = await standing.lock(work, installation_id)
        if farm is None:
            await _forget(work, installation_id)
        elif farm.row.due_at is not None and farm.row.due_at <= work.now:
            await standing.settle(work, farm)
        return True


async def _claimed(work: Work, subscription_id: UUID) -> bool:
    """Take the first lock of all that touch a farm, unless somebody holds it."""
    statement = (
        select(col(LicenseSubscription.id))
        .where(col(LicenseSubscription.id) == subscription_id)
        .with_for_update(key_share=True, skip_locked=True)
    )
    return await work.first(statement) is not None


async def _forget(work: Work, installation_id: UUID) -> None:
    """What isn't active waits for nothing."""
    statement = select(FarmState).where(
        col(FarmState.installation_id) == installation_id, col(FarmState.due_at).is_not(None)
    )
    for row in await work.all(statement):
        row.due_at = None
