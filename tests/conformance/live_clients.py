"""`python -m tests.conformance.live_clients`: the clients that people use against the portal.

The bare graphql-ws and graphql-sse, then Apollo Client and urql, which speak by way of them and by themselves.
Needs node and npm with a registry, so it is no part of `make test`. To be run at each upgrade of Strawberry.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from app.core.embedded import EmbeddedServers
from app.core.migrate import upgrade
from app.core.settings import load_settings
from tests.support.portal import running
from tests.support.tickets import category

PACKAGES = (
    "@apollo/client@4.3.8",
    "@urql/core@6.0.3",
    "apollo-upload-client@20.0.0",
    "graphql-sse@2.6.1",
    "graphql-ws@6.4.2",
    "graphql@16.15.0",
    "rxjs@7.8.2",
    "wonka@6.3.6",
    "ws@8.23.0",
)
HERE = Path(__file__).parent
SCRIPTS = ("live_clients.mjs", "app_clients.mjs")


async def serve_and_run(home: Path, folder: Path) -> int:
    """The exit code of the clients, against one portal of their own: the first that is not 0."""
    with EmbeddedServers.start(home, fsync=False) as servers:
        database, redis_url = servers.urls.database or "", servers.urls.redis or ""
        await upgrade(database)
        secret = "a secret key for conformance alone"
        settings = load_settings(
            home_dir=home, database_url=database, redis_url=redis_url, secret_key=secret, dev=True
        )
        async with running(settings) as portal:
            ada = await portal.administrator()
            story = {
                "url": f"{portal.url}/graphql",
                "token": ada.token,
                "account": ada.account,
                "subscription": ada.subscription,
                "email": ada.email,
                "category": await category(portal),
                "foreign": (await portal.administrator()).account,
            }
            environment = os.environ | {"STORY": json.dumps(story)}
            for script in SCRIPTS:
                process = await asyncio.create_subprocess_exec("node", script, cwd=folder, env=environment)
                if code := await process.wait():
                    return code
            return 0


def main() -> int:
    """Fetch the clients, then let them run."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        sys.exit("node and npm are needed")
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory(prefix="lych") as home:
        for script in ("story.mjs", *SCRIPTS):
            shutil.copy(HERE / script, folder)
        install = ["npm", "install", "--no-audit", "--no-fund", "--silent", *PACKAGES]
        subprocess.run(install, cwd=folder, check=True)
        return asyncio.run(serve_and_run(Path(home), Path(folder)))


if __name__ == "__main__":
    sys.exit(main())
