"""SUB-8, SUB-11: what happens by itself on the end date and before it."""

import asyncio
import os
import signal
import sys
from contextlib import AsyncExitStack, suppress
from datetime import date, timedelta

import asyncpg
import pytest

from app.core.settings import Settings
from app.domain.application import App
from app.jobs import renew_subscriptions
from app.reactions import REACTIONS
from tests.subscriptions.test_orders import through_a_reseller
from tests.support.licensing import (
    events_of,
    in_days,
    later,
    made_key,
    months_after,
    ordered,
    subscription_of,
    today,
)
from tests.support.portal import Person, Portal

WORKER = """
import asyncio, sys
from app.core.settings import load_settings
from app.domain.application import App
from app.jobs import renew_subscriptions
from app.reactions import REACTIONS

async def main(home, database, redis, secret):
    settings = load_settings(home_dir=home, database_url=database, redis_url=redis, secret_key=secret, dev=True)
    async with App.open(settings, database, redis, REACTIONS) as app:
        await app.resources.tell_time()
        await renew_subscriptions.run(app)

asyncio.run(main(*sys.argv[1:]))
"""


def secret(settings: Settings, name: str) -> str:
    found: str = getattr(settings, name).get_secret_value()
    return found


async def switched(portal: Portal, person: Person, *, on: bool) -> list[tuple[str, str]]:
    payload = await portal.do("setAutoRenew", person.token, subscriptionId=person.subscription, autoRenew=on)
    return [(error["code"], ".".join(error["path"])) for error in payload["errors"]]


@pytest.mark.rule("SUB-8")
async def test_who_may_renew_by_itself(portal: Portal) -> None:
    ada, stranger = await portal.administrator(), await portal.administrator()
    resold = await through_a_reseller(portal)
    trial = await portal.administrator(kind="TRIAL", termMonths=1)
    dated = await portal.administrator(endsOn=await in_days(portal, 100))
    on = [(await subscription_of(portal, person))["autoRenew"] for person in (ada, resold, trial, dated)]
    assert on == [True, False, False, False]
    assert await switched(portal, resold, on=True) == [("RENEWED_THROUGH_RESELLER", "subscriptionId")]
    assert await switched(portal, trial, on=True) == [("TRIAL", "subscriptionId")]
    assert await switched(portal, dated, on=True) == [("INVALID", "subscriptionId")]
    assert await switched(portal, resold, on=False) == []
    assert await portal.refused(
        "setAutoRenew", stranger.token, subscriptionId=ada.subscription, autoRenew=False
    ) == [("NOT_FOUND", "subscriptionId")]
    for on_now in (False, False, True):
        assert await switched(portal, ada, on=on_now) == []
        assert (await subscription_of(portal, ada))["autoRenew"] is on_now
    assert len(await events_of(portal, ada, "SUBSCRIPTION_CHANGED")) == 2
    await switched(portal, ada, on=False)
    await later(portal, "P370D", ada)
    assert await portal.work() is not None
    # Switched on then it would buy another term at once: that is what orders are for.
    assert await switched(portal, ada, on=True) == [("KEY_EXPIRED", "subscriptionId")]


@pytest.mark.rule("SUB-8", "SUB-10", "KEY-8")
async def test_it_renews_on_its_last_good_day_once(portal: Portal, settings: Settings) -> None:
    people = [
        await portal.administrator(),
        await portal.administrator(),
        await portal.administrator(kind="PERPETUAL"),
    ]
    ada, bob, eternal = people
    key = await made_key(portal, ada)
    machine = await portal.activate(key["code"])
    await switched(portal, bob, on=False)
    spare = await portal.issue()
    day = await today(portal)
    end = months_after(day, 12)
    await later(portal, f"P{(end - day).days - 1}D", *people)
    assert "renew_subscriptions" not in await portal.work()

    await later(portal, "P1D", *people)
    database, cache = secret(settings, "database_url"), secret(settings, "redis_url")
    async with AsyncExitStack() as stack:
        nodes = [
            await stack.enter_async_context(App.open(settings, database, cache, REACTIONS)) for _ in range(5)
        ]
        for node in nodes:
            await node.resources.tell_time()
        done = await asyncio.gather(*(renew_subscriptions.run(node) for node in nodes))
    assert sum(done) == 2
    assert "renew_subscriptions" not in await portal.work()
    found = await subscription_of(portal, ada)
    new_end = months_after(end, 12).isoformat()
    assert found["expiresOn"] == new_end
    assert {key["expiresOn"] for key in found["keys"]["nodes"]} == {new_end}
    assert [(order["kind"], order["status"], order["quantity"]) for order in found["orders"]] == [
        ("RENEWAL", "FULFILLED", 10),
        ("NEW", "FULFILLED", 10),
    ]
    assert (await subscription_of(portal, eternal))["maintenanceExpiresOn"] == new_end
    assert (await subscription_of(portal, bob))["expiresOn"] == end.isoformat()
    told = await portal.done("checkIn", installationToken=machine["installationToken"])
    assert told["state"] == "ACTIVE"
    [event] = await events_of(portal, ada, "SUBSCRIPTION_RENEWED")
    assert event["data"]["byItself"]
    subjects = [mail["subject"] for mail in await portal.mails(ada.email)]
    assert subjects.count("Desktop was renewed") == 1
    assert spare


@pytest.mark.rule("SUB-8")
async def test_a_worker_that_dies_leaves_all_or_nothing(
    portal: Portal, settings: Settings, database_url: str
) -> None:
    """The SHARE lock stops a worker between its claim and its order."""
    ada = await portal.administrator(termMonths=1)
    await later(portal, "P70D", ada)
    blocker = await asyncpg.connect(database_url)
    transaction = blocker.transaction()
    await transaction.start()
    await blocker.execute("lock table sales_order in share mode")
    names = ("database_url", "redis_url", "secret_key")
    arguments = [str(settings.home_dir), *(secret(settings, name) for name in names)]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LYCHGATE_")}
    worker = await asyncio.create_subprocess_exec(sys.executable, "-c", WORKER, *arguments, env=clean)
    try:
        async with asyncio.timeout(60):
            while not await blocker.fetch("select from pg_locks where not granted"):
                await asyncio.sleep(0.05)
        os.kill(worker.pid, signal.SIGKILL)
        await worker.wait()
    finally:
        with suppress(ProcessLookupError):
            worker.kill()
        await transaction.rollback()
        await blocker.close()
    async with asyncio.timeout(30):
        while not (await portal.work()).get("renew_subscriptions"):
            await asyncio.sleep(0.05)
    found = await subscription_of(portal, ada)
    # One term after a pause over two of them, counted from today.
    assert found["expiresOn"] == months_after(await today(portal), 1).isoformat()
    assert [order["kind"] for order in found["orders"]] == ["RENEWAL", "NEW"]
    assert len(await events_of(portal, ada, "SUBSCRIPTION_RENEWED")) == 1


@pytest.mark.rule("SUB-11")
async def test_each_reminder_once(portal: Portal) -> None:
    ada = await portal.administrator(endsOn=await in_days(portal, 40))
    end = date.fromisoformat((await subscription_of(portal, ada))["expiresOn"])
    reminded: list[int] = []
    for pause in (9, 1, 1, 22, 5, 1, 1, 1, 30):
        await later(portal, f"P{pause}D", ada)
        for _ in range(2):
            await portal.work()
        mails = [mail for mail in await portal.mails(ada.email) if "ends on" in mail["subject"]]
        if len(mails) > len(reminded):
            assert len(mails) == len(reminded) + 1
            reminded.append((end - await today(portal)).days)
            assert "order a renewal" in mails[0]["text"]
    assert reminded == [30, 7, 1, 0]


@pytest.mark.rule("SUB-8", "SUB-11", "SUB-13")
async def test_reminders_say_how_it_goes_on(portal: Portal) -> None:
    day = await today(portal)
    monthly = await portal.administrator(termMonths=1)
    trial = await portal.administrator(kind="TRIAL", endsOn=(day + timedelta(days=7)).isoformat())
    resold = await through_a_reseller(portal)
    await portal.work()
    texts = [mail["text"] for mail in await portal.mails(trial.email) if "ends on" in mail["subject"]]
    assert len(texts) == 1
    assert "order its conversion" in texts[0]
    end = months_after(day, 1)
    # A jump over all of them: the last one, and then the renewal itself.
    await later(portal, f"P{(end - day).days}D", monthly)
    await portal.work()
    subjects = [mail["subject"] for mail in await portal.mails(monthly.email)]
    told = [subject.split(" on ")[0] for subject in subjects if subject.startswith("Desktop")]
    # In a month of 30 days the first reminder came on the first day.
    assert told[:2] == ["Desktop was renewed", "Desktop renews"]
    assert told[2:] in ([], ["Desktop renews"])
    await portal.mails(resold.email)
    # A renewal begins a new row of reminders; an order by hand moves the end as well.
    order = await ordered(portal, monthly, "RENEWAL")
    await portal.done("fulfillOrder", (await portal.staff()).token, orderId=order["id"])
    await portal.work()
    again = [mail["subject"] for mail in await portal.mails(monthly.email) if "renews on" in mail["subject"]]
    assert len(again) == len(told) - 1
