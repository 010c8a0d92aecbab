"""A batch of waiting rows: judged, made, and written down as decided, all in one transaction (MIG-1)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import SQLModel

from app.core.copying import copy_rows
from app.core.ids import new_id
from app.domain.accounts.commands import support_code
from app.domain.batches import table_of
from app.domain.identity.rules import email_key
from app.domain.products.queries import policy_of
from app.domain.subscriptions.events import SubscriptionRegistered
from app.domain.subscriptions.ordering import order_number
from app.domain.transfers import making, renewals, rules
from app.domain.transfers.judging import KINDS, Known, Verdict, judge
from app.domain.transfers.making import Moved
from app.domain.transfers.records import BoughtBefore
from app.domain.work import Work
from app.models.account import Company
from app.models.subscription import SalesOrder
from app.models.transfer import (
    PRODUCTS,
    LegacyLicense,
    LegacyOrganisation,
    LegacyUser,
    RowOutcome,
    Transfer,
    TransferPhase,
    TransferRow,
)

ROWS_AT_ONCE: Final = 1_000
_BREATH: Final = 100
_row = table_of(TransferRow)
_DECIDE: Final = sa.text(
    """
    update transfer_row set outcome = decided.outcome, why = decided.why, facts = null
    from unnest(:lines, :outcomes, :whys) as decided(line, outcome, why)
    where transfer_row.transfer_id = :transfer and transfer_row.line = decided.line
    """
).bindparams(
    sa.bindparam("lines", type_=ARRAY(sa.Integer)),
    sa.bindparam("outcomes", type_=ARRAY(sa.Text)),
    sa.bindparam("whys", type_=ARRAY(sa.Text)),
    sa.bindparam("transfer", type_=sa.Uuid()),
)
Make = Callable[[Work, Transfer, Sequence[Any], Known], Awaitable[None]]


async def take_on(work: Work, transfer: Transfer) -> bool:
    """Take the next waiting rows of the phase's kind; False if there was none left."""
    rows = await _waiting(work, transfer)
    if not rows:
        return False
    verdicts, known = await judge(work, transfer, rows)
    if not transfer.dry_run:
        fresh = [verdict.row for verdict in verdicts if verdict.outcome is RowOutcome.CREATED]
        await _MAKERS[transfer.phase](work, transfer, fresh, known)
    await _decide(work, transfer, verdicts)
    return True


async def _waiting(work: Work, transfer: Transfer) -> Sequence[Any]:
    statement = (
        sa.select(_row)
        .where(
            _row.c.transfer_id == transfer.id,
            _row.c.kind.in_(KINDS[transfer.phase]),
            sa.text("outcome is null"),
        )
        .order_by(_row.c.line)
        .limit(ROWS_AT_ONCE)
    )
    return (await work.session.execute(statement)).all()


async def _decide(work: Work, transfer: Transfer, verdicts: Sequence[Verdict]) -> None:
    values = {
        "transfer": transfer.id,
        "lines": [verdict.row.line for verdict in verdicts],
        "outcomes": [verdict.outcome.value for verdict in verdicts],
        "whys": [verdict.why for verdict in verdicts],
    }
    await work.session.execute(_DECIDE, values)
    for verdict in verdicts:
        name = verdict.outcome.value
        setattr(transfer, name, getattr(transfer, name) + 1)


async def _make_organisations(work: Work, transfer: Transfer, rows: Sequence[Any], _known: Known) -> None:
    accounts, companies, origins = [], [], []
    for row in rows:
        account, company = making.account(work, row.facts)
        accounts.append(account)
        companies.append(company)
        origins.append(
            LegacyOrganisation(
                source=transfer.source,
                legacy_id=row.legacy_id,
                transfer_id=transfer.id,
                account_id=account.id,
                content_hash=row.content_hash,
            )
        )
    await _make_distinct(work, companies, "support_code", lambda _company: support_code())
    await _store(work, [*accounts, *companies, *origins])


async def _make_users(work: Work, transfer: Transfer, rows: Sequence[Any], known: Known) -> None:
    users = [
        {
            "id": new_id(),
            "source": transfer.source,
            "legacy_id": row.legacy_id,
            "transfer_id": transfer.id,
            "account_id": known.accounts[row.organisation],
            "content_hash": row.content_hash,
            "mark": row.mark,
            "email": row.facts["email"],
            "email_key": email_key(row.facts["email"]),
            "first_name": row.facts["first_name"] or "",
            "last_name": row.facts["last_name"] or "",
        }
        for row in rows
    ]
    await copy_rows(work.session, table_of(LegacyUser), users)


async def _make_licenses(work: Work, transfer: Transfer, rows: Sequence[Any], known: Known) -> None:
    product = await policy_of(work.session, PRODUCTS[transfer.source])
    moved: list[Moved] = []
    origins: list[LegacyLicense] = []
    for place, row in enumerate(rows):
        if place % _BREATH == 0:
            await asyncio.sleep(0)  # sealing keys takes a while: let others be served
        bought = BoughtBefore.of_facts(row.facts)
        origin = _origin(transfer, row, bought)
        origins.append(origin)
        if row.organisation is not None:
            made = making.subscription(work, product, bought, known.accounts[row.organisation])
            moved.append(made)
            settle(work, origin, made, bought)
    orders = [each.order for each in moved]
    await _make_distinct(work, orders, "number", _another_number)
    subscriptions = [each.subscription for each in moved]
    await _store(work, [*subscriptions, *(each.key for each in moved), *orders, *origins])
    for each in moved:
        work.emit(SubscriptionRegistered.of(each.subscription, each.key))


def _origin(transfer: Transfer, row: Any, bought: BoughtBefore) -> LegacyLicense:
    # The code of one that can still be exchanged is as good as a key: it is kept as a hash alone.
    return LegacyLicense(
        id=new_id(),
        source=transfer.source,
        legacy_id=row.legacy_id,
        transfer_id=transfer.id,
        content_hash=row.content_hash,
        mark=row.mark,
        facts={**bought.as_facts(), "code": None, "flags": None},
        flags=bought.flags,
    )


def settle(work: Work, origin: LegacyLicense, made: Moved, bought: BoughtBefore) -> None:
    """MIG-3, MIG-7: the legacy licence is this subscription from now on, and its code an alias of the key."""
    origin.account_id = made.subscription.account_id
    origin.subscription_id = made.subscription.id
    origin.license_key_id = made.key.id
    if bought.code is not None:
        origin.code, origin.code_key = bought.code, rules.code_key(bought.code)
    origin.renewal_hash = renewals.hash_for(work, origin)


def _another_number(order: SalesOrder) -> str:
    return order_number(order.placed_at.date(), new_id())


async def _make_distinct(
    work: Work, rows: Sequence[Company] | Sequence[SalesOrder], name: str, another: Callable[[Any], str]
) -> None:
    """Ten random digits are enough for one, and clash among a hundred thousand: draw those anew."""
    if not rows:
        return
    column = table_of(type(rows[0])).c[name]
    doubtful: list[Any] = list(rows)
    used: set[str] = set()
    while doubtful:
        statement = sa.select(column).where(column.in_([getattr(row, name) for row in doubtful]))
        used |= set((await work.session.execute(statement)).scalars().all())
        clashing = []
        for row in doubtful:
            if getattr(row, name) in used:
                clashing.append(row)
            used.add(getattr(row, name))
        for row in clashing:
            setattr(row, name, another(row))
        doubtful = clashing


async def _store(work: Work, rows: Sequence[SQLModel]) -> None:
    """COPY, table by table, in the order given: parents before children."""
    for table, group in groupby(rows, key=lambda row: table_of(type(row))):
        await copy_rows(work.session, table, [vars(row) for row in group])


_MAKERS: Final[Mapping[TransferPhase, Make]] = {
    TransferPhase.ORGANISATIONS: _make_organisations,
    TransferPhase.USERS: _make_users,
    TransferPhase.LICENSES: _make_licenses,
}
