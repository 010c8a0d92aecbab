"""The one table of who may do what. `docs/permissions.md` is generated from it."""

from enum import StrEnum
from typing import Any, Final

from app.access.actor import Actor, ActorKind


class Standing(StrEnum):
    """How an actor stands to a row."""

    ANYBODY = "ANYBODY"
    CONFIRMED = "CONFIRMED"
    THEMSELVES = "THEMSELVES"
    MEMBER = "MEMBER"
    ACCOUNT_ADMINISTRATOR = "ACCOUNT_ADMINISTRATOR"
    LICENSE_ADMINISTRATOR = "LICENSE_ADMINISTRATOR"
    REPRESENTATIVE = "REPRESENTATIVE"
    INSTALLATION = "INSTALLATION"
    STAFF = "STAFF"
    SYSTEM = "SYSTEM"


class Permission(StrEnum):
    """What can be done, named after the mutation that does it."""

    SIGN_UP = "SIGN_UP"
    SIGN_IN = "SIGN_IN"
    SESSION_REVOKE = "SESSION_REVOKE"
    PASSWORD_RESET = "PASSWORD_RESET"  # noqa: S105 - a permission, not a password
    PASSWORD_CHANGE = "PASSWORD_CHANGE"  # noqa: S105 - a permission, not a password
    PROFILE_UPDATE = "PROFILE_UPDATE"
    EMAIL_CHANGE = "EMAIL_CHANGE"
    TWO_FACTOR_CHANGE = "TWO_FACTOR_CHANGE"
    ACCESS_TOKEN_CREATE = "ACCESS_TOKEN_CREATE"  # noqa: S105 - a permission, not a token
    ACCESS_TOKEN_REVOKE = "ACCESS_TOKEN_REVOKE"  # noqa: S105 - a permission, not a token
    EXTERNAL_SIGN_IN = "EXTERNAL_SIGN_IN"
    STAFF_CREATE = "STAFF_CREATE"
    MAIL_RESEND = "MAIL_RESEND"
    SUBSCRIPTION_ISSUE = "SUBSCRIPTION_ISSUE"
    ACCOUNT_CREATE = "ACCOUNT_CREATE"
    COMPANY_UPDATE = "COMPANY_UPDATE"
    ACCOUNT_LEAVE = "ACCOUNT_LEAVE"
    PARTNER_SET = "PARTNER_SET"
    MEMBER_INVITE = "MEMBER_INVITE"
    INVITATION_RESEND = "INVITATION_RESEND"
    INVITATION_CANCEL = "INVITATION_CANCEL"
    INVITATION_ACCEPT = "INVITATION_ACCEPT"
    MEMBER_UPDATE = "MEMBER_UPDATE"
    MEMBER_BLOCK = "MEMBER_BLOCK"
    MEMBER_UNBLOCK = "MEMBER_UNBLOCK"
    MEMBER_REMOVE = "MEMBER_REMOVE"
    KEY_ADMINISTRATION_GRANT = "KEY_ADMINISTRATION_GRANT"
    KEY_ADMINISTRATION_REVOKE = "KEY_ADMINISTRATION_REVOKE"
    KEY_REGISTER = "KEY_REGISTER"
    KEY_VALIDATE = "KEY_VALIDATE"
    SUBSCRIPTION_RENAME = "SUBSCRIPTION_RENAME"
    SUBSCRIPTION_SET_AUTO_RENEW = "SUBSCRIPTION_SET_AUTO_RENEW"
    SUBSCRIPTION_SET_USAGE_THRESHOLDS = "SUBSCRIPTION_SET_USAGE_THRESHOLDS"
    ORDER_PLACE = "ORDER_PLACE"
    ORDER_FULFILL = "ORDER_FULFILL"
    ORDER_REJECT = "ORDER_REJECT"
    LICENSE_KEY_CREATE = "LICENSE_KEY_CREATE"
    LICENSE_KEY_UPDATE = "LICENSE_KEY_UPDATE"
    LICENSE_KEY_DELETE = "LICENSE_KEY_DELETE"
    COMPUTER_ACTIVATE = "COMPUTER_ACTIVATE"
    FARM_ACTIVATE = "FARM_ACTIVATE"
    PROXY_SERVER_ACTIVATE = "PROXY_SERVER_ACTIVATE"
    CHECK_IN = "CHECK_IN"
    INSTALLATION_DEACTIVATE = "INSTALLATION_DEACTIVATE"
    TICKET_CREATE = "TICKET_CREATE"
    TICKET_REPLY = "TICKET_REPLY"
    TICKET_CLOSE = "TICKET_CLOSE"
    TICKET_REOPEN = "TICKET_REOPEN"
    TICKET_SURVEY = "TICKET_SURVEY"
    TICKET_CALL = "TICKET_CALL"
    TICKET_WATCH = "TICKET_WATCH"
    TICKET_STAFF_REPLY = "TICKET_STAFF_REPLY"
    TICKET_SET_STATUS = "TICKET_SET_STATUS"
    TICKET_ASSIGN = "TICKET_ASSIGN"
    ARTICLE_PUBLISH = "ARTICLE_PUBLISH"
    MOVES_RESET = "MOVES_RESET"
    TRIAL_START = "TRIAL_START"
    OFFLINE_USE_SET = "OFFLINE_USE_SET"
    OFFLINE_FILE_EXCHANGE = "OFFLINE_FILE_EXCHANGE"
    MDM_CERTIFICATE_SIGN = "MDM_CERTIFICATE_SIGN"
    INSTALLATION_EDIT = "INSTALLATION_EDIT"
    INSTALLATION_EXPORT = "INSTALLATION_EXPORT"
    INSTALLATION_MOVE = "INSTALLATION_MOVE"
    COMPUTER_BLACKLIST = "COMPUTER_BLACKLIST"
    COMPUTER_UNBLACKLIST = "COMPUTER_UNBLACKLIST"
    INVITATION_SEND = "INVITATION_SEND"
    INVITATION_REVOKE = "INVITATION_REVOKE"
    INVITATION_EXPORT = "INVITATION_EXPORT"
    RELEASE_PUBLISH = "RELEASE_PUBLISH"
    WEBHOOK_CREATE = "WEBHOOK_CREATE"
    WEBHOOK_UPDATE = "WEBHOOK_UPDATE"
    WEBHOOK_DELETE = "WEBHOOK_DELETE"
    WEBHOOK_ROTATE_SECRET = "WEBHOOK_ROTATE_SECRET"  # noqa: S105 - a permission, not a secret
    WEBHOOK_REDELIVER = "WEBHOOK_REDELIVER"
    MIGRATION_START = "MIGRATION_START"
    MIGRATION_UNDO = "MIGRATION_UNDO"
    LEGACY_KEY_EXCHANGE = "LEGACY_KEY_EXCHANGE"
    MIGRATED_SUBSCRIPTION_RENEW = "MIGRATED_SUBSCRIPTION_RENEW"
    BACKGROUND_WORK = "BACKGROUND_WORK"


_ADMINISTRATORS: Final = frozenset({Standing.ACCOUNT_ADMINISTRATOR})
_KEY_ADMINISTRATORS: Final = frozenset({Standing.ACCOUNT_ADMINISTRATOR, Standing.LICENSE_ADMINISTRATOR})
_THEMSELVES: Final = frozenset({Standing.THEMSELVES})
# ACC-13: representatives of a partner see and manage tickets, and know no member to add as watcher.
_TICKETS: Final = frozenset({Standing.ACCOUNT_ADMINISTRATOR, Standing.REPRESENTATIVE})
_STAFF: Final = frozenset({Standing.STAFF})
_INSTALLATIONS: Final = frozenset({Standing.INSTALLATION})

MATRIX: Final[dict[Permission, frozenset[Standing]]] = {
    Permission.SIGN_UP: frozenset({Standing.ANYBODY}),
    Permission.SIGN_IN: frozenset({Standing.ANYBODY}),
    Permission.SESSION_REVOKE: _THEMSELVES,
    Permission.PASSWORD_RESET: frozenset({Standing.ANYBODY}),
    Permission.PASSWORD_CHANGE: _THEMSELVES,
    Permission.PROFILE_UPDATE: _THEMSELVES,
    Permission.EMAIL_CHANGE: _THEMSELVES,
    Permission.TWO_FACTOR_CHANGE: _THEMSELVES,
    Permission.ACCESS_TOKEN_CREATE: _THEMSELVES,
    Permission.ACCESS_TOKEN_REVOKE: _THEMSELVES,
    Permission.EXTERNAL_SIGN_IN: frozenset({Standing.ANYBODY}),
    Permission.STAFF_CREATE: frozenset({Standing.SYSTEM}),
    Permission.MAIL_RESEND: frozenset({Standing.STAFF}),
    Permission.SUBSCRIPTION_ISSUE: frozenset({Standing.STAFF}),
    Permission.ACCOUNT_CREATE: frozenset({Standing.CONFIRMED}),
    Permission.COMPANY_UPDATE: _ADMINISTRATORS,
    Permission.ACCOUNT_LEAVE: frozenset({Standing.THEMSELVES}),
    Permission.PARTNER_SET: frozenset({Standing.STAFF}),
    Permission.MEMBER_INVITE: _ADMINISTRATORS,
    Permission.INVITATION_RESEND: _ADMINISTRATORS,
    Permission.INVITATION_CANCEL: _ADMINISTRATORS,
    Permission.INVITATION_ACCEPT: frozenset({Standing.ANYBODY}),
    Permission.MEMBER_UPDATE: _ADMINISTRATORS,
    Permission.MEMBER_BLOCK: _ADMINISTRATORS,
    Permission.MEMBER_UNBLOCK: _ADMINISTRATORS,
    Permission.MEMBER_REMOVE: _ADMINISTRATORS,
    Permission.KEY_ADMINISTRATION_GRANT: _ADMINISTRATORS,
    Permission.KEY_ADMINISTRATION_REVOKE: _ADMINISTRATORS,
    Permission.KEY_REGISTER: _ADMINISTRATORS,
    Permission.KEY_VALIDATE: frozenset({Standing.ANYBODY}),
    Permission.SUBSCRIPTION_RENAME: _ADMINISTRATORS,
    Permission.SUBSCRIPTION_SET_AUTO_RENEW: _ADMINISTRATORS,
    Permission.SUBSCRIPTION_SET_USAGE_THRESHOLDS: _ADMINISTRATORS,
    Permission.ORDER_PLACE: _ADMINISTRATORS,
    Permission.ORDER_FULFILL: frozenset({Standing.STAFF}),
    Permission.ORDER_REJECT: frozenset({Standing.STAFF}),
    Permission.LICENSE_KEY_CREATE: _ADMINISTRATORS,
    Permission.LICENSE_KEY_UPDATE: _ADMINISTRATORS,
    Permission.LICENSE_KEY_DELETE: _ADMINISTRATORS,
    Permission.COMPUTER_ACTIVATE: _INSTALLATIONS,
    Permission.FARM_ACTIVATE: _INSTALLATIONS,
    Permission.PROXY_SERVER_ACTIVATE: _INSTALLATIONS,
    Permission.CHECK_IN: _INSTALLATIONS,
    Permission.INSTALLATION_DEACTIVATE: _KEY_ADMINISTRATORS,
    Permission.TICKET_CREATE: _TICKETS,
    Permission.TICKET_REPLY: _TICKETS,
    Permission.TICKET_CLOSE: _TICKETS,
    Permission.TICKET_REOPEN: _TICKETS,
    Permission.TICKET_SURVEY: _TICKETS,
    Permission.TICKET_CALL: _TICKETS,
    Permission.TICKET_WATCH: _ADMINISTRATORS,
    Permission.TICKET_STAFF_REPLY: _STAFF,
    Permission.TICKET_SET_STATUS: _STAFF,
    Permission.TICKET_ASSIGN: _STAFF,
    Permission.ARTICLE_PUBLISH: _STAFF,
    Permission.MOVES_RESET: frozenset({Standing.STAFF}),
    Permission.TRIAL_START: _ADMINISTRATORS,
    Permission.OFFLINE_USE_SET: _STAFF,
    Permission.OFFLINE_FILE_EXCHANGE: _KEY_ADMINISTRATORS,
    Permission.MDM_CERTIFICATE_SIGN: _ADMINISTRATORS,
    Permission.INSTALLATION_EDIT: _KEY_ADMINISTRATORS,
    Permission.INSTALLATION_EXPORT: _KEY_ADMINISTRATORS,
    Permission.INSTALLATION_MOVE: _KEY_ADMINISTRATORS,
    Permission.COMPUTER_BLACKLIST: _KEY_ADMINISTRATORS,
    Permission.COMPUTER_UNBLACKLIST: _KEY_ADMINISTRATORS,
    Permission.INVITATION_SEND: _KEY_ADMINISTRATORS,
    Permission.INVITATION_REVOKE: _KEY_ADMINISTRATORS,
    Permission.INVITATION_EXPORT: _KEY_ADMINISTRATORS,
    Permission.RELEASE_PUBLISH: frozenset({Standing.STAFF}),
    Permission.WEBHOOK_CREATE: _ADMINISTRATORS,
    Permission.WEBHOOK_UPDATE: _ADMINISTRATORS,
    Permission.WEBHOOK_DELETE: _ADMINISTRATORS,
    Permission.WEBHOOK_ROTATE_SECRET: _ADMINISTRATORS,
    Permission.WEBHOOK_REDELIVER: _ADMINISTRATORS,
    Permission.MIGRATION_START: _STAFF,
    Permission.MIGRATION_UNDO: _STAFF,
    Permission.LEGACY_KEY_EXCHANGE: _ADMINISTRATORS,
    # The mailed link is the right: whoever follows it may have no sign-in yet.
    Permission.MIGRATED_SUBSCRIPTION_RENEW: frozenset({Standing.ANYBODY}),
    Permission.BACKGROUND_WORK: frozenset({Standing.SYSTEM}),
}


def may(actor: Actor, permission: Permission, row: Any = None) -> bool:
    """Whether the actor may do this to the row; the system may do everything."""
    return actor.kind is ActorKind.SYSTEM or bool(MATRIX[permission] & standings(actor, row))


def standings(actor: Actor, row: Any = None) -> frozenset[Standing]:
    """How the actor stands to a row: by its account, its key, its subscription, its person."""
    facts = {
        Standing.ANYBODY: True,
        # What a limited token would make, say an account, lies outside of its list (IDN-10).
        Standing.CONFIRMED: actor.email_confirmed and actor.limited_to is None,
        Standing.STAFF: actor.is_staff,
        Standing.INSTALLATION: actor.kind is ActorKind.INSTALLATION,
    }
    if row is not None:
        account = getattr(row, "account_id", None) or row.id
        facts[Standing.ACCOUNT_ADMINISTRATOR] = account in actor.administered
        facts[Standing.MEMBER] = account in actor.member_of
        facts[Standing.REPRESENTATIVE] = account in actor.ticket_accounts
        facts[Standing.LICENSE_ADMINISTRATOR] = _administers_key(actor, row)
        facts[Standing.THEMSELVES] = actor.signed_in and _person_of(row) == actor.person_id
    return frozenset(standing for standing, holds in facts.items() if holds)


def _administers_key(actor: Actor, row: Any) -> bool:
    key = getattr(row, "license_key_id", None) or getattr(row, "id", None)
    subscription = getattr(row, "subscription_id", None)
    return key in actor.keys or (subscription is not None and subscription in actor.key_subscriptions)


def _person_of(row: Any) -> Any:
    return getattr(row, "person_id", None) or getattr(row, "id", None)
