"""Following a stream with the viewer's own rights: what was missed, then what comes (EVT-2)."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Sequence
from contextlib import aclosing, nullcontext
from functools import partial
from typing import Any, Final, TypeVar
from uuid import UUID

from app.context import Context
from app.core import ids
from app.core.database import Row
from app.core.failures import Failure
from app.core.metrics import LIVE_LAG
from app.core.wakeups import database_away
from app.domain.accounts import queries as accounts
from app.domain.events import cursors
from app.domain.events import queries as events
from app.engine.members import Share
from app.models.event import EventType
from app.subscriptions.hub import Hub, Watch
from app.subscriptions.sharing import share_of

_RETRY_SECONDS: Final = 0.5
T = TypeVar("T")


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

    def share() -> Share:
        return share_of(context, stream, allowed, after)

    async with aclosing(follow(context, hub, stream, allowed, types, after, share)) as rows:
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
    share: Callable[[], Share] | None = None,
) -> AsyncGenerator[Row]:
    """Events behind the cursor (or from now on), each once, in order, until no longer allowed.

    Where the transport can share answers, this ends when the viewer has caught up, and
    leaves `context.share` for it to go on with.

    Raises FORBIDDEN for an access token without READ, at once (IDN-10).
    """
    context.require_reading()
    names = None if types is None else [type_.value for type_ in types]
    # A group's rights are those of its members, who are looked after one by one.
    owner = context.actor.sign_in_id if context.group is None else None
    async with hub.watching(stream, owner) as watch:
        began = watch.last
        context.reached = watch.reached = await _beginning(context, stream, watch, after)
        context.listening = True
        while True:
            known = watch.last
            if not await _patiently(partial(_may_go_on, context, hub, stream, allowed)):
                return
            async with nullcontext() if context.group is None else hub.turn():
                # What comes meanwhile waits until it is known again who may see it.
                rows = await _patiently(partial(_news, context, hub, stream, names, known))
                for row in rows:
                    context.reached = row["sequence"]
                    context.place = cursors.encode(stream, context.reached)
                    context.forget()
                    if context.reached > began:
                        LIVE_LAG.observe((context.clock.now() - row["occurred_at"]).total_seconds())
                    yield row
                    watch.reached = context.reached
            if len(rows) < events.PAGE:
                # What the viewer may not see has a number too: it is passed over.
                context.reached = watch.reached = max(context.reached, known)
                if share is not None and context.shares and context.group is None:
                    context.share = share()
                    return
                await watch.beyond(context.reached)


async def _patiently(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask until PostgreSQL answers: who listens needn't hear that it is restarted."""
    while True:
        try:
            return await ask()
        except database_away():
            await asyncio.sleep(_RETRY_SECONDS)


async def _news(
    context: Context, hub: Hub, stream: UUID, names: Collection[str] | None, known: int
) -> Sequence[Row]:
    """The next events; a group's up to the number that it is known of who may see them."""
    now = context.clock.now()
    rows = await hub.reading(events.after(context.read(), stream, context.reached, names, now))
    return rows if context.group is None else [row for row in rows if row["sequence"] <= known]


async def _beginning(context: Context, stream: UUID, watch: Watch, after: str | None) -> int:
    if context.resume_at is not None:
        return context.resume_at
    cursor = context.last_event_id or after
    if cursor is None:
        return watch.last
    return await events.position(context.app.read_all(), stream, cursor, context.clock.now())


async def _may_go_on(context: Context, hub: Hub, stream: UUID, allowed: Callable[[], bool]) -> bool:
    """Rights as they are now: one's own, or each member's if the group's log says that some have changed."""
    await context.renew()
    if context.group is None:
        return allowed()
    if await hub.rights_changed(stream, context.reached):
        await context.group.revalidate()
    return True


async def _exists(context: Context, stream: UUID) -> Any:
    return (await accounts.by_ids(context.read(), [stream])).get(stream)
