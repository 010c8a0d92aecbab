"""`python -m tests.conformance.tools`: what clients' tools make of schema.graphql as it is.

GraphQL ESLint's rules, relay-compiler, and a typed TypeScript client (examples/typescript) that GraphQL Code
Generator makes, the compiler checks and the portal answers. Needs node and npm with a registry, so it is no
part of `make test`.
"""

import asyncio
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from app.core.embedded import EmbeddedServers
from app.core.migrate import upgrade
from app.core.settings import load_settings
from tests.support.portal import PASSWORD, running

ROOT = Path(__file__).parents[2]
TOOLS = Path(__file__).with_name("tools")
EXAMPLE = ROOT / "examples" / "typescript"
STEPS = (
    ("GraphQL ESLint", ["npx", "eslint", "--max-warnings", "0", "schema.graphql"]),
    ("Relay", ["npx", "relay-compiler", "relay.config.json"]),
    ("GraphQL Code Generator", ["npx", "graphql-codegen", "--config", "codegen.json"]),
    ("TypeScript", ["npx", "tsc", "--project", "."]),
)


def prepare(folder: Path) -> None:
    """Configurations, sources and packages, all of them in a folder of their own."""
    for file in (*TOOLS.iterdir(), *EXAMPLE.iterdir(), ROOT / "schema.graphql"):
        if file.is_file():
            shutil.copy(file, folder)
    (folder / "relay").mkdir()
    (folder / "relay.mjs").rename(folder / "relay" / "relay.js")
    install = ["npm", "install", "--no-audit", "--no-fund", "--silent"]
    subprocess.run(install, cwd=folder, check=True)


def failed(folder: Path) -> list[str]:
    """The tools that find something; what they find is written to standard output."""
    names = []
    for name, command in STEPS:
        done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
        sys.stdout.write(f"{name}: {'failed' if done.returncode else 'ok'}\n")
        if done.returncode:
            sys.stdout.write(done.stdout + done.stderr)
            names.append(name)
    return names


async def serve_and_run(home: Path, folder: Path) -> int:
    """The exit code of the typed client, against a portal of its own."""
    with EmbeddedServers.start(home, fsync=False) as servers:
        database, redis_url = servers.urls.database or "", servers.urls.redis or ""
        await upgrade(database)
        secret = "a secret key for conformance alone"
        settings = load_settings(
            home_dir=home, database_url=database, redis_url=redis_url, secret_key=secret, dev=True
        )
        async with running(settings) as portal:
            ada = await portal.administrator()
            said = [f"{portal.url}/graphql", ada.email, PASSWORD, str(ada.account)]
            process = await asyncio.create_subprocess_exec("node", "out/portal.js", *said, cwd=folder)
            return await process.wait()


def main() -> int:
    """Fetch the tools, then let them look."""
    if shutil.which("npm") is None or shutil.which("npx") is None:
        sys.exit("node and npm are needed")
    with tempfile.TemporaryDirectory() as name, tempfile.TemporaryDirectory(prefix="lych") as home:
        folder = Path(name)
        prepare(folder)
        if failed(folder):
            return 1
        return asyncio.run(serve_and_run(Path(home), folder))


if __name__ == "__main__":
    sys.exit(main())
