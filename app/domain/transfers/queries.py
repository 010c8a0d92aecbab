"""Runs, and what moved things were called before, as the looking actor may see them."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from app.core.clock import Clock
from app.core.database import Reader, Row
from app.core.resources import Resources
from app.core.signed_urls import signed_url
from app.core.statements import compiled
from app.domain.batches import by_key, ids_parameter, table_of, tagged
from app.domain.exports import csv
from app.domain.exports.csv import Column
from app.models.transfer import (
    LegacyLicense,
    LegacyOrganisation,
    MigrationSource,
    MigrationState,
    Transfer,
    TransferPhase,
    TransferRow,
)

REPORT: Final = "migrations"
_ROWS_AT_ONCE: Final = 2_000
_transfer = table_of(Transfer)
_row = table_of(TransferRow)
_organisation = table_of(LegacyOrganisation)
_license = table_of(LegacyLicense)
_COLUMNS = (*_transfer.c, tagged("Migration"))
_ALL = compiled(sa.select(*_COLUMNS).order_by(_transfer.c.created_at.desc(), _transfer.c.id.desc()))
_BY_IDS = compiled(sa.select(*_COLUMNS).where(_transfer.c.id == sa.any_(ids_parameter())))
_OF_ACCOUNTS = compiled(
    sa.select(
        _organisation.c.account_id,
        _organisation.c.source,
        _organisation.c.legacy_id,
        sa.null().label("code"),
        sa.null().label("flags"),
    ).where(_organisation.c.account_id == sa.any_(ids_parameter()))
)
_OF_SUBSCRIPTIONS = compiled(
    sa.select(_license).where(_license.c.subscription_id == sa.any_(ids_parameter()))
)
_ROWS = compiled(
    sa.select(_row.c.line, _row.c.kind, _row.c.legacy_id, _row.c.outcome, _row.c.why)
    .where(_row.c.transfer_id == sa.bindparam("transfer"), _row.c.line > sa.bindparam("after"))
    .order_by(_row.c.line)
    .limit(_ROWS_AT_ONCE)
)
# The contract's order; a row that was not decided yet has no outcome.
_REPORT: Final[dict[str, Column]] = {
    "row": lambda row: row["line"],
    "kind": lambda row: row["kind"],
    "legacyId": lambda row: row["legacy_id"],
    "outcome": lambda row: row["outcome"],
    "why": lambda row: row["why"],
}


async def all_runs(read: Reader) -> list[Row]:
    """MIG-1: every run, the newest first; staff alone see any."""
    return await read.rows(_ALL)


async def by_ids(read: Reader, ids: Sequence[UUID]) -> dict[UUID, Row]:
    """Runs by ID."""
    return by_key(await read.rows(_BY_IDS, ids=list(ids)))


async def origins_of_accounts(read: Reader, account_ids: Sequence[UUID]) -> dict[UUID, Row]:
    """MIG-7: the legacy organisation that an account was."""
    return by_key(await read.rows(_OF_ACCOUNTS, ids=list(account_ids)), "account_id")


async def origins_of_subscriptions(read: Reader, subscription_ids: Sequence[UUID]) -> dict[UUID, Row]:
    """MIG-7: the legacy licence that a subscription was."""
    return by_key(await read.rows(_OF_SUBSCRIPTIONS, ids=list(subscription_ids)), "subscription_id")


def report_url(resources: Resources, clock: Clock, transfer_id: UUID) -> str:
    """MIG-7: the signed address of a run's report, for 10 minutes."""
    return signed_url(resources.vault, resources.settings.public_url, REPORT, transfer_id, clock.now())


async def report(read: Reader, transfer_id: UUID) -> AsyncIterator[bytes]:
    """MIG-7: every row of the export, and what became of it, as CSV; two thousand rows at a time."""
    names = list(_REPORT)
    yield csv.header(names)
    after = 0
    while rows := await read.rows(_ROWS, transfer=transfer_id, after=after):
        yield csv.lines(rows, names, _REPORT)
        after = rows[-1]["line"]


def as_transfer(row: Any) -> Transfer:
    """A row for the pure functions of the rules."""
    found = Transfer(**{name: row[name] for name in Transfer.model_fields})
    found.source, found.state = MigrationSource(found.source), MigrationState(found.state)
    found.phase = TransferPhase(found.phase)
    return found


def is_reportable(row: Any) -> bool:
    """Whether every row was read: before that a report would be no more than its beginning."""
    return row["state"] in {"DONE", "FAILED"}
