"""A run, batch by batch (MIG-1): each is one transaction, so that a stop anywhere loses nothing but time."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from app.access.permissions import Permission
from app.core.database import Reader
from app.core.statements import Statement
from app.domain.transfers import announcing, claims, reading, rules, taking, undoing
from app.domain.transfers.events import MigrationProgressed
from app.domain.transfers.records import Translate
from app.domain.work import Work
from app.models.transfer import MigrationState, Transfer, TransferPhase

JOB: Final = "run_transfers"
_OPEN: Final = Statement(
    "select id, source from transfer where state in ('PLANNED', 'RUNNING') or phase = 'UNDOING' order by id",
    (),
    {},
)
_NEXT: Final = {
    TransferPhase.READING: TransferPhase.ORGANISATIONS,
    TransferPhase.ORGANISATIONS: TransferPhase.USERS,
    TransferPhase.USERS: TransferPhase.LICENSES,
    TransferPhase.LICENSES: TransferPhase.WELCOMING,
    TransferPhase.WELCOMING: TransferPhase.ANNOUNCING,
}
_STEPS: Final[Mapping[TransferPhase, Callable[[Work, Transfer], Awaitable[bool]]]] = {
    TransferPhase.ORGANISATIONS: taking.take_on,
    TransferPhase.USERS: taking.take_on,
    TransferPhase.LICENSES: taking.take_on,
    TransferPhase.WELCOMING: claims.welcome,
    TransferPhase.ANNOUNCING: announcing.announce,
}


async def unfinished(look: Reader) -> list[tuple[UUID, str]]:
    """Runs that have something to do, and their portals."""
    return [(row["id"], row["source"]) for row in await look.rows(_OPEN)]


async def advance(work: Work, transfer_id: UUID, translate: Translate) -> bool:
    """Do the next batch of a run; False if there is none, or another worker has it in hand."""
    async with work:
        work.require(Permission.BACKGROUND_WORK)
        transfer = await _claimed(work, transfer_id)
        if transfer is None:
            return False
        if transfer.phase is TransferPhase.UNDOING:
            await undoing.carry_out(work, transfer)
            work.emit(MigrationProgressed.of(transfer))
            return True
        transfer.state = MigrationState.RUNNING
        read = partial(reading.read_on, translate=translate)
        step = read if transfer.phase is TransferPhase.READING else _STEPS[transfer.phase]
        if not await step(work, transfer):
            await _go_on(work, transfer)
        _tell(work, transfer)
        return True


async def fail(work: Work, transfer_id: UUID, reason: str) -> None:
    """Give a run up; what it made stays, and the same file makes the rest."""
    async with work:
        work.require(Permission.BACKGROUND_WORK)
        transfer = await _claimed(work, transfer_id)
        if transfer is None:
            return
        if transfer.phase is not TransferPhase.UNDOING:
            transfer.state, transfer.finished_at = MigrationState.FAILED, work.now
            await _forget_file(work, transfer)
        else:
            transfer.phase = TransferPhase.ANNOUNCING
        transfer.failure = reason
        work.emit(MigrationProgressed.of(transfer))


async def _claimed(work: Work, transfer_id: UUID) -> Transfer | None:
    statement = (
        sa.select(Transfer)
        .where(
            col(Transfer.id) == transfer_id,
            sa.or_(
                col(Transfer.state).in_([MigrationState.PLANNED, MigrationState.RUNNING]),
                col(Transfer.phase) == TransferPhase.UNDOING,
            ),
        )
        .with_for_update(skip_locked=True, key_share=True)
    )
    found: Transfer | None = await work.first(statement)
    return found


async def _go_on(work: Work, transfer: Transfer) -> None:
    following = _NEXT.get(transfer.phase)
    if following is not None:
        transfer.phase = following
        return
    transfer.state, transfer.finished_at = MigrationState.DONE, work.now
    await _forget_file(work, transfer)


async def _forget_file(work: Work, transfer: Transfer) -> None:
    """Everything is in the tables by now; addresses of people aren't kept twice."""
    await work.resources.storage.delete(reading.path_of(transfer))


def _tell(work: Work, transfer: Transfer) -> None:
    reached = rules.percent(transfer)
    if rules.tell_now(transfer.told, reached) or transfer.state is MigrationState.DONE:
        transfer.told = reached
        work.emit(MigrationProgressed.of(transfer))
