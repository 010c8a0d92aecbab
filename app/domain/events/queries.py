"""Reading the event log, as the looking actor may see it (EVT-4)."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from app.core import ids
from app.core.clock import Clock
from app.core.database import Reader, Row
from app.core.ids import new_id
from app.core.paging import Listing, Order
from app.core.statements import compiled
from app.domain.batches import ids_parameter, table_of
from app.domain.events import cursors
from app.models.event import Event, EventStream, EventType

PAGE: int = 100
_event = table_of(Event)
_stream = table_of(EventStream)
_INSTALLATIONS = [name.value for name in EventType if name.startswith("INSTALLATION_")]
_TICKETS = [name.value for name in EventType if name.startswith("TICKET_")]
_OVERUSE = [name.value for name in EventType if name.startswith("OVERUSE_")]

_TYPENAME = sa.case(
    (
        _event.c.type.in_([sa.literal_column(f"'{name}'") for name in _INSTALLATIONS]),
        sa.literal_column("'InstallationChanged'"),
    ),
    (
        _event.c.type.in_([sa.literal_column(f"'{name}'") for name in _TICKETS]),
        sa.literal_column("'TicketEvent'"),
    ),
    (_event.c.type == sa.literal_column("'FARM_DEACTIVATED'"), sa.literal_column("'FarmDeactivated'")),
    (
        _event.c.type.in_([sa.literal_column(f"'{name}'") for name in _OVERUSE]),
        sa.literal_column("'OveruseAlert'"),
    ),
    else_=sa.literal_column("'GeneralEvent'"),
).label("__typename")
COLUMNS = (*_event.c, _TYPENAME)

# Only the months in which something that may still be resumed behind can be: a transaction's events have
# the time at which it began, so that a day is more than enough.
_recent = _event.c.occurred_at >= sa.bindparam("since")
_MARGIN = timedelta(days=1)
_AFTER = (
    sa.select(*COLUMNS)
    .where(_event.c.stream_id == sa.bindparam("stream"), _event.c.sequence > sa.bindparam("after"), _recent)
    .order_by(_event.c.sequence)
    .limit(sa.bindparam("size", type_=sa.BigInteger()))
)
_ALL_AFTER = compiled(_AFTER)
_SOME_AFTER = compiled(_AFTER.where(_event.c.type == sa.any_(sa.bindparam("types", type_=ARRAY(sa.Text())))))
_asked = (
    sa.func.unnest(
        sa.bindparam("streams", type_=ARRAY(sa.Uuid())), sa.bindparam("afters", type_=ARRAY(sa.BigInteger()))
    )
    .table_valued(sa.column("stream", sa.Uuid()), sa.column("after", sa.BigInteger()))
    .render_derived(name="asked")
)
# LIMIT keeps it a look into the index for each stream.
_found = (
    sa.select(sa.literal(1).label("one"))
    .where(
        _event.c.stream_id == _asked.c.stream,
        _event.c.sequence > _asked.c.after,
        _recent,
        _event.c.type == sa.any_(sa.bindparam("types", type_=ARRAY(sa.Text()))),
    )
    .limit(1)
    .lateral()
)
_CONTAINING = compiled(sa.select(_asked.c.stream).join_from(_asked, _found, sa.true()))
_LAST = compiled(sa.select(_stream).where(_stream.c.id == sa.any_(ids_parameter())))
_OCCURRED = compiled(
    sa.select(_event.c.occurred_at).where(
        _event.c.stream_id == sa.bindparam("stream"), _event.c.sequence == sa.bindparam("sequence")
    )
)


def _prepared(values: dict[str, Any], _clock: Clock) -> dict[str, Any]:
    person = values.pop("actor_person_id", None)
    if person is not None:
        values["actor_person_id"] = ids.decode(person, "Person") or new_id()
    if "types" in values:
        values["types"] = tuple(values["types"])
    return values


OF_ACCOUNT = Listing(
    name="events",
    columns=COLUMNS,
    source=_event,
    id=_event.c.id,
    parent=_event.c.stream_id,
    sorts={"SEQUENCE": _event.c.sequence},
    order=Order("SEQUENCE", descending=True),
    filters={
        "types": lambda value: _event.c.type == sa.any_(sa.cast(value, ARRAY(sa.Text()))),
        "actor_person_id": lambda value: _event.c.actor_person_id == value,
        "from_": lambda value: _event.c.occurred_at >= value,
        "to": lambda value: _event.c.occurred_at < value,
    },
    prepare=_prepared,
)


async def after(
    read: Reader, stream_id: UUID, sequence: int, types: Collection[str] | None, now: datetime
) -> Sequence[Row]:
    """The next events of a stream that the actor may see, at most a page, in order; 30 days back from now."""
    place: dict[str, Any] = {"stream": stream_id, "after": sequence, "since": _since(now)}
    if types is None:
        return await read.rows(_ALL_AFTER, size=PAGE, **place)
    return await read.rows(_SOME_AFTER, size=PAGE, types=list(types), **place)


async def containing(
    read: Reader, places: Collection[tuple[UUID, int]], types: Collection[str], now: datetime
) -> set[tuple[UUID, int]]:
    """The places (a stream and a number) behind which one of these types comes."""
    streams, afters = [stream for stream, _ in places], [after for _, after in places]
    rows = await read.rows(_CONTAINING, streams=streams, afters=afters, types=list(types), since=_since(now))
    found = {row["stream"] for row in rows}
    return {place for place in places if place[0] in found}


def _since(now: datetime) -> datetime:
    return now - cursors.KEPT - _MARGIN


async def last_sequences(read: Reader, stream_ids: Collection[UUID]) -> dict[UUID, int]:
    """The last number of each stream; needs the owner's look. One without events has none."""
    rows = await read.rows(_LAST, ids=list(stream_ids))
    return {row["id"]: row["last_sequence"] for row in rows}


async def position(read: Reader, stream_id: UUID, cursor: str, now: datetime) -> int:
    """The sequence in a cursor; needs the owner's look. Raises BAD_USER_INPUT or CURSOR_EXPIRED (EVT-2)."""
    sequence = cursors.decode(cursor, stream_id)
    row = await read.row(_OCCURRED, stream=stream_id, sequence=sequence)
    if row is None or row["occurred_at"] < now - cursors.KEPT:
        raise cursors.expired()
    return sequence
