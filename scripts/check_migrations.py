"""`alembic check` on a fresh embedded database: the migrations make exactly the models' tables."""

import asyncio
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.util import CommandError

from app.core.embedded import EmbeddedServers
from app.core.migrate import alembic_config, upgrade


def main() -> int:
    """1 if a migration is missing, each difference printed."""
    with (
        tempfile.TemporaryDirectory() as home,
        EmbeddedServers.start(Path(home), need_redis=False, fsync=False) as servers,
    ):
        url = servers.urls.database or ""
        asyncio.run(upgrade(url))
        config = alembic_config()
        config.attributes["url"] = url
        try:
            command.check(config)
        except CommandError as error:
            print(f"the migrations don't make the models' tables: {error}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
