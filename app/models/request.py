"""Requests that carry an Idempotency-Key, and their answers."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from app.models.columns import moment, primary_key, secret_hash


class IdempotentRequest(SQLModel, table=True):
    """A mutation's first answer, kept for a day under the key that its client chose.

    Owner, key and body are fingerprints. `acted_at` is written in the transaction of the
    request's effect: a request that died before it may be done again, one that died after it may not.
    The answer is sealed, since it may hold a session's token.
    """

    __tablename__ = "idempotent_request"
    __table_args__ = (sa.UniqueConstraint("owner", "key"),)

    id: UUID = primary_key()
    owner: bytes = secret_hash()
    key: bytes = secret_hash()
    body: bytes = secret_hash()
    begun_at: datetime = moment()
    acted_at: datetime | None = moment(default=None, nullable=True)
    answer_sealed: bytes | None = Field(default=None, sa_type=sa.LargeBinary, nullable=True)
    expires_at: datetime = moment(index=True)
