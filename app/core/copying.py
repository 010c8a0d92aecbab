"""Many rows at once by COPY, within a session's transaction: a tenth of what single inserts take."""

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

Write = Callable[[Any], Any]


async def copy_rows(session: AsyncSession, table: sa.Table, rows: Sequence[Any]) -> None:
    """Insert rows of one table, given as objects with an attribute a column. No trigger is left out."""
    if not rows:
        return
    columns = [column for column in table.columns if column.computed is None]
    names = [column.name for column in columns]
    writes = [_write(column) for column in columns]
    records = [
        tuple(
            write(getattr(row, name)) if write else getattr(row, name)
            for name, write in zip(names, writes, strict=True)
        )
        for row in rows
    ]
    raw: Any = (await (await session.connection()).get_raw_connection()).driver_connection
    await raw.copy_records_to_table(table.name, records=records, columns=names)


def _write(column: sa.Column[Any]) -> Write | None:
    if isinstance(column.type, JSONB):
        # SQLAlchemy's codec of the connection takes JSON that is text already.
        return _json
    return _plain if isinstance(column.type, sa.TypeDecorator) else None


def _json(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value).decode()


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value
