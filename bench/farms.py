"""A pass of the farms' sweep: 1,000 farms that are due among 1,000,000, and among 1,000 (OVR-7).

The work is the same, so the time should be. Rows that a pass writes and reads are counted by
PostgreSQL. Both databases are on one server and take turns.
"""

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import asyncpg
from rich.progress import Progress
from sqlalchemy import select
from sqlalchemy.engine import make_url
from sqlmodel import col

from app.access.actor import Actor
from app.access.permissions import Permission
from app.core.embedded import EmbeddedServers
from app.core.ids import new_id
from app.core.migrate import upgrade
from app.core.settings import load_settings
from app.domain.application import App
from app.domain.installations import farm_activation
from app.domain.installations.farm_activation import FarmForm
from app.domain.subscriptions import commands
from app.domain.subscriptions.commands import Issue
from app.jobs import validate_farms
from app.models.account import Account, AccountKind
from app.models.license_key import LicenseKey
from app.models.product import ProductCode
from app.models.subscription import LicenseSubscription
from app.reactions import REACTIONS
from bench.herds import multiply

DUE = 1_000
_CHUNK = 50_000
# Above the limit for an hour after the grace: the pass suspends each of them.
_MAKE_DUE = """
    update farm_state set phase = 'LIMITED', used = 12, since = now() - interval '1 day', seen_at = now(),
        over_since = now() - interval '61 minutes', due_at = now() - interval '1 minute'
    where installation_id = any(select md5('farm' || n)::uuid from generate_series(1, $1::int) n)
"""
_TOUCHED = """
    select sum(n_tup_upd) as written, sum(idx_tup_fetch + coalesce(seq_tup_read, 0)) as read
    from pg_stat_user_tables where relname = 'farm_state'
"""


@dataclass
class Herd:
    """A database with so many farms."""

    app: App
    farms: int
    seconds: list[float]
    written: int = 0
    read: int = 0


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--farms", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    os.environ["LYCHGATE_LOG_LEVEL"] = "warning"
    with (
        tempfile.TemporaryDirectory(prefix="lych") as home,
        EmbeddedServers.start(Path(home), fsync=False) as servers,
    ):
        asyncio.run(compare(servers, Path(home), options.farms, options.rounds))


async def compare(servers: EmbeddedServers, home: Path, farms: int, rounds: int) -> None:
    """Both herds in one run, pass by pass in turns."""
    async with AsyncExitStack() as stack:
        herds = [
            await stack.enter_async_context(_herd(servers, home, name, count))
            for name, count in (("small", DUE), ("large", farms))
        ]
        for herd in herds:
            await _pass(herd)
            herd.seconds.clear()
        before = [await _touched(herd) for herd in herds]
        for _ in range(rounds):
            for herd in herds:
                await _pass(herd)
        for herd, (written, read) in zip(herds, before, strict=True):
            after = await _touched(herd)
            # Making them due reads and writes each once as well.
            herd.written = (after[0] - written) // rounds - DUE
            herd.read = (after[1] - read) // rounds - DUE
    for herd in herds:
        milliseconds = statistics.median(herd.seconds) * 1_000
        print(
            f"{herd.farms:>9,} farms, {DUE:,} due: {milliseconds:7.0f} ms a pass;"
            f" {herd.written:,} states written, {herd.read:,} read"
        )
    ratio = statistics.median(herds[1].seconds) / statistics.median(herds[0].seconds)
    print(f"ratio {ratio:.2f} (at most 2)")


async def _pass(herd: Herd) -> None:
    async with herd.app.read_all().connection() as connection, connection.transaction():
        # By index, whatever the size: what is read below shall be the pass's own.
        await connection.execute("set local enable_seqscan = off")
        await connection.execute(_MAKE_DUE, DUE)
    began = time.perf_counter()
    done = await validate_farms.run(herd.app)
    herd.seconds.append(time.perf_counter() - began)
    assert done == DUE, done


async def _touched(herd: Herd) -> tuple[int, int]:
    """Rows of farm_state that were written and read since the beginning."""
    # A connection tells what it counted when it has been idle for ten seconds.
    await asyncio.sleep(12)
    async with herd.app.read_all().connection() as connection:
        await connection.execute("select pg_stat_clear_snapshot()")
        row = await connection.fetchrow(_TOUCHED)
        return int(row["written"]), int(row["read"])


@asynccontextmanager
async def _herd(servers: EmbeddedServers, home: Path, name: str, farms: int) -> AsyncIterator[Herd]:
    assert servers.urls.database is not None
    assert servers.urls.redis is not None
    connection = await asyncpg.connect(servers.urls.database)
    await connection.execute(f"create database {name}")
    await connection.close()
    url = make_url(servers.urls.database).set(database=name).render_as_string(hide_password=False)
    await upgrade(url)
    settings = load_settings(home_dir=home, dev=True, log_level="warning")
    async with App.open(settings, url, servers.urls.redis, REACTIONS) as app:
        await _fill(url, await _first_farm(app), farms)
        yield Herd(app, farms, [])


async def _first_farm(app: App) -> UUID:
    """The model of all others, made by the domain's own commands."""
    code = await commands.issue(
        app.work(Actor.system("bench")), Issue(product=ProductCode.RAS, quantity=10, term_months=12)
    )
    async with app.work(Actor.system("bench")) as work:
        work.require(Permission.BACKGROUND_WORK)
        account = Account(id=new_id(), kind=AccountKind.BUSINESS, name="Bench", created_at=work.now)
        work.add(account)
        await work.flush()
        subscription = await work.first(select(LicenseSubscription))
        key = await work.first(select(LicenseKey).where(col(LicenseKey.subscription_id) == subscription.id))
        subscription.account_id = key.account_id = account.id
        subscription.activated_on = work.now.date()
    form = FarmForm(key_code=code, product=ProductCode.RAS, server_id="s", name="Farm", app_version="1")
    done = await farm_activation.activate(app.work(Actor.installation("bench")), form, None)
    return done.installation_id


async def _fill(url: str, farm_id: UUID, farms: int) -> None:
    connection = await asyncpg.connect(url)
    try:
        with Progress() as progress:
            task = progress.add_task(f"{farms:,} farms", total=farms)
            for first in range(1, farms, _CHUNK):
                last = min(first + _CHUNK - 1, farms)
                await multiply(connection, farm_id, first, last)
                progress.update(task, completed=last)
        # The model itself stays out of it.
        await connection.execute("update farm_state set due_at = null where installation_id = $1", farm_id)
        await connection.execute("vacuum analyze")
    finally:
        await connection.close()


if __name__ == "__main__":
    main()
