"""More values for a column that is one of several texts."""

import re

import sqlalchemy as sa
from alembic import op


def add_choices(table: str, column: str, *values: str) -> None:
    """Widen the CHECK of an enum column; what it allows by now stays, whichever migration added it."""
    name = f"ck_{table}_{column}"
    known = _known(table, name)
    _replace(table, column, name, [*known, *(value for value in values if value not in known)])


def remove_choices(table: str, column: str, *values: str) -> None:
    """Narrow it again; rows that hold such a value are deleted."""
    name = f"ck_{table}_{column}"
    known = _known(table, name)
    op.execute(f"delete from {table} where {column} in ({_listed(values)})")  # noqa: S608 - our own words
    _replace(table, column, name, [value for value in known if value not in values])


def _known(table: str, name: str) -> list[str]:
    statement = sa.text(
        "select pg_get_constraintdef(oid) from pg_constraint"
        " where conname = :name and conrelid = cast(cast(:table as text) as regclass)"
    )
    definition = op.get_bind().execute(statement, {"name": name, "table": table}).scalar_one()
    return re.findall(r"'([^']*)'::", definition)


def _replace(table: str, column: str, name: str, values: list[str]) -> None:
    op.execute(f"alter table {table} drop constraint {name}")
    op.execute(f"alter table {table} add constraint {name} check ({column} in ({_listed(values)}))")


def _listed(values: list[str] | tuple[str, ...]) -> str:
    return ", ".join(f"'{value}'" for value in values)
