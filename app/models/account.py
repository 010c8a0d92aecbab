"""Accounts, companies and memberships."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from app.models.columns import choice, moment, one_of, primary_key, reference, secret_hash
from app.models.person import Language


class AccountKind(StrEnum):
    """A person's own account, or a company's."""

    PERSONAL = "PERSONAL"
    BUSINESS = "BUSINESS"


class MemberRole(StrEnum):
    """What a member may do in a business account (ACC-7)."""

    REGULAR_MEMBER = "REGULAR_MEMBER"
    ACCOUNT_ADMINISTRATOR = "ACCOUNT_ADMINISTRATOR"


class MemberStatus(StrEnum):
    """Whether a membership gives access at all (ACC-9)."""

    ACTIVE = "ACTIVE"
    BLOCKED = "BLOCKED"


class Account(SQLModel, table=True):
    """Owner of subscriptions. A regular member may see this row, and no more of the company."""

    __tablename__ = "account"
    __table_args__ = (
        one_of("kind", AccountKind),
        sa.CheckConstraint("(kind = 'PERSONAL') = (owner_id is not null)", name="owner"),
    )

    id: UUID = primary_key()
    kind: AccountKind = choice(AccountKind)
    name: str
    owner_id: UUID | None = reference("person.id", index=False, nullable=True, unique=True)
    is_partner: bool = False
    created_at: datetime = moment()


class Company(SQLModel, table=True):
    """A business account's profile (ACC-1); apart, because regular members don't see it (ACC-12)."""

    __tablename__ = "company"

    account_id: UUID = Field(primary_key=True, foreign_key="account.id", ondelete="CASCADE")
    support_code: str = Field(unique=True)
    name: str
    street: str | None = None
    city: str | None = None
    country: str
    state: str | None = None
    zip: str
    phone: str


class Membership(SQLModel, table=True):
    """A person's place in a business account."""

    __tablename__ = "membership"
    __table_args__ = (
        sa.UniqueConstraint("account_id", "person_id"),
        one_of("role", MemberRole),
        one_of("status", MemberStatus),
        sa.Index("ix_membership_account_since", "account_id", "member_since", "id"),
    )

    id: UUID = primary_key()
    account_id: UUID = reference("account.id", index=False, ondelete="CASCADE")
    person_id: UUID = reference("person.id", ondelete="CASCADE")
    role: MemberRole = choice(MemberRole)
    status: MemberStatus = choice(MemberStatus, default=MemberStatus.ACTIVE)
    note: str = ""
    representing_account_id: UUID | None = reference("account.id", nullable=True)
    member_since: datetime = moment()


class MembershipInvitation(SQLModel, table=True):
    """An address that was invited (ACC-5); an account has one open invitation an address at most.

    Only a hash of the link's token is kept. Its state follows from the moments and the clock.
    """

    __tablename__ = "membership_invitation"
    __table_args__ = (
        one_of("language", Language),
        sa.CheckConstraint("accepted_at is null or cancelled_at is null", name="ended_once"),
        sa.Index(
            "uq_membership_invitation_open",
            "account_id",
            "email_key",
            unique=True,
            postgresql_where=sa.text("accepted_at is null and cancelled_at is null"),
        ),
        sa.Index("ix_membership_invitation_account_sent", "account_id", "sent_at", "id"),
    )

    id: UUID = primary_key()
    account_id: UUID = reference("account.id", index=False, ondelete="CASCADE")
    email: str
    email_key: str
    language: Language = choice(Language)
    token_hash: bytes = secret_hash(unique=True)
    invited_by_id: UUID = reference("person.id", ondelete="CASCADE")
    sent_at: datetime = moment()
    expires_at: datetime = moment()
    accepted_at: datetime | None = moment(default=None, nullable=True)
    cancelled_at: datetime | None = moment(default=None, nullable=True)


class KeyGrant(SQLModel, table=True):
    """The administration of one licence key, granted to a member (ACC-10)."""

    __tablename__ = "key_grant"

    membership_id: UUID = Field(primary_key=True, foreign_key="membership.id", ondelete="CASCADE")
    license_key_id: UUID = Field(
        primary_key=True, foreign_key="license_key.id", ondelete="CASCADE", index=True
    )
    account_id: UUID = reference("account.id", ondelete="CASCADE")
    granted_at: datetime = moment()
