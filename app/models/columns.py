"""How columns are declared: text + CHECK for enums, aware moments, indexed foreign keys.

Enums are stored as text with a CHECK, since native PostgreSQL enums cost an ALTER TYPE
for each new member, and SQLModel would store names of a type of its own.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic.fields import FieldInfo
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.engine import Dialect
from sqlmodel import Field, SQLModel

from app.core.ids import new_id

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class EnumText(sa.TypeDecorator[StrEnum]):
    """A StrEnum stored as its value; text in PostgreSQL."""

    impl = sa.Text
    cache_ok = True

    def __init__(self, enum: type[StrEnum]) -> None:
        super().__init__()
        self.enum = enum

    def process_bind_param(self, value: StrEnum | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """The value as text; raises ValueError for what the enum doesn't have."""
        return None if value is None else str(self.enum(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:  # noqa: ARG002
        """The enum's member."""
        return None if value is None else self.enum(value)


def primary_key() -> Any:
    """A UUIDv7 that the application makes, so that an insert returns nothing."""
    return Field(default_factory=new_id, primary_key=True)


def reference(target: str, *, index: bool = True, nullable: bool = False, **options: Any) -> Any:
    """A foreign key to `table.column`, indexed unless a wider index begins with it."""
    default: FieldInfo | dict[str, Any] = {"default": None} if nullable else {}
    return Field(foreign_key=target, index=index, nullable=nullable, **default, **options)  # type: ignore[arg-type]


def moment(**options: Any) -> Any:
    """A point in time with its zone (UTC)."""
    return Field(sa_type=sa.DateTime(timezone=True), **options)


def choice(enum: type[StrEnum], **options: Any) -> Any:
    """One of an enum's members, as text; the table repeats it as a CHECK (`one_of`)."""
    return Field(sa_type=EnumText(enum), **options)


def one_of(column: str, enum: type[StrEnum]) -> sa.CheckConstraint:
    """The CHECK that belongs to `choice`."""
    values = ", ".join(f"'{member.value}'" for member in enum)
    return sa.CheckConstraint(f"{column} in ({values})", name=column)


def texts(**options: Any) -> Any:
    """A list of texts."""
    return Field(sa_type=ARRAY(sa.Text), **options)


def document(**options: Any) -> Any:
    """A JSON object."""
    return Field(sa_type=JSONB, **options)


def secret_hash(**options: Any) -> Any:
    """A hash by which a secret is found again; never the secret."""
    return Field(sa_type=sa.LargeBinary, **options)


__all__ = [
    "UUID",
    "EnumText",
    "choice",
    "datetime",
    "document",
    "moment",
    "one_of",
    "primary_key",
    "reference",
    "secret_hash",
    "texts",
]
