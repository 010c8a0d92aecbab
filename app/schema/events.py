"""Events: the audit log, and what subscriptions push."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from app.domain.events import cursors
from app.domain.events.summaries import summary
from app.domain.identity import queries as people
from app.domain.installations import queries as installations
from app.domain.keys import queries as keys
from app.domain.tickets import queries as tickets
from app.engine.enums import described
from app.engine.fields import Info, column, computed, get, global_id, relation
from app.engine.scalars import Cursor
from app.models.event import EventActorKind, EventType
from app.schema.identity import Person
from app.schema.installations import Installation
from app.schema.node import Node, Tagged
from app.schema.nodes import load_node
from app.schema.tickets import Ticket, TicketMessage, TicketStatus

if TYPE_CHECKING:
    from app.schema.keys import LicenseKey

described(
    EventType,
    "What happened",
    {
        "SUBSCRIPTION_REGISTERED": "A key was registered",
        "SUBSCRIPTION_RENEWED": "A subscription got another term",
        "SUBSCRIPTION_CHANGED": "A subscription's settings changed",
        "ORDER_PLACED": "An order was placed",
        "ORDER_FULFILLED": "An order took effect",
        "ORDER_REJECTED": "An order was refused",
        "KEY_CREATED": "An additional key was made",
        "KEY_CHANGED": "A key was changed",
        "KEY_DELETED": "A key was deleted",
        "KEY_EXPIRED": "A key's last day is over",
        "INSTALLATION_ACTIVATED": "An installation took a licence",
        "INSTALLATION_DEACTIVATED": "An installation's licence was freed",
        "INSTALLATION_BLACKLISTED": "A computer may no longer use its key",
        "INSTALLATION_UNBLACKLISTED": "A computer may use the key again",
        "INSTALLATION_MOVED": "An installation uses another key",
        "INSTALLATION_EDITED": "Alias or note changed",
        "FARM_DEACTIVATED": "A farm stopped working",
        "FARM_REACTIVATED": "A farm works again",
        "USAGE_THRESHOLD_REACHED": "Use reached a percentage that was set",
        "OVERUSE_STARTED": "More is used than was bought",
        "OVERUSE_CONTINUES": "More is still used than was bought",
        "OVERUSE_GRACE_ENDING": "Overuse is tolerated for one more day",
        "OVERUSE_SUSPENSION_DUE": "A suspension is coming",
        "OVERUSE_ENDED": "Use fits again",
        "TICKET_CREATED": "A ticket was opened",
        "TICKET_REPLIED": "A ticket got a message",
        "TICKET_STATUS_CHANGED": "A ticket's status changed",
        "TICKET_WATCHERS_CHANGED": "A ticket's watchers changed",
        "MEMBER_INVITED": "Somebody was invited",
        "MEMBER_JOINED": "Somebody joined",
        "MEMBER_CHANGED": "A member's role changed",
        "MEMBER_BLOCKED": "A member was blocked",
        "MEMBER_UNBLOCKED": "A member was unblocked",
        "MEMBER_REMOVED": "A member was removed, or left",
        "KEY_ADMINISTRATION_CHANGED": "The administration of a key was granted or taken back",
        "COMPANY_CHANGED": "The company's profile changed",
        "INVITATIONS_PROGRESSED": "Invitations are being mailed",
        "MIGRATION_PROGRESSED": "A migration goes on",
        "SESSION_REVOKED": "A session was ended",
    },
)
described(
    EventActorKind,
    "Who did it",
    {
        "PERSON": "A person",
        "STAFF": "One of the vendor's people",
        "INSTALLATION": "An installation",
        "SYSTEM": "The portal itself",
    },
)


@strawberry.type(description="Who did it")
class EventActor:
    """Columns of the event's row."""

    kind: EventActorKind = column("What kind of actor", name="actor_kind")
    name: str = column("The name at that time", name="actor_name")
    person: Person | None = relation(people.by_ids, "The person, if you may see them", key="actor_person_id")


def _cursor(row: Any, _context: Any) -> Cursor:
    return Cursor(cursors.encode(row["stream_id"], row["sequence"]))


def _summary(row: Any, _context: Any) -> str:
    return summary(row["type"], row["actor_kind"], row["actor_name"], row["data"])


@strawberry.interface(description="Something that happened (EVT-1)")
class Event:
    """An event's row."""

    id: strawberry.ID = global_id("Event")
    sequence: int = column("1, 2, 3, … in its stream, without gaps, in the order of commits")
    cursor: Cursor = computed(_cursor, "Its place: `after` of a subscription that resumes behind it")
    type: EventType = column("What happened")
    occurred_at: datetime = column("When")
    actor: EventActor = strawberry.field(description="Who did it", resolver=lambda root: root)
    summary: str = computed(_summary, "All of it in one English sentence")

    @classmethod
    def resolve_type(cls, row: Any, *_: Any) -> str:
        """The GraphQL type of a row."""
        name: str = get(row, "__typename")
        return name


@strawberry.type(description="Any event that has no type of its own")
class GeneralEvent(Tagged, Event):
    """Most events."""

    data: JSON = column("What the summary is made of, and more")

    @strawberry.field(description="What it is about, if you may see it and it still exists")
    async def subject(self, info: Info) -> Node | None:
        """By the subject's type and ID."""
        row: Any = self
        found: Node | None = await load_node(info.context, row["subject_type"], row["subject_id"])
        return found


@strawberry.type(description="Something happened to an installation")
class InstallationChanged(Tagged, Event):
    """Events of the types `INSTALLATION_…`."""

    installation: Installation = relation(installations.by_ids, "As it is now", key="subject_id")
    license_key: Annotated["LicenseKey", strawberry.lazy("app.schema.keys")] | None = relation(
        keys.by_ids, "The key that it was about", key="license_key_id"
    )


def _status(row: Any, _context: Any) -> TicketStatus:
    return TicketStatus(row["data"]["status"])


@strawberry.type(description="Something happened to a ticket")
class TicketEvent(Tagged, Event):
    """Events of the types `TICKET_…`."""

    ticket: Ticket = relation(tickets.by_ids, "As it is now", key="subject_id")
    status: TicketStatus = computed(_status, "Its status right after that")

    @strawberry.field(description="What was written; null for what is no message, as a booked call")
    async def message(self, info: Info) -> TicketMessage | None:
        """By the ID in the event's data, with the viewer's rights."""
        row: Any = self
        id_: str | None = row["data"].get("messageId")
        if id_ is None:
            return None
        found: TicketMessage | None = await info.context.load(tickets.messages_by_ids, UUID(id_))
        return found


@strawberry.input(description="Which events a list shows (EVT-6)")
class EventFilter:
    """All conditions hold together."""

    types: list[EventType] | None = strawberry.field(default=None, description="Only those of these types")
    actor_person_id: strawberry.ID | None = strawberry.field(
        default=None, description="Only what this person did"
    )
    from_: datetime | None = strawberry.field(default=None, name="from", description="Not before this moment")
    to: datetime | None = strawberry.field(default=None, description="Before this moment")
