"""Accounts, companies and memberships."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

from app.domain.accounts import queries as accounts
from app.domain.events import queries as events
from app.domain.identity import queries as people
from app.domain.installations import queries as installations
from app.domain.keys import queries as keys
from app.domain.subscriptions import queries as subscriptions
from app.domain.subscriptions import usage
from app.domain.tickets import queries as tickets
from app.engine.connection import Connection, connection
from app.engine.enums import described
from app.engine.fields import Info, column, get, global_id, relation
from app.models.account import MemberRole, MemberStatus
from app.schema.events import Event, EventFilter
from app.schema.farms import Farm
from app.schema.identity import Person
from app.schema.installations import Computer, InstallationFilter, InstallationOrder
from app.schema.keys import LicenseKey, LicenseKeyFilter, LicenseKeyOrder
from app.schema.node import Node, Tagged
from app.schema.subscriptions import LicenseSubscription, SubscriptionFilter, SubscriptionOrder
from app.schema.tickets import Ticket, TicketFilter
from app.schema.usage import ProductCard

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


def _sees_tickets(row: Any, context: Any) -> bool:
    """SUP-5: administrators, representatives by ACC-13, staff."""
    return context.actor.is_staff or row["id"] in context.actor.ticket_accounts


@strawberry.interface(description="Owner of subscriptions: a personal or a business account")
class Account(Node):
    """What both kinds have."""

    name: str = column("The owner's or the company's name")

    @strawberry.field(description="One card a product that the account holds: the dashboard")
    async def product_cards(self, info: Info) -> list[ProductCard]:
        """In the catalogue's order."""
        batch = usage.cards_on(info.context.clock.today())
        found: list[ProductCard] | None = await info.context.load(batch, get(self, "id"))
        return found or []

    subscriptions: Connection[LicenseSubscription] = connection(
        subscriptions.OF_ACCOUNT,
        "Its subscriptions that the viewer may see",
        filter_type=SubscriptionFilter,
        order_type=SubscriptionOrder,
    )


@strawberry.type(description="A person's own account")
class PersonalAccount(Tagged, Account):
    """An account's row."""

    id: strawberry.ID = global_id("PersonalAccount")
    owner: Person = relation(people.by_ids, "Whose it is", key="owner_id")


@strawberry.type(description="A company's profile (ACC-1)")
class Company:
    """A company's row."""

    name: str = column("Name")
    street: str | None = column("Street and number")
    city: str | None = column("City")
    country: str = column("Country")
    state: str | None = column("State or region")
    zip: str = column("ZIP or postal code")
    phone: str = column("Telephone number")


@strawberry.type(description="A company's account, with members")
class BusinessAccount(Tagged, Account):
    """An account's row."""

    id: strawberry.ID = global_id("BusinessAccount")
    company: Company | None = relation(
        accounts.companies_of, "The company's profile. Null for those who may not see it (ACC-12)"
    )
    is_partner: bool = column("Whether the vendor marked it as partner (ACC-13)")
    viewer_membership: Annotated["Membership", strawberry.lazy("app.schema.accounts")] | None = relation(
        accounts.memberships_of_viewer, "The viewer's own membership; null for staff who are none"
    )
    license_keys: Connection[LicenseKey] = connection(
        keys.OF_ACCOUNT,
        "Its licence keys that the viewer administers",
        filter_type=LicenseKeyFilter,
        order_type=LicenseKeyOrder,
    )
    computers: Connection[Computer] = connection(
        installations.COMPUTERS,
        "Its computers that the viewer administers",
        filter_type=InstallationFilter,
        order_type=InstallationOrder,
    )
    farms: Connection[Farm] = connection(
        installations.FARMS,
        "Its farms that the viewer administers (FRM-4)",
        filter_type=InstallationFilter,
        order_type=InstallationOrder,
    )

    events: Connection[Event] | None = connection(
        events.OF_ACCOUNT,
        "The audit log, newest first: what the viewer may see of it (EVT-6)",
        filter_type=EventFilter,
    )

    tickets: Connection[Ticket] | None = connection(
        tickets.OF_ACCOUNT,
        "Its support tickets, last changed first. Null for those who may not see them (SUP-5)",
        filter_type=TicketFilter,
        shown=_sees_tickets,
    )

    @strawberry.field(
        description="Identifies the account to the vendor's support. Null for those who may not see it"
    )
    async def support_code(self, info: Info) -> str | None:
        """Stands in the company's row, so that it is seen by the same people."""
        company: Any = await info.context.load(accounts.companies_of, get(self, "id"))
        return None if company is None else str(company["support_code"])

    @strawberry.field(description="Its administrators. Null for those who may not see them (ACC-11)")
    async def administrators(
        self, info: Info
    ) -> list[Annotated["Membership", strawberry.lazy("app.schema.accounts")]] | None:
        """Seen by administrators and staff."""
        row: Any = self
        found: list[Membership] | None = await info.context.load(accounts.administrators_of, row["id"])
        return found


@strawberry.type(description="A person's membership in a business account")
class Membership(Tagged, Node):
    """A membership's row."""

    id: strawberry.ID = global_id("Membership")
    person: Person = relation(people.by_ids, "The member", key="person_id")
    account: BusinessAccount = relation(accounts.by_ids, "The account", key="account_id")
    role: MemberRole = column("What the member may do")
    status: MemberStatus = column("Whether the membership gives access")
    member_since: datetime = column("When the person joined")
