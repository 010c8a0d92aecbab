"""The compiler against graphql-core: the same answers, the same errors, keys in the same order."""

import asyncio
import os
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from graphql import build_schema
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as examples
from strawberry.types import ExecutionResult

from app.context import Context
from app.core.clock import Clock
from app.core.settings import Settings
from app.domain.identity.sessions import Client
from app.engine import json_text
from app.graphql import schema, sdl
from tests.architecture.test_statements import places
from tests.compiled.documents import Made, documents
from tests.support.portal import Portal, running
from tests.support.world import made_world

EXAMPLES = int(os.environ.get("LYCHGATE_TEST_DOCUMENTS", "300"))
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


class Stopped(Clock):
    """Links carry the second at which they end: it must be one and the same."""

    moment = datetime.now(UTC)

    def now(self) -> datetime:
        return self.moment


class Pair:
    """Both executors, and what became of the documents."""

    def __init__(self, portal: Portal, tokens: list[str | None]) -> None:
        app = portal.server.app
        self._app = replace(app, resources=replace(app.resources, clock=Stopped()))
        self._portal = portal
        self._tokens = tokens
        self.seen: Counter[str] = Counter()

    async def compare(self, made: Made) -> None:
        """One document, as each of the viewers."""
        for token in self._tokens:
            theirs = await self._run(made, token, compiled=False)
            before = schema().documents.facts
            ours = await self._run(made, token, compiled=True)
            after = schema().documents.facts
            for name in ("planned", "handed_on"):
                self.seen[name] += after[name] - before[name]
            self.seen["with errors"] += bool(theirs.errors)
            self.seen["all"] += 1
            told = f"{made.text}\n{made.variables}"
            # What graphql-core answers without errors is answered by the plan.
            assert theirs.errors or after["handed_on"] == before["handed_on"], told
            if shown(ours) != shown(theirs):
                # Which of several errors makes everything null is a matter of chance.
                assert theirs.errors, told
                others = [shown(await self._run(made, token, compiled=False)) for _ in range(10)]
                assert shown(ours) in others, told

    async def _run(self, made: Made, token: str | None, *, compiled: bool) -> ExecutionResult:
        context = Context(self._app, "request", Client("127.0.0.1"), token, self._portal.server.hub)
        await context.renew()
        whole = schema()
        whole.compiled = compiled
        try:
            return await whole.execute(made.text, made.variables, context)
        finally:
            whole.compiled = True


def shown(result: ExecutionResult) -> tuple[bytes, set[bytes], Any]:
    """What a client gets, but for what graphql-core leaves to chance.

    Which of several items in a list failed first, and in which order errors of different fields came.
    """
    errors: Any = [error.formatted for error in result.errors or ()]
    for error in errors:
        error["path"] = ["*" if isinstance(key, int) else key for key in error.get("path", ())]
    return (
        json_text.encode(json_text.decode(json_text.encode(result.data))).encode(),
        {orjson.dumps(error) for error in errors},
        result.extensions,
    )


# graphql-core leaves coroutines of its own and of resolvers behind when a field beside them fails.
@pytest.mark.filterwarnings("ignore:Exception ignored in. <coroutine object (Executor|GraphQLCoreConverter)")
@pytest.mark.filterwarnings("ignore:coroutine '(Executor|GraphQLCoreConverter)")
async def test_both_executors_agree(settings: Settings, database_url: str) -> None:
    # Documents that ask for all that there is cost more than a client may ask for.
    roomy = settings.model_copy(update={"max_query_cost": 10**6})
    async with running(roomy) as portal, made_world(portal, database_url) as world:
        await world.grow(4)
        staff = await portal.staff()
        pair = Pair(portal, [world.admin.token, staff.token, None])
        for place in await places(world):
            await pair.compare(Made(place.document, {}))
        await generated(pair, {name: [await world.id_of(name)] for name in TYPES})
    assert pair.seen["planned"] > 0.5 * pair.seen["all"], pair.seen
    assert pair.seen["with errors"] > EXAMPLES / 50, pair.seen


async def generated(pair: Pair, ids: dict[str, list[str]]) -> None:
    """Hypothesis lives in a thread of its own, and asks this loop."""
    loop = asyncio.get_running_loop()

    @examples(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )
    @given(documents(build_schema(sdl()), ids))
    def agree(made: Made) -> None:
        asyncio.run_coroutine_threadsafe(pair.compare(made), loop).result(60)

    await asyncio.to_thread(agree)
