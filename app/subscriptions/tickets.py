"""Root subscription over tickets."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any
from uuid import UUID

import strawberry

from app.context import Context
from app.core import ids
from app.core.database import Row
from app.core.failures import Failure
from app.domain.events.record import STAFF_QUEUE
from app.domain.tickets import queries as tickets
from app.engine.fields import Info
from app.engine.members import Share
from app.engine.scalars import Cursor
from app.models.event import EventType
from app.schema.events import TicketEvent
from app.subscriptions.following import follow
from app.subscriptions.sharing import share_of

_TYPES = [type_ for type_ in EventType if type_.startswith("TICKET_")]


@strawberry.type
class TicketSubscription:
    """ticketUpdates."""

    @strawberry.subscription(
        description="What happens to tickets: of an account, of one ticket, or, for staff who name neither, "
        "of all accounts, with internal notes (EVT-2, SUP-6)"
    )
    async def ticket_updates(
        self,
        info: Info,
        account_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="All tickets of this account")
        ] = None,
        ticket_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="This ticket alone")
        ] = None,
        after: Annotated[
            Cursor | None, strawberry.argument(description="Begin with what was missed behind this cursor")
        ] = None,
    ) -> AsyncIterator[TicketEvent]:
        """EVT-2, SUP-6."""
        info.context.require_sign_in()
        context: Any = info.context
        async with aclosing(_updates(context, account_id, ticket_id, after)) as rows:
            async for row in rows:
                yield row  # type: ignore[misc]  # a row


async def _updates(
    context: Context, account_id: str | None, ticket_id: str | None, after: str | None
) -> AsyncGenerator[Row]:
    """Raises NOT_FOUND, BAD_USER_INPUT, CURSOR_EXPIRED."""
    wanted = None if ticket_id is None else await _ticket(context, ticket_id)
    stream = _stream(context, account_id, wanted)

    def allowed() -> bool:
        return context.actor.is_staff or stream in context.actor.ticket_accounts

    if not allowed():
        raise _not_found()

    def share() -> Share:
        return share_of(context, stream, allowed, after)

    async with aclosing(follow(context, context.hub, stream, allowed, _TYPES, after, share)) as rows:
        async for row in rows:
            if wanted is None or row["subject_id"] == wanted["id"]:
                yield row


async def _ticket(context: Context, ticket_id: str) -> Row:
    id_ = ids.decode(ticket_id, "Ticket")
    row: Row | None = None if id_ is None else await context.load(tickets.by_ids, id_)
    if row is None:
        raise _not_found()
    return row


def _stream(context: Context, account_id: str | None, ticket: Row | None) -> UUID:
    if account_id is None and ticket is None:
        if not context.actor.is_staff:
            msg = "Name an account or a ticket."
            raise Failure(msg)
        return STAFF_QUEUE
    named = None if account_id is None else ids.decode(account_id, "BusinessAccount")
    stream: UUID | None = named if ticket is None else ticket["account_id"]
    if stream is None or (account_id is not None and named != stream):
        raise _not_found()
    return stream


def _not_found() -> Failure:
    msg = "There are no such tickets."
    return Failure(msg, code="NOT_FOUND")
