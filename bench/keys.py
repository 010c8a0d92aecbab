"""The dashboard of one subscription with 500 keys and 100,000 computers: maintained counters against counting.

Both ways answer the same questions of the same database, under the rights of an account's
administrator, and take turns. The counters' cost is measured a second time with 100
computers: how many there are must not matter (docs/decisions/0070).
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg
from rich.console import Console
from sqlalchemy.engine import make_url

from app.access.actor import Actor, ActorKind
from app.access.rights import rights_of
from app.core.clock import Clock
from app.core.database import Database, Look
from app.core.embedded import EmbeddedServers
from app.core.migrate import upgrade
from app.core.paging import LARGEST_PAGE, Order, fetch_counts, fetch_pages, page_request
from app.core.statements import Statement
from app.domain.keys import queries as keys
from app.domain.subscriptions import usage

ACCOUNT: Final = UUID("00000000-0000-7000-8000-00000000000a")
SUBSCRIPTION: Final = UUID("00000000-0000-7000-8000-00000000000b")
_MAKE: Final = """
    insert into account (id, kind, name, is_partner, created_at)
    values ('{account}', 'BUSINESS', 'Bench', false, now());

    insert into license_subscription (id, account_id, product, kind, name, name_key, not_for_resale, channel,
        support_plan, auto_renew, quantity, issued_on, activated_on, expires_on, offline_use, created_at,
        usage_thresholds, threshold_reached, used)
    values ('{subscription}', '{account}', 'DESKTOP', 'SUBSCRIPTION', 'S', 's', false, 'ONLINE', 'STANDARD', true,
        400000, current_date, current_date, current_date + 300, false, now(), '{{}}', 0, {computers});

    insert into license_key (id, subscription_id, account_id, kind, name, name_key, code_hash, code_sealed,
        code_last_group, allocation, quota, used, moves, renews_with_subscription, expires_on, created_at)
    select md5('key' || k)::uuid, '{subscription}', '{account}', case k when 0 then 'PRIMARY' else 'ADDITIONAL' end,
        'Key ' || k, 'key ' || k, decode(md5('c' || k), 'hex'), '', 'ABCDE',
        case when k = 0 then null when k % 2 = 0 then 'DYNAMIC' else 'RESERVED' end,
        case when k > 0 then 400 + k end, {computers} / {keys}, 0, true, current_date + 300, now()
    from generate_series(0, {keys} - 1) as k;

    insert into installation (id, account_id, subscription_id, license_key_id, product, kind, status, token_hash,
        token_sealed, machine, hostname, name_key, host_os, app_version, serial_number, mac_addresses,
        ip_addresses, note, activated_at, last_contact_at)
    select md5('pc' || n)::uuid, '{account}', '{subscription}', md5('key' || n % {keys})::uuid, 'DESKTOP',
        'COMPUTER', 'ACTIVE', decode(md5('t' || n), 'hex'), '', 'machine-' || n, 'pc-' || n, 'pc-' || n,
        'Windows 12', '20.1', n, '{{}}', '{{}}', '', now(), now()
    from generate_series(0, {computers} - 1) as n;
"""
# What each way has to tell: licences reserved and used, of the subscription and of each key.
_COUNTED: Final = Statement(
    """
    select license_key.id, quota, allocation, count(installation.id) as used
    from license_key
    left join installation on installation.license_key_id = license_key.id and installation.status = 'ACTIVE'
    where license_key.subscription_id = $1
    group by license_key.id
    """,
    ("id",),
    {},
)
_CLOCK: Final = Clock()
Question = Callable[[Look], Awaitable[Any]]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=500)
    parser.add_argument("--computers", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=30)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="lych") as home,
        EmbeddedServers.start(Path(home), fsync=False) as servers,
    ):
        assert servers.urls.database is not None
        asyncio.run(compare(servers.urls.database, options.keys, options.computers, options.rounds))


async def compare(url: str, key_count: int, computers: int, rounds: int) -> None:
    """Time every question on both databases, in turns."""
    few, many = await _look(url, "few", key_count, key_count), await _look(url, "many", key_count, computers)
    timed: dict[str, tuple[Look, Question]] = {
        "few_cards": (few, _cards),
        "cards": (many, _cards),
        "usage": (many, _usage),
        "keys": (many, _keys),
        "counted": (many, _counted),
    }
    seconds: dict[str, list[float]] = {name: [] for name in timed}
    for turn in range(rounds + 1):
        for name, (look, ask) in timed.items():
            began = time.perf_counter()
            await ask(look)
            if turn:  # the first prepares statements
                seconds[name].append(time.perf_counter() - began)
    medians = {name: statistics.median(found) * 1_000 for name, found in seconds.items()}
    print(f"{key_count} keys, {computers:,} computers, milliseconds (median of {rounds})")
    print(f"  product cards                 {medians['cards']:8.1f}")
    print(f"  usage and pool                {medians['usage']:8.1f}")
    print(f"  a page of 100 keys, by quota  {medians['keys']:8.1f}")
    print(f"  the same usage by counting    {medians['counted']:8.1f}")
    print(f"counting costs {medians['counted'] / medians['usage']:.1f} times the counters (at least 3)")
    print(f"more computers cost {medians['cards'] / medians['few_cards']:.2f} times as much (at most 1.5)")
    for look in (few, many):
        await look.pool.close()


async def _look(url: str, name: str, key_count: int, computers: int) -> Look:
    connection = await asyncpg.connect(url)
    await connection.execute(f"create database {name}")
    await connection.close()
    own = make_url(url).set(database=name).render_as_string(hide_password=False)
    await upgrade(own)
    connection = await asyncpg.connect(own)
    with Console().status(f"making {computers:,} computers"):
        # Row by row, triggers would take longer than all the rest.
        await connection.execute("set session_replication_role = replica")
        values = {"account": ACCOUNT, "subscription": SUBSCRIPTION, "keys": key_count, "computers": computers}
        await connection.execute(_MAKE.format(**values))
        await connection.execute("vacuum analyze")
    await connection.close()
    database = await Database.open(own, pool_size=2)
    return database.as_viewer(rights_of(Actor(ActorKind.PERSON, administered=frozenset({ACCOUNT}))))


async def _cards(look: Look) -> None:
    [card] = (await usage.cards_on(_CLOCK.today())(look, [ACCOUNT]))[ACCOUNT]
    assert card["active_installations"] == card["used"] > 0


async def _usage(look: Look) -> None:
    uses = (await usage.uses_on(_CLOCK.today())(look, [SUBSCRIPTION]))[SUBSCRIPTION]
    pool = (await usage.pools_on(_CLOCK.today())(look, [SUBSCRIPTION]))[SUBSCRIPTION]
    assert uses["used"] == pool["used"]


async def _keys(look: Look) -> None:
    request = page_request(keys.OF_SUBSCRIPTION, _CLOCK, LARGEST_PAGE, None, Order("QUOTA"))
    page = (await fetch_pages(look, [SUBSCRIPTION], request))[SUBSCRIPTION]
    counts = await fetch_counts(look, [SUBSCRIPTION], request)
    assert len(page.rows) == LARGEST_PAGE
    assert counts[SUBSCRIPTION] > LARGEST_PAGE


async def _counted(look: Look) -> None:
    rows = await look.rows(_COUNTED, id=SUBSCRIPTION)
    assert sum(row["used"] for row in rows) > 0


if __name__ == "__main__":
    main()
