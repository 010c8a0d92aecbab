"""Who stands how to a tenant, and what they may: the rights of ACC and SUP as a table of their own.

The application has one table too (app/access/permissions.py) and policies in the database. This one is
written from the rules, by mutation and by field, so that the three can be compared.
"""

from typing import Final

from tests.isolation.tenants import Tenant
from tests.support.members import join, partner
from tests.support.portal import Portal

ADMINISTRATOR: Final = "account administrator"
LICENCES: Final = "licence administrator"
REGULAR: Final = "regular member"
BLOCKED: Final = "blocked member"
REPRESENTATIVE: Final = "representative"
PARTNER: Final = "partner administrator"
STAFF: Final = "staff"
STRANGER: Final = "stranger"

_ADMINISTRATORS: Final = frozenset({ADMINISTRATOR})
_KEYS: Final = frozenset({ADMINISTRATOR, LICENCES, REPRESENTATIVE})
_TICKETS: Final = frozenset({ADMINISTRATOR, REPRESENTATIVE})
_MEMBERS: Final = frozenset({ADMINISTRATOR, LICENCES, REGULAR, REPRESENTATIVE})
_STAFF: Final = frozenset({STAFF})

# Who may call a mutation about the tenant's things. What comes last takes something away.
ALLOWED: Final[dict[str, frozenset[str]]] = {
    "createAccessToken": _MEMBERS,
    "updateCompany": _ADMINISTRATORS,
    "setPartner": _STAFF,
    "inviteMembers": _ADMINISTRATORS,
    "resendMembershipInvitation": _ADMINISTRATORS,
    "updateMember": _ADMINISTRATORS,
    "blockMember": _ADMINISTRATORS,
    "unblockMember": _ADMINISTRATORS,
    "grantKeyAdministration": _ADMINISTRATORS,
    "revokeKeyAdministration": _ADMINISTRATORS,
    "issueSubscription": _STAFF,
    "registerKey": _ADMINISTRATORS,
    "startTrial": _ADMINISTRATORS,
    "renameSubscription": _ADMINISTRATORS,
    "setAutoRenew": _ADMINISTRATORS,
    "setUsageThresholds": _ADMINISTRATORS,
    "placeOrder": _ADMINISTRATORS,
    "fulfillOrder": _STAFF,
    "rejectOrder": _STAFF,
    "createLicenseKey": _ADMINISTRATORS,
    "updateLicenseKey": _ADMINISTRATORS,
    "exchangeLegacyKey": _ADMINISTRATORS,
    "resetMoves": _STAFF,
    "setOfflineUse": _STAFF,
    "updateInstallation": _KEYS,
    "deactivateInstallations": _KEYS,
    "blacklistComputers": _KEYS,
    "unblacklistComputers": _KEYS,
    "moveInstallations": _KEYS,
    "exportInstallations": _KEYS,
    "sendInstallInvitations": _KEYS,
    "revokeInstallInvitations": _KEYS,
    "exportInstallInvitations": _KEYS,
    "exchangeOfflineFile": _KEYS,
    "signMdmCertificate": _ADMINISTRATORS,
    "createTicket": _TICKETS,
    "bookCall": _TICKETS,
    "replyToTicket": _TICKETS,
    "addTicketWatcher": _ADMINISTRATORS,
    "removeTicketWatcher": _ADMINISTRATORS,
    "closeTicket": _TICKETS,
    "reopenTicket": _TICKETS,
    "submitTicketSurvey": _TICKETS,
    "replyAsStaff": _STAFF,
    "setTicketStatus": _STAFF,
    "assignTicket": _STAFF,
    "publishArticle": _STAFF,
    "publishRelease": _STAFF,
    "resendMail": _STAFF,
    "startMigration": _STAFF,
    "undoMigration": _STAFF,
    "createWebhook": _ADMINISTRATORS,
    "updateWebhook": _ADMINISTRATORS,
    "redeliverWebhook": _ADMINISTRATORS,
    "redeliverWebhooks": _ADMINISTRATORS,
    "rotateWebhookSecret": _ADMINISTRATORS,
    "deleteWebhook": _ADMINISTRATORS,
    "deleteLicenseKey": _ADMINISTRATORS,
    "cancelMembershipInvitation": _ADMINISTRATORS,
    "removeMember": _ADMINISTRATORS,
    "leaveAccount": _MEMBERS,
    "revokeAccessToken": _ADMINISTRATORS,
    "revokeSession": _ADMINISTRATORS,
}

# What an administrator of the account sees and these don't: whole types, and fields of types that they see.
_PERSONAL: Final = frozenset({"PersonalAccount"})
_COMPANY: Final = frozenset(
    {
        "BusinessAccount.administrators",
        "BusinessAccount.company",
        "BusinessAccount.members",
        "BusinessAccount.membershipInvitations",
        "BusinessAccount.supportCode",
        "BusinessAccount.webhooks",
        "WebhookEndpoint",
        "MembershipInvitation",
        "Membership.note",
    }
)
_BUSINESS: Final = frozenset(
    {"LicenseKey.administrators", "LicenseSubscription.contract", "LicenseSubscription.orders", "Order"}
)
_SUPPORT: Final = frozenset({"BusinessAccount.tickets", "Person", "Ticket", "TicketMessage"})
# Neither of them was granted the keys of the farm and the proxy server.
_OTHER_KEYS: Final = frozenset(
    {"BusinessAccount.farms", "BusinessAccount.proxyServers", "Farm", "ProxyServer"}
)
_ALL_KEYS: Final = frozenset(
    {
        "BusinessAccount.computers",
        "BusinessAccount.events",
        "BusinessAccount.licenseKeys",
        "BusinessAccount.productCards",
        "BusinessAccount.subscriptions",
        "Computer",
        "InstallInvitation",
        "LicenseKey",
        "LicenseSubscription",
    }
)
_NOT_LICENCES: Final = _PERSONAL | _COMPANY | _BUSINESS | _OTHER_KEYS
_NAME_ALONE: Final = _NOT_LICENCES | _SUPPORT | _ALL_KEYS
_NOTHING: Final = frozenset({"*"})
HIDDEN: Final[dict[str, frozenset[str]]] = {
    ADMINISTRATOR: frozenset(),
    LICENCES: _NOT_LICENCES | _SUPPORT,
    # The membership that is looked at is somebody else's; theirs they see as any member does.
    REPRESENTATIVE: _NOT_LICENCES | {"Membership"},
    REGULAR: _NAME_ALONE | {"Membership"},
    BLOCKED: _NOTHING,
    PARTNER: _NAME_ALONE | {"Membership", "BusinessAccount.viewerMembership"},
    STAFF: frozenset({"BusinessAccount.viewerMembership", "Membership.note"}),
    STRANGER: _NOTHING,
}


async def everybody(portal: Portal, there: Tenant) -> dict[str, str]:
    """A token of each."""
    somebody = await partner(portal)
    known = await join(portal, somebody)
    keys = (there.admin.key,)
    representative = await join(portal, there.admin, known, keys=keys, representingAccountId=somebody.account)
    return {
        ADMINISTRATOR: there.admin.token,
        LICENCES: there.licence_administrator.token,
        REGULAR: there.regular.token,
        BLOCKED: there.blocked.token,
        REPRESENTATIVE: representative.token,
        PARTNER: somebody.token,
        STAFF: (await portal.staff()).token,
        STRANGER: (await portal.administrator()).token,
    }


def hides(who: str, place: str) -> bool:
    """Whether somebody doesn't see `Type.field` that an administrator sees."""
    hidden = HIDDEN[who]
    return hidden == _NOTHING or place in hidden or place.partition(".")[0] in hidden
