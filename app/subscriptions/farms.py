"""Root subscriptions about farms (EVT-2)."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any, Final

import strawberry

from app.core import ids
from app.core.failures import Failure
from app.domain.installations import queries as installations
from app.engine.fields import Info
from app.engine.scalars import Cursor
from app.models.event import EventType as Types
from app.schema.farm_events import FarmDeactivated, OveruseAlert
from app.subscriptions.following import follow_account

_ACCOUNT = Annotated[strawberry.ID, strawberry.argument(description="The account whose events to follow")]
_AFTER = Annotated[
    Cursor | None, strawberry.argument(description="Begin with what was missed behind this cursor")
]
_DEACTIVATIONS: Final = [Types.FARM_DEACTIVATED]
_ALERTS: Final = [type_ for type_ in Types if type_.startswith("OVERUSE_")]


@strawberry.type
class FarmSubscription:
    """farmDeactivations, overuseAlerts."""

    @strawberry.subscription(
        description="Farms that stop working, and why: whatever may be seen of them (ACC-11)"
    )
    async def farm_deactivations(
        self,
        info: Info,
        account_id: _ACCOUNT,
        farm_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Only what concerns this farm")
        ] = None,
        after: _AFTER = None,
    ) -> AsyncIterator[FarmDeactivated]:
        """EVT-2, OVR-3."""
        info.context.require_sign_in()
        context: Any = info.context
        farm = None if farm_id is None else await _farm(context, farm_id)
        async with aclosing(follow_account(context, context.hub, account_id, _DEACTIVATIONS, after)) as rows:
            async for row in rows:
                if farm is None or row["subject_id"] == farm:
                    yield row  # type: ignore[misc]  # a row

    @strawberry.subscription(description="More use than was bought: where that begins, leads and ends (OVR)")
    async def overuse_alerts(
        self, info: Info, account_id: _ACCOUNT, after: _AFTER = None
    ) -> AsyncIterator[OveruseAlert]:
        """EVT-2, OVR-2."""
        info.context.require_sign_in()
        context: Any = info.context
        async with aclosing(follow_account(context, context.hub, account_id, _ALERTS, after)) as rows:
            async for row in rows:
                yield row  # type: ignore[misc]  # a row


async def _farm(context: Any, farm_id: str) -> Any:
    """Raises NOT_FOUND for one that isn't there, or may not be seen (ACC-14)."""
    wanted = ids.decode(farm_id, "Farm")
    found = {} if wanted is None else await installations.by_ids(context.read(), [wanted])
    if wanted not in found:
        msg = "This farm was not found."
        raise Failure(msg, code="NOT_FOUND")
    return wanted
