"""Installations, as the looking actor may see them."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from app.core import ids
from app.core.clock import Clock
from app.core.database import Reader, Row
from app.core.failures import Failure
from app.core.ids import new_id
from app.core.paging import Counted, Late, Listing, Lookup, Order, Split, Via, findable
from app.core.statements import compiled
from app.domain.batches import by_key, ids_parameter, table_of
from app.domain.subscriptions.rules import EXPIRING_DAYS
from app.models.farm import FarmState
from app.models.installation import (
    Installation,
    InstallationStatus,
    InstallationTally,
    InstallationTiming,
)
from app.models.license_key import LicenseKey
from app.models.product import InstallationKind

SHORTEST_INDEXED: Final = 3
# More than these are as quickly met along the list as they are sorted.
_MOST_FOUND: Final = 1_000
_installation = table_of(Installation)
_timing = table_of(InstallationTiming)
_tally = table_of(InstallationTally)
_key = table_of(LicenseKey)
_state = table_of(FarmState)
_group = _key.alias("key_of_list")
_MOST_SILENT_DAYS = 36_500
_FOREVER = sa.literal_column("date '9999-12-31'", sa.Date())

_TYPENAME = sa.case(
    (_installation.c.kind == "COMPUTER", sa.literal_column("'Computer'")),
    (_installation.c.kind == "FARM", sa.literal_column("'Farm'")),
    else_=sa.literal_column("'ProxyServer'"),
).label("__typename")
COLUMNS = (
    *(column for column in _installation.c if not column.name.startswith("token_")),
    sa.func.coalesce(_installation.c.alias, _installation.c.hostname).label("name"),
    _key.c.expires_on.label("license_expires_on"),
    _TYPENAME,
)
_source = _installation.outerjoin(_key, _key.c.id == _installation.c.license_key_id)
_by_time = _timing.join(_installation, _installation.c.id == _timing.c.installation_id).outerjoin(
    _key, _key.c.id == _timing.c.license_key_id
)
_BY_IDS = compiled(
    sa.select(*COLUMNS).select_from(_source).where(_installation.c.id == sa.any_(ids_parameter()))
)


def _found_in(account_id: Any, wanted: Any) -> Any:
    most = sa.literal_column(str(_MOST_FOUND), sa.Integer())
    return sa.func.lychgate_found(account_id, sa.cast(wanted, sa.Text), most, type_=ARRAY(sa.Uuid()))


def _found_in_account(account_id: Any, wanted: Any) -> Any:
    return _found_in(account_id, wanted)


def _found_in_key(key_id: Any, wanted: Any) -> Any:
    key = _key.alias("key_of_search")
    return sa.select(_found_in(key.c.account_id, wanted)).where(key.c.id == key_id).scalar_subquery()


def prepared(values: dict[str, Any], clock: Clock) -> dict[str, Any]:
    """DEV-7: what the filters mean today. A key's ID that is none finds nothing."""
    search = findable((values.pop("search", None) or "").strip())
    if search:
        values["search"] = search
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


def _filters(ends_on: Any, rows: Any, contents: Any = _installation) -> dict[str, Any]:
    """`rows` holds what an index of the list's order begins with."""
    text = sa.func.lychgate_search_text(
        contents.c.alias, contents.c.hostname, contents.c.serial_number, contents.c.note
    )
    id_ = rows.c.installation_id if "installation_id" in rows.c else rows.c.id
    return {
        "kind": lambda value: rows.c.kind == value,
        "status": lambda value: rows.c.status == value,
        "product": lambda value: contents.c.product == value,
        "license_key_id": lambda value: rows.c.license_key_id == value,
        "search": lambda value: sa.func.strpos(text, sa.func.lower(sa.cast(value, sa.Text))) > 0,
        "found": lambda value: id_ == sa.any_(sa.cast(value, ARRAY(sa.Uuid()))),
        "expired": lambda value: ends_on < value,
        "expires_from": lambda value: ends_on >= value,
        "expires_to": lambda value: ends_on <= value,
    }


_SORTS = {
    "NAME": _installation.c.name_key,
    "STATUS": _installation.c.status,
    "ACTIVATED_AT": _installation.c.activated_at,
    "APP_VERSION": _installation.c.app_version,
}
_TIMES = {"LAST_CONTACT_AT": _timing.c.last_contact_at, "LICENSE_EXPIRES_ON": _timing.c.ends_on}
_TALLY_FILTERS = {
    "kind": lambda value: _tally.c.kind == value,
    "status": lambda value: _tally.c.status == value,
    "product": lambda value: _tally.c.product == value,
    "license_key_id": lambda value: _tally.c.license_key_id == value,
    "expired": lambda value: _key.c.expires_on < value,
    "expires_from": lambda value: _key.c.expires_on >= value,
    "expires_to": lambda value: _key.c.expires_on <= value,
}


# What row-level security shows of these rows, it shows of the installations as well.
_LATE = Late(
    source=_timing,
    filters=("kind", "status", "license_key_id", "found", "expired", "expires_from", "expires_to"),
    completed=lambda chosen: chosen.join(_installation, _installation.c.id == chosen.c.id).outerjoin(
        _key, _key.c.id == _installation.c.license_key_id
    ),
)


def _listing(parent: str, found: Callable[[Any, Any], Any], **more: Any) -> Listing:
    """The installations of an account or of a key, and how they are sorted by what moves at each check-in."""
    shared: dict[str, Any] = {
        "columns": COLUMNS,
        "order": Order("NAME"),
        "split": Split(
            "status",
            [status.value for status in InstallationStatus],
            unless=frozenset({"found"}),
            sort="STATUS",
        ),
        # By an index, unless it is so much that comparing along the list is quicker.
        "lookup": Lookup("search", "found", found, lambda wanted: len(wanted) >= SHORTEST_INDEXED),
        **more,
    }
    timed = Listing(
        source=_by_time,
        id=_timing.c.installation_id,
        parent=_timing.c[parent],
        sorts=_TIMES,
        filters=_filters(_timing.c.ends_on, _timing),
        late=_LATE,
        **shared,
    )
    return Listing(
        source=_source,
        id=_installation.c.id,
        parent=_installation.c[parent],
        sorts=_SORTS,
        filters=_filters(_key.c.expires_on, _installation),
        variants=dict.fromkeys(_TIMES, timed),
        **shared,
    )


def _via_keys(parent: Any, *, always: bool = False, columns: Sequence[Any] = COLUMNS) -> Via:
    """What is asked about keys chooses keys; each key's installations stand in the order of its own index."""
    return Via(
        source=_group,
        id=_group.c.id,
        parent=parent,
        filters={
            "license_key_id": lambda value: _group.c.id == value,
            "expired": lambda value: _group.c.expires_on < value,
            "expires_from": lambda value: _group.c.expires_on >= value,
            "expires_to": lambda value: _group.c.expires_on <= value,
        },
        sorts={"LICENSE_EXPIRES_ON": sa.func.coalesce(_group.c.expires_on, _FOREVER, type_=sa.Date())},
        always=always,
        listing=_listing("license_key_id", _found_in_key, name="of-key", columns=columns),
    )


def _counted(parent: str) -> Counted:
    return Counted(
        source=_tally.outerjoin(_key, _key.c.id == _tally.c.license_key_id),
        parent=_tally.c[parent],
        total=sa.cast(sa.func.coalesce(sa.func.sum(_tally.c.change), 0), sa.Integer),
        filters=_TALLY_FILTERS,
    )


def of_account(name: str, kind: InstallationKind, columns: Sequence[Any] = COLUMNS) -> Listing:
    """DEV-7: an account's installations of one kind."""
    return _listing(
        "account_id",
        _found_in_account,
        name=name,
        prepare=lambda values, clock: {**prepared(values, clock), "kind": kind.value},
        columns=columns,
        via=_via_keys(_group.c.account_id, columns=columns),
        counted=_counted("account_id"),
    )


COMPUTERS = of_account("computers", InstallationKind.COMPUTER)
FARMS = of_account("farms", InstallationKind.FARM)
OF_KEY = _listing(
    "license_key_id",
    _found_in_key,
    name="installations",
    prepare=prepared,
    via=_via_keys(_group.c.id, always=True),
    counted=_counted("license_key_id"),
)
SILENT_DAYS = 30


def silent(values: dict[str, Any], clock: Clock) -> dict[str, Any]:
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
    source=_by_time,
    id=_timing.c.installation_id,
    parent=_timing.c.subscription_id,
    sorts={"LAST_CONTACT_AT": _timing.c.last_contact_at},
    order=Order("LAST_CONTACT_AT"),
    filters={
        # Written out, so that every plan can use the partial index.
        "status": lambda _value: sa.literal_column("installation_timing.status = 'ACTIVE'", sa.Boolean()),
        "silent_since": lambda value: _timing.c.last_contact_at <= value,
    },
    prepare=silent,
)


def _of_farm(name: str) -> Any:
    # Its present state is the one that began last.
    latest = sa.select(_state.c[name]).where(_state.c.installation_id == _installation.c.id)
    return latest.order_by(_state.c.began_at.desc()).limit(1).correlate(_installation).scalar_subquery()


# What an export shows besides (domain.exports.columns).
EXPORT_COLUMNS = (*COLUMNS, _key.c.name.label("key_name"))
_OF_FARMS = (
    _of_farm("used").label("current_usage"),
    _of_farm("peak").label("peak_usage"),
    _of_farm("license_limit").label("license_limit"),
    _of_farm("reported_at").label("last_report_at"),
)
_EXPORT_BY_IDS = compiled(
    sa.select(*EXPORT_COLUMNS, *_OF_FARMS)
    .select_from(_source)
    .where(_installation.c.id == sa.any_(ids_parameter()))
)
EXPORTS = {
    kind: of_account(
        f"export-{kind}",
        kind,
        columns=(*EXPORT_COLUMNS, *(_OF_FARMS if kind is InstallationKind.FARM else ())),
    )
    for kind in InstallationKind
}


async def exported_by_ids(read: Reader, installation_ids: Sequence[UUID]) -> dict[UUID, Row]:
    """DEV-10: chosen installations with what an export shows."""
    return by_key(await read.rows(_EXPORT_BY_IDS, ids=list(installation_ids)))


async def by_ids(read: Reader, installation_ids: Sequence[UUID]) -> dict[UUID, Row]:
    """Installations by ID."""
    return by_key(await read.rows(_BY_IDS, ids=list(installation_ids)))
