"""What W5 is measured on: a portal, its floor and its peer, and what happens in their database."""

import asyncio
import os
import socket
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg
import httpx

from app.access.actor import Actor
from app.access.permissions import Permission
from app.core.embedded import EmbeddedServers
from app.core.home import prepare_home
from app.core.migrate import upgrade
from app.core.settings import load_settings
from app.domain.application import App
from app.domain.installations.events import ComputerActivated
from bench import peer
from bench.company import KEYS, SUBSCRIPTIONS, Place, load
from bench.processes import free_port, running

_COMPUTERS: Final = """
    select distinct on (account_id) account_id, id, subscription_id, license_key_id, hostname from installation
"""


@dataclass
class Stage:
    """`ports` and `pids` by server: portal, bare, and mercurius where it is measured."""

    app: App
    http: httpx.AsyncClient
    places: list[Place]
    computers: list[ComputerActivated]
    ports: dict[str, int]
    pids: dict[str, int]
    control: asyncio.StreamWriter

    async def happen(self) -> float:
        """An event of each account, all in one transaction; the moment when it was done."""
        async with self.app.work(Actor.system("bench")) as work:
            work.require(Permission.BACKGROUND_WORK)
            for computer in self.computers:
                work.emit(computer)
        return time.monotonic()

    async def tell_bare(self, events: Sequence[Any]) -> float:
        """The bare server reads each of these itself."""
        pairs = zip(self.places, events, strict=True)
        lines = [f"{place.account} {event['sequence']}\n" for place, event in pairs]
        moment = time.monotonic()
        self.control.write("".join(lines).encode())
        return moment

    async def tell_peer(self, events: Sequence[Any]) -> float:
        """Mercurius is given the whole events."""
        pairs = zip(self.places, events, strict=True)
        told = [{"account": place.account.hex, "event": event} for place, event in pairs]
        moment = time.monotonic()
        (
            await self.http.post(f"http://127.0.0.1:{self.ports[peer.NAME]}/events", json=told)
        ).raise_for_status()
        return moment


@asynccontextmanager
async def set_up(accounts: int, *, has_peer: bool) -> AsyncIterator[Stage]:
    """All of it, for so many accounts; gone at the end."""
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lych")))
        prepare_home(home)
        embedded = stack.enter_context(EmbeddedServers.start(home, fsync=False))
        url, redis = embedded.urls.database, embedded.urls.redis
        assert url is not None
        assert redis is not None
        await upgrade(url)
        places = await load(url, accounts, accounts * SUBSCRIPTIONS * KEYS)
        environment = os.environ | {
            "LYCHGATE_HOME_DIR": str(home),
            "LYCHGATE_LOG_LEVEL": "warning",
            "LYCHGATE_EMBEDDED_FSYNC": "false",
            "LYCHGATE_MAX_SOCKETS": "20000",
            "LYCHGATE_MAX_SOCKETS_PER_PERSON": "20000",
        }
        settings = load_settings(home_dir=home)
        ports = {"portal": free_port(), "bare": free_pair()}
        serve = ["-m", "app", "serve", "--port", str(ports["portal"])]
        bare = ["-m", "bench.live", "--bare", str(ports["bare"]), url]
        pids = {
            "portal": stack.enter_context(running(serve, environment)),
            "bare": stack.enter_context(running(bare, environment)),
        }
        if has_peer:
            port = ports[peer.NAME] = free_port()
            serving = peer.serving(port, url, settings.license_key_path, "http://127.0.0.1")
            pids[peer.NAME] = stack.enter_context(serving)
        http = await stack.enter_async_context(
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{ports['portal']}", timeout=60)
        )
        await _ready(http)
        control = await _connected(ports["bare"] + 1)
        if has_peer:
            (await _connected(ports[peer.NAME])).close()
        app = await stack.enter_async_context(App.open(settings, url, redis, {}))
        computers = await _computers(url, places)
        yield Stage(app, http, places, computers, ports, pids, control)


async def _computers(url: str, places: Sequence[Place]) -> list[ComputerActivated]:
    """What happens in each turn: a computer of each account, as if it was activated."""
    connection = await asyncpg.connect(url)
    try:
        rows: dict[UUID, Any] = {row["account_id"]: row for row in await connection.fetch(_COMPUTERS)}
    finally:
        await connection.close()
    return [
        ComputerActivated(
            account_id=place.account,
            subject_id=rows[place.account]["id"],
            subscription_id=rows[place.account]["subscription_id"],
            license_key_id=rows[place.account]["license_key_id"],
            name=rows[place.account]["hostname"],
            key_name="Primary key",
        )
        for place in places
    ]


async def _ready(http: httpx.AsyncClient) -> None:
    async with asyncio.timeout(60):
        while True:
            with suppress(httpx.TransportError):
                if (await http.get("/readyz")).status_code == httpx.codes.OK:
                    return
            await asyncio.sleep(0.1)


async def _connected(port: int) -> asyncio.StreamWriter:
    async with asyncio.timeout(60):
        while True:
            with suppress(OSError):
                return (await asyncio.open_connection("127.0.0.1", port))[1]
            await asyncio.sleep(0.1)


def free_pair() -> int:
    """The first of two neighbours that nobody listens on."""
    while True:
        port = free_port()
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port + 1))
            return port
