"""Subscriptions and their orders, as the looking actor may see them."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.core.clock import Clock
from app.core.database import Reader, Row
from app.core.paging import Listing, Order, like_pattern
from app.core.statements import compiled
from app.domain.batches import by_key, grouped, ids_parameter, table_of, tagged
from app.domain.subscriptions.rules import EXPIRING_DAYS
from app.models.product import Product
from app.models.subscription import LicenseSubscription, SalesOrder

_subscription = table_of(LicenseSubscription)
_product = table_of(Product)
_order = table_of(SalesOrder)
# What has no end sorts behind everything that has one.
_FOREVER = sa.literal_column("date '9999-12-31'", sa.Date())

_source = _subscription.join(_product, _product.c.code == _subscription.c.product)
COLUMNS = (*_subscription.c, _product.c.expiry_grace_days, tagged("LicenseSubscription"))
_BY_IDS = compiled(
    sa.select(*COLUMNS).select_from(_source).where(_subscription.c.id == sa.any_(ids_parameter()))
)
_EXPIRING = compiled(
    sa.select(*COLUMNS)
    .select_from(_source)
    .where(
        _subscription.c.account_id == sa.any_(ids_parameter()),
        _subscription.c.expires_on.between(sa.bindparam("today"), sa.bindparam("soon")),
    )
    .order_by(_subscription.c.expires_on, _subscription.c.name_key, _subscription.c.id)
)
_ORDERS = compiled(
    sa.select(*_order.c, tagged("Order"))
    .where(_order.c.subscription_id == sa.any_(ids_parameter()))
    .order_by(_order.c.placed_at.desc(), _order.c.id.desc())
)
_ORDERS_BY_IDS = compiled(
    sa.select(*_order.c, tagged("Order")).where(_order.c.id == sa.any_(ids_parameter()))
)

_expires = sa.func.coalesce(_subscription.c.expires_on, _FOREVER, type_=sa.Date())
_last_day = sa.func.coalesce(
    _subscription.c.expires_on + _product.c.expiry_grace_days, _FOREVER, type_=sa.Date()
)


def _prepared(values: dict[str, Any], clock: Clock) -> dict[str, Any]:
    """SUB-5: what a display means on this day; "Active" includes expiring soon and grace."""
    display = values.pop("display", None)
    search = values.pop("search", None)
    if search and search.strip():
        values["search"] = like_pattern(search.strip())
    today = clock.today()
    if display == "ACTIVE":
        values["not_over"] = today
    elif display == "EXPIRED":
        values["over"] = today
    elif display == "EXPIRING_SOON":
        values["expires_from"] = today
        values["expires_to"] = today + timedelta(days=EXPIRING_DAYS)
    return values


OF_ACCOUNT = Listing(
    name="subscriptions",
    columns=COLUMNS,
    source=_source,
    id=_subscription.c.id,
    parent=_subscription.c.account_id,
    sorts={
        "NAME": _subscription.c.name_key,
        "EXPIRES_ON": _expires,
        "ACTIVATED_ON": _subscription.c.activated_on,
        "QUANTITY": _subscription.c.quantity,
    },
    order=Order("NAME"),
    filters={
        "product": lambda value: _subscription.c.product == value,
        "search": lambda value: _subscription.c.name_key.like(value, escape="\\"),
        "not_over": lambda value: _last_day >= value,
        "over": lambda value: _last_day < value,
        "expires_from": lambda value: _subscription.c.expires_on >= value,
        "expires_to": lambda value: _subscription.c.expires_on <= value,
    },
    prepare=_prepared,
)


async def by_ids(read: Reader, ids: Sequence[UUID]) -> dict[UUID, Row]:
    """Subscriptions by ID."""
    return by_key(await read.rows(_BY_IDS, ids=list(ids)))


async def orders_by_ids(read: Reader, ids: Sequence[UUID]) -> dict[UUID, Row]:
    """Orders by ID."""
    return by_key(await read.rows(_ORDERS_BY_IDS, ids=list(ids)))


ALL_ORDERS = Listing(
    name="orders",
    columns=(*_order.c, tagged("Order")),
    source=_order,
    id=_order.c.id,
    parent=None,
    sorts={"PLACED_AT": _order.c.placed_at},
    order=Order("PLACED_AT", descending=True),
    filters={"status": lambda value: _order.c.status == value},
)


async def orders_of(read: Reader, subscription_ids: Sequence[UUID]) -> dict[UUID, list[Row]]:
    """The order history of each subscription, newest first; nothing for licence administrators."""
    return grouped(await read.rows(_ORDERS, ids=list(subscription_ids)), "subscription_id")


@lru_cache(maxsize=8)
def expiring_on(today: date) -> Callable[[Reader, Sequence[UUID]], Awaitable[dict[UUID, list[Row]]]]:
    """The batch query for each account's subscriptions that expire soon on that day, the first one first."""
    soon = today + timedelta(days=EXPIRING_DAYS)

    async def expiring_of(read: Reader, account_ids: Sequence[UUID]) -> dict[UUID, list[Row]]:
        rows = await read.rows(_EXPIRING, ids=list(account_ids), today=today, soon=soon)
        return grouped(rows, "account_id")

    return expiring_of
