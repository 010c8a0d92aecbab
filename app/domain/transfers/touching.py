"""From the moment a customer uses what a run made, it can't be undone."""

from uuid import UUID

from sqlalchemy import update
from sqlmodel import col

from app.domain.work import Work
from app.models.transfer import Transfer


async def touch(work: Work, transfer_id: UUID) -> None:
    """Note it, as the owner and before any other lock: whoever undoes the run holds its row first, too."""
    untouched = (col(Transfer.id) == transfer_id, col(Transfer.touched_at).is_(None))
    await work.session.execute(
        update(Transfer)
        .where(*untouched)
        .values(touched_at=work.now)
        .execution_options(synchronize_session=False)
    )
