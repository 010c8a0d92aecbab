"""The compiler against graphql-core: the same answers, the same errors, keys in the same order."""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from graphql import build_schema
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as examples
from hypothesis import strategies as st

from app.graphql import sdl
from tests.architecture.test_statements import places
from tests.compiled.documents import Made, Maker
from tests.compiled.executors import Pair, roomy
from tests.compiled.tape import Tape
from tests.support.portal import running
from tests.support.servers import Cluster, copied, make_settings
from tests.support.world import made_world

DOCUMENTS = int(os.environ.get("LYCHGATE_TEST_DOCUMENTS", "10000"))
SEED = int(os.environ.get("LYCHGATE_TEST_SEED", "0"))
# Each is a test of its own, so that all workers have their share.
SHARDS = 8
# A document is made of so many choices at most.
CHOICES = 125
# Documents that say little would agree as well. Shares of what was counted (see Pair), from below.
FLOORS = {
    "runs": (1.3, "documents"),
    "planned": (0.6, "runs"),
    "errors": (0.08, "runs"),
    "partial": (0.02, "runs"),
    "values": (7, "runs"),
    "rich": (0.2, "runs"),
    "deep": (0.06, "runs"),
    "cursors": (0.02, "documents"),
}
TYPES = (
    "BusinessAccount",
    "Computer",
    "Event",
    "Farm",
    "LicenseKey",
    "LicenseSubscription",
    "Membership",
    "Order",
    "Person",
    "PersonalAccount",
    "ProxyServer",
    "Ticket",
)
# graphql-core leaves coroutines of its own and of resolvers behind when a field beside them fails.
pytestmark = [
    pytest.mark.filterwarnings(
        "ignore:Exception ignored in. <coroutine object (Executor|GraphQLCoreConverter)"
    ),
    pytest.mark.filterwarnings("ignore:coroutine '(Executor|GraphQLCoreConverter)"),
]


@dataclass(frozen=True)
class Company:
    """Somebody's data, in a database that nobody writes to; and who looks at them."""

    pair: Pair
    lists: list[str]
    ids: dict[str, list[str]]


@pytest.fixture(scope="module")
async def company(cluster: Cluster) -> AsyncIterator[Company]:
    """One for all shards of a worker."""
    async with (
        copied(cluster) as url,
        # A statement is planned once for each connection, which takes longer than to run it.
        running(make_settings(cluster, url, database_pool_size=2)) as portal,
        made_world(portal, url) as world,
    ):
        await world.grow(4)
        staff = await portal.staff()
        with roomy():
            yield Company(
                await Pair.of(portal, [world.admin.token, staff.token] * 3 + [None]),
                [place.document for place in await places(world)],
                {name: [await world.id_of(name)] for name in TYPES},
            )


async def test_both_executors_agree_on_each_list(company: Company) -> None:
    for document in company.lists:
        for turn in {viewer.name: turn for turn, viewer in enumerate(company.pair.viewers)}.values():
            await company.pair.compare(Made(document, {}, {}, turns=(turn, turn)))


@pytest.mark.parametrize("shard", range(SHARDS))
async def test_both_executors_agree(company: Company, shard: int) -> None:
    pair = company.pair
    pair.seen.clear()
    await generated(company, SEED * SHARDS + shard)
    told = dict(pair.seen)
    print(told)  # noqa: T201 - what a test was worth is read beside its outcome
    for name, (least, of) in FLOORS.items():
        assert pair.seen[name] >= least * pair.seen[of], (name, told)
    assert pair.seen["invalid"] <= 0.05 * pair.seen["validated"] + 3, told


async def generated(company: Company, number: int) -> None:
    """Hypothesis lives in a thread of its own, and asks this loop."""
    loop = asyncio.get_running_loop()
    core = build_schema(sdl())

    @seed(number)
    @examples(
        max_examples=-(-DOCUMENTS // SHARDS),
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )
    @given(st.binary(min_size=CHOICES, max_size=CHOICES))
    def agree(choices: bytes) -> None:
        made = Maker(core, company.ids, Tape(choices)).document()
        asyncio.run_coroutine_threadsafe(company.pair.compare(made), loop).result(60)

    await asyncio.to_thread(agree)
