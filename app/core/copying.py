"""Many rows at once by COPY, within a session's transaction: a tenth of what single inserts take."""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

Write = Callable[[Any], Any]


async def copy_rows(session: AsyncSession, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows of one table; a column that a row doesn't name is NULL. Triggers fire as ever.

    The session must have run a statement before: that began its transaction.
    """
    if not rows:
        return
    columns = [column for column in table.columns if column.computed is None]
    names = [column.name for column in columns]
    writes = [_write(column) for column in columns]
    records = [
        tuple(
            write(row.get(name)) if write else row.get(name)
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
