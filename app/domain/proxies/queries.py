"""Activations and usage of proxy servers, as the looking actor may see them."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa

from app.core.database import Reader, Row
from app.core.statements import compiled
from app.domain.batches import by_key, days_of, grouped, ids_parameter, table_of
from app.models.license_key import LicenseKey
from app.models.proxy import ProxyActivation, ProxyServer, ProxyUsageDay

_server = table_of(ProxyServer)
_activation = table_of(ProxyActivation)
_key = table_of(LicenseKey)
# PXY-3: of both products; days without a report have no row.
days_between = days_of(table_of(ProxyUsageDay))

_SERVERS = compiled(
    sa.select(_server.c.installation_id, _server.c.site_code, _server.c.site_description).where(
        _server.c.installation_id == sa.any_(ids_parameter())
    )
)
# Whoever sees an activation sees its key.
_ACTIVATIONS = compiled(
    sa.select(
        *_activation.c,
        _key.c.quota,
        _key.c.name.label("key_name"),
        _key.c.expires_on.label("license_expires_on"),
    )
    .select_from(_activation.join(_key, _key.c.id == _activation.c.license_key_id))
    .where(_activation.c.installation_id == sa.any_(ids_parameter()), _activation.c.active)
    .order_by(_activation.c.product)
)


async def servers_of(read: Reader, installation_ids: Sequence[UUID]) -> dict[UUID, Row]:
    """What only proxy servers have: site code and description."""
    return by_key(await read.rows(_SERVERS, ids=list(installation_ids)), "installation_id")


async def activations_of(read: Reader, installation_ids: Sequence[UUID]) -> dict[UUID, list[Row]]:
    """PXY-2: what each proxy server uses now, by product, with its key's quota and end."""
    return grouped(await read.rows(_ACTIVATIONS, ids=list(installation_ids)), "installation_id")
