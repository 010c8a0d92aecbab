"""The knowledge base: categories of each product, and articles (SUP-1)."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlmodel import Field, SQLModel

from app.models.columns import choice, moment, one_of, primary_key, reference
from app.models.person import Language
from app.models.product import ProductCode


class SupportCategory(SQLModel, table=True):
    """What a support request can be about."""

    __tablename__ = "support_category"
    __table_args__ = (
        one_of("product", ProductCode),
        sa.UniqueConstraint("product", "position"),
    )

    id: UUID = primary_key()
    product: ProductCode = choice(ProductCode, foreign_key="product.code")
    position: int
    name: str


class SupportSubcategory(SQLModel, table=True):
    """What exactly it is about."""

    __tablename__ = "support_subcategory"
    __table_args__ = (sa.UniqueConstraint("category_id", "position"),)

    id: UUID = primary_key()
    category_id: UUID = reference("support_category.id", index=False, ondelete="CASCADE")
    position: int
    name: str


class SupportArticle(SQLModel, table=True):
    """An article of the knowledge base; `words` finds it, by the dictionary of its language."""

    __tablename__ = "support_article"
    __table_args__ = (
        one_of("product", ProductCode),
        one_of("language", Language),
        sa.Index("ix_support_article_words", "words", postgresql_using="gin"),
        sa.Index("ix_support_article_product_language", "product", "language"),
    )

    id: UUID = primary_key()
    product: ProductCode = choice(ProductCode, foreign_key="product.code")
    subcategory_id: UUID | None = reference("support_subcategory.id", nullable=True)
    language: Language = choice(Language)
    title: str
    body: str
    popular: bool = False
    words: Any = Field(sa_type=TSVECTOR, nullable=False)
    published_at: datetime = moment()
