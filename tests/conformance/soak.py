"""`python -m tests.conformance.soak [--minutes 60]`: nothing is lost, however long and whatever dies.

Two nodes, writers on several accounts, clients that drop and resume on either node at random; meanwhile
Valkey and PostgreSQL are killed and come back. Each client must hear 1, 2, 3, … of its account, each once.
The short forms of this are in tests/live, and part of `make test`.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from websockets.exceptions import WebSocketException

from app.access.actor import Actor
from app.access.permissions import Permission
from app.core import ids
from app.core.embedded import EmbeddedServers
from app.core.migrate import upgrade
from app.core.settings import load_settings
from app.core.wakeups import away
from app.domain.events import cursors
from app.domain.events.queries import last_sequences
from app.domain.subscriptions.events import SubscriptionChanged
from tests.support.faults import Faults
from tests.support.portal import Person, Portal, running
from tests.support.servers import Cluster

EVENTS = """subscription ($account: ID!, $after: Cursor) { accountEvents(accountId: $account, after: $after) {
    sequence cursor } }"""
ACCOUNTS, WRITERS, READERS = 4, 8, 24
SECRET = "a secret key for the soak alone, long enough"
_TROUBLE = (*away(), WebSocketException, AssertionError, EOFError)


@dataclass
class Reader:
    """One client: what it has heard of its account, over all of its connections."""

    person: Person
    chance: random.Random
    reached: int = 1
    connections: int = 0
    faults: list[str] = field(default_factory=list)

    async def follow(self, nodes: tuple[Portal, ...], enough: asyncio.Event, goal: dict[str, int]) -> None:
        """Until all that was written is heard."""
        account = self.person.account or ""
        stream = ids.decode(account)
        assert stream is not None
        while not (enough.is_set() and self.reached >= goal[account]):
            with suppress(*_TROUBLE):
                async with self.chance.choice(nodes).live(self.person.token) as live:
                    self.connections += 1
                    cursor = cursors.encode(stream, self.reached)
                    events = await live.subscribe(EVENTS, account=account, after=cursor)
                    for _ in range(self.chance.randint(1, 300)):
                        self.hear((await events.next())["sequence"])
            await asyncio.sleep(0.05)

    def hear(self, sequence: int) -> None:
        """The next number, or a fault."""
        if sequence != self.reached + 1:
            self.faults.append(f"{sequence} after {self.reached}")
        self.reached = sequence


async def write(person: Person, node: Portal, stop: asyncio.Event) -> int:
    """Changes one after the other, each in a transaction of its own; how many were committed for sure."""
    written = 0
    facts: dict[str, Any] = {
        "account_id": ids.decode(person.account or ""),
        "subject_id": ids.decode(person.subscription or ""),
    }
    while not stop.is_set():
        with suppress(Exception):
            async with node.server.app.work(Actor.system("soak")) as work:
                work.require(Permission.BACKGROUND_WORK)
                work.emit(SubscriptionChanged(name=f"Name {written}", changed={}, **facts))
            written += 1
        await asyncio.sleep(0.01)
    return written


async def trouble(faults: Faults, stop: asyncio.Event, chance: random.Random) -> int:
    """Something dies every now and then, for up to half a minute; how often."""
    died = 0
    while not stop.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), chance.uniform(10, 40))
            break
        chance.choice((faults.kill_valkey, faults.kill_postgres))()
        died += 1
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), chance.uniform(1, 30))
        await faults.mend()
    return died


@asynccontextmanager
async def two_nodes(home: Path) -> AsyncIterator[tuple[tuple[Portal, ...], Faults]]:
    """Two portals on servers of their own, which may be killed."""
    with EmbeddedServers.start(home) as servers:
        database, redis_url = servers.urls.database or "", servers.urls.redis or ""
        await upgrade(database)
        settings = load_settings(
            home_dir=home, database_url=database, redis_url=redis_url, secret_key=SECRET, dev=True
        )
        async with AsyncExitStack() as stack:
            nodes = [await stack.enter_async_context(running(settings)) for _ in range(2)]
            yield tuple(nodes), Faults(Cluster(home, database, redis_url, servers))


async def soak(minutes: float, seed: int) -> list[str]:
    """What went wrong."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="lych") as name:
        async with two_nodes(Path(name)) as (nodes, faults):
            people = [await nodes[0].administrator() for _ in range(ACCOUNTS)]
            stop, enough, goal = asyncio.Event(), asyncio.Event(), dict[str, int]()
            readers = [Reader(people[n % ACCOUNTS], random.Random(seed + n)) for n in range(READERS)]
            reading = [asyncio.create_task(each.follow(nodes, enough, goal)) for each in readers]
            writing = [
                asyncio.create_task(write(people[n % ACCOUNTS], nodes[n % 2], stop)) for n in range(WRITERS)
            ]
            dying = asyncio.create_task(trouble(faults, stop, chance))
            await tell(minutes, readers)
            stop.set()
            died, written = await dying, sum(await asyncio.gather(*writing))
            goal.update(await last_numbers(nodes[0], people))
            enough.set()
            async with asyncio.timeout(120):
                await asyncio.gather(*reading)
            connections = sum(each.connections for each in readers)
            say(f"{written} events were written, {died} servers died, {connections} connections were made")
            return [f"{each.person.account}: {fault}" for each in readers for fault in each.faults]


async def last_numbers(node: Portal, people: list[Person]) -> dict[str, int]:
    """How far each account's log goes."""
    streams = {person.account or "": ids.decode(person.account or "") for person in people}
    found = await last_sequences(node.server.app.read_all(), [id_ for id_ in streams.values() if id_])
    return {account: found[id_] for account, id_ in streams.items() if id_ is not None}


async def tell(minutes: float, readers: list[Reader]) -> None:
    """A line a minute until the time is over."""
    end = time.monotonic() + minutes * 60
    while (left := end - time.monotonic()) > 0:
        await asyncio.sleep(min(left, 60))
        wrong = sum(len(each.faults) for each in readers)
        say(f"{(end - time.monotonic()) / 60:.1f} minutes left; {readers[0].reached} heard; {wrong} faults")


def say(text: str) -> None:
    """To whoever waits."""
    sys.stderr.write(f"{text}\n")


def main() -> int:
    """1 if a client missed an event, or heard one twice or too early."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1_107)
    options = parser.parse_args()
    wrong = asyncio.run(soak(options.minutes, options.seed))
    for line in wrong[:20]:
        say(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
