"""Proxy servers, and what each of their products uses."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from app.domain.farms import usage
from app.domain.keys import queries as keys
from app.domain.proxies import queries as proxies
from app.engine.fields import Info, column, get, relation
from app.engine.fields import global_id as id_of
from app.models.product import ProductCode
from app.schema.farms import UsageDay
from app.schema.installations import Installation
from app.schema.keys import pool_of
from app.schema.node import Tagged

if TYPE_CHECKING:
    from app.schema.keys import LicenseKey

_FROM = Annotated[
    date | None, strawberry.argument(name="from", description="Not before this day; 400 days are kept")
]
_TO = Annotated[date | None, strawberry.argument(description="Not after this day")]


@strawberry.type(description="A proxy server's use of one product (PXY-1)")
class ProxyActivation:
    """An activation's row, with its key's quota."""

    license_key: Annotated["LicenseKey", strawberry.lazy("app.schema.keys")] = relation(
        keys.by_ids, "The key whose licences it uses", key="license_key_id"
    )
    offline: bool = column("Whether files activated it: then a file alone releases its key (PXY-6)")
    activated_at: datetime = column("When it took its key")
    last_report_at: datetime | None = column("When it reported its devices last", name="reported_at")
    managed: int = column("Devices managed, by the latest report")

    @strawberry.field(description="Devices that its key gives: the quota, or the pool")
    async def maximum(self, info: Info) -> int:
        """KEY-2."""
        return await _maximum(self, info)

    @strawberry.field(description="Devices that it can still manage; none while it manages too many")
    async def remaining(self, info: Info) -> int:
        """OVR-9: never below zero."""
        return max(0, await _maximum(self, info) - int(get(self, "managed")))

    @strawberry.field(description="The days on which it reported, oldest first (PXY-3)")
    async def usage_history(self, info: Info, from_: _FROM = None, to: _TO = None) -> list[UsageDay]:
        """PXY-3."""
        row: Any = self
        first = max(from_ or date.min, usage.first_day(info.context.clock.today()))
        days = await info.context.load(proxies.days_between(first, to or date.max), row["installation_id"])
        found: list[Any] = days or []
        return [day for day in found if day["product"] == row["product"]]


async def _maximum(row: Any, info: Info) -> int:
    if row["quota"] is not None:
        return int(row["quota"])
    return max(0, (await pool_of(row["subscription_id"], info)).size)


async def _activations(root: Any, info: Info) -> list[Any]:
    found: list[Any] | None = await info.context.load(proxies.activations_of, get(root, "id"))
    return found or []


def _activation(product: ProductCode, description: str) -> Any:
    async def resolve(root: Any, info: Info) -> Any:
        return next((row for row in await _activations(root, info) if row["product"] == product), None)

    resolve.__annotations__.pop("return")
    return strawberry.field(resolver=resolve, description=description)


def _of_server(name: str, description: str) -> Any:
    async def resolve(root: Any, info: Info) -> Any:
        return (await info.context.load(proxies.servers_of, get(root, "id")))[name]

    resolve.__annotations__.pop("return")
    return strawberry.field(resolver=resolve, description=description)


def _ends_on() -> Any:
    async def resolve(root: Any, info: Info) -> Any:
        found = await _activations(root, info)
        if not found:  # the key that it used last
            return get(root, "license_expires_on")
        return min((row["license_expires_on"] for row in found if row["license_expires_on"]), default=None)

    resolve.__annotations__.pop("return")
    text = "The last good day of whatever ends first of what it uses; null if nothing has an end"
    return strawberry.field(resolver=resolve, description=text)


@strawberry.type(description="A proxy server: it manages Mac computers, mobile devices or both (PXY-1)")
class ProxyServer(Tagged, Installation):
    """An installation's row; what it uses stands beside it."""

    id: strawberry.ID = id_of("ProxyServer")
    hostname: str = column("Its own name")
    site_code: str = _of_server("site_code", "The site that it serves; with the hostname it names the server")
    site_description: str = _of_server("site_description", "What that site is")
    mac: ProxyActivation | None = _activation(
        ProductCode.DEVICE_MANAGEMENT_MAC, "Its use of a key for Mac computers; null if it has none"
    )
    mobile: ProxyActivation | None = _activation(
        ProductCode.DEVICE_MANAGEMENT_MOBILE, "Its use of a key for mobile devices; null if it has none"
    )

    license_expires_on: date | None = _ends_on()

    @strawberry.field(description="Whether files activated any of its products (PXY-4)")
    async def offline_use(self, info: Info) -> bool:
        """PXY-2."""
        return any(row["offline"] for row in await _activations(self, info))
