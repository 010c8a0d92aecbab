"""A database that refuses us something: one line that says what to do."""

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from app.core.doctor import examine
from app.core.errors import DatabaseUnavailable
from app.core.migrate import ensure_current, head_revision, upgrade
from app.core.settings import Settings
from tests.support.servers import Cluster, make_settings

ROLE = "lychgate_test_powerless"


async def test_whoever_may_not_become_the_viewer_is_told_what_to_grant(
    cluster: Cluster, database_url: str
) -> None:
    """Like after restoring a dump on a new server, or where the user may not make roles."""
    url = make_url(database_url).set(username=ROLE, password="p").render_as_string(hide_password=False)
    connection = await asyncpg.connect(database_url)
    try:
        database = await connection.fetchval("select current_database()")
        await connection.execute(f"create role {ROLE} login password 'p'")
        await connection.execute(f"grant select on alembic_version to {ROLE}")
        try:
            with pytest.raises(DatabaseUnavailable) as caught:
                await ensure_current(url)
            told = str(caught.value)
            assert f"grant lychgate_viewer to {ROLE}; alter database {database} owner to {ROLE}" in told
            assert told in await examine(make_settings(cluster, url))

            await connection.execute("update alembic_version set version_num = '0001'")
            with pytest.raises(DatabaseUnavailable, match=f"grant lychgate_viewer to {ROLE}"):
                await upgrade(url)

            # What was told is what is needed.
            await connection.execute("update alembic_version set version_num = $1", head_revision())
            await connection.execute(f"grant lychgate_viewer to {ROLE}")
            await ensure_current(url)
        finally:
            await connection.execute(f"drop owned by {ROLE}; drop role {ROLE}")
    finally:
        await connection.close()


@pytest.mark.parametrize("wrong", [{"database": "no_such_database"}, {"username": "no_such_user"}])
async def test_whoever_is_refused_is_told_the_reason_in_a_line(
    settings: Settings, wrong: dict[str, str]
) -> None:
    assert settings.database_url is not None
    url = make_url(settings.database_url.get_secret_value()).set(**wrong)  # type: ignore[arg-type]
    with pytest.raises(DatabaseUnavailable, match=r"no_such_\w+.*LYCHGATE_DATABASE_URL") as caught:
        await ensure_current(url.render_as_string(hide_password=False))
    assert "\n" not in str(caught.value)
