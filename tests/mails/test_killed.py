import asyncio
import os
import signal
import sys
from contextlib import suppress

import asyncpg
import pytest

from app.domain.application import App
from app.jobs import send_mail
from tests.support.outbox import MailServer, OpenApp, Servers, eventually, execute, queue_mail

WORKER = """
import asyncio, sys
from app.core.settings import load_settings
from app.domain.application import App
from app.jobs import send_mail
from app.reactions import REACTIONS

async def main(home, database, redis, smtp):
    settings = load_settings(home_dir=home, smtp_url=smtp, dev=True)
    async with App.open(settings, database, redis, REACTIONS) as app:
        await send_mail.run(app)

asyncio.run(main(*sys.argv[1:]))
"""


async def start_worker(servers: Servers, smtp: str) -> asyncio.subprocess.Process:
    # The secret key stays: with outside servers the mails in them are sealed with it.
    ours = {name for name in os.environ if name.startswith("LYCHGATE_")} - {"LYCHGATE_SECRET_KEY"}
    clean = {name: value for name, value in os.environ.items() if name not in ours}
    arguments = (str(servers.home), servers.database, servers.redis, smtp)
    return await asyncio.create_subprocess_exec(sys.executable, "-c", WORKER, *arguments, env=clean)


@pytest.mark.rule("MAI-1")
async def test_killed_between_the_servers_250_and_commit(
    app: App, open_app: OpenApp, servers: Servers, mail_server: MailServer
) -> None:
    """The SHARE lock lets a worker claim the mail, and stops it from marking the mail as sent."""
    await queue_mail(app)
    blocker = await asyncpg.connect(servers.database)
    transaction = blocker.transaction()
    await transaction.start()
    await blocker.execute("lock table mail in share mode")
    worker = await start_worker(servers, mail_server.url)
    try:
        await eventually(lambda: execute(app, "select from pg_locks where not granted"))
        assert len(mail_server.taken) == 1
        os.kill(worker.pid, signal.SIGKILL)
        await worker.wait()
    finally:
        with suppress(ProcessLookupError):
            worker.kill()
        await transaction.rollback()
        await blocker.close()
    async with open_app(smtp_url=mail_server.url) as node:
        await eventually(lambda: send_mail.run(node))
        assert await send_mail.run(node) == 0
    ids = [message["Message-ID"] for message in mail_server.taken]
    assert len(ids) == 2
    assert len(set(ids)) == 1


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
