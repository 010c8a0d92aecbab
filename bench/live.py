"""Events to many websockets, against a bare server that writes the same bytes (docs/performance.md, W5).

The portal, the bare server, and two processes that are all the subscribers. What happens, happens in this one:
each account gets one event, all in one transaction, and each server delivers them in its turn.
"""

import argparse
import asyncio
import re
import resource
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, NamedTuple

import orjson
import uvloop

from bench import bare, peer
from bench.company import Place
from bench.listeners import Listeners, Subscriber
from bench.processes import exact_cpu_seconds, kibibytes
from bench.stage import Stage, set_up

DOCUMENT: Final = """subscription ($account: ID!) { accountEvents(accountId: $account) { sequence cursor type summary
    occurredAt actor { kind name } ... on InstallationChanged { installation { id name status } } } }"""
GATE: Final = 2.0
_LIVE: Final = re.compile(r'^lychgate_live\{.*?what="(\w+)".*?\} (\S+)$', re.MULTILINE)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sockets", type=int, default=2_000)
    parser.add_argument("--accounts", type=int, nargs="*", default=[1, 200])
    parser.add_argument("--events", type=int, default=20, help="of each account")
    parser.add_argument("--peer", action="store_true", help="Mercurius as well, when Node is there")
    parser.add_argument("--gate", action="store_true", help="fail where a ratio is over its bar")
    parser.add_argument("--bare", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    raise_limits()
    if options.bare:
        uvloop.run(bare.serve(int(options.bare[0]), options.bare[1]))
        return
    has_peer = options.peer and peer.wanted()
    print_head(has_peer=has_peer)
    found = [
        measured(options.sockets, accounts, options.events, has_peer=has_peer)
        for accounts in options.accounts
    ]
    if options.gate:
        missed = any(each.ratios["cpu"] > GATE for each in found)
        print(f"W5 is over its gate, {GATE}" if missed else "W5 is within its gate")
        sys.exit(missed)


def raise_limits() -> None:
    """File handles for 10,000 sockets, in this process and in those that it starts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 20_000)), hard))


class Took(NamedTuple):
    """Seconds of one server for an event to all: first to last, told to last, and of CPU."""

    spread: float
    delay: float
    cpu: float


@dataclass(frozen=True)
class Figures:
    """Medians of the turns, in milliseconds, by server; and memory for each connection.

    A ratio is the median of the turns' own, since what disturbs one turn disturbs both servers.
    """

    sockets: int
    accounts: int
    spread: dict[str, float]
    delay: dict[str, float]
    cpu: dict[str, float]
    ratios: dict[str, float]
    kibibytes: float


def measured(sockets: int, accounts: int, events: int, *, has_peer: bool = False) -> Figures:
    """Compare, and print."""
    found = uvloop.run(compare(sockets, accounts, events, has_peer=has_peer))
    cells = "".join(
        f"{of[server]:10.1f}"
        for of in (found.spread, found.delay, found.cpu)
        for server in ("portal", "bare", *([peer.NAME] if has_peer else []))
    )
    ratios = "".join(f"{found.ratios[what]:7.2f}" for what in Took._fields)
    print(f"{sockets:8,}{accounts:9,}{cells}{ratios}{found.kibibytes:7.0f}", flush=True)
    return found


def print_head(*, has_peer: bool = False) -> None:
    """Of the table."""
    servers = ("portal", "bare", *([peer.NAME] if has_peer else []))
    width = 10 * len(servers)
    above = "".join(f"{title:>{width}}" for title in ("ms first to last", "ms told to last", "ms of CPU"))
    print(f"{'':17}{above}{'portal to bare':>21}{'KiB of':>7}")
    print(
        f"{'sockets':>8}{'accounts':>9}{''.join(f'{name:>10}' for name in servers) * 3}"
        f"{'first':>7}{'told':>7}{'CPU':>7}{'each':>7}"
    )


async def compare(sockets: int, accounts: int, events: int, *, has_peer: bool = False) -> Figures:
    """All servers in one run, event by event in turns."""
    async with set_up(accounts, has_peer=has_peer) as stage:
        before = kibibytes(stage.pids["portal"])
        audiences = {"portal": await _audience(stage, sockets)}
        memory = (kibibytes(stage.pids["portal"]) - before) / sockets
        streams = [Subscriber(f"/{place.account}", []) for place in stage.places]
        audiences["bare"] = await Listeners.start(stage.ports["bare"], sockets, streams)
        if has_peer:
            asking = [_asking(place, f"Account_{place.account.hex}") for place in stage.places]
            audiences[peer.NAME] = await Listeners.start(stage.ports[peer.NAME], sockets, asking)
        try:
            turns = [await _turn(stage, audiences) for _ in range(events + 2)][2:]
        finally:
            for audience in audiences.values():
                await audience.close()
    spread, delay, cpu = (
        {name: statistics.median(turn[name][place] for turn in turns) * 1000 for name in audiences}
        for place in range(len(Took._fields))
    )
    ratios = {
        what: statistics.median(turn["portal"][place] / turn["bare"][place] for turn in turns)
        for place, what in enumerate(Took._fields)
    }
    return Figures(sockets, accounts, spread, delay, cpu, ratios, memory)


async def _turn(stage: Stage, audiences: dict[str, Listeners]) -> dict[str, Took]:
    """What happens is heard by each server's audience in turn, and is the same for all of them."""
    took = {}
    took["portal"], events = await _told(stage, audiences, "portal", stage.happen)
    tells = {"bare": stage.tell_bare, peer.NAME: stage.tell_peer}
    for name in audiences.keys() & tells.keys():
        took[name], same = await _told(stage, audiences, name, partial(tells[name], events))
        assert same == events, (name, same[0], events[0])
    return took


async def _told(
    stage: Stage, audiences: dict[str, Listeners], name: str, tell: Callable[[], Awaitable[float]]
) -> tuple[Took, list[Any]]:
    await audiences[name].listen()
    before = exact_cpu_seconds(stage.pids[name])
    moment = await tell()
    heard = await audiences[name].heard()
    took = Took(heard.spread, heard.last - moment, exact_cpu_seconds(stage.pids[name]) - before)
    return took, [_event(text) for text in heard.texts]


def _event(text: str) -> Any:
    return orjson.loads(text)["payload"]["data"]["accountEvents"]


def _asking(place: Place, account: str) -> Subscriber:
    greeting = {"type": "connection_init", "payload": {"authorization": f"Bearer {place.token}"}}
    payload = {"query": DOCUMENT, "variables": {"account": account}}
    return Subscriber("/graphql", [greeting, {"id": "1", "type": "subscribe", "payload": payload}])


async def _audience(stage: Stage, sockets: int) -> Listeners:
    asking = [_asking(place, place.id) for place in stage.places]
    listeners = await Listeners.start(stage.ports["portal"], sockets, asking)
    async with asyncio.timeout(60):
        while True:
            text = (await stage.http.get("/metrics")).text
            live = {name: float(value) for name, value in _LIVE.findall(text)}
            if live["subscriptions"] == sockets and live["groups"] == min(sockets, len(stage.places)):
                return listeners
            await asyncio.sleep(0.1)


if __name__ == "__main__":
    started = time.perf_counter()
    main()
    print(f"{time.perf_counter() - started:.0f} s")
