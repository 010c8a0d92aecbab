"""What proves who somebody is beside a password: two-step verification, access tokens, external providers."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel

from app.models.columns import moment, primary_key, reference, secret_hash, texts


class TwoFactor(SQLModel, table=True):
    """Two-step verification of a person (IDN-6); it counts once `confirmed_at` is set.

    `used_steps` are the 30-second steps whose code was used and could come again.
    Its row is locked while a code is checked, so that no code counts twice.
    """

    __tablename__ = "two_factor"

    person_id: UUID = Field(primary_key=True, foreign_key="person.id", ondelete="CASCADE")
    secret_sealed: bytes = Field(sa_type=sa.LargeBinary)
    used_steps: list[int] = Field(default_factory=list, sa_type=ARRAY(sa.BigInteger))
    rescue_hashes: list[bytes] = Field(default_factory=list, sa_type=ARRAY(sa.LargeBinary))
    created_at: datetime = moment()
    confirmed_at: datetime | None = moment(default=None, nullable=True)


class SignInChallenge(SQLModel, table=True):
    """A sign-in whose password was right, waiting for its code (IDN-6); it is deleted when used."""

    __tablename__ = "sign_in_challenge"

    id: UUID = primary_key()
    person_id: UUID = reference("person.id", ondelete="CASCADE")
    token_hash: bytes = secret_hash(unique=True)
    keep_signed_in: bool = False
    created_at: datetime = moment()
    expires_at: datetime = moment(index=True)


class AccessToken(SQLModel, table=True):
    """A personal access token (IDN-10). `account_ids` None: all accounts of the person."""

    __tablename__ = "access_token"

    id: UUID = primary_key()
    person_id: UUID = reference("person.id", ondelete="CASCADE")
    name: str
    token_hash: bytes = secret_hash(unique=True)
    scopes: list[str] = texts()
    account_ids: list[UUID] | None = Field(default=None, sa_type=ARRAY(sa.Uuid))
    created_at: datetime = moment()
    last_used_at: datetime | None = moment(default=None, nullable=True)
    expires_at: datetime | None = moment(default=None, nullable=True, index=True)


class ExternalIdentity(SQLModel, table=True):
    """A person at an OpenID Connect provider (IDN-11): `subject` is the provider's own name for them."""

    __tablename__ = "external_identity"
    __table_args__ = (sa.UniqueConstraint("issuer", "subject"),)

    id: UUID = primary_key()
    person_id: UUID = reference("person.id", ondelete="CASCADE")
    issuer: str
    subject: str
    email: str
    linked_at: datetime = moment()
