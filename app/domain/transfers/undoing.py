"""Taking a run back, until a customer has touched what it made: all of it or nothing."""

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import col

from app.domain.transfers import rules
from app.domain.transfers.events import letters_of
from app.domain.work import Work
from app.models.transfer import LegacyLicense, LegacyOrganisation, Transfer, TransferPhase

# What customers, installations or staff did in an account is in its log; the run itself is the system.
# The log is kept for some months alone: orders and installations tell of what was before.
_USED: Final = sa.text(
    """
    select exists (
        select from event
        join legacy_organisation on legacy_organisation.account_id = event.stream_id
        where legacy_organisation.transfer_id = :transfer and event.actor_kind <> 'SYSTEM')
    or exists (
        select from legacy_organisation
        join installation on installation.account_id = legacy_organisation.account_id
        where legacy_organisation.transfer_id = :transfer)
    or exists (
        select from legacy_license
        join sales_order on sales_order.subscription_id = legacy_license.subscription_id
        where legacy_license.transfer_id = :transfer and sales_order.kind <> 'MIGRATION')
    or exists (select from legacy_license where transfer_id = :transfer and exchanged_at is not null)
    """
).bindparams(sa.bindparam("transfer", type_=sa.Uuid()))
_BUILT_ON: Final = sa.text(
    """
    select exists (
        select from legacy_organisation
        join legacy_user on legacy_user.account_id = legacy_organisation.account_id
        where legacy_organisation.transfer_id = :transfer and legacy_user.transfer_id <> :transfer)
    or exists (
        select from legacy_organisation
        join legacy_license on legacy_license.account_id = legacy_organisation.account_id
        where legacy_organisation.transfer_id = :transfer and legacy_license.transfer_id <> :transfer)
    """
).bindparams(sa.bindparam("transfer", type_=sa.Uuid()))
_STATEMENTS: Final = (
    "delete from legacy_license where transfer_id = :transfer",
    """delete from membership using legacy_user
        where legacy_user.transfer_id = :transfer and membership.account_id = legacy_user.account_id
        and membership.person_id = legacy_user.claimed_by_id""",
    "delete from legacy_user where transfer_id = :transfer",
    "delete from legacy_organisation where transfer_id = :transfer",
    "delete from sales_order where subscription_id = any(:subscriptions)",
    "delete from license_key where subscription_id = any(:subscriptions)",
    "delete from license_subscription where id = any(:subscriptions)",
    "delete from event where stream_id = any(:accounts)",
    "delete from event_stream where id = any(:accounts)",
    "delete from company where account_id = any(:accounts)",
    "delete from account where id = any(:accounts)",
    "delete from mail where kind = 'MIGRATION_ANNOUNCED' and status = 'QUEUED' and dedupe_key like :letters",
)


async def check_untouched(work: Work, transfer: Transfer) -> None:
    """Raise CONFLICT if a customer uses what was made, or a later run builds on it. Call it as owner."""
    if transfer.touched_at is not None or await _holds(work, _USED, transfer):
        raise rules.touched()
    if await _holds(work, _BUILT_ON, transfer):
        raise rules.built_on()


async def carry_out(work: Work, transfer: Transfer) -> None:
    """Delete all that the run made; hold its lock. Raises CONFLICT as `check_untouched`."""
    await check_untouched(work, transfer)
    values: dict[str, Any] = {
        "transfer": transfer.id,
        "subscriptions": await work.all(
            sa.select(col(LegacyLicense.subscription_id)).where(
                col(LegacyLicense.transfer_id) == transfer.id, col(LegacyLicense.subscription_id).is_not(None)
            )
        ),
        "accounts": await work.all(
            sa.select(col(LegacyOrganisation.account_id)).where(
                col(LegacyOrganisation.transfer_id) == transfer.id
            )
        ),
        "letters": f"{letters_of(transfer.id)}%",
    }
    for statement in _STATEMENTS:
        await work.session.execute(_prepared(statement), values)
    transfer.undone_at = work.now
    transfer.phase = TransferPhase.ANNOUNCING
    # Nothing moves in any more.
    if transfer.window_closes_at is not None and transfer.window_closes_at > work.now:
        transfer.window_closes_at = work.now


async def _holds(work: Work, question: Any, transfer: Transfer) -> bool:
    return bool((await work.session.execute(question, {"transfer": transfer.id})).scalar_one())


def _prepared(statement: str) -> sa.TextClause:
    binds: dict[str, Any] = {
        "transfer": sa.Uuid(),
        "subscriptions": ARRAY(sa.Uuid()),
        "accounts": ARRAY(sa.Uuid()),
    }
    named: list[sa.BindParameter[Any]] = [
        sa.bindparam(name, type_=type_) for name, type_ in binds.items() if f":{name}" in statement
    ]
    return sa.text(statement).bindparams(*named)
