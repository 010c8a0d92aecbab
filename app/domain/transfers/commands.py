"""Starting a run over an export, and undoing one (MIG-1, MIG-4)."""

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Final
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from app.access.permissions import Permission
from app.core.ids import new_id
from app.domain.errors import DomainError, ErrorCode, Invalid
from app.domain.transfers import rules, undoing
from app.domain.transfers.reading import path_of
from app.domain.transfers.running import JOB
from app.domain.work import Work
from app.models.transfer import MigrationSource, MigrationState, Transfer, TransferPhase

_PIECE: Final = 2**20


@dataclass(frozen=True, kw_only=True)
class Start:
    """What staff decide; a dry run makes nothing. What a request that is not multipart calls a file is None."""

    source: MigrationSource
    file: IO[bytes] | None
    dry_run: bool = True
    window_opens_at: datetime | None = None
    window_closes_at: datetime | None = None


async def start(work: Work, form: Start) -> UUID:
    """MIG-1: a run that background work takes up. Raises FORBIDDEN, INVALID, CONFLICT while another one runs."""
    async with work.again() as look:
        look.require(Permission.MIGRATION_START)
    if form.file is None:
        msg = "Files come in a multipart request (graphql-multipart-request-spec)."
        raise Invalid(msg, "file")
    sha256, size = await asyncio.to_thread(_measured, form.file)
    if not size:
        msg = "The file is empty."
        raise Invalid(msg, "file")
    async with work:
        work.require(Permission.MIGRATION_START)
        await _refuse_busy(work, form.source, "source")
        opens = rules.check_window(form.window_opens_at, form.window_closes_at, work.now)
        transfer = Transfer(
            id=new_id(),
            source=form.source,
            dry_run=form.dry_run,
            window_opens_at=opens,
            window_closes_at=form.window_closes_at,
            sha256=sha256,
            size_bytes=size,
            started_by_id=work.actor.person_id,
            created_at=work.now,
        )
        await _open(work, transfer)
        # Of two that start at once the second waits at the row above, and is refused.
        await work.resources.storage.put(path_of(transfer), form.file)
        work.enqueue(JOB)
        return transfer.id


async def undo(work: Work, transfer_id: UUID | None) -> UUID:
    """Have background work take back all that a run made. Raises NOT_FOUND, FORBIDDEN, CONFLICT."""
    async with work:
        transfer = await work.get(Transfer, transfer_id, "migrationId")
        work.require(Permission.MIGRATION_UNDO)
        rules.check_undoable(transfer)
        await _refuse_busy(work, transfer.source, "migrationId")
        async with work.as_owner():  # staff see it all; this is for tables that nobody sees
            await undoing.check_untouched(work, transfer)
        transfer.phase = TransferPhase.UNDOING
        transfer.failure = None
        work.enqueue(JOB)
        return transfer.id


async def running_like(work: Work, source: MigrationSource, file: IO[bytes], *, dry_run: bool) -> UUID | None:
    """The run over this very file that is not over yet: whoever was stopped goes on with it."""
    sha256, _ = await asyncio.to_thread(_measured, file)
    async with work:
        work.require(Permission.MIGRATION_START)
        found: UUID | None = await work.first(
            select(col(Transfer.id)).where(
                col(Transfer.source) == source,
                col(Transfer.sha256) == sha256,
                col(Transfer.dry_run).is_(dry_run),
                col(Transfer.state).in_([MigrationState.PLANNED, MigrationState.RUNNING]),
            )
        )
        return found


async def _open(work: Work, transfer: Transfer) -> None:
    work.add(transfer)
    try:
        await work.flush()
    except IntegrityError as error:
        raise _busy("source") from error


async def _refuse_busy(work: Work, source: MigrationSource, path: str) -> None:
    """Neither may a run begin while another is undone, nor the other way round."""
    undoing_one = col(Transfer.phase) == TransferPhase.UNDOING
    open_one = col(Transfer.state).in_([MigrationState.PLANNED, MigrationState.RUNNING])
    statement = select(col(Transfer.id)).where(col(Transfer.source) == source, or_(undoing_one, open_one))
    if await work.first(statement) is not None:
        raise _busy(path)


def _busy(path: str) -> DomainError:
    text = "A run of this portal is not over yet: wait for its end."
    return DomainError(ErrorCode.CONFLICT, text, path)


def _measured(file: IO[bytes]) -> tuple[str, int]:
    hashed, size = hashlib.sha256(), 0
    file.seek(0)
    while piece := file.read(_PIECE):
        hashed.update(piece)
        size += len(piece)
    file.seek(0)
    return hashed.hexdigest(), size
