"""What every noun's queries are made of."""

from collections.abc import Hashable, Iterable
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import SQLModel

from app.core.database import Row

Key = TypeVar("Key", bound=Hashable)


def table_of(model: type[SQLModel]) -> sa.Table:
    """The table behind a model, for Core statements."""
    table: sa.Table = model.__table__  # type: ignore[attr-defined]
    return table


def tagged(typename: str) -> Any:
    """A column that says which GraphQL type a row is: interfaces resolve by it."""
    return sa.literal_column(f"'{typename}'").label("__typename")


def ids_parameter(name: str = "ids") -> sa.BindParameter[Any]:
    """The IDs of a batch."""
    return sa.bindparam(name, type_=ARRAY(sa.Uuid()))


def by_key(rows: Iterable[Row], column: str = "id") -> dict[Any, Row]:
    """Rows by a column that is unique among them."""
    return {row[column]: row for row in rows}


def grouped(rows: Iterable[Row], column: str) -> dict[Any, list[Row]]:
    """Rows by a column that several of them share, in their order."""
    found: dict[Any, list[Row]] = {}
    for row in rows:
        found.setdefault(row[column], []).append(row)
    return found
