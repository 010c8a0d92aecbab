"""People, their sessions, and the links that were mailed to them."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from app.models.columns import choice, moment, one_of, primary_key, reference, secret_hash, texts


class Language(StrEnum):
    """Languages of mails and of the knowledge base (MAI-2)."""

    EN = "EN"
    DE = "DE"
    FR = "FR"
    ES = "ES"
    IT = "IT"
    PT_BR = "PT_BR"
    JA = "JA"
    ZH_CN = "ZH_CN"


class LinkPurpose(StrEnum):
    """What a mailed link does when it is opened."""

    CONFIRM_EMAIL = "CONFIRM_EMAIL"
    CONFIRM_NEW_EMAIL = "CONFIRM_NEW_EMAIL"
    RESET_PASSWORD = "RESET_PASSWORD"  # noqa: S105 - a purpose, not a password


class Person(SQLModel, table=True):
    """A human with one sign-in. `email` keeps the typed form, `email_key` is unique (IDN-2)."""

    __tablename__ = "person"
    __table_args__ = (one_of("language", Language),)

    id: UUID = primary_key()
    email: str
    email_key: str = Field(unique=True)
    first_name: str
    last_name: str
    language: Language = choice(Language)
    time_zone: str = "UTC"
    is_staff: bool = False
    # Topics of mails that they do without (MailTopic)
    unwanted_mails: list[str] = texts(default_factory=list)
    email_confirmed_at: datetime | None = moment(default=None, nullable=True)
    terms_version: str
    privacy_version: str
    terms_accepted_at: datetime = moment()
    created_at: datetime = moment()

    @property
    def full_name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}"


class Credential(SQLModel, table=True):
    """What proves that a person is who they say; apart, so that no viewer can ever read it."""

    __tablename__ = "credential"

    person_id: UUID = Field(primary_key=True, foreign_key="person.id", ondelete="CASCADE")
    password_hash: str
    changed_at: datetime = moment()


class Session(SQLModel, table=True):
    """A sign-in (IDN-5). Only the token's hash is kept; `lifetime_seconds` makes it slide."""

    __tablename__ = "session"

    id: UUID = primary_key()
    person_id: UUID = reference("person.id", ondelete="CASCADE")
    token_hash: bytes = secret_hash(unique=True)
    created_at: datetime = moment()
    last_used_at: datetime = moment()
    expires_at: datetime = moment(index=True)
    lifetime_seconds: int
    ip_address: str | None = None
    user_agent: str | None = None


class Link(SQLModel, table=True):
    """A mailed link: works once, until it expires."""

    __tablename__ = "link"
    __table_args__ = (
        one_of("purpose", LinkPurpose),
        sa.Index("ix_link_person_id_purpose", "person_id", "purpose"),
    )

    id: UUID = primary_key()
    purpose: LinkPurpose = choice(LinkPurpose)
    person_id: UUID = reference("person.id", index=False, ondelete="CASCADE")
    token_hash: bytes = secret_hash(unique=True)
    email: str
    created_at: datetime = moment()
    expires_at: datetime = moment(index=True)
    used_at: datetime | None = moment(default=None, nullable=True)
