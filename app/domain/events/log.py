"""Writing the event log: numbers without gaps, in commit order (EVT-1)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import BigInteger, Uuid, bindparam, insert, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.actor import Actor, ActorKind
from app.core.ids import new_id
from app.domain.events import outgoing
from app.domain.events.record import STAFF_QUEUE, DomainEvent
from app.models.event import Event, EventActorKind, EventAudience

_ACTOR_KINDS: Final = {
    ActorKind.NOBODY: EventActorKind.SYSTEM,
    ActorKind.PERSON: EventActorKind.PERSON,
    ActorKind.STAFF: EventActorKind.STAFF,
    ActorKind.INSTALLATION: EventActorKind.INSTALLATION,
    ActorKind.SYSTEM: EventActorKind.SYSTEM,
}
_Entry = tuple[UUID, EventAudience, DomainEvent]


@dataclass(frozen=True, slots=True)
class Appended:
    """The last number of each stream that grew, and whether webhooks have something to deliver."""

    grown: dict[UUID, int]
    outgoing: bool


async def append(
    session: AsyncSession, actor: Actor, now: datetime, events: Sequence[DomainEvent]
) -> Appended:
    """Write the events and what webhooks get of them.

    The counter rows stay locked until commit, which makes numbers follow commit order
    and leaves no gap after a rollback. They are taken last, sorted, so that writers of
    one account wait as shortly as can be and never for each other in a circle.
    """
    entries = [entry for event in events for entry in _entries(event)]
    # Before the counters, which others wait for.
    endpoints = await outgoing.listeners(
        session, {stream for stream, _, event in entries if stream == event.account_id}
    )
    counts = Counter(stream for stream, _, _ in entries)
    grown = await _advance(session, counts)
    following = {stream: grown[stream] - count + 1 for stream, count in counts.items()}
    rows = []
    for stream, audience, event in entries:
        rows.append(_row(event, stream, following[stream], audience, actor, now))
        following[stream] += 1
    if rows:
        await session.execute(insert(Event), rows)
    return Appended(grown, await outgoing.queue(session, endpoints, rows, now))


def _entries(event: DomainEvent) -> list[_Entry]:
    own: list[_Entry] = [(person, EventAudience.PERSON, event) for person in event.person_ids]
    if event.in_staff_queue:
        own.append((STAFF_QUEUE, EventAudience.ADMINISTRATORS, event))
    account = event.account_id
    return own if account is None else [(account, event.audience, event), *own]


_ADVANCE: Final = text(
    """
    insert into event_stream as stream (id, last_sequence)
    select id, count from unnest(:ids, :counts) as grown(id, count) order by id
    on conflict (id) do update set last_sequence = stream.last_sequence + excluded.last_sequence
    returning id, last_sequence
    """
).bindparams(
    bindparam("ids", type_=ARRAY(Uuid())),
    bindparam("counts", type_=ARRAY(BigInteger())),
)


async def _advance(session: AsyncSession, counts: Mapping[UUID, int]) -> dict[UUID, int]:
    """The last number of each stream, so many more than before; their rows are locked in the order of the IDs."""
    if not counts:
        return {}
    values = {"ids": list(counts), "counts": list(counts.values())}
    return {row.id: row.last_sequence for row in await session.execute(_ADVANCE, values)}


def _row(
    event: DomainEvent, stream: UUID, sequence: int, audience: EventAudience, actor: Actor, now: datetime
) -> dict[str, object]:
    return {
        "id": new_id(),
        "stream_id": stream,
        "account_id": event.account_id,
        "sequence": sequence,
        "type": event.type,
        "occurred_at": now,
        "actor_kind": _ACTOR_KINDS[actor.kind],
        "actor_name": actor.name,
        "actor_person_id": actor.person_id,
        "audience": audience,
        "license_key_id": event.license_key_id,
        "subscription_id": event.subscription_id,
        "subject_type": event.subject_type,
        "subject_id": event.subject_id,
        "data": event.data(),
    }
