"""Who is asking: a person (by session or token), an installation, or the system itself."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from uuid import UUID


class Scope(StrEnum):
    """What an access token may do (IDN-10). A session has all of them."""

    READ = "READ"
    MANAGE_LICENSES = "MANAGE_LICENSES"
    MANAGE_INSTALLATIONS = "MANAGE_INSTALLATIONS"
    MANAGE_MEMBERS = "MANAGE_MEMBERS"
    SUPPORT = "SUPPORT"


class ActorKind(StrEnum):
    """Kinds of actors; an event's `actor.kind` is one of the last four."""

    NOBODY = "NOBODY"
    PERSON = "PERSON"
    STAFF = "STAFF"
    INSTALLATION = "INSTALLATION"
    SYSTEM = "SYSTEM"


ALL_SCOPES: Final = frozenset(Scope)


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Actor:
    """An actor and the reach of their rights at this moment.

    `administered`: accounts with full rights (their personal one included);
    `member_of`: accounts whose name they may see; `keys`: keys granted to them;
    `key_subscriptions`: subscriptions whose primary key was granted, which covers
    every additional key, present and future (ACC-10); `seen_subscriptions`: those of
    any granted key; `key_accounts`: accounts in which a key was granted;
    `ticket_accounts`: accounts whose tickets they may see. An
    installation sees itself and its key, and nothing else of the account but its name.
    """

    kind: ActorKind
    name: str = ""
    person_id: UUID | None = None
    personal_account_id: UUID | None = None
    session_id: UUID | None = None
    token_id: UUID | None = None
    email_confirmed: bool = False
    administered: frozenset[UUID] = frozenset()
    member_of: frozenset[UUID] = frozenset()
    keys: frozenset[UUID] = frozenset()
    key_subscriptions: frozenset[UUID] = frozenset()
    seen_subscriptions: frozenset[UUID] = frozenset()
    key_accounts: frozenset[UUID] = frozenset()
    ticket_accounts: frozenset[UUID] = frozenset()
    installation_id: UUID | None = None
    installation_key_id: UUID | None = None
    scopes: frozenset[Scope] = field(default=ALL_SCOPES)
    limited_to: frozenset[UUID] | None = None

    @property
    def signed_in(self) -> bool:
        """Whether a person stands behind the request."""
        return self.person_id is not None

    @property
    def sign_in_id(self) -> UUID | None:
        """The session or the access token that asks; when it is over, so are its websockets."""
        return self.session_id or self.token_id

    def lacks(self, scope: Scope) -> bool:
        """Whether an access token asks that was not given this scope (IDN-10)."""
        return self.token_id is not None and scope not in self.scopes

    @property
    def is_staff(self) -> bool:
        """One of the vendor's own people."""
        return self.kind is ActorKind.STAFF

    @classmethod
    def nobody(cls) -> "Actor":
        """Somebody who isn't signed in."""
        return cls(ActorKind.NOBODY, scopes=frozenset())

    @classmethod
    def system(cls, job: str) -> "Actor":
        """Background work, named after the job; it sees everything."""
        return cls(ActorKind.SYSTEM, name=job)

    @classmethod
    def installation(cls, name: str) -> "Actor":
        """An installation that calls the licensing service."""
        return cls(ActorKind.INSTALLATION, name=name)

    @classmethod
    def known_installation(
        cls, name: str, id_: UUID, account_id: UUID, key_id: UUID | None, subscription_ids: Iterable[UUID]
    ) -> "Actor":
        """An installation that proved which one it is; a proxy server may use two subscriptions."""
        return cls(
            ActorKind.INSTALLATION,
            name=name,
            installation_id=id_,
            installation_key_id=key_id,
            member_of=frozenset({account_id}),
            seen_subscriptions=frozenset(subscription_ids),
        )
