"""W1 to W4 of docs/performance.md: the portal against bare asyncpg and orjson, in turns, in one run.

Answers are compared before anything is timed. CPU per request is the server's and PostgreSQL's together:
the steadiest figure on a machine that others use as well. `--gate` fails where a ratio is over its bar.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import asyncpg
import orjson
import uvloop

from app.core.embedded import EmbeddedServers
from app.core.home import prepare_home
from app.core.migrate import upgrade
from app.core.settings import load_settings
from bench import floor, peer
from bench.company import Place, installation_token, load
from bench.load import Load, request
from bench.processes import cpu_seconds, family_cpu_seconds, free_port, kibibytes, parent, running

DASHBOARD: Final = """query W1($id: ID!) { account(id: $id) { id subscriptions(first: 5) { nodes {
    id name quantity expiresOn keys(first: 4) { nodes { id name used
        installations(first: 50, filter: { status: ACTIVE }) { nodes {
            id name status appVersion lastContactAt } } } } } } } }"""
SMALL: Final = """query W2($id: ID!) { account(id: $id) { name
    subscriptions(first: 5) { nodes { name quantity expiresOn } } } }"""
PAGE: Final = """query W3($id: ID!, $search: String) { account(id: $id) { ... on BusinessAccount {
    computers(first: 50, filter: { status: ACTIVE, search: $search },
              orderBy: { field: LAST_CONTACT_AT, direction: DESC }) {
        totalCount pageInfo { hasNextPage } nodes { id name hostOs appVersion status lastContactAt } } } } }"""
CHECK_IN: Final = """mutation W4($input: CheckInInput!) { checkIn(input: $input) {
    state license validUntil nextCheckInBy errors { code message } } }"""
# The most that a commit may cost: CPU per request, as a multiple of the floor's.
GATES: Final = {"W1": 2.0, "W2": 3.0, "W3": 1.5, "W4": 2.0}
# What tells the time, or is random: never equal in two answers.
_PASSING: Final = ("license", "validUntil", "nextCheckInBy")
_WARM: Final = 30


@dataclass
class Servers:
    """What is measured."""

    pids: dict[str, int]
    postmaster: int
    loads: dict[str, Load]


@dataclass
class Figures:
    """Rounds of one server with one workload: requests a second, and milliseconds of CPU per request."""

    rates: list[float] = field(default_factory=list)
    own: list[float] = field(default_factory=list)
    all: list[float] = field(default_factory=list)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=200)
    parser.add_argument("--computers", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each server and workload in a round")
    parser.add_argument("--only", nargs="*", default=list(GATES), choices=list(GATES))
    parser.add_argument("--gate", action="store_true", help="fail where a ratio is over its bar")
    parser.add_argument("--floor", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.floor:
        port, url, key, issuer = options.floor
        floor.serve(int(port), url, Path(key), issuer)
        return
    figures = uvloop.run(compare(options, has_peer=not options.gate and peer.wanted()))
    if options.gate:
        missed = [name for name, of in figures.items() if ratio(of) > GATES[name]]
        print("over the gate: " + ", ".join(missed) if missed else "all within their gates")
        sys.exit(bool(missed))


async def compare(options: argparse.Namespace, *, has_peer: bool = False) -> dict[str, dict[str, Figures]]:
    """All servers in one run, workload by workload in turns; what was measured of each."""
    async with _servers(options.accounts, options.computers, has_peer=has_peer) as (servers, places):
        makers = _makers(places, options.computers)
        for name in options.only:
            await _check_equal(servers, makers[name], name)
            # Every connection has planned its statements before anything is counted.
            for load_ in servers.loads.values():
                await load_.run(makers[name], options.seconds)
        figures = {name: {server: Figures() for server in servers.loads} for name in options.only}
        for _ in range(options.rounds):
            for name in options.only:
                for server in servers.loads:
                    await _round(servers, server, makers[name], options.seconds, figures[name][server])
        _print(figures, servers)
    return figures


def _makers(places: list[Place], computers: int) -> dict[str, Callable[[int], bytes]]:
    """Requests are made once: each account in its turn."""

    def asking(name: str, document: str, **more: Any) -> Callable[[int], bytes]:
        made = [
            request(
                place.token,
                {"operationName": name, "query": document, "variables": {"id": place.id, **more}},
            )
            for place in places
        ]
        return lambda number: made[number % len(made)]

    def check_in(number: int) -> bytes:
        # A large step, so that neighbours in time are none in the table.
        token = installation_token(number * 7_919 % computers)
        given = {"installationToken": token, "appVersion": f"20.{number % 5}"}
        return request(None, {"operationName": "W4", "query": CHECK_IN, "variables": {"input": given}})

    return {
        "W1": asking("W1", DASHBOARD),
        "W2": asking("W2", SMALL),
        "W3": asking("W3", PAGE, search="desktop"),
        "W4": check_in,
    }


async def _check_equal(servers: Servers, make: Callable[[int], bytes], name: str) -> None:
    """The same questions to both; warms them up, too. Raises AssertionError."""
    for number in range(_WARM):
        answers = [_lasting((await load.ask(make(number)))["data"]) for load in servers.loads.values()]
        assert all(each == answers[0] for each in answers), (
            f"{name}: {orjson.dumps(answers).decode()[:2_000]}"
        )
        assert None not in answers[0].values(), answers[0]


def _lasting(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: bool(v) if k in _PASSING else _lasting(v) for k, v in value.items()}
    return [_lasting(each) for each in value] if isinstance(value, list) else value


async def _round(
    servers: Servers, server: str, make: Callable[[int], bytes], seconds: float, figures: Figures
) -> None:
    pid, postmaster = servers.pids[server], servers.postmaster
    before = cpu_seconds(pid), family_cpu_seconds(postmaster)
    done, took = await servers.loads[server].run(make, seconds)
    own, database = cpu_seconds(pid) - before[0], family_cpu_seconds(postmaster) - before[1]
    figures.rates.append(done / took)
    figures.own.append(own / done * 1_000)
    figures.all.append((own + database) / done * 1_000)


def ratio(of: dict[str, Figures]) -> float:
    """CPU per request to the floor's: the median of the rounds' own, since what disturbs one disturbs both servers."""
    return statistics.median(a / b for a, b in zip(of["portal"].all, of["floor"].all, strict=True))


def _print(figures: dict[str, dict[str, Figures]], servers: Servers) -> None:
    has_peer = peer.NAME in servers.loads
    print(
        f"{'':4}{'requests/s':>22}{'ms CPU of server':>22}{'ms CPU in all':>22}{'times':>8}{'gate':>6}",
        end="",
    )
    print(f"{'':4}{'Mercurius: requests/s, ms CPU in all, our rate to its':>54}" if has_peer else "")
    print(f"{'':4}" + f"{'portal':>11}{'floor':>11}" * 3)
    for name, of in figures.items():
        cells = "".join(
            f"{statistics.median(getattr(of[server], what)):11,.{digits}f}"
            for what, digits in (("rates", 0), ("own", 3), ("all", 3))
            for server in ("portal", "floor")
        )
        print(f"{name:4}{cells}{ratio(of):8.2f}{GATES[name]:6.1f}", end="")
        print(_beside(of["portal"], of[peer.NAME]) if has_peer else "")
    memory = ", ".join(f"{name} {kibibytes(pid) / 1024:.0f} MiB" for name, pid in servers.pids.items())
    print(f"memory: {memory}")


def _beside(ours: Figures, its: Figures) -> str:
    rate = statistics.median(a / b for a, b in zip(ours.rates, its.rates, strict=True))
    return f"{statistics.median(its.rates):31,.0f}{statistics.median(its.all):12,.3f}{rate:15.2f}"


@asynccontextmanager
async def _servers(
    accounts: int, computers: int, *, has_peer: bool
) -> AsyncIterator[tuple[Servers, list[Place]]]:
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lych")))
        prepare_home(home)
        embedded = stack.enter_context(EmbeddedServers.start(home, fsync=False))
        url = embedded.urls.database
        assert url is not None
        await upgrade(url)
        places = await load(url, accounts, computers)
        environment = os.environ | {
            "LYCHGATE_HOME_DIR": str(home),
            "LYCHGATE_EMBEDDED_FSYNC": "false",
            # As it is where programs read the log.
            "LYCHGATE_LOG_FORMAT": "json",
            # Everybody is counted, and nobody refused.
            "LYCHGATE_REQUESTS_PER_MINUTE": "100000000",
        }
        ports = {name: free_port() for name in ("portal", "floor", *([peer.NAME] if has_peer else []))}
        settings = load_settings(home_dir=home)
        serve = ["-m", "app", "serve", "--port", str(ports["portal"])]
        portal = stack.enter_context(running(serve, environment))
        issuer = f"http://127.0.0.1:{ports['portal']}"
        bare = [
            "-m",
            "bench.api",
            "--floor",
            str(ports["floor"]),
            url,
            str(settings.license_key_path),
            issuer,
        ]
        pids = {"portal": portal, "floor": stack.enter_context(running(bare, environment))}
        if has_peer:
            serving = peer.serving(ports[peer.NAME], url, settings.license_key_path, issuer)
            pids[peer.NAME] = stack.enter_context(serving)
        loads = {name: Load(port) for name, port in ports.items()}
        for each in loads.values():
            await _opened(each)
        yield Servers(pids, await _postmaster(url), loads), places
        for each in loads.values():
            each.close()


async def _opened(load_: Load) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                return await load_.open()
            except OSError:
                await asyncio.sleep(0.1)


async def _postmaster(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        return parent(await connection.fetchval("select pg_backend_pid()"))
    finally:
        await connection.close()


if __name__ == "__main__":
    main()
