"""Where staff begin."""

from typing import Any

import strawberry

from app.engine.fields import Info
from app.resolvers.root import query
from app.schema.staff import STAFF_ROW, Staff


@strawberry.type
class StaffQuery:
    """staff."""

    @query("Only for staff; null for everybody else", public=True)
    async def staff(self, info: Info) -> Staff | None:
        """SUP-7."""
        row: Any = STAFF_ROW if info.context.actor.is_staff else None
        found: Staff | None = row
        return found
