"""Redis and PostgreSQL go and come back; nobody misses an event, and nobody restarts the portal."""

import asyncio
import gc
import time
import warnings
from collections.abc import Iterator

import pytest

from app.core.settings import Settings
from tests.support.faults import Faults, until
from tests.support.portal import Portal, running

pytestmark = pytest.mark.embedded
EVENTS = """subscription ($account: ID!, $after: Cursor) { accountEvents(accountId: $account, after: $after) {
    sequence cursor } }"""
POLLED_WITHIN, PUSHED_WITHIN = 5.5, 1.0


@pytest.fixture(autouse=True)
def swept() -> Iterator[None]:
    """What redis-py never closes of a server that was killed is collected here, not in whatever test comes later."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


async def readiness(portal: Portal) -> tuple[int, str]:
    answer = await portal.http.get("/readyz")
    return answer.status_code, answer.json()["status"]


@pytest.mark.rule("EVT-3")
async def test_valkey_killed_and_back(settings: Settings, faults: Faults) -> None:
    patient = settings.model_copy(update={"poll_seconds": Settings.model_fields["poll_seconds"].default})
    # A node that never polls hears by Valkey alone.
    deaf = settings.model_copy(update={"poll_seconds": 3600.0})
    async with running(patient) as portal, running(deaf) as other:
        ada = await portal.administrator()
        async with portal.live(ada.token) as live, other.live(ada.token) as pushed:
            here = await live.subscribe(EVENTS, account=ada.account)
            there = await pushed.subscribe(EVENTS, account=ada.account)
            await portal.subscribed()
            await other.subscribed()
            await portal.activate(ada.code)
            assert ((await here.next())["sequence"], (await there.next())["sequence"]) == (2, 2)

            faults.kill_valkey()
            await until(lambda: _degraded(portal))
            for sequence in (3, 4):
                await portal.activate(ada.code)
                since = time.monotonic()
                assert (await here.next())["sequence"] == sequence
                assert time.monotonic() - since < POLLED_WITHIN
            assert await there.quiet()

            await faults.mend()
            assert [(await there.next())["sequence"] for _ in range(2)] == [3, 4]
            assert await readiness(portal) == (200, "ok")
            for sequence in (5, 6, 7):
                since = time.monotonic()
                await portal.activate(ada.code)
                assert (await there.next())["sequence"] == sequence
                assert time.monotonic() - since < PUSHED_WITHIN
                assert (await here.next())["sequence"] == sequence


async def _degraded(portal: Portal) -> bool:
    return await readiness(portal) == (200, "degraded")


async def test_postgres_killed_and_back(portal: Portal, faults: Faults) -> None:
    ada = await portal.administrator()
    token = (await portal.activate(ada.code))["installationToken"]
    async with portal.live(ada.token) as live:
        events = await live.subscribe(EVENTS, account=ada.account)
        await portal.subscribed()
        assert await readiness(portal) == (200, "ok")
        # Connections of every pool are in use when it happens.
        await asyncio.gather(*(portal.done("checkIn", installationToken=token) for _ in range(10)))

        faults.kill_postgres()
        await until(lambda: _unready(portal))
        for asked in (portal.ask("{ viewer { language } }", ada.token), portal.ask("{ products { code } }")):
            answer = await asked
            assert {error["extensions"]["code"] for error in answer["errors"]} == {"INTERNAL_SERVER_ERROR"}
            assert (await portal.http.get("/healthz")).status_code == 200

        await faults.mend()
        answers = await asyncio.gather(
            *(portal.done("checkIn", installationToken=token) for _ in range(10)),
            *(portal.query("{ viewer { language } }", ada.token) for _ in range(10)),
        )
        assert len(answers) == 20
        assert await readiness(portal) == (200, "ok")
        await portal.activate(ada.code)
        assert (await events.next())["sequence"] == 3


async def _unready(portal: Portal) -> bool:
    return await readiness(portal) == (503, "unready")
