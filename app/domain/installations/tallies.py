"""Folding the ledger of installations (models.InstallationTally), so that summing it up stays quick."""

from typing import Final

from sqlalchemy import text

from app.access.permissions import Permission
from app.core.database import Look
from app.core.statements import Statement
from app.domain.work import Work

# Whatever of the same kind is folded already is folded in: a sum has one line, or a few if two nodes
# folded at the same time. Readers see the lines before or after, never between.
_FOLD: Final = text(
    """
    with ripe as (
        select id, account_id, subscription_id, license_key_id, kind, product, status from installation_tally
        where not folded order by account_id limit :at_once for update skip locked
    ), groups as (
        select distinct account_id, subscription_id, license_key_id, kind, product, status from ripe
    ), whole as (
        select tally.id from installation_tally as tally join groups
            on tally.account_id = groups.account_id and tally.kind = groups.kind
            and tally.status = groups.status and tally.product = groups.product
            and tally.subscription_id is not distinct from groups.subscription_id
            and tally.license_key_id is not distinct from groups.license_key_id
        where tally.folded for update of tally skip locked
    ), gone as (
        delete from installation_tally where id in (select id from ripe union all select id from whole)
        returning *
    ), summed as (
        insert into installation_tally
            (account_id, subscription_id, license_key_id, kind, product, status, change, folded)
        select account_id, subscription_id, license_key_id, kind, product, status, sum(change), true
        from gone group by account_id, subscription_id, license_key_id, kind, product, status
        having sum(change) <> 0
    )
    select count(*) from ripe
    """
)
_DUE: Final = Statement("select count(*) as due from installation_tally where not folded", (), {})


async def fold(work: Work, at_once: int) -> int:
    """Replace many lines by their sums; how many there were."""
    async with work:
        work.require(Permission.BACKGROUND_WORK)
        return int((await work.session.execute(_FOLD, {"at_once": at_once})).scalar_one())


async def due(look: Look) -> int:
    """How many lines wait to be folded."""
    row = await look.row(_DUE)
    return int(row["due"]) if row else 0
