"""Puts the nouns together to one schema, one line a noun."""

from functools import cache

import strawberry

from app.engine.schema import EngineSchema, build_schema
from app.resolvers.articles import ArticleMutation, ArticleQuery
from app.resolvers.credentials import CredentialMutation
from app.resolvers.farms import FarmMutation
from app.resolvers.identity import IdentityMutation, IdentityQuery
from app.resolvers.installations import InstallationMutation
from app.resolvers.invitations import InstallInvitationMutation
from app.resolvers.keys import LicenseKeyMutation
from app.resolvers.mails import MailMutation
from app.resolvers.members import AccountMutation, InvitationMutation, MemberMutation, MemberQuery
from app.resolvers.nodes import NodeQuery
from app.resolvers.offline import OfflineMutation
from app.resolvers.orders import OrderMutation
from app.resolvers.proxies import KeyQuery, ProxyServerMutation
from app.resolvers.releases import ReleaseMutation
from app.resolvers.staff import StaffQuery
from app.resolvers.subscriptions import SubscriptionMutation
from app.resolvers.tickets import StaffTicketMutation, TicketMutation
from app.resolvers.transfers import TransferMutation
from app.resolvers.webhooks import WebhookMutation
from app.schema.accounts import BusinessAccount, PersonalAccount
from app.schema.articles import SupportArticle
from app.schema.errors import ERROR_TYPES
from app.schema.events import GeneralEvent, InstallationChanged, TicketEvent
from app.schema.farm_events import FarmDeactivated, OveruseAlert
from app.schema.farms import Farm
from app.schema.identity import Person
from app.schema.installations import Computer
from app.schema.keys import LicenseKey
from app.schema.members import Membership, MembershipInvitation
from app.schema.orders import Order
from app.schema.proxies import ProxyServer
from app.schema.subscriptions import LicenseSubscription
from app.schema.tickets import Ticket, TicketMessage
from app.schema.transfers import Migration
from app.schema.webhooks import WebhookEndpoint
from app.subscriptions.events import EventSubscription
from app.subscriptions.farms import FarmSubscription
from app.subscriptions.tickets import TicketSubscription

# Types that are reached through an interface alone; an error type that isn't here would
# resolve silently as its sibling.
_TYPES = (
    *ERROR_TYPES,
    BusinessAccount,
    Computer,
    Farm,
    FarmDeactivated,
    GeneralEvent,
    InstallationChanged,
    LicenseKey,
    LicenseSubscription,
    Membership,
    MembershipInvitation,
    Migration,
    Order,
    OveruseAlert,
    Person,
    PersonalAccount,
    ProxyServer,
    SupportArticle,
    Ticket,
    TicketEvent,
    TicketMessage,
    WebhookEndpoint,
)


@strawberry.type(description="What can be asked")
class Query(IdentityQuery, KeyQuery, MemberQuery, NodeQuery, ArticleQuery, StaffQuery):
    """Every root query."""


@strawberry.type(description="What can be done. Expected failures come in a payload's `errors`")
class Mutation(
    IdentityMutation,
    CredentialMutation,
    AccountMutation,
    MemberMutation,
    InvitationMutation,
    SubscriptionMutation,
    OrderMutation,
    LicenseKeyMutation,
    InstallationMutation,
    FarmMutation,
    ProxyServerMutation,
    OfflineMutation,
    TicketMutation,
    StaffTicketMutation,
    ArticleMutation,
    InstallInvitationMutation,
    ReleaseMutation,
    MailMutation,
    WebhookMutation,
    TransferMutation,
):
    """Every mutation."""


@strawberry.type(description="What can be listened to; each takes up behind a cursor")
class Subscription(EventSubscription, FarmSubscription, TicketSubscription):
    """Every subscription."""


@cache
def schema() -> EngineSchema:
    """The schema; made once a process, since a second one from the same classes fails."""
    return build_schema(Query, Mutation, Subscription, _TYPES)


def sdl() -> str:
    """The schema's text, as `schema.graphql` keeps it."""
    return schema().as_str() + "\n"
