"""OVR-5: what farms make of a changed subscription or key, in the transaction of the change."""

from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.domain.events.record import DomainEvent
from app.domain.farms import standing
from app.domain.work import Work
from app.models.installation import Installation, InstallationStatus
from app.models.product import InstallationKind


async def refit(work: Work, event: DomainEvent) -> None:
    """A reaction: limits and ends of the subscription's farms follow at once (OVR-5, OVR-8)."""
    if event.subscription_id is not None:
        await work.flush()
        for farm_id in await _active(work, event.subscription_id):
            farm = await standing.lock(work, farm_id)
            if farm is not None:
                await standing.settle(work, farm)


async def _active(work: Work, subscription_id: UUID) -> list[UUID]:
    statement = (
        select(col(Installation.id))
        .where(
            col(Installation.subscription_id) == subscription_id,
            col(Installation.kind) == InstallationKind.FARM,
            col(Installation.status) == InstallationStatus.ACTIVE,
        )
        .order_by(col(Installation.id))
    )
    return list(await work.all(statement))
