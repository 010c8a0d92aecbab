"""`python -m tests.conformance.live_clients`: the real graphql-ws and graphql-sse clients against the portal.

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

PACKAGES = ("graphql-ws@6.4.2", "graphql-sse@2.6.1", "ws@8.23.0", "graphql@16.15.0")
SCRIPT = Path(__file__).with_suffix(".mjs")


async def serve_and_run(home: Path, folder: Path) -> int:
    """The exit code of the clients, against a portal of their own."""
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
            }
            environment = os.environ | {"STORY": json.dumps(story)}
            process = await asyncio.create_subprocess_exec("node", SCRIPT.name, cwd=folder, env=environment)
            return await process.wait()


def main() -> int:
    """Fetch the clients, then let them run."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        sys.exit("node and npm are needed")
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory(prefix="lych") as home:
        shutil.copy(SCRIPT, folder)
        install = ["npm", "install", "--no-audit", "--no-fund", "--silent", *PACKAGES]
        subprocess.run(install, cwd=folder, check=True)
        return asyncio.run(serve_and_run(Path(home), Path(folder)))


if __name__ == "__main__":
    sys.exit(main())
