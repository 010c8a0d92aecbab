import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import asyncpg
import pytest
from sqlalchemy.exc import SQLAlchemyError

from app.access.actor import Actor
from app.access.permissions import Permission
from app.core.ids import new_id
from app.domain.application import App
from app.jobs.performing import run_all_due
from app.jobs.registry import JOBS
from app.jobs.runner import run_background
from app.models.person import Language, Link, LinkPurpose, Person, Session
from tests.support.outbox import MailServer, OpenApp, Servers, eventually, execute, queue_mail, received


@asynccontextmanager
async def background(app: App) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(run_background(app, stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 20)


async def all_sent(app: App) -> bool:
    return not await execute(app, "select from mail where status <> 'SENT'")


@pytest.mark.rule("MAI-1")
async def test_a_committed_mail_is_sent_at_once(app: App) -> None:
    async with background(app):
        await asyncio.sleep(1.5)
        await queue_mail(app)
        await eventually(lambda: all_sent(app), seconds=5)
        await eventually(lambda: execute(app, "select where not exists (select from pgqueuer)"), seconds=5)
    assert len(await received(app)) == 1


@pytest.mark.rule("MAI-1")
async def test_what_was_queued_before_the_start_is_sent(app: App) -> None:
    await queue_mail(app)
    async with background(app):
        await eventually(lambda: all_sent(app), seconds=10)


async def queued_somehow(app: App) -> bool:
    """A pool shows that its connections are broken only at their next use."""
    try:
        await queue_mail(app)
    except (OSError, SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    return True


@pytest.mark.rule("MAI-1")
async def test_background_work_outlives_lost_connections(app: App, servers: Servers) -> None:
    async with background(app):
        await asyncio.sleep(1.0)
        outside = await asyncpg.connect(servers.database)
        await outside.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where pid <> pg_backend_pid() and datname = current_database()"
        )
        await outside.close()
        await eventually(lambda: queued_somehow(app))
        await eventually(lambda: all_sent(app))


@pytest.mark.rule("MAI-1")
async def test_background_work_outlives_a_restart_of_the_database(app: App, servers: Servers) -> None:
    async with background(app):
        await asyncio.sleep(1.0)
        await asyncio.to_thread(servers.embedded._postgres().stop)
        await asyncio.sleep(2.0)
        assert not await queued_somehow(app)
        await asyncio.to_thread(servers.embedded.ensure_running)
        await eventually(lambda: queued_somehow(app))
        await eventually(lambda: all_sent(app))


@pytest.mark.rule("MAI-1")
async def test_two_nodes_send_each_mail_once(app: App, open_app: OpenApp, mail_server: MailServer) -> None:
    async with (
        open_app(smtp_url=mail_server.url) as one,
        open_app(smtp_url=mail_server.url) as two,
        background(one),
        background(two),
    ):
        for number in range(30):
            await queue_mail(app, f"user{number}@example.com")
        await eventually(lambda: all_sent(app))
    assert len({message["To"] for message in mail_server.taken}) == len(mail_server.taken) == 30


async def test_run_all_due_waits_for_another_worker(
    app: App, open_app: OpenApp, mail_server: MailServer
) -> None:
    reached, go_on = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        reached.set()
        await go_on.wait()

    mail_server.before_answer = hold
    await queue_mail(app)
    async with open_app(smtp_url=mail_server.url) as slow, open_app(smtp_url=mail_server.url) as asked:
        sending = asyncio.create_task(JOBS["send_mail"].run(slow))
        await reached.wait()
        waiting = asyncio.create_task(run_all_due(asked))
        await asyncio.sleep(0.5)
        assert not waiting.done()
        go_on.set()
        assert await waiting == {}
        assert await sending == 1


async def test_run_all_due_twice_does_nothing_more(app: App) -> None:
    await queue_mail(app)
    assert await run_all_due(app) == {"send_mail": 1}
    assert await run_all_due(app) == {}


async def test_dead_sessions_and_old_links_are_forgotten(app: App) -> None:
    await make_sign_ins(app)
    assert await run_all_due(app) == {"sweep_sign_ins": 2}
    assert await run_all_due(app) == {}
    left = await execute(app, "select (select count(*) from session), (select count(*) from link)")
    assert tuple(left[0]) == (1, 1)


async def make_sign_ins(app: App) -> None:
    now = app.clock.now()
    async with app.work(Actor.system("test")) as work:
        work.require(Permission.BACKGROUND_WORK)
        person = Person(
            id=new_id(),
            email="a@example.com",
            email_key="a@example.com",
            first_name="A",
            last_name="B",
            language=Language.EN,
            terms_version="1",
            privacy_version="1",
            terms_accepted_at=now,
            created_at=now,
        )
        work.add(person)
        for number, age in enumerate((timedelta(seconds=1), -timedelta(hours=1))):
            work.add(
                Session(
                    person_id=person.id,
                    token_hash=b"s%d" % number,
                    created_at=now,
                    last_used_at=now,
                    expires_at=now - age,
                    lifetime_seconds=1,
                )
            )
        for number, age in enumerate((timedelta(days=31), timedelta(days=29))):
            work.add(
                Link(
                    purpose=LinkPurpose.CONFIRM_EMAIL,
                    person_id=person.id,
                    token_hash=b"l%d" % number,
                    email="a@example.com",
                    created_at=now,
                    expires_at=now - age,
                )
            )


async def test_the_queues_diary_is_kept_short(app: App) -> None:
    await execute(app, "truncate pgqueuer_log")
    await queue_mail(app)
    await execute(app, "update pgqueuer_log set aggregated = true, created = now() - interval '2 days'")
    await JOBS["tidy_queue"].run(app)
    assert await execute(app, "select from pgqueuer_log") == []
