"""A node in a process of its own, as an operator starts it."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from app.core.settings import Settings
from tests.support.faults import until
from tests.support.portal import Portal

ROOT = Path(__file__).parents[2]


@dataclass
class Node:
    """A running process; once `doom` is called it dies between its next commit and the wake-up."""

    portal: Portal
    process: asyncio.subprocess.Process
    log: Path
    flag: Path

    def doom(self) -> None:
        self.flag.touch()

    async def dead(self) -> int:
        """The exit code, as soon as there is one."""
        async with asyncio.timeout(15):
            return await self.process.wait()


@asynccontextmanager
async def process_of(beside: Portal, settings: Settings, folder: Path) -> AsyncIterator[Node]:
    """Another node on the same servers; staff are made by the portal beside it."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    flag, log = folder / "doomed", folder / "node.log"
    arguments = ["-m", "tests.support.dying", str(flag), "serve", "--port", str(port), "--no-background"]
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable, *arguments, cwd=ROOT, env=environment(settings), stdout=output, stderr=output
        )
    url = f"http://127.0.0.1:{port}"
    try:
        async with httpx.AsyncClient(base_url=url, timeout=60) as http:
            await until(lambda: _alive(http, process), 60)
            yield Node(Portal(url, http, beside.server), process, log, flag)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _alive(http: httpx.AsyncClient, process: asyncio.subprocess.Process) -> bool:
    assert process.returncode is None
    with suppress(httpx.TransportError):
        return (await http.get("/healthz")).is_success
    return False


def environment(settings: Settings) -> dict[str, str]:
    assert settings.database_url is not None
    assert settings.redis_url is not None
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LYCHGATE_")}
    return clean | {
        "LYCHGATE_HOME_DIR": str(settings.home_dir),
        "LYCHGATE_DATABASE_URL": settings.database_url.get_secret_value(),
        "LYCHGATE_REDIS_URL": settings.redis_url.get_secret_value(),
        "LYCHGATE_SECRET_KEY": settings.secret_key.get_secret_value(),
        "LYCHGATE_DEV": "1",
        "LYCHGATE_LOG_FORMAT": "json",
        "LYCHGATE_LOG_LEVEL": "debug",
    }
