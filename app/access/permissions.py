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
    INSTALLATION = "INSTALLATION"
    STAFF = "STAFF"
    SYSTEM = "SYSTEM"


class Permission(StrEnum):
    """What can be done, named after the mutation that does it."""

    SIGN_UP = "SIGN_UP"
    SIGN_IN = "SIGN_IN"
    SESSION_REVOKE = "SESSION_REVOKE"
    STAFF_CREATE = "STAFF_CREATE"
    SUBSCRIPTION_ISSUE = "SUBSCRIPTION_ISSUE"
    ACCOUNT_CREATE = "ACCOUNT_CREATE"
    KEY_REGISTER = "KEY_REGISTER"
    SUBSCRIPTION_RENAME = "SUBSCRIPTION_RENAME"
    COMPUTER_ACTIVATE = "COMPUTER_ACTIVATE"
    CHECK_IN = "CHECK_IN"
    INSTALLATION_DEACTIVATE = "INSTALLATION_DEACTIVATE"
    BACKGROUND_WORK = "BACKGROUND_WORK"


_ADMINISTRATORS: Final = frozenset({Standing.ACCOUNT_ADMINISTRATOR})
_KEY_ADMINISTRATORS: Final = frozenset({Standing.ACCOUNT_ADMINISTRATOR, Standing.LICENSE_ADMINISTRATOR})
_INSTALLATIONS: Final = frozenset({Standing.INSTALLATION})

MATRIX: Final[dict[Permission, frozenset[Standing]]] = {
    Permission.SIGN_UP: frozenset({Standing.ANYBODY}),
    Permission.SIGN_IN: frozenset({Standing.ANYBODY}),
    Permission.SESSION_REVOKE: frozenset({Standing.THEMSELVES}),
    Permission.STAFF_CREATE: frozenset({Standing.SYSTEM}),
    Permission.SUBSCRIPTION_ISSUE: frozenset({Standing.STAFF}),
    Permission.ACCOUNT_CREATE: frozenset({Standing.CONFIRMED}),
    Permission.KEY_REGISTER: _ADMINISTRATORS,
    Permission.SUBSCRIPTION_RENAME: _ADMINISTRATORS,
    Permission.COMPUTER_ACTIVATE: _INSTALLATIONS,
    Permission.CHECK_IN: _INSTALLATIONS,
    Permission.INSTALLATION_DEACTIVATE: _KEY_ADMINISTRATORS,
    Permission.BACKGROUND_WORK: frozenset({Standing.SYSTEM}),
}


def may(actor: Actor, permission: Permission, row: Any = None) -> bool:
    """Whether the actor may do this to the row; the system may do everything."""
    return actor.kind is ActorKind.SYSTEM or bool(MATRIX[permission] & standings(actor, row))


def standings(actor: Actor, row: Any = None) -> frozenset[Standing]:
    """How the actor stands to a row: by its account, its key, its subscription, its person."""
    facts = {
        Standing.ANYBODY: True,
        Standing.CONFIRMED: actor.email_confirmed,
        Standing.STAFF: actor.is_staff,
        Standing.INSTALLATION: actor.kind is ActorKind.INSTALLATION,
    }
    if row is not None:
        account = getattr(row, "account_id", None) or row.id
        facts[Standing.ACCOUNT_ADMINISTRATOR] = account in actor.administered
        facts[Standing.MEMBER] = account in actor.member_of
        facts[Standing.LICENSE_ADMINISTRATOR] = _administers_key(actor, row)
        facts[Standing.THEMSELVES] = actor.signed_in and _person_of(row) == actor.person_id
    return frozenset(standing for standing, holds in facts.items() if holds)


def _administers_key(actor: Actor, row: Any) -> bool:
    key = getattr(row, "license_key_id", None) or row.id
    subscription = getattr(row, "subscription_id", None)
    return key in actor.keys or (subscription is not None and subscription in actor.key_subscriptions)


def _person_of(row: Any) -> Any:
    return getattr(row, "person_id", None) or row.id
