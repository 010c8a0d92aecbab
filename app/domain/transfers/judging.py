"""Which waiting rows are new, which are there already, and which can't be taken over (MIG-1)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from app.domain.batches import table_of
from app.domain.transfers.records import LICENSES, ORGANISATION, USER
from app.domain.work import Work
from app.models.transfer import (
    LegacyLicense,
    LegacyOrganisation,
    LegacyUser,
    MigrationSource,
    RowOutcome,
    Transfer,
    TransferPhase,
    TransferRow,
)

KINDS: Final[Mapping[TransferPhase, Sequence[str]]] = {
    TransferPhase.ORGANISATIONS: (ORGANISATION,),
    TransferPhase.USERS: (USER,),
    TransferPhase.LICENSES: LICENSES,
}
"""The rows that a phase takes: users and licences need their organisations to be there."""
_TABLES: Final[Mapping[TransferPhase, sa.Table]] = {
    TransferPhase.ORGANISATIONS: table_of(LegacyOrganisation),
    TransferPhase.USERS: table_of(LegacyUser),
    TransferPhase.LICENSES: table_of(LegacyLicense),
}
_SHARED: Final = {
    TransferPhase.USERS: "the address is pre-registered there already, as {}",
    TransferPhase.LICENSES: "the code was taken over already, as {}",
}
_row = table_of(TransferRow)
# An organisation that a dry run would make has no account yet.
NO_ACCOUNT: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a row, and why if it isn't plain."""

    row: Any
    outcome: RowOutcome
    why: str | None = None


@dataclass
class Known:
    """What is there: contents by legacy ID, legacy IDs by mark, accounts by the organisation's legacy ID."""

    contents: dict[str, bytes] = field(default_factory=dict)
    marks: dict[bytes, str] = field(default_factory=dict)
    accounts: dict[str, UUID] = field(default_factory=dict)

    def add(self, row: Any) -> None:
        """A row that is taken over now."""
        self.contents[row.legacy_id] = row.content_hash
        if row.mark is not None:
            self.marks[row.mark] = row.legacy_id


async def judge(work: Work, transfer: Transfer, rows: Sequence[Any]) -> tuple[list[Verdict], Known]:
    """The verdict on each row, in their order, and what was known before."""
    known = await _known(work, transfer, rows)
    verdicts = []
    for row in rows:
        verdict = _judged(row, known, transfer.phase)
        verdicts.append(verdict)
        if verdict.outcome is RowOutcome.CREATED:
            known.add(row)
    return verdicts, known


def _judged(row: Any, known: Known, phase: TransferPhase) -> Verdict:
    before = known.contents.get(row.legacy_id)
    if before is not None:
        if before == row.content_hash:
            return Verdict(row, RowOutcome.UNCHANGED)
        return _refused(row, "this ID was taken over already, with other content")
    if row.organisation is not None and row.organisation not in known.accounts:
        return _refused(row, f"its organisation {row.organisation} is not there, or was refused")
    if row.mark is not None and row.mark in known.marks:
        return _refused(row, _SHARED[phase].format(known.marks[row.mark]))
    return Verdict(row, RowOutcome.CREATED)


def _refused(row: Any, why: str) -> Verdict:
    return Verdict(row, RowOutcome.REFUSED, f"line {row.line}: {why}")


async def _known(work: Work, transfer: Transfer, rows: Sequence[Any]) -> Known:
    known = Known()
    names = {row.legacy_id for row in rows}
    marks = {row.mark for row in rows if row.mark is not None}
    for statement in _lookups(transfer, names, marks):
        for found in (await work.session.execute(statement)).all():
            known.add(found)
    organisations = {row.organisation for row in rows if row.organisation is not None}
    known.accounts = await _accounts(work, transfer, organisations)
    return known


def _lookups(transfer: Transfer, names: Collection[str], marks: Collection[bytes]) -> list[Any]:
    """Those of the same kind with one of these IDs or marks: in the tables, and in what a dry run would make."""
    table = _TABLES[transfer.phase]
    has_mark = "mark" in table.c
    mark = table.c.mark if has_mark else sa.null().label("mark")
    columns = (table.c.legacy_id, table.c.content_hash, mark)
    there = sa.select(*columns).where(table.c.source == transfer.source)
    statements = [there.where(table.c.legacy_id.in_(names))]
    if marks and has_mark:
        statements.append(there.where(table.c.mark.in_(marks)))
    if transfer.dry_run:
        statements += _of_this_run(transfer, names, marks)
    return statements


def _of_this_run(transfer: Transfer, names: Collection[str], marks: Collection[bytes]) -> list[Any]:
    would_be = sa.select(_row.c.legacy_id, _row.c.content_hash, _row.c.mark).where(
        _row.c.transfer_id == transfer.id,
        _row.c.kind.in_(KINDS[transfer.phase]),
        _row.c.outcome == RowOutcome.CREATED,
    )
    found = [would_be.where(_row.c.legacy_id.in_(names))]
    return [*found, would_be.where(_row.c.mark.in_(marks))] if marks else found


async def _accounts(work: Work, transfer: Transfer, names: Collection[str]) -> dict[str, UUID]:
    if not names:
        return {}
    found = await accounts_of(work, transfer.source, names)
    if transfer.dry_run:
        would_be = sa.select(_row.c.legacy_id).where(
            _row.c.transfer_id == transfer.id,
            _row.c.kind == ORGANISATION,
            _row.c.outcome == RowOutcome.CREATED,
            _row.c.legacy_id.in_(names),
        )
        made = (await work.session.execute(would_be)).scalars().all()
        found = {**dict.fromkeys(made, NO_ACCOUNT), **found}
    return found


async def accounts_of(work: Work, source: MigrationSource, names: Collection[str]) -> dict[str, UUID]:
    """The accounts of a portal's organisations, by their legacy IDs."""
    statement = sa.select(col(LegacyOrganisation.legacy_id), col(LegacyOrganisation.account_id)).where(
        col(LegacyOrganisation.source) == source, col(LegacyOrganisation.legacy_id).in_(names)
    )
    return {row.legacy_id: row.account_id for row in (await work.session.execute(statement)).all()}
