"""Root subscriptions over the event log."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any

import strawberry

from app.core import ids
from app.engine.fields import Info
from app.engine.scalars import Cursor
from app.models.event import EventType as Types
from app.schema.events import Event, EventType, InstallationChanged
from app.subscriptions.following import follow_account, follow_viewer

_ACCOUNT = Annotated[strawberry.ID, strawberry.argument(description="The account whose events to follow")]
_AFTER = Annotated[
    Cursor | None, strawberry.argument(description="Begin with what was missed behind this cursor")
]
_INSTALLATION_TYPES = [type_ for type_ in Types if type_.startswith("INSTALLATION_")]


@strawberry.type
class EventSubscription:
    """accountEvents, installationChanges, viewerEvents."""

    @strawberry.subscription(
        description="Every event of an account that the viewer may see, as it happens (EVT-2)"
    )
    async def account_events(
        self,
        info: Info,
        account_id: _ACCOUNT,
        types: Annotated[
            list[EventType] | None, strawberry.argument(description="Only events of these types")
        ] = None,
        after: _AFTER = None,
    ) -> AsyncIterator[Event]:
        """EVT-2."""
        info.context.require_sign_in()
        context: Any = info.context
        async with aclosing(follow_account(context, context.hub, account_id, types, after)) as rows:
            async for row in rows:
                yield row  # type: ignore[misc]  # a row

    @strawberry.subscription(description="What happens to an account's installations, as it happens")
    async def installation_changes(
        self,
        info: Info,
        account_id: _ACCOUNT,
        license_key_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Only what concerns this key")
        ] = None,
        after: _AFTER = None,
    ) -> AsyncIterator[InstallationChanged]:
        """EVT-2."""
        info.context.require_sign_in()
        context: Any = info.context
        wanted = license_key_id and ids.decode(license_key_id, "LicenseKey")
        async with aclosing(
            follow_account(context, context.hub, account_id, _INSTALLATION_TYPES, after)
        ) as rows:
            async for row in rows:
                if license_key_id is None or row["license_key_id"] == wanted:
                    yield row  # type: ignore[misc]  # a row

    @strawberry.subscription(
        description="What happens to the viewer: memberships, sessions, invitations (EVT-2)"
    )
    async def viewer_events(self, info: Info, after: _AFTER = None) -> AsyncIterator[Event]:
        """EVT-2."""
        info.context.require_sign_in()
        context: Any = info.context
        async with aclosing(follow_viewer(context, context.hub, after)) as rows:
            async for row in rows:
                yield row  # type: ignore[misc]  # a row
