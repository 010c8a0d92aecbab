"""Installations, as the looking actor may see them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.core import ids
from app.core.clock import Clock
from app.core.database import Reader, Row
from app.core.failures import Failure
from app.core.ids import new_id
from app.core.paging import Listing, Order, like_pattern
from app.core.statements import compiled
from app.domain.batches import by_key, ids_parameter, table_of
from app.domain.subscriptions.rules import EXPIRING_DAYS
from app.models.installation import Installation
from app.models.license_key import LicenseKey

_installation = table_of(Installation)
_key = table_of(LicenseKey)
_MOST_SILENT_DAYS = 36_500
_FOREVER = sa.literal_column("date '9999-12-31'", sa.Date())

_TYPENAME = sa.case(
    (_installation.c.kind == "COMPUTER", sa.literal_column("'Computer'")),
    (_installation.c.kind == "FARM", sa.literal_column("'Farm'")),
    else_=sa.literal_column("'ProxyServer'"),
).label("__typename")
COLUMNS = (
    *_installation.c,
    sa.func.coalesce(_installation.c.alias, _installation.c.hostname).label("name"),
    _key.c.expires_on.label("license_expires_on"),
    _TYPENAME,
)
_source = _installation.outerjoin(_key, _key.c.id == _installation.c.license_key_id)
_BY_IDS = compiled(
    sa.select(*COLUMNS).select_from(_source).where(_installation.c.id == sa.any_(ids_parameter()))
)


def _prepared(values: dict[str, Any], clock: Clock) -> dict[str, Any]:
    """DEV-7: what the filters mean today. A key's ID that is none finds nothing."""
    search = values.pop("search", None)
    if search and search.strip():
        values["search"] = like_pattern(search.strip())
    key_id = values.pop("license_key_id", None)
    if key_id is not None:
        values["license_key_id"] = ids.decode(key_id, "LicenseKey") or new_id()
    expiry = values.pop("expiry", None)
    today = clock.today()
    if expiry == "EXPIRED":
        values["expired"] = today
    elif expiry == "EXPIRING_SOON":
        values["expires_from"] = today
        values["expires_to"] = today + timedelta(days=EXPIRING_DAYS)
    return values


def _matches(pattern: Any) -> sa.ColumnElement[bool]:
    texts = (
        _installation.c.name_key,
        sa.func.lower(_installation.c.hostname),
        sa.func.lower(_installation.c.serial_number),
        sa.func.lower(_installation.c.note),
    )
    return sa.or_(*(text.like(pattern, escape="\\") for text in texts))


_SORTS = {
    "NAME": _installation.c.name_key,
    "STATUS": _installation.c.status,
    "ACTIVATED_AT": _installation.c.activated_at,
    "LAST_CONTACT_AT": _installation.c.last_contact_at,
    "LICENSE_EXPIRES_ON": sa.func.coalesce(_key.c.expires_on, _FOREVER, type_=sa.Date()),
    "APP_VERSION": _installation.c.app_version,
}
_FILTERS = {
    "kind": lambda value: _installation.c.kind == value,
    "status": lambda value: _installation.c.status == value,
    "product": lambda value: _installation.c.product == value,
    "license_key_id": lambda value: _installation.c.license_key_id == value,
    "search": _matches,
    "expired": lambda value: _key.c.expires_on < value,
    "expires_from": lambda value: _key.c.expires_on >= value,
    "expires_to": lambda value: _key.c.expires_on <= value,
}
COMPUTERS = Listing(
    name="computers",
    columns=COLUMNS,
    source=_source,
    id=_installation.c.id,
    parent=_installation.c.account_id,
    sorts=_SORTS,
    order=Order("NAME"),
    filters=_FILTERS,
    prepare=lambda values, clock: {**_prepared(values, clock), "kind": "COMPUTER"},
)
FARMS = Listing(
    name="farms",
    columns=COLUMNS,
    source=_source,
    id=_installation.c.id,
    parent=_installation.c.account_id,
    sorts=_SORTS,
    order=Order("NAME"),
    filters=_FILTERS,
    prepare=lambda values, clock: {**_prepared(values, clock), "kind": "FARM"},
)
OF_KEY = Listing(
    name="installations",
    columns=COLUMNS,
    source=_source,
    id=_installation.c.id,
    parent=_installation.c.license_key_id,
    sorts=_SORTS,
    order=Order("NAME"),
    filters=_FILTERS,
    prepare=_prepared,
)
SILENT_DAYS = 30


def _silent(values: dict[str, Any], clock: Clock) -> dict[str, Any]:
    """SUB-16: silent since when. To the minute, so that one request asks one thing for every subscription."""
    days = values.pop("silent_days", SILENT_DAYS)
    if not 0 <= days <= _MOST_SILENT_DAYS:
        msg = f"`silentDays` must be between 0 and {_MOST_SILENT_DAYS}."
        raise Failure(msg)
    minute = clock.now().replace(second=0, microsecond=0) + timedelta(minutes=1)
    return {**values, "silent_since": minute - timedelta(days=days), "status": "ACTIVE"}


SILENT = Listing(
    name="reclaimable-installations",
    columns=COLUMNS,
    source=_source,
    id=_installation.c.id,
    parent=_installation.c.subscription_id,
    sorts={"LAST_CONTACT_AT": _installation.c.last_contact_at},
    order=Order("LAST_CONTACT_AT"),
    filters={
        # Written out, so that every plan can use the partial index.
        "status": lambda _value: sa.literal_column("installation.status = 'ACTIVE'", sa.Boolean()),
        "silent_since": lambda value: _installation.c.last_contact_at <= value,
    },
    prepare=_silent,
)


async def by_ids(read: Reader, installation_ids: Sequence[UUID]) -> dict[UUID, Row]:
    """Installations by ID."""
    return by_key(await read.rows(_BY_IDS, ids=list(installation_ids)))
