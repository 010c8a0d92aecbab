"""The database's schema: brought up to date by one node at a time, checked by all."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from app.core.database import VIEWER_ROLE
from app.core.errors import DatabaseUnavailable, SchemaOutdated

MIGRATIONS = Path(__file__).parents[2] / "migrations"
_OLDEST_SERVER = (15,)
_LOCK = 0x6C796368  # "lych": any number that nobody else in this database locks
_LOCK_POLL_SECONDS = 0.1
_CONNECT_SECONDS = 10.0
_WHO = """select quote_ident(current_user), quote_ident(current_database()),
    exists (select from pg_roles where rolname = :role)"""
_TABLES = """select format('%I.%I', schemaname, tablename) from pg_tables
    where schemaname = current_schema() and tablename <> 'alembic_version'"""


async def upgrade(url: str) -> str | None:
    """Bring the database to the newest schema; its revision afterwards.

    Of several nodes at once one works and the others wait. Raises DatabaseUnavailable, also where
    rights are missing; SchemaOutdated for a schema that a newer release made.
    """
    async with _connected(url) as connection, _alone(connection):
        _refuse_unknown(await connection.run_sync(_revision))
        try:
            await connection.run_sync(_upgrade)
        except ProgrammingError as error:
            if not isinstance(_cause(error), asyncpg.InsufficientPrivilegeError):
                raise
            await connection.rollback()
            raise await _without_rights(connection, _cause(error)) from error
        return await connection.run_sync(_revision)


async def rebuild(url: str) -> None:
    """Drop all that the migrations made, data included, and make it anew. Raises DatabaseUnavailable."""
    async with _connected(url) as connection, _alone(connection):
        await connection.run_sync(_empty)
        await connection.run_sync(_downgrade)
        await connection.run_sync(_upgrade)


async def current_revision(url: str) -> str | None:
    """The revision of the database; None for an empty one. Raises DatabaseUnavailable."""
    async with _connected(url) as connection:
        return await connection.run_sync(_revision)


@cache
def head_revision() -> str | None:
    """The revision that this release needs."""
    return _scripts().get_current_head()


async def ensure_current(url: str) -> None:
    """Raise SchemaOutdated unless the database has the schema of this release; DatabaseUnavailable.

    The latter also where it can't be looked at as the viewer.
    """
    needed = head_revision()
    async with _connected(url) as connection:
        found = await connection.run_sync(_revision)
        if found == needed:
            await _look_as_viewer(connection)
            return
    _refuse_unknown(found)
    msg = f"the database's schema is old ({found or 'empty'}, needed {needed}): run `lychgate migrate`"
    raise SchemaOutdated(msg)


def alembic_config() -> Config:
    """Alembic's configuration; `attributes["connection"]` or `["url"]` tells env.py where to work."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(alembic_config())


def _refuse_unknown(found: str | None) -> None:
    if found is not None and found not in {script.revision for script in _scripts().walk_revisions()}:
        msg = f"the database's schema ({found}) is of another release than this one ({head_revision()}): run that one"
        raise SchemaOutdated(msg)


def _upgrade(connection: Connection) -> None:
    command.upgrade(_on(connection), "head")
    connection.commit()


def _empty(connection: Connection) -> None:
    # Going back is for schemas: with rows in it, a table may refuse to become what it was.
    tables = connection.exec_driver_sql(_TABLES).scalars().all()
    if tables:
        connection.exec_driver_sql(f"truncate {', '.join(tables)}")
    connection.commit()


def _downgrade(connection: Connection) -> None:
    command.downgrade(_on(connection), "base")
    connection.commit()


def _on(connection: Connection) -> Config:
    config = alembic_config()
    config.attributes["connection"] = connection
    return config


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[AsyncConnection]:
    """A connection made by asyncpg itself: it understands every form of URL (sslmode, sockets)."""

    async def connect() -> asyncpg.Connection:
        return await asyncpg.connect(url, timeout=_CONNECT_SECONDS)

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    try:
        connection = await _open(engine)
        try:
            _refuse_old_server(connection)
            yield connection
        finally:
            await connection.close()
    finally:
        await engine.dispose()


async def _open(engine: AsyncEngine) -> AsyncConnection:
    try:
        return await engine.connect()
    except (
        OSError,
        TimeoutError,
        ValueError,
        DBAPIError,
        asyncpg.PostgresError,
        asyncpg.InterfaceError,
    ) as error:
        raise DatabaseUnavailable(_unreachable(_cause(error))) from error


async def _look_as_viewer(connection: AsyncConnection) -> None:
    """Whether every request will be able to: a dump that was restored knows nothing of roles."""
    try:
        await connection.exec_driver_sql(f"set role {VIEWER_ROLE}")
        await connection.exec_driver_sql("reset role")
    except DBAPIError as error:
        await connection.rollback()
        raise await _without_rights(connection, _cause(error)) from error


async def _without_rights(connection: AsyncConnection, cause: BaseException) -> DatabaseUnavailable:
    who, where, has_role = (await connection.execute(text(_WHO), {"role": VIEWER_ROLE})).one()
    role = "" if has_role else f"create role {VIEWER_ROLE} nologin; "
    return DatabaseUnavailable(
        f"the database's user {who} lacks a right ({cause}): let a superuser run "
        f"`{role}grant {VIEWER_ROLE} to {who}; alter database {where} owner to {who}`"
    )


def _cause(error: BaseException) -> BaseException:
    """What PostgreSQL or the network said, without SQLAlchemy's wrapping."""
    orig = getattr(error, "orig", None)
    return getattr(orig, "__cause__", None) or orig or error


def _unreachable(error: BaseException) -> str:
    """One line for a database that can't be reached or refuses us; never with the URL's password."""
    reason = str(error) or type(error).__name__
    return f"the database can't be reached ({reason}): check LYCHGATE_DATABASE_URL and that PostgreSQL runs"


def _refuse_old_server(connection: AsyncConnection) -> None:
    version = connection.dialect.server_version_info or ()
    if version < _OLDEST_SERVER:
        msg = f"PostgreSQL {'.'.join(map(str, version))} is too old: LYCHGATE_DATABASE_URL needs 15 or newer"
        raise DatabaseUnavailable(msg)


@asynccontextmanager
async def _alone(connection: AsyncConnection) -> AsyncIterator[None]:
    """Hold the migration lock.

    Polled: a waiting statement's snapshot could block the migration itself.
    """
    while not (await connection.exec_driver_sql(f"select pg_try_advisory_lock({_LOCK})")).scalar():
        await connection.rollback()
        await asyncio.sleep(_LOCK_POLL_SECONDS)
    await connection.commit()
    try:
        yield
    finally:
        await connection.rollback()
        await connection.exec_driver_sql(f"select pg_advisory_unlock({_LOCK})")
        await connection.commit()
