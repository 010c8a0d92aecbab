"""Alembic's environment: asyncpg, one transaction a migration, every table of app.models."""

import asyncio
from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection, make_url
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from sqlmodel import AutoString

from app.models.columns import EnumText
from app.models.everything import metadata

_QUEUE_PREFIX = "pgqueuer"


def ours(_object: Any, name: str | None, kind: str, _reflected: bool, _compare_to: Any) -> bool:  # noqa: FBT001
    """Whether a table is ours to compare: the job queue's belong to its library."""
    return kind != "table" or not (name or "").startswith(_QUEUE_PREFIX)


def rendered(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Types of our own as what PostgreSQL stores, so that a migration imports nothing of the application."""
    if kind == "type" and isinstance(item, EnumText):
        return "sa.Text()"
    if kind == "type" and isinstance(item, AutoString):
        return "sa.String()"
    return False


def run(connection: Connection) -> None:
    """Migrate over this connection."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_object=ours,
        render_item=rendered,
        transaction_per_migration=True,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def run_async(url: str) -> None:
    """Open a connection of our own and migrate over it."""
    engine = create_async_engine(make_url(url).set(drivername="postgresql+asyncpg"), poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(run)
        await connection.commit()
    await engine.dispose()


given: Connection | None = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    asyncio.run(run_async(context.config.attributes["url"]))
