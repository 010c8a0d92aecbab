"""MIG-4: while a product moves in from a legacy portal, its activations wait; check-ins go on."""

from typing import Any

from sqlalchemy import func, select
from sqlmodel import col

from app.domain.errors import MigrationInProgress
from app.domain.work import Work
from app.models.product import ProductCode
from app.models.transfer import SOURCES, Transfer


async def refuse_activation(work: Work, product: ProductCode) -> None:
    """MIG-4: the window's dates alone decide, whatever became of the run. Raises MIGRATION_IN_PROGRESS."""
    source = SOURCES.get(product)
    if source is None:
        return
    until: Any = await work.first(
        select(func.max(col(Transfer.window_closes_at))).where(
            col(Transfer.source) == source,
            col(Transfer.dry_run).is_(False),
            col(Transfer.window_opens_at) <= work.now,
            col(Transfer.window_closes_at) > work.now,
        )
    )
    if until is not None:
        raise MigrationInProgress(until)
