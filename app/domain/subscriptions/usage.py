"""How licences are spread and used (KEY-3, SUB-16): sums over keys, never over installations.

A key's `used` is a maintained counter, so an account with 500 keys and 100,000 computers costs
500 small rows, whatever is asked of it (docs/decisions/0070-usage-counters.md).
"""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from app.core.database import Reader, Row
from app.core.statements import Statement, compiled
from app.domain.batches import Batch, by_key, grouped, ids_parameter, table_of
from app.models.license_key import LicenseKey
from app.models.product import Product
from app.models.subscription import LicenseSubscription, SubscriptionDay

ADVICE_DAYS: Final = 90

_subscription = table_of(LicenseSubscription)
_product = table_of(Product)
_key = table_of(LicenseKey)
_day = table_of(SubscriptionDay)
_today = sa.bindparam("today", type_=sa.Date())

_grace = sa.case((_key.c.renews_with_subscription, _product.c.expiry_grace_days), else_=0)
_live = sa.or_(_key.c.expires_on.is_(None), _key.c.expires_on + _grace >= _today)
_reserved = _key.c.allocation == "RESERVED"
_shared = _key.c.allocation.is_distinct_from("RESERVED")


def _sum(column: sa.ColumnElement[Any], condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.cast(sa.func.coalesce(sa.func.sum(column).filter(condition), 0), sa.Integer)


_SUMS = (
    _sum(_key.c.quota, sa.and_(_reserved, _live)).label("reserved"),
    _sum(_key.c.used, _shared).label("pool_used"),
    # What a reserved key that is over used went back to the pool (KEY-6).
    _sum(_key.c.used, sa.or_(_shared, _live)).label("used"),
)
_source = _subscription.join(_product, _product.c.code == _subscription.c.product)
_USES = compiled(
    sa.select(_subscription.c.id, _subscription.c.quantity, *_SUMS)
    .select_from(_source.join(_key, _key.c.subscription_id == _subscription.c.id))
    .where(_subscription.c.id == sa.any_(ids_parameter()))
    .group_by(_subscription.c.id)
)
_whole = (
    sa.func.lychgate_uses(_subscription.c.id, _today)
    .table_valued(*(sa.column(name, sa.Integer()) for name in ("reserved", "pool_used", "used")))
    .lateral("whole")
)
_POOLS = compiled(
    sa.select(_subscription.c.id, _subscription.c.quantity, *_whole.c)
    .select_from(_subscription.join(_whole, sa.true()))
    .where(_subscription.c.id == sa.any_(ids_parameter()))
)
_since = sa.func.greatest(_subscription.c.activated_on, sa.bindparam("since", type_=sa.Date()))
_PEAKS = compiled(
    sa.select(
        _subscription.c.id,
        _since.label("since"),
        sa.func.coalesce(
            sa.select(sa.func.max(_day.c.peak))
            .where(_day.c.subscription_id == _subscription.c.id, _day.c.day >= _since)
            .correlate(_subscription)
            .scalar_subquery(),
            0,
        ).label("peak"),
        _product.c.licenses_per_pack,
    )
    .select_from(_source)
    .where(_subscription.c.id == sa.any_(ids_parameter()))
)

# Licences of what is over can't be used, so they aren't summed up; its card stays.
_CARDS = Statement(
    """
    with held as (
        select s.id, s.account_id, s.product, s.quantity,
            s.expires_on is null or s.expires_on + p.expiry_grace_days >= $2 as works
        from license_subscription s join product p on p.code = s.product
        where s.account_id = any($1)
    ), sums as (
        select k.subscription_id, sum(k.used) as activated,
            coalesce(sum(k.quota) filter (where k.allocation = 'RESERVED' and live), 0) as reserved,
            coalesce(sum(k.used) filter (where k.allocation is distinct from 'RESERVED'), 0) as pool_used,
            coalesce(sum(k.used) filter (where k.allocation is distinct from 'RESERVED' or live), 0) as used
        from held
        join license_key k on k.subscription_id = held.id
        join product p on p.code = held.product
        cross join lateral (
            select k.expires_on is null or $2 <= k.expires_on + case
                when k.renews_with_subscription then p.expiry_grace_days else 0 end as live
        ) as state
        group by k.subscription_id
    ), cards as (
        select account_id, product, count(*) filter (where works) as active_subscriptions,
            coalesce(sum(activated), 0)::integer as activated,
            coalesce(sum(quantity) filter (where works), 0)::integer as total,
            coalesce(sum(reserved) filter (where works), 0)::integer as reserved,
            coalesce(sum(used) filter (where works), 0)::integer as used,
            coalesce(sum(greatest(0, quantity - reserved - pool_used)) filter (where works), 0)::integer
                as available
        from held left join sums on sums.subscription_id = held.id
        group by account_id, product
    )
    select cards.*, case product.installation_kind when 'COMPUTER' then activated when 'PROXY_SERVER' then (
            select count(*) from proxy_activation
            where proxy_activation.account_id = cards.account_id
            and proxy_activation.product = cards.product and active
        ) else (
            select count(*) from installation
            where installation.account_id = cards.account_id and installation.product = cards.product
            and status = 'ACTIVE' and kind <> 'COMPUTER'
        ) end as active_installations
    from cards join product on product.code = cards.product
    order by product.position
    """,
    ("ids", "today"),
    {},
)


@lru_cache(maxsize=8)
def uses_on(today: date) -> Batch:
    """The batch query for licences bought, reserved and used on that day, over the keys that the viewer sees."""

    async def uses_of(read: Reader, ids: Sequence[UUID]) -> dict[UUID, Row]:
        return by_key(await read.rows(_USES, ids=list(ids), today=today))

    return uses_of


@lru_cache(maxsize=8)
def pools_on(today: date) -> Batch:
    """The same over all keys of subscriptions that the viewer sees.

    What a key can still take depends on its siblings, also on those that its administrator
    doesn't see; only their sum gets out.
    """

    async def pools_of(read: Reader, ids: Sequence[UUID]) -> dict[UUID, Row]:
        return by_key(await read.rows(_POOLS, ids=list(ids), today=today))

    return pools_of


@lru_cache(maxsize=8)
def peaks_on(today: date) -> Batch:
    """SUB-16: the batch query for the most licences in use on days of the last 90 on which that changed."""

    async def peaks_of(read: Reader, ids: Sequence[UUID]) -> dict[UUID, Row]:
        since = today - timedelta(days=ADVICE_DAYS)
        return by_key(await read.rows(_PEAKS, ids=list(ids), since=since))

    return peaks_of


@lru_cache(maxsize=8)
def cards_on(today: date) -> Batch:
    """The batch query for an account's dashboard: a row a product, in the catalogue's order."""

    async def cards_of(read: Reader, account_ids: Sequence[UUID]) -> dict[UUID, list[Row]]:
        return grouped(await read.rows(_CARDS, ids=list(account_ids), today=today), "account_id")

    return cards_of


def suggested(peak: int, reserved: int, licenses_per_pack: int) -> int:
    """SUB-16: that peak, not less than the reserved quotas, in whole packs."""
    packs = -(-max(peak, reserved) // licenses_per_pack)
    return packs * licenses_per_pack
