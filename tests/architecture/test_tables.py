"""Every table: who may see it, and what its columns may hold."""

import re
from enum import StrEnum
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa

from app.core.database import VIEWER_ROLE
from app.models.columns import EnumText
from app.models.everything import metadata
from tests.support.portal import Portal
from tests.support.world import made_world

# Seen by whoever asks, signed in or not: the vendor's catalogue.
PUBLIC = {"product", "support_article", "support_category", "support_subcategory"}
# Of the libraries: the viewer has no privilege on them at all.
FOREIGN = ("alembic_version", "pgqueuer", "pgqueuer_log", "pgqueuer_schedules", "pgqueuer_statistics")


async def test_every_table_has_row_security_and_a_policy(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        rows = await connection.fetch(
            """
            select relname, relrowsecurity,
                (select count(*) from pg_policy where polrelid = pg_class.oid) as policies,
                has_table_privilege($1, pg_class.oid, 'select') as seen,
                has_table_privilege($1, pg_class.oid, 'insert, delete, truncate') as changed
            from pg_class
            where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace
            """,
            VIEWER_ROLE,
        )
    finally:
        await connection.close()
    found = {row["relname"]: row for row in rows}
    ours = {name: row for name, row in found.items() if name not in FOREIGN}
    assert set(ours) == set(metadata.tables)
    assert [name for name, row in ours.items() if not row["relrowsecurity"]] == []
    assert [name for name, row in ours.items() if not row["policies"]] == []
    assert [name for name, row in found.items() if row["changed"]] == []
    assert [name for name in found if name in FOREIGN and found[name]["seen"]] == []


@pytest.mark.rule("ACC-14")
async def test_a_viewer_without_settings_sees_nothing(portal: Portal, database_url: str) -> None:
    async with made_world(portal, database_url) as world:
        everything = {name: await count(world.database, name) for name in metadata.tables}
        assert {name for name, rows in everything.items() if not rows} <= {"application_clock"}
        await world.database.execute(f"set role {VIEWER_ROLE}")
        seen = {name: await count(world.database, name) for name in metadata.tables}
        assert {name for name, rows in seen.items() if rows} == PUBLIC


async def count(connection: asyncpg.Connection, table: str) -> int:
    found: int = await connection.fetchval(f'select count(*) from "{table}"')
    return found


async def test_the_database_knows_the_same_choices_as_the_code(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        checks = await connection.fetch(
            "select conrelid::regclass::text as name, pg_get_constraintdef(oid) as text "
            "from pg_constraint where contype = 'c' and connamespace = 'public'::regnamespace"
        )
    finally:
        await connection.close()
    known = [choices(row["name"], row["text"]) for row in checks]
    for table in metadata.sorted_tables:
        for column in table.columns:
            enum = enum_of(column)
            if enum is not None:
                wanted = (table.name, column.name, frozenset(member.value for member in enum))
                assert wanted in known, f"no CHECK of {table.name}.{column.name} holds exactly {enum}"


def enum_of(column: sa.Column[Any]) -> type[StrEnum] | None:
    return column.type.enum if isinstance(column.type, EnumText) else None


def choices(table: str, check: str) -> tuple[str, str, frozenset[str]] | None:
    """Table, column and values of a CHECK that a column is one of some texts."""
    match = re.fullmatch(r"CHECK \(\((\w+) = (?:ANY \(ARRAY\[)?(.*?)\]?\)?\)\)", check)
    if match is None:
        return None
    return table.strip('"'), match[1], frozenset(re.findall(r"'(\w+)'::text", match[2]))
