"""Two tenants with one of each thing, made through the API, and everybody who may act in one of them.

A type with an ID that is new must be made in `tenant`: until then the tests here fail and say so.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from graphql import GraphQLSchema

from app.core import ids
from app.core.ids import new_id
from tests.support import proxies
from tests.support.farms import form
from tests.support.members import Member, accept, address, invite, join, partner
from tests.support.portal import COMPANY, Person, Portal
from tests.support.tickets import CATEGORIES, ticket
from tests.support.transfers import organisation, run

# The same for everybody.
PUBLIC = ("Product", "SupportArticle", "SupportCategory", "SupportSubcategory")
# Of no tenant: the vendor's own.
STAFFS_OWN = ("FailedMail", "Migration")
_OWN = """query ($account: ID!, $ticket: ID!) { viewer { person { id } personalAccount { id } sessions { id } }
    account(id: $account) { ... on BusinessAccount { membershipInvitations { nodes { id } }
        subscriptions { nodes { orders { id } } } webhooks { deliveries(first: 1) { nodes { id } } } } }
    node(id: $ticket) { ... on Ticket { messages { nodes { id } } } } }"""


@dataclass
class Tenant:
    """An account's people and things: `ids` by GraphQL type, `words` that nobody else may ever read."""

    admin: Person
    licence_administrator: Member
    regular: Member
    blocked: Member
    ids: dict[str, str]
    words: list[str] = field(default_factory=list)

    def id_of(self, typename: str) -> str:
        """The ID of the tenant's thing of that type."""
        assert typename in self.ids, f"make a {typename} in tests/isolation/tenants.py"
        return self.ids[typename]


def somewhere(typename: str) -> str:
    """The ID of something that doesn't exist."""
    return ids.encode(typename, new_id())


async def tenant(portal: Portal, word: str) -> Tenant:
    """A company called by that word, with one of each thing."""
    admin = await portal.administrator(
        contractNumber=f"{word}-1", salesName=word, salesEmail="s@vendor.example", salesPhone="1"
    )
    await portal.done("updateCompany", admin.token, accountId=admin.account, company=COMPANY | {"name": word})
    url = f"https://hooks.example/{word}"
    endpoint = await portal.done("createWebhook", admin.token, accountId=admin.account, url=url)
    computer = await portal.activate(admin.code, hostname=f"{word}-pc")
    servers = await portal.register(replace(admin), product="RAS")
    farm = await portal.done("activateFarm", **form(servers.code, name=f"{word}-farm"))
    devices = await portal.register(replace(admin), product=proxies.MAC)
    proxy = await portal.done(
        "activateProxyServer", **proxies.form(devices.code, hostname=f"{word}-proxy", siteDescription=word)
    )
    licence_administrator = await join(portal, admin, keys=(admin.key,), lastName=f"{word}-licences")
    regular = await join(portal, admin, lastName=f"{word}-regular")
    blocked = await join(portal, admin, lastName="Blocked", role="ACCOUNT_ADMINISTRATOR")
    await portal.done("blockMember", admin.token, membershipId=blocked.membership)
    await invite(portal, admin, f"{word}-{address()}")
    sent = await portal.done(
        "sendInstallInvitations", admin.token, licenseKeyId=admin.key, emails=[f"{word}-{address()}"]
    )
    opened = await ticket(portal, admin, subject=f"{word} has a question")
    token = await portal.done("createAccessToken", admin.token, name=f"{word} token", scopes=["READ"])
    own = await portal.query(_OWN, admin.token, account=admin.account, ticket=opened["id"])
    account, viewer = own["account"], own["viewer"]
    moved = await run(portal, organisation(name=f"{word}-moved"), dryRun=True)
    topic = (await portal.query(CATEGORIES, product="DESKTOP"))["product"]["supportCategories"][0]
    found = {
        "AccessToken": token["accessToken"]["id"],
        "BusinessAccount": admin.account,
        "Computer": computer["installation"]["id"],
        "FailedMail": await given_up(portal, admin),
        "Farm": farm["installation"]["id"],
        "InstallInvitation": sent["invitations"]["nodes"][0]["id"],
        "LicenseKey": admin.key,
        "LicenseSubscription": admin.subscription,
        "Membership": licence_administrator.membership,
        "MembershipInvitation": account["membershipInvitations"]["nodes"][0]["id"],
        "Migration": moved["id"],
        "Order": account["subscriptions"]["nodes"][0]["orders"][0]["id"],
        "ProxyServer": proxy["installation"]["id"],
        "Person": viewer["person"]["id"],
        "PersonalAccount": viewer["personalAccount"]["id"],
        "Session": viewer["sessions"][0]["id"],
        "SupportCategory": topic["id"],
        "SupportSubcategory": topic["subcategories"][0]["id"],
        "Ticket": opened["id"],
        "TicketMessage": own["node"]["messages"]["nodes"][0]["id"],
        "WebhookDelivery": account["webhooks"][0]["deliveries"]["nodes"][0]["id"],
        "WebhookEndpoint": endpoint["webhook"]["id"],
    }
    return Tenant(
        admin,
        licence_administrator,
        regular,
        blocked,
        {name: str(id_) for name, id_ in found.items()},
        [word],
    )


async def given_up(portal: Portal, person: Person) -> str:
    """A mail to somebody, as if it had been refused."""
    async with portal.server.app.read_all().connection() as connection:
        id_ = await connection.fetchval(
            "update mail set status = 'FAILED' where id = (select max(id::text)::uuid from mail"
            " where recipient = $1) returning id",
            person.email,
        )
    return ids.encode("FailedMail", id_)


async def outsiders(portal: Portal, theirs: Tenant, own: Tenant) -> dict[str, str]:
    """Tokens of everybody who is somebody in one tenant, and has no right in the other."""
    dual = await join(portal, own.admin, role="ACCOUNT_ADMINISTRATOR")
    await accept(portal, await invite(portal, theirs.admin, dual.email), dual.email)
    limited = await portal.done(
        "createAccessToken",
        dual.token,
        name="limited",
        scopes=["READ", "MANAGE_LICENSES", "MANAGE_INSTALLATIONS", "MANAGE_MEMBERS", "SUPPORT"],
        accountIds=[own.id_of("BusinessAccount")],
    )
    somebody = await partner(portal)
    theirs_there = await join(portal, somebody)
    keys = (own.admin.key,)
    represents: dict[str, Any] = {"representingAccountId": somebody.account}
    representative = await join(portal, own.admin, theirs_there, keys=keys, **represents)
    return {
        "account administrator": own.admin.token,
        "licence administrator": own.licence_administrator.token,
        "regular member": own.regular.token,
        "representative": representative.token,
        "partner administrator": somebody.token,
        "token for one account": limited["secret"],
        "blocked administrator": theirs.blocked.token,
    }


def types_with_id(schema: GraphQLSchema) -> list[str]:
    """Every object type that has an ID of a tenant's own."""
    interface: Any = schema.type_map["Node"]
    others = (*PUBLIC, *STAFFS_OWN)
    return sorted(type_.name for type_ in schema.get_possible_types(interface) if type_.name not in others)
