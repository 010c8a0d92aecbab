"""Lists of proxy servers (PXY-2). One is found by each of its keys and products, and there are few of them."""

from typing import Any, Final

import sqlalchemy as sa

from app.core.clock import Clock
from app.core.paging import Listing, Order
from app.domain.batches import table_of
from app.domain.installations import queries
from app.models.installation import Installation
from app.models.license_key import LicenseKey
from app.models.product import InstallationKind
from app.models.proxy import ProxyActivation, ProxyServer

_installation = table_of(Installation)
_server = table_of(ProxyServer)
_key = table_of(LicenseKey)
_activation = table_of(ProxyActivation)
_any = _activation.alias("any_activation")
_used = _activation.alias("used_activation")
_used_key = _key.alias("used_key")
_FOREVER = sa.literal_column("date '9999-12-31'", sa.Date())

# What ends first of what it uses; for one that uses nothing, what it shows.
_ENDS_ON: Any = sa.func.coalesce(
    sa.select(sa.func.min(sa.func.coalesce(_used_key.c.expires_on, _FOREVER, type_=sa.Date())))
    .select_from(_used.join(_used_key, _used_key.c.id == _used.c.license_key_id))
    .where(_used.c.installation_id == _installation.c.id, _used.c.active)
    .correlate(_installation)
    .scalar_subquery(),
    _key.c.expires_on,
    _FOREVER,
    type_=sa.Date(),
)
_SORTS: Final = {
    "NAME": _installation.c.name_key,
    "STATUS": _installation.c.status,
    "ACTIVATED_AT": _installation.c.activated_at,
    "LAST_CONTACT_AT": _installation.c.last_contact_at,
    "LICENSE_EXPIRES_ON": _ENDS_ON,
    "APP_VERSION": _installation.c.app_version,
}


def _with(condition: Any) -> Any:
    return sa.exists(
        sa.select(sa.literal(1))
        .select_from(_any)
        .where(_any.c.installation_id == _installation.c.id, condition)
        .correlate(_installation)
    )


def _found(wanted: Any) -> Any:
    text = sa.func.lower(
        sa.func.concat_ws(
            "\n",
            _installation.c.hostname,
            _server.c.site_code,
            _server.c.site_description,
            _installation.c.note,
        )
    )
    return sa.func.strpos(text, sa.func.lower(sa.cast(wanted, sa.Text))) > 0


_FILTERS: Final = {
    "kind": lambda value: _installation.c.kind == value,
    "status": lambda value: _installation.c.status == value,
    "product": lambda value: _with(_any.c.product == value),
    "license_key_id": lambda value: _with(_any.c.license_key_id == value),
    "search": _found,
    "expired": lambda value: value > _ENDS_ON,
    "expires_from": lambda value: value <= _ENDS_ON,
    "expires_to": lambda value: value >= _ENDS_ON,
    "silent_since": lambda value: _installation.c.last_contact_at <= value,
}
_source = _installation.join(_server, _server.c.installation_id == _installation.c.id).outerjoin(
    _key, _key.c.id == _installation.c.license_key_id
)


def _prepared(values: dict[str, Any], clock: Clock) -> dict[str, Any]:
    return {**queries.prepared(values, clock), "kind": InstallationKind.PROXY_SERVER.value}


def of_account(name: str, columns: Any = queries.COLUMNS) -> Listing:
    """PXY-2: an account's proxy servers."""
    return Listing(
        name=name,
        columns=columns,
        source=_source,
        id=_installation.c.id,
        parent=_installation.c.account_id,
        sorts=_SORTS,
        order=Order("NAME"),
        filters=_FILTERS,
        prepare=_prepared,
    )


PROXY_SERVERS: Final = of_account("proxy-servers")
EXPORTED: Final = of_account("exported-proxy-servers", queries.EXPORT_COLUMNS)
OF_KEY: Final = Listing(
    name="proxy-servers-of-key",
    columns=queries.COLUMNS,
    source=_source.join(_activation, _activation.c.installation_id == _installation.c.id),
    id=_installation.c.id,
    parent=_activation.c.license_key_id,
    sorts=_SORTS,
    order=Order("NAME"),
    filters=_FILTERS,
    prepare=_prepared,
)
# SUB-16: of what a subscription's keys are used for now.
SILENT: Final = Listing(
    name="reclaimable-proxy-servers",
    columns=queries.COLUMNS,
    source=_source.join(
        _activation,
        sa.and_(_activation.c.installation_id == _installation.c.id, _activation.c.active),
    ),
    id=_installation.c.id,
    parent=_activation.c.subscription_id,
    sorts={"LAST_CONTACT_AT": _installation.c.last_contact_at},
    order=Order("LAST_CONTACT_AT"),
    filters=_FILTERS,
    prepare=queries.silent,
)
