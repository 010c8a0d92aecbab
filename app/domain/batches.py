"""What every noun's queries are made of."""

from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import SQLModel

from app.core.database import Reader, Row
from app.core.statements import compiled

Key = TypeVar("Key", bound=Hashable)
Batch = Callable[[Reader, Sequence[UUID]], Awaitable[Mapping[UUID, Any]]]
"""What a loader asks for many keys at once."""


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


def days_of(table: sa.Table) -> Callable[[date, date], Batch]:
    """Batch queries for an installation's days in such a table, oldest first; what has no row is left out."""
    days = compiled(
        sa.select(table)
        .where(
            table.c.installation_id == sa.any_(ids_parameter()),
            table.c.day >= sa.bindparam("first"),
            table.c.day <= sa.bindparam("last"),
        )
        .order_by(table.c.day)
    )

    @lru_cache(maxsize=256)
    def between(first: date, last: date) -> Batch:
        async def days_between(read: Reader, installation_ids: Sequence[UUID]) -> dict[UUID, list[Row]]:
            rows = await read.rows(days, ids=list(installation_ids), first=first, last=last)
            return grouped(rows, "installation_id")

        return days_between

    return between


def by_key(rows: Iterable[Row], column: str = "id") -> dict[Any, Row]:
    """Rows by a column that is unique among them."""
    return {row[column]: row for row in rows}


def grouped(rows: Iterable[Row], column: str) -> dict[Any, list[Row]]:
    """Rows by a column that several of them share, in their order."""
    found: dict[Any, list[Row]] = {}
    for row in rows:
        found.setdefault(row[column], []).append(row)
    return found
