"""What happens to members, their invitations and their grants."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from app.core import ids
from app.domain.events.record import DomainEvent
from app.models.account import Account, Membership, MembershipInvitation
from app.models.event import EventType
from app.models.license_key import LicenseKey
from app.models.person import Person


@dataclass(frozen=True, kw_only=True)
class MemberInvited(DomainEvent):
    """ACC-5: an address was invited, or invited again. The token goes into the mail and nowhere else."""

    type: ClassVar = EventType.MEMBER_INVITED
    subject_type: ClassVar = "MembershipInvitation"

    invitation: MembershipInvitation
    token: str
    account_name: str
    invited_by: str

    @classmethod
    def of(
        cls,
        invitation: MembershipInvitation,
        account: Account,
        *,
        token: str,
        invited_by: str,
        known: Person | None,
    ) -> Self:
        """Whoever has confirmed that the address is theirs hears of it as well (EVT-2)."""
        confirmed = known is not None and known.email_confirmed_at is not None
        return cls(
            account_id=account.id,
            subject_id=invitation.id,
            person_ids=(known.id,) if known is not None and confirmed else (),
            invitation=invitation,
            token=token,
            account_name=account.name,
            invited_by=invited_by,
        )

    def data(self) -> dict[str, Any]:
        """Who was invited where."""
        account = ids.encode("BusinessAccount", self.invitation.account_id)
        return {"email": self.invitation.email, "account": self.account_name, "accountId": account}


@dataclass(frozen=True, kw_only=True)
class MemberEvent(DomainEvent):
    """About a member: in the account's stream, and in the person's own (EVT-2)."""

    subject_type: ClassVar = "Membership"
    changes_rights: ClassVar = True

    person: Person
    account_name: str

    @classmethod
    def of(cls, membership: Membership, person: Person, account: Account, **more: Any) -> Self:
        """The event about a membership."""
        return cls(
            account_id=account.id,
            subject_id=membership.id,
            person_ids=(person.id,),
            person=person,
            account_name=account.name,
            **more,
        )

    def data(self) -> dict[str, Any]:
        """Who, and where: the person's own stream tells of several accounts."""
        account = None if self.account_id is None else ids.encode("BusinessAccount", self.account_id)
        return {
            "name": self.person.full_name,
            "personId": ids.encode("Person", self.person.id),
            "account": self.account_name,
            "accountId": account,
        }


@dataclass(frozen=True, kw_only=True)
class MemberJoined(MemberEvent):
    """ACC-6: an invitation was accepted."""

    type: ClassVar = EventType.MEMBER_JOINED


@dataclass(frozen=True, kw_only=True)
class MemberChanged(MemberEvent):
    """ACC-7: another role, or another note. What a note says is for administrators alone."""

    type: ClassVar = EventType.MEMBER_CHANGED

    changed: dict[str, Any]

    def data(self) -> dict[str, Any]:
        """Who, and what changed."""
        return {**MemberEvent.data(self), "changed": self.changed}


@dataclass(frozen=True, kw_only=True)
class MemberBlocked(MemberEvent):
    """ACC-9: all access is gone until it is given back."""

    type: ClassVar = EventType.MEMBER_BLOCKED


@dataclass(frozen=True, kw_only=True)
class MemberUnblocked(MemberEvent):
    """ACC-9: access as before."""

    type: ClassVar = EventType.MEMBER_UNBLOCKED


@dataclass(frozen=True, kw_only=True)
class MemberRemoved(MemberEvent):
    """ACC-4, ACC-9: the membership is gone; `by_themselves` if the person left."""

    type: ClassVar = EventType.MEMBER_REMOVED

    by_themselves: bool = False

    def data(self) -> dict[str, Any]:
        """Who, and whether they left."""
        return {**MemberEvent.data(self), "left": self.by_themselves}


@dataclass(frozen=True, kw_only=True)
class KeyAdministrationChanged(DomainEvent):
    """ACC-10: one member's administration of one key was granted or taken back."""

    type: ClassVar = EventType.KEY_ADMINISTRATION_CHANGED
    subject_type: ClassVar = "LicenseKey"
    changes_rights: ClassVar = True

    person: Person
    key_name: str
    granted: bool

    @classmethod
    def of(cls, key: LicenseKey, person: Person, *, granted: bool) -> Self:
        """In the account's stream and in the person's own."""
        return cls(
            account_id=key.account_id,
            subject_id=key.id,
            subscription_id=key.subscription_id,
            license_key_id=key.id,
            person_ids=(person.id,),
            person=person,
            key_name=key.name,
            granted=granted,
        )

    def data(self) -> dict[str, Any]:
        """Who, which key, and which way."""
        return {
            "name": self.person.full_name,
            "personId": ids.encode("Person", self.person.id),
            "keyName": self.key_name,
            "granted": self.granted,
            "change": "got" if self.granted else "lost",
        }
