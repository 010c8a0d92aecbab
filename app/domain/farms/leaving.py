"""A farm leaves its key: deactivated (FRM-5), or run on another key from now on."""

from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.domain.farms import rules
from app.domain.farms.events import FarmDeactivated, FarmDeactivationReason
from app.domain.farms.standing import keep, policy_in, state_in
from app.domain.products.queries import policy_of
from app.domain.work import Work
from app.models.farm import FarmState
from app.models.installation import Installation

_SUSPENSIONS = (FarmDeactivationReason.OVERUSE, FarmDeactivationReason.EXPIRED)


async def after_deactivation(work: Work, event: FarmDeactivated) -> None:
    """A reaction, FRM-5: whoever deactivated the farm, and why ever, its state comes to rest."""
    if event.reason not in _SUSPENSIONS:
        await leave(work, event.subject_id)


async def leave(work: Work, farm_id: UUID) -> None:
    """The farm's state waits for nothing any more; a spent grace stays spent (OVR-5). As the owner."""
    farm = await work.session.get(Installation, farm_id)
    row = await work.first(
        select(FarmState)
        .where(col(FarmState.installation_id) == farm_id)
        .order_by(col(FarmState.began_at).desc())
        .limit(1)
    )
    if farm is not None and row is not None:
        policy = policy_in(vars(await policy_of(work.session, farm.product)))
        keep(row, rules.end(state_in(vars(row)), policy, work.now), policy)
        row.due_at = None
