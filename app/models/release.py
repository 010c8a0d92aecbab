"""What each product offers for download (PRD-2)."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from app.models.columns import choice, moment, one_of, primary_key, reference
from app.models.product import ProductCode


class Release(SQLModel, table=True):
    """One version of a product."""

    __tablename__ = "release"
    __table_args__ = (sa.UniqueConstraint("product", "version"), one_of("product", ProductCode))

    id: UUID = primary_key()
    product: ProductCode = choice(ProductCode, foreign_key="product.code")
    version: str
    name: str
    released_on: date
    notes: str | None = None
    published_at: datetime = moment()


class ReleaseFile(SQLModel, table=True):
    """A file of a release."""

    __tablename__ = "release_file"

    id: UUID = primary_key()
    release_id: UUID = reference("release.id", ondelete="CASCADE")
    position: int
    name: str
    platform: str
    size_bytes: int = Field(sa_type=sa.BigInteger)
    sha256: str
    url: str


class ReleaseDocument(SQLModel, table=True):
    """A documentation link of a release."""

    __tablename__ = "release_document"

    id: UUID = primary_key()
    release_id: UUID = reference("release.id", ondelete="CASCADE")
    position: int
    title: str
    url: str
