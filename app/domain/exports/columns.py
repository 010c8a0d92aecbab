"""What an export of installations can show, by the names of the GraphQL fields (DEV-10, FRM-4, PXY-2)."""

from collections.abc import Mapping, Sequence
from typing import Final

from app.core import ids
from app.domain.errors import DomainError, Invalid, refuse
from app.domain.exports import proxies
from app.domain.exports.csv import Column
from app.models.product import InstallationKind


def _named(name: str) -> Column:
    return lambda row: row[name]


_SHARED: Final[Mapping[str, Column]] = {
    "id": lambda row: ids.encode(row["__typename"], row["id"]),
    "name": _named("name"),
    "status": _named("status"),
    "pendingChange": _named("pending_change"),
    "product": _named("product"),
    "product.code": _named("product"),
    "licenseKey": _named("key_name"),
    "licenseKey.id": lambda row: row["license_key_id"] and ids.encode("LicenseKey", row["license_key_id"]),
    "licenseKey.name": _named("key_name"),
    "licenseExpiresOn": _named("license_expires_on"),
    "appVersion": _named("app_version"),
    "activatedAt": _named("activated_at"),
    "lastContactAt": _named("last_contact_at"),
    "note": _named("note"),
}
COLUMNS: Final[Mapping[InstallationKind, Mapping[str, Column]]] = {
    InstallationKind.COMPUTER: {
        **_SHARED,
        "alias": _named("alias"),
        "hostname": _named("hostname"),
        "hostOs": _named("host_os"),
        "hardware.serialNumber": _named("serial_number"),
        "hardware.macAddresses": _named("mac_addresses"),
        "hardware.ipAddresses": _named("ip_addresses"),
    },
    InstallationKind.FARM: {
        **_SHARED,
        "serverId": _named("machine"),
        "currentUsage": _named("current_usage"),
        "peakUsage": _named("peak_usage"),
        "limit": _named("license_limit"),
        "lastReportAt": _named("last_report_at"),
    },
    InstallationKind.PROXY_SERVER: {**_SHARED, **proxies.COLUMNS},
}
# DEV-7, FRM-4: what the list shows.
_USUAL: Final = (
    *("name", "status", "licenseKey", "serverId", "appVersion", "hostOs", "activatedAt", "lastContactAt"),
    *("lastReportAt", "licenseExpiresOn", "peakUsage", "note"),
)


def chosen(kind: InstallationKind, wanted: Sequence[str] | None) -> list[str]:
    """The columns asked for, or those of the list. Raises INVALID by `columns.N` for an unknown one."""
    known = COLUMNS[kind]
    if wanted is None:
        usual = proxies.USUAL if kind is InstallationKind.PROXY_SERVER else _USUAL
        return [name for name in usual if name in known]
    errors: list[DomainError] = []
    for place, name in enumerate(wanted):
        if name not in known:
            errors.append(
                Invalid(f"There is no such column; there are {', '.join(known)}.", "columns", str(place))
            )
    if not wanted:
        errors.append(Invalid("Choose at least one column.", "columns"))
    refuse(errors)
    return list(wanted)
