"""Events to many websockets, against a bare server that writes the same bytes (docs/performance.md, W5).

The portal, the bare server, and two processes that are all the subscribers. What happens, happens in this one:
each account gets one event, all in one transaction, and each server delivers them in its turn.
"""

import argparse
import asyncio
import os
import re
import resource
import socket
import statistics
import sys
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
import orjson
import uvloop

from app.access.actor import Actor
from app.access.permissions import Permission
from app.core.embedded import EmbeddedServers
from app.core.home import prepare_home
from app.core.migrate import upgrade
from app.core.settings import load_settings
from app.domain.application import App
from app.domain.installations.events import ComputerActivated
from bench import bare
from bench.company import KEYS, SUBSCRIPTIONS, Place, load
from bench.listeners import Listeners, Subscriber
from bench.processes import exact_cpu_seconds, free_port, kibibytes, running

DOCUMENT: Final = """subscription ($account: ID!) { accountEvents(accountId: $account) { sequence cursor type summary
    occurredAt actor { kind name } ... on InstallationChanged { installation { id name status } } } }"""
GATE: Final = 2.0
_LIVE: Final = re.compile(r'^lychgate_live\{.*?what="(\w+)".*?\} (\S+)$', re.MULTILINE)
_COMPUTERS: Final = """
    select distinct on (account_id) account_id, id, subscription_id, license_key_id, hostname from installation
"""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sockets", type=int, default=2_000)
    parser.add_argument("--accounts", type=int, nargs="*", default=[1, 200])
    parser.add_argument("--events", type=int, default=20, help="of each account")
    parser.add_argument("--gate", action="store_true", help="fail where a ratio is over its bar")
    parser.add_argument("--bare", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    raise_limits()
    if options.bare:
        uvloop.run(bare.serve(int(options.bare[0]), options.bare[1]))
        return
    print_head()
    found = [measured(options.sockets, accounts, options.events) for accounts in options.accounts]
    if options.gate:
        missed = any(each.cpu_ratio > GATE for each in found)
        print(f"W5 is over its gate, {GATE}" if missed else "W5 is within its gate")
        sys.exit(missed)


def raise_limits() -> None:
    """File handles for 10,000 sockets, in this process and in those that it starts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 20_000)), hard))


@dataclass(frozen=True)
class Figures:
    """Medians of the turns: seconds from the first socket that heard to the last, and CPU of the server in ms.

    Both ratios are medians of the turns' own, since what disturbs one turn disturbs both servers; `kibibytes` is
    memory for each connection.
    """

    sockets: int
    accounts: int
    portal: float
    bare: float
    ratio: float
    portal_cpu: float
    bare_cpu: float
    cpu_ratio: float
    kibibytes: float


def measured(sockets: int, accounts: int, events: int) -> Figures:
    """Compare, and print."""
    found = uvloop.run(compare(sockets, accounts, events))
    rates = [sockets / seconds for seconds in (found.portal, found.bare)]
    print(
        f"{sockets:8,}{accounts:10,}{found.portal * 1000:10.1f}{found.bare * 1000:10.1f}"
        f"{rates[0]:10,.0f}{rates[1]:10,.0f}"
        f"{found.portal_cpu:10.1f}{found.bare_cpu:10.1f}{found.cpu_ratio:8.2f}"
        f"{found.ratio:8.2f}{found.kibibytes:8.0f}"
    )
    return found


def print_head() -> None:
    """Of the table."""
    print(f"{'':18}{'ms first to last':>20}{'deliveries/s':>20}{'ms CPU of server':>20}")
    print(
        f"{'sockets':>8}{'accounts':>10}"
        + f"{'portal':>10}{'bare':>10}" * 3
        + f"{'of CPU':>8}{'of time':>8}{'KiB':>8}"
    )


async def compare(sockets: int, accounts: int, events: int) -> Figures:
    """Both servers in one run, event by event in turns."""
    async with _stage(accounts) as stage:
        before = kibibytes(stage.portal)
        ours = await _audience(stage, sockets)
        memory = (kibibytes(stage.portal) - before) / sockets
        streams = [Subscriber(f"/{place.account}", []) for place in stage.places]
        theirs = await Listeners.start(stage.bare_port, sockets, streams)
        try:
            turns = [await _turn(stage, ours, theirs) for _ in range(events + 2)][2:]
        finally:
            await ours.close()
            await theirs.close()
    portal, floor, portal_cpu, floor_cpu = (statistics.median(of) for of in zip(*turns, strict=True))
    ratios = [statistics.median(turn[k] / turn[k + 1] for turn in turns) for k in (0, 2)]
    return Figures(
        sockets, accounts, portal, floor, ratios[0], portal_cpu * 1000, floor_cpu * 1000, ratios[1], memory
    )


@dataclass
class _Stage:
    app: App
    http: httpx.AsyncClient
    places: list[Place]
    computers: list[ComputerActivated]
    portal: int
    bare: int
    portal_port: int
    bare_port: int
    control: asyncio.StreamWriter


async def _turn(stage: _Stage, ours: Listeners, theirs: Listeners) -> tuple[float, float, float, float]:
    await ours.listen()
    began = exact_cpu_seconds(stage.portal)
    async with stage.app.work(Actor.system("bench")) as work:
        work.require(Permission.BACKGROUND_WORK)
        for computer in stage.computers:
            work.emit(computer)
    heard = await ours.heard()
    ours_cpu, began = exact_cpu_seconds(stage.portal) - began, exact_cpu_seconds(stage.bare)
    await theirs.listen()
    answers = [_event(text) for text in heard.texts]
    lines = [
        f"{place.account} {answer['sequence']}\n" for place, answer in zip(stage.places, answers, strict=True)
    ]
    stage.control.write("".join(lines).encode())
    floor = await theirs.heard()
    assert answers == [_event(text) for text in floor.texts], (heard.texts[0], floor.texts[0])
    return heard.spread, floor.spread, ours_cpu, exact_cpu_seconds(stage.bare) - began


def _event(text: str) -> Any:
    return orjson.loads(text)["payload"]["data"]["accountEvents"]


async def _audience(stage: _Stage, sockets: int) -> Listeners:
    def asking(place: Place) -> Subscriber:
        greeting = {"type": "connection_init", "payload": {"authorization": f"Bearer {place.token}"}}
        payload = {"query": DOCUMENT, "variables": {"account": place.id}}
        return Subscriber("/graphql", [greeting, {"id": "1", "type": "subscribe", "payload": payload}])

    listeners = await Listeners.start(stage.portal_port, sockets, [asking(place) for place in stage.places])
    async with asyncio.timeout(60):
        while True:
            text = (await stage.http.get("/metrics")).text
            live = {name: float(value) for name, value in _LIVE.findall(text)}
            if live["subscriptions"] == sockets and live["groups"] == min(sockets, len(stage.places)):
                return listeners
            await asyncio.sleep(0.1)


@asynccontextmanager
async def _stage(accounts: int) -> AsyncIterator[_Stage]:
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
        ports = free_port(), free_pair()
        portal = stack.enter_context(running(["-m", "app", "serve", "--port", str(ports[0])], environment))
        floor = stack.enter_context(running(["-m", "bench.live", "--bare", str(ports[1]), url], environment))
        http = await stack.enter_async_context(
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{ports[0]}", timeout=60)
        )
        await _ready(http)
        control = await _connected(ports[1] + 1)
        app = await stack.enter_async_context(App.open(load_settings(home_dir=home), url, redis, {}))
        computers = await _computers(url, places)
        yield _Stage(app, http, places, computers, portal, floor, *ports, control)


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


if __name__ == "__main__":
    started = time.perf_counter()
    main()
    print(f"{time.perf_counter() - started:.0f} s")
