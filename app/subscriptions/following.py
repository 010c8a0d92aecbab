"""Following a stream with the viewer's own rights: what was missed, then what comes (EVT-2)."""

from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import aclosing
from typing import Any
from uuid import UUID

from app.context import Context
from app.core import ids
from app.core.database import Row
from app.core.failures import Failure
from app.domain.accounts import queries as accounts
from app.domain.events import queries as events
from app.models.event import EventType
from app.subscriptions.hub import Hub


async def follow_account(
    context: Context, hub: Hub, account_id: str, types: Collection[EventType] | None, after: str | None
) -> AsyncGenerator[Row]:
    """An account's events, as long as the viewer belongs to it. Raises NOT_FOUND, CURSOR_EXPIRED."""
    stream = ids.decode(account_id, "BusinessAccount", "PersonalAccount")

    def allowed() -> bool:
        actor = context.actor
        return stream in actor.administered or stream in actor.member_of or actor.is_staff

    if stream is None or not allowed() or not await _exists(context, stream):
        msg = "This account was not found."
        raise Failure(msg, code="NOT_FOUND")
    async with aclosing(follow(context, hub, stream, allowed, types, after)) as rows:
        async for row in rows:
            yield row


async def follow_viewer(context: Context, hub: Hub, after: str | None) -> AsyncGenerator[Row]:
    """The viewer's own events, as long as the session lives."""
    stream = context.actor.person_id
    if stream is None:
        return
    async with aclosing(follow(context, hub, stream, lambda: context.actor.signed_in, None, after)) as rows:
        async for row in rows:
            yield row


async def follow(
    context: Context,
    hub: Hub,
    stream: UUID,
    allowed: Callable[[], bool],
    types: Collection[EventType] | None,
    after: str | None,
) -> AsyncGenerator[Row]:
    """Events behind the cursor (or from now on), each once, in order, until no longer allowed."""
    names = None if types is None else [type_.value for type_ in types]
    async with hub.watching(stream) as watch:
        reached = watch.last
        if after is not None:
            reached = await events.position(context.app.read_all(), stream, after, context.clock.now())
        while True:
            known = watch.last
            await context.renew()
            if not allowed():
                return
            rows = await hub.reading(events.after(context.read(), stream, reached, names))
            for row in rows:
                reached = row["sequence"]
                context.forget()
                yield row
            if len(rows) < events.PAGE:
                # What the viewer may not see has a number too: it is passed over.
                reached = max(reached, known)
                await watch.beyond(reached)


async def _exists(context: Context, stream: UUID) -> Any:
    return (await accounts.by_ids(context.read(), [stream])).get(stream)
