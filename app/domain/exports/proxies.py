"""What an export of proxy servers shows of what each uses (PXY-2)."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from app.core.database import Reader, Row
from app.domain.exports.csv import Column
from app.domain.proxies import queries as proxies
from app.domain.subscriptions import usage
from app.models.product import ProductCode

_PRODUCTS: Final = {
    "mac": ProductCode.DEVICE_MANAGEMENT_MAC,
    "mobile": ProductCode.DEVICE_MANAGEMENT_MOBILE,
}
_SHOWN: Final = {
    "licenseKey": "key_name",
    "offline": "offline",
    "activatedAt": "activated_at",
    "lastReportAt": "reported_at",
    "maximum": "maximum",
    "managed": "managed",
    "remaining": "remaining",
}


def _of(product: str, name: str) -> Column:
    return lambda row: (row[product] or {}).get(name)


COLUMNS: Final[Mapping[str, Column]] = {
    "hostname": lambda row: row["hostname"],
    "siteCode": lambda row: row["site_code"],
    "siteDescription": lambda row: row["site_description"],
    "offlineUse": lambda row: row["offline_use"],
    **{f"{product}.{name}": _of(product, column) for product in _PRODUCTS for name, column in _SHOWN.items()},
}
USUAL: Final = (
    *("name", "status", "mac.licenseKey", "mobile.licenseKey", "siteCode", "siteDescription", "offlineUse"),
    *("appVersion", "activatedAt", "mac.lastReportAt", "mac.maximum", "mac.managed"),
    *("mobile.lastReportAt", "mobile.maximum", "mobile.managed", "licenseExpiresOn", "note"),
)


async def detailed(read: Reader, rows: Sequence[Row], today: date) -> list[dict[str, Any]]:
    """The rows with site and activations: three statements, however many there are."""
    ids = [row["id"] for row in rows]
    servers = await proxies.servers_of(read, ids)
    used = await proxies.activations_of(read, ids)
    subscriptions = sorted({each["subscription_id"] for uses in used.values() for each in uses})
    pools = await usage.pools_on(today)(read, subscriptions)
    return [
        {**row, **servers[row["id"]], **_uses(used.get(row["id"], []), pools)}
        for row in rows
        if row["id"] in servers
    ]


def _uses(uses: Sequence[Row], pools: Mapping[Any, Row]) -> dict[str, Any]:
    shown: dict[str, Any] = dict.fromkeys(_PRODUCTS)
    for name, product in _PRODUCTS.items():
        for row in uses:
            if row["product"] == product:
                pool = pools[row["subscription_id"]]
                quota = row["quota"]
                maximum = max(0, pool["quantity"] - pool["reserved"]) if quota is None else quota
                shown[name] = {**row, "maximum": maximum, "remaining": max(0, maximum - row["managed"])}
    ends = [row["license_expires_on"] for row in uses if row["license_expires_on"]]
    return {
        **shown,
        "offline_use": any(row["offline"] for row in uses),
        **({"license_expires_on": min(ends, default=None)} if uses else {}),
    }
