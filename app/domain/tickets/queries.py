"""Tickets and what belongs to them, as the looking actor may see them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY

from app.core.clock import Clock
from app.core.database import Reader, Row
from app.core.paging import Listing, Order
from app.core.statements import compiled
from app.core.words import query_of
from app.domain.batches import by_key, grouped, ids_parameter, table_of, tagged
from app.domain.members import queries as members
from app.models.account import Membership
from app.models.person import Person
from app.models.ticket import (
    Attachment,
    Ticket,
    TicketAssignment,
    TicketMessage,
    TicketSurvey,
    TicketWatcher,
)

_ticket = table_of(Ticket)
_message = table_of(TicketMessage)
_attachment = table_of(Attachment)
_assignment = table_of(TicketAssignment)
_watcher = table_of(TicketWatcher)
_membership = table_of(Membership)
_person = table_of(Person)
_survey = table_of(TicketSurvey)

_COLUMNS = (*_ticket.c, tagged("Ticket"))
_MESSAGE_COLUMNS = (*_message.c, tagged("TicketMessage"))
_BY_IDS = compiled(sa.select(*_COLUMNS).where(_ticket.c.id == sa.any_(ids_parameter())))
_MESSAGES_BY_IDS = compiled(sa.select(*_MESSAGE_COLUMNS).where(_message.c.id == sa.any_(ids_parameter())))
_ATTACHMENTS = compiled(
    sa.select(_attachment)
    .where(_attachment.c.message_id == sa.any_(ids_parameter()))
    .order_by(_attachment.c.position)
)
_ASSIGNEES = compiled(
    sa.select(
        *_person.c,
        (_person.c.first_name + " " + _person.c.last_name).label("full_name"),
        tagged("Person"),
        _assignment.c.ticket_id,
    )
    .select_from(_assignment.join(_person, _person.c.id == _assignment.c.person_id))
    .where(_assignment.c.ticket_id == sa.any_(ids_parameter()))
)
_WATCHERS = compiled(
    sa.select(*members.COLUMNS, _watcher.c.ticket_id)
    .select_from(_watcher.join(_membership, _membership.c.id == _watcher.c.membership_id))
    .where(
        _watcher.c.ticket_id == sa.any_(ids_parameter()),
        _membership.c.role == "ACCOUNT_ADMINISTRATOR",
        _membership.c.status == "ACTIVE",
    )
    .order_by(_watcher.c.added_at, _membership.c.id)
)
_SURVEYS = compiled(sa.select(_survey).where(_survey.c.ticket_id == sa.any_(ids_parameter())))


def _prepared(values: dict[str, Any], _clock: Clock) -> dict[str, Any]:
    search = values.pop("search", None)
    if search and search.strip():
        values["search"] = query_of(search)
    if "statuses" in values:
        values["statuses"] = tuple(values["statuses"])
    return values


def _found(query: Any) -> sa.ColumnElement[bool]:
    # Looks beyond the viewer's rights, and applies them itself: see the migration that made it.
    found = sa.func.lychgate_found_tickets(sa.cast(query, TSQUERY)).table_valued(sa.column("id", sa.Uuid()))
    return _ticket.c.id.in_(sa.select(found.render_derived("found").c.id))


def _tickets(name: str, parent: sa.ColumnElement[Any] | None) -> Listing:
    return Listing(
        name=name,
        columns=_COLUMNS,
        source=_ticket,
        id=_ticket.c.id,
        parent=parent,
        sorts={"UPDATED_AT": _ticket.c.updated_at},
        order=Order("UPDATED_AT", descending=True),
        filters={
            "statuses": lambda value: _ticket.c.status == sa.any_(sa.cast(value, ARRAY(sa.Text()))),
            "product": lambda value: _ticket.c.product == value,
            "search": _found,
        },
        prepare=_prepared,
    )


OF_ACCOUNT = _tickets("tickets", _ticket.c.account_id)
QUEUE = _tickets("queue", None)
MESSAGES = Listing(
    name="ticketMessages",
    columns=_MESSAGE_COLUMNS,
    source=_message,
    id=_message.c.id,
    parent=_message.c.ticket_id,
    sorts={"CREATED_AT": _message.c.created_at},
    order=Order("CREATED_AT"),
)


async def by_ids(read: Reader, ids: Sequence[UUID]) -> dict[UUID, Row]:
    """Tickets by ID."""
    return by_key(await read.rows(_BY_IDS, ids=list(ids)))


async def messages_by_ids(read: Reader, ids: Sequence[UUID]) -> dict[UUID, Row]:
    """Messages by ID; notes for staff alone."""
    return by_key(await read.rows(_MESSAGES_BY_IDS, ids=list(ids)))


async def attachments_of(read: Reader, message_ids: Sequence[UUID]) -> dict[UUID, list[Row]]:
    """The files of each message, in the order in which they came."""
    return grouped(await read.rows(_ATTACHMENTS, ids=list(message_ids)), "message_id")


async def assignees_of(read: Reader, ticket_ids: Sequence[UUID]) -> dict[UUID, Row]:
    """Who of the staff works on each ticket; nobody as far as customers see."""
    return by_key(await read.rows(_ASSIGNEES, ids=list(ticket_ids)), "ticket_id")


async def watchers_of(read: Reader, ticket_ids: Sequence[UUID]) -> dict[UUID, list[Row]]:
    """SUP-5: the memberships that watch each ticket, as far as the viewer knows them."""
    return grouped(await read.rows(_WATCHERS, ids=list(ticket_ids)), "ticket_id")


async def surveys_of(read: Reader, ticket_ids: Sequence[UUID]) -> dict[UUID, Row]:
    """What customers thought of each ticket."""
    return by_key(await read.rows(_SURVEYS, ids=list(ticket_ids)), "ticket_id")
