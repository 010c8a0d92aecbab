"""States and usage of farms, as the looking actor may see them."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from app.core.database import Reader, Row
from app.core.statements import compiled
from app.domain.batches import Batch, by_key, days_of, grouped, ids_parameter, table_of
from app.models.farm import FarmState, FarmUsageDay, FarmUsageReport
from app.models.installation import Installation
from app.models.product import Product

_state = table_of(FarmState)
_report = table_of(FarmUsageReport)
_installation = table_of(Installation)
_product = table_of(Product)

# FRM-6; days without a report have no row.
days_between = days_of(table_of(FarmUsageDay))

# The product's numbers come along: what is shown is the state of this very moment.
_STATES = compiled(
    sa.select(
        *_state.c,
        _installation.c.status,
        _product.c.overuse_grace_days,
        _product.c.overuse_reminder_hours,
        _product.c.validation_minutes,
        _product.c.suspension_from_minutes,
        _product.c.suspension_by_minutes,
    )
    .select_from(
        _state.join(_installation, _installation.c.id == _state.c.installation_id).join(
            _product, _product.c.code == _installation.c.product
        )
    )
    .where(_state.c.installation_id == sa.any_(ids_parameter()))
    .ext(distinct_on(_state.c.installation_id))
    .order_by(_state.c.installation_id, _state.c.began_at.desc())
)
_farms = (
    sa.func.unnest(ids_parameter()).table_valued(sa.column("id", sa.Uuid()), name="farm").render_derived()
)
_latest = (
    sa.select(_report)
    .where(_report.c.installation_id == _farms.c.id, _report.c.at >= sa.bindparam("since"))
    .order_by(_report.c.at.desc())
    .limit(sa.bindparam("size", type_=sa.BigInteger()))
    .lateral("latest")
)
_REPORTS = compiled(
    sa.select(*_latest.c).select_from(_farms.join(_latest, sa.true())).order_by(_latest.c.at.desc())
)


async def states_of(read: Reader, installation_ids: Sequence[UUID]) -> dict[UUID, Row]:
    """The present state of each farm, with its product's numbers."""
    return by_key(await read.rows(_STATES, ids=list(installation_ids)), "installation_id")


@lru_cache(maxsize=256)
def reports_since(since: datetime, size: int) -> Batch:
    """The batch query for the latest reports, newest first."""

    async def reports_of(read: Reader, installation_ids: Sequence[UUID]) -> dict[UUID, list[Row]]:
        rows = await read.rows(_REPORTS, ids=list(installation_ids), since=since, size=size)
        return grouped(rows, "installation_id")

    return reports_of
