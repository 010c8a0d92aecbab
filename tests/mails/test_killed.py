import asyncio
import os
import signal
import sys
from collections import Counter
from contextlib import suppress

import asyncpg
import pytest

from app.domain.application import App
from app.jobs import send_mail
from tests.support.outbox import (
    WITH_AND_WITHOUT_PIPELINING,
    MailServer,
    OpenApp,
    Servers,
    eventually,
    execute,
    queue_mail,
)

WORKER = """
import asyncio, sys
from app.core.settings import load_settings
from app.domain.application import App
from app.jobs import send_mail
from app.reactions import REACTIONS

async def main(home, database, redis, smtp, connections):
    settings = load_settings(home_dir=home, smtp_url=smtp, smtp_connections=int(connections), dev=True)
    async with App.open(settings, database, redis, REACTIONS) as app:
        await send_mail.run(app)

asyncio.run(main(*sys.argv[1:]))
"""


async def start_worker(servers: Servers, smtp: str, connections: int = 4) -> asyncio.subprocess.Process:
    # The secret key stays: with outside servers the mails in them are sealed with it.
    ours = {name for name in os.environ if name.startswith("LYCHGATE_")} - {"LYCHGATE_SECRET_KEY"}
    clean = {name: value for name, value in os.environ.items() if name not in ours}
    arguments = (str(servers.home), servers.database, servers.redis, smtp, str(connections))
    return await asyncio.create_subprocess_exec(sys.executable, "-c", WORKER, *arguments, env=clean)


@pytest.mark.rule("MAI-1")
@pytest.mark.parametrize("mails", [1, 12])
async def test_killed_between_the_servers_250_and_commit(
    app: App, open_app: OpenApp, servers: Servers, mail_server: MailServer, mails: int
) -> None:
    """The SHARE lock lets a worker claim the mails, and stops it from marking them as sent."""
    for number in range(mails):
        await queue_mail(app, f"user{number}@example.com")
    blocker = await asyncpg.connect(servers.database)
    transaction = blocker.transaction()
    await transaction.start()
    await blocker.execute("lock table mail in share mode")
    worker = await start_worker(servers, mail_server.url, connections=1)
    try:
        await eventually(lambda: execute(app, "select from pg_locks where not granted"))
        await eventually(lambda: all_were_taken(mail_server, mails))
        await kill(worker)
    finally:
        with suppress(ProcessLookupError):
            worker.kill()
        await transaction.rollback()
        await blocker.close()
    await send_the_rest(open_app, mail_server)
    assert set(Counter(map(str, ids(mail_server))).values()) == {2}
    assert len(set(ids(mail_server))) == mails


@pytest.mark.rule("MAI-1")
@WITH_AND_WITHOUT_PIPELINING
@pytest.mark.parametrize("taken", [0, 3])
async def test_killed_while_the_server_has_a_mail(
    app: App, open_app: OpenApp, servers: Servers, mail_server: MailServer, taken: int
) -> None:
    """Neither those that were sent before it nor those that were claimed behind it are lost."""
    reached, never = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        if len(mail_server.taken) == taken:
            reached.set()
            await never.wait()

    mail_server.before_answer = hold
    for number in range(5):
        await queue_mail(app, f"user{number}@example.com")
    worker = await start_worker(servers, mail_server.url, connections=1)
    try:
        await reached.wait()
        await kill(worker)
    finally:
        with suppress(ProcessLookupError):
            worker.kill()
    mail_server.before_answer = None
    await send_the_rest(open_app, mail_server)
    counted = Counter(map(str, ids(mail_server)))
    assert len(counted) == 5
    assert sorted(counted.values()) == [1] * (5 - taken) + [2] * taken


async def all_were_taken(mail_server: MailServer, mails: int) -> bool:
    return len(mail_server.taken) == mails


async def kill(worker: asyncio.subprocess.Process) -> None:
    os.kill(worker.pid, signal.SIGKILL)
    await worker.wait()


async def send_the_rest(open_app: OpenApp, mail_server: MailServer) -> None:
    """Another node sends what PostgreSQL knows to be in nobody's hands any more; then nothing is left."""
    async with open_app(smtp_url=mail_server.url) as node:
        await eventually(lambda: send_mail.run(node))
        assert await send_mail.run(node) == 0


def ids(mail_server: MailServer) -> list[str]:
    return [message["Message-ID"] for message in mail_server.taken]


@pytest.mark.rule("MAI-1")
async def test_stopped_while_sending_finishes_the_mail_at_hand(
    app: App, open_app: OpenApp, mail_server: MailServer
) -> None:
    reached, go_on = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        reached.set()
        await go_on.wait()

    mail_server.before_answer = hold
    for number in range(3):
        await queue_mail(app, f"user{number}@example.com")
    async with open_app(smtp_url=mail_server.url, smtp_connections=1) as node:
        running = asyncio.create_task(send_mail.run(node))
        await reached.wait()
        running.cancel()
        await asyncio.sleep(0.05)
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert len(mail_server.taken) == 1
    rows = await execute(app, "select status, count(*) from mail group by 1 order by 1")
    assert [tuple(row) for row in rows] == [("QUEUED", 2), ("SENT", 1)]


@pytest.mark.rule("MAI-1")
async def test_many_workers_send_each_mail_once(
    app: App, open_app: OpenApp, servers: Servers, mail_server: MailServer
) -> None:
    for number in range(60):
        await queue_mail(app, f"user{number}@example.com")
    workers = [await start_worker(servers, mail_server.url) for _ in range(3)]
    async with open_app(smtp_url=mail_server.url) as node:
        await send_mail.run(node)
    assert [await worker.wait() for worker in workers] == [0, 0, 0]
    assert sorted(message["To"].addresses[0].addr_spec for message in mail_server.taken) == sorted(
        f"user{number}@example.com" for number in range(60)
    )
