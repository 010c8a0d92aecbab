"""Accounts and companies."""

from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from app.domain.accounts import queries as accounts
from app.domain.events import queries as events
from app.domain.identity import queries as people
from app.domain.installations import proxy_queries as proxy_servers
from app.domain.installations import queries as installations
from app.domain.keys import queries as keys
from app.domain.members import queries as memberships
from app.domain.subscriptions import queries as subscriptions
from app.domain.subscriptions import usage
from app.domain.tickets import queries as tickets
from app.domain.transfers import queries as transfers
from app.domain.webhooks import queries as webhooks
from app.engine.connection import Connection, connection
from app.engine.fields import Info, column, get, global_id, relation
from app.schema.events import Event, EventFilter
from app.schema.farms import Farm
from app.schema.identity import Person
from app.schema.installations import Computer, InstallationFilter, InstallationOrder
from app.schema.keys import LicenseKey, LicenseKeyFilter, LicenseKeyOrder
from app.schema.members import MemberFilter, MemberOrder, MembershipInvitation
from app.schema.node import Node, Tagged
from app.schema.partners import partner_customers
from app.schema.proxies import ProxyServer
from app.schema.subscriptions import LicenseSubscription, SubscriptionFilter, SubscriptionOrder
from app.schema.tickets import Ticket, TicketFilter
from app.schema.usage import ProductCard
from app.schema.webhooks import WebhookEndpoint

if TYPE_CHECKING:
    from app.schema.members import Membership
    from app.schema.transfers import LegacyOrigin

_MEMBERSHIP = Annotated["Membership", strawberry.lazy("app.schema.members")]


def seen_by_administrators(row: Any, context: Any) -> bool:
    """ACC-11, ACC-12: what only the account's administrators, and staff, may see."""
    return row["id"] in context.actor.administered or context.actor.is_staff


def _seen_in_part(row: Any, context: Any) -> bool:
    """EVT-6: a licence administrator sees what happens to their keys; without a grant there is nothing."""
    actor = context.actor
    return seen_by_administrators(row, context) or row["id"] in actor.key_accounts


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
    viewer_membership: _MEMBERSHIP | None = relation(
        memberships.of_viewer, "The viewer's own membership; null for those who have none"
    )
    legacy: Annotated["LegacyOrigin", strawberry.lazy("app.schema.transfers")] | None = relation(
        transfers.origins_of_accounts,
        "The organisation of a legacy portal that it was. Null for all others (MIG-7)",
    )
    members: Connection[_MEMBERSHIP] | None = connection(
        memberships.OF_ACCOUNT,
        "Its members. Null for those who may not see them (ACC-11)",
        filter_type=MemberFilter,
        order_type=MemberOrder,
        shown=seen_by_administrators,
    )
    membership_invitations: Connection[MembershipInvitation] | None = connection(
        memberships.INVITATIONS_OF_ACCOUNT,
        "Who was invited, the latest first. Null for those who may not see it (ACC-5)",
        shown=seen_by_administrators,
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
    proxy_servers: Connection[ProxyServer] = connection(
        proxy_servers.PROXY_SERVERS,
        "Its proxy servers of which the viewer administers a key (PXY-2)",
        filter_type=InstallationFilter,
        order_type=InstallationOrder,
    )

    events: Connection[Event] | None = connection(
        events.OF_ACCOUNT,
        "The audit log, newest first: what the viewer may see of it. Null for those who see nothing (EVT-6)",
        filter_type=EventFilter,
        shown=_seen_in_part,
    )
    partner_customers = partner_customers

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
    async def administrators(self, info: Info) -> list[_MEMBERSHIP] | None:
        """Seen by administrators and staff."""
        row: Any = self
        if not seen_by_administrators(row, info.context):
            return None
        found: Any = await info.context.load(memberships.administrators_of, row["id"])
        return found  # type: ignore[no-any-return]

    @strawberry.field(
        description="Where its events are delivered, the oldest first. Null for those who may not see it (EVT-7)"
    )
    async def webhooks(self, info: Info) -> list[WebhookEndpoint] | None:
        """Seen by administrators and staff."""
        row: Any = self
        if not seen_by_administrators(row, info.context):
            return None
        found: Any = await info.context.load(webhooks.of_accounts, row["id"])
        return found or []
