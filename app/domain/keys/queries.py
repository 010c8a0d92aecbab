"""Licence keys, as the looking actor may see them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from app.core.clock import Clock
from app.core.database import Reader, Row
from app.core.paging import Listing, Order, like_pattern
from app.core.statements import compiled
from app.domain.batches import by_key, grouped, ids_parameter, table_of, tagged
from app.models.account import KeyGrant
from app.models.license_key import LicenseKey
from app.models.product import Product
from app.models.subscription import LicenseSubscription
from app.models.transfer import LegacyLicense

_key = table_of(LicenseKey)
_subscription = table_of(LicenseSubscription)
_grant = table_of(KeyGrant)
_legacy = table_of(LegacyLicense)
_granted = _key.alias("granted_key")
_product = table_of(Product)
_FOREVER = sa.literal_column("date '9999-12-31'", sa.Date())
_LEAST_OF_A_CODE = 4

# What the primary key may use is the pool, of all keys, seen or not; it follows the clock (KEY-6).
_uses = sa.func.lychgate_uses(_subscription.c.id, sa.bindparam("today", type_=sa.Date()))
_reserved = sa.select(sa.column("reserved", sa.Integer())).select_from(_uses).scalar_subquery()
_QUOTA = sa.case((_key.c.quota.is_not(None), _key.c.quota), else_=_subscription.c.quantity - _reserved)

# KEY-8: what ends with its subscription shares the product's grace.
GRACE_DAYS: Any = sa.case((_key.c.renews_with_subscription, _product.c.expiry_grace_days), else_=0)
_LEGACY_CODE = sa.select(_legacy.c.code).where(_legacy.c.license_key_id == _key.c.id).limit(1)
COLUMNS = (
    *_key.c,
    _LEGACY_CODE.scalar_subquery().label("legacy_code"),
    _subscription.c.product,
    _product.c.installation_kind,
    GRACE_DAYS.label("grace_days"),
    tagged("LicenseKey"),
)
_source = _key.join(_subscription, _subscription.c.id == _key.c.subscription_id).join(
    _product, _product.c.code == _subscription.c.product
)
_BY_IDS = compiled(sa.select(*COLUMNS).select_from(_source).where(_key.c.id == sa.any_(ids_parameter())))
_PRIMARY = compiled(
    sa.select(*COLUMNS)
    .select_from(_source)
    .where(_key.c.subscription_id == sa.any_(ids_parameter()), _key.c.kind == "PRIMARY")
)

_ADMINISTERED = compiled(
    sa.select(*COLUMNS, _grant.c.membership_id)
    .ext(distinct_on(_grant.c.membership_id, _key.c.name_key, _key.c.id))
    .select_from(
        _source.join(_granted, _granted.c.subscription_id == _key.c.subscription_id).join(
            _grant, _grant.c.license_key_id == _granted.c.id
        )
    )
    .where(
        _grant.c.membership_id == sa.any_(ids_parameter()),
        # A grant on the primary key covers every key of the subscription (ACC-10).
        sa.or_(_granted.c.id == _key.c.id, _granted.c.kind == "PRIMARY"),
    )
    .order_by(_grant.c.membership_id, _key.c.name_key, _key.c.id)
)


def _prepared(values: dict[str, Any], clock: Clock) -> dict[str, Any]:
    values["today"] = clock.today()
    search = values.pop("search", None)
    if search and search.strip():
        values["search"] = like_pattern(search.strip())
    status = values.pop("status", None)
    if status is not None:
        values["live" if status == "ACTIVE" else "expired"] = clock.today()
    return values


def _found(value: Any) -> Any:
    """By name, or by the old code that the key replaced (MIG-3)."""
    # What is typed between the letters and digits of an old code doesn't matter; a few of them name none.
    code = sa.func.regexp_replace(value, r"[\s-]+|\\_", "", "g", type_=sa.Text())
    replaced = sa.exists().where(
        _legacy.c.license_key_id == _key.c.id,
        _legacy.c.code_key.like(code, escape="\\"),
        sa.func.length(code) >= _LEAST_OF_A_CODE + len("%%"),
    )
    return sa.or_(_key.c.name_key.like(value, escape="\\"), replaced)


_SORTS = {
    "NAME": _key.c.name_key,
    "KIND": _key.c.kind,
    "QUOTA": _QUOTA,
    "EXPIRES_ON": sa.func.coalesce(_key.c.expires_on, _FOREVER, type_=sa.Date()),
}
_FILTERS = {
    # No condition: what the sort by quota needs to know.
    "today": lambda _value: sa.true(),
    "product": lambda value: _subscription.c.product == value,
    "kind": lambda value: _key.c.kind == value,
    "search": _found,
    "live": lambda value: sa.or_(_key.c.expires_on.is_(None), _key.c.expires_on + GRACE_DAYS >= value),
    "expired": lambda value: _key.c.expires_on + GRACE_DAYS < value,
}
OF_ACCOUNT = Listing(
    name="account-keys",
    columns=COLUMNS,
    source=_source,
    id=_key.c.id,
    parent=_key.c.account_id,
    sorts=_SORTS,
    order=Order("NAME"),
    filters=_FILTERS,
    prepare=_prepared,
)
OF_SUBSCRIPTION = Listing(
    name="subscription-keys",
    columns=COLUMNS,
    source=_source,
    id=_key.c.id,
    parent=_key.c.subscription_id,
    sorts=_SORTS,
    order=Order("NAME"),
    filters=_FILTERS,
    prepare=_prepared,
)


async def by_ids(read: Reader, ids: Sequence[UUID]) -> dict[UUID, Row]:
    """Keys by ID."""
    return by_key(await read.rows(_BY_IDS, ids=list(ids)))


async def primary_of(read: Reader, subscription_ids: Sequence[UUID]) -> dict[UUID, Row]:
    """The primary key of each subscription, if it may be seen."""
    return by_key(await read.rows(_PRIMARY, ids=list(subscription_ids)), "subscription_id")


async def administered_by(read: Reader, membership_ids: Sequence[UUID]) -> dict[UUID, list[Row]]:
    """ACC-10: the keys that were granted to each member, by name; dormant grants among them."""
    return grouped(await read.rows(_ADMINISTERED, ids=list(membership_ids)), "membership_id")
