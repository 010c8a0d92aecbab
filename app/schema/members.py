"""Memberships and invitations."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from app.domain.accounts import queries as accounts
from app.domain.identity import queries as people
from app.domain.keys import queries as keys
from app.domain.members import rules
from app.domain.members.rules import InvitationState
from app.engine.connection import SortDirection
from app.engine.enums import described
from app.engine.fields import column, computed, global_id, relation, relations
from app.models.account import MemberRole, MemberStatus
from app.schema.identity import Language, Person
from app.schema.keys import LicenseKey
from app.schema.node import Node, Tagged

if TYPE_CHECKING:
    from app.schema.accounts import BusinessAccount

_ACCOUNT = Annotated["BusinessAccount", strawberry.lazy("app.schema.accounts")]

described(
    MemberRole,
    "What a member may do in a business account (ACC-7)",
    {
        "REGULAR_MEMBER": "Nothing, except what was granted key by key",
        "ACCOUNT_ADMINISTRATOR": "Everything in the account",
    },
)
described(
    MemberStatus,
    "Whether a membership gives access at all (ACC-9)",
    {"ACTIVE": "It does", "BLOCKED": "It doesn't, until an administrator unblocks it"},
)
described(
    InvitationState,
    "How far an invitation is (ACC-5)",
    {
        "SENT": "The mailed link works",
        "ACCEPTED": "The person joined",
        "EXPIRED": "Its 14 days are over; it can be sent again",
        "CANCELLED": "An administrator took it back",
    },
)


class MemberOrderField(StrEnum):
    """Described below."""

    NAME = "NAME"
    EMAIL = "EMAIL"
    ROLE = "ROLE"
    STATUS = "STATUS"
    MEMBER_SINCE = "MEMBER_SINCE"


described(
    MemberOrderField,
    "What members are sorted by (ACC-8)",
    {
        "NAME": "First and last name",
        "EMAIL": "Email address",
        "ROLE": "Administrators, then regular members",
        "STATUS": "Active, then blocked",
        "MEMBER_SINCE": "When they joined",
    },
)


@strawberry.input(description="Which members a list shows (ACC-8)")
class MemberFilter:
    """All conditions hold together."""

    role: MemberRole | None = strawberry.field(default=None, description="Only those with this role")
    status: MemberStatus | None = strawberry.field(default=None, description="Only those with this status")
    search: str | None = strawberry.field(
        default=None, description="Only those with this text in their name or address"
    )


@strawberry.input(description="How members are sorted")
class MemberOrder:
    """A field and a direction."""

    field: MemberOrderField = strawberry.field(description="By what")
    direction: SortDirection = strawberry.field(default=SortDirection.ASC, description="Which way")


def _note(row: Any, context: Any) -> str | None:
    """ACC-7: administrators' own; not even the member sees it."""
    return row["note"] if row["account_id"] in context.actor.administered else None


@strawberry.type(description="A person's membership in a business account")
class Membership(Tagged, Node):
    """A membership's row."""

    id: strawberry.ID = global_id("Membership")
    person: Person = relation(people.by_ids, "The member", key="person_id")
    account: _ACCOUNT = relation(accounts.by_ids, "The account", key="account_id")
    role: MemberRole = column("What the member may do")
    status: MemberStatus = column("Whether the membership gives access")
    member_since: datetime = column("When the person joined")
    note: str | None = computed(_note, "What administrators keep on this member. Null for everybody else")
    administered_keys: list[LicenseKey] = relations(
        keys.administered_by,
        "The keys whose administration was granted: of a primary key, all of its subscription. An "
        "administrator of the account needs none, and a blocked member can't use theirs: they are kept (ACC-10)",
    )
    representing: _ACCOUNT | None = relation(
        accounts.by_ids,
        "The partner that this person represents here, as long as they are one of its people (ACC-13)",
        key="represented_id",
    )


def _state(row: Any, context: Any) -> InvitationState:
    return rules.state_of(row["accepted_at"], row["cancelled_at"], row["expires_at"], context.clock.now())


@strawberry.type(description="An address that was invited to become a member (ACC-5)")
class MembershipInvitation(Tagged, Node):
    """An invitation's row."""

    id: strawberry.ID = global_id("MembershipInvitation")
    email: str = column("The address")
    language: Language = column("The language of the mail")
    sent_at: datetime = column("When the present link was mailed")
    expires_at: datetime = column("Until when it works")
    invited_by: Person = relation(people.by_ids, "Who invited them", key="invited_by_id")
    state: InvitationState = computed(_state, "How far it is")


@strawberry.type(description="What a join link shows before it is accepted (ACC-6)")
class MembershipInvitationPreview:
    """An invitation's row, with its company."""

    company_name: str = column("Who invites")
    email: str = column("The address that was invited")
    has_sign_in: bool = column("Whether this address has a sign-in: then joining takes its password")
    expires_at: datetime = column("Until when the link works")
