import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest

from app.access.actor import Actor
from app.access.permissions import Permission
from app.domain.application import App
from app.domain.mails.commands import Addressee, write
from app.jobs import send_mail
from app.models.mail import MailKind
from app.models.person import Language
from tests.support.outbox import (
    FACTS,
    WITH_AND_WITHOUT_PIPELINING,
    MailServer,
    OpenApp,
    execute,
    queue_mail,
    received,
)

pytestmark = pytest.mark.rule("MAI-1")


async def state(app: App) -> dict[str, object]:
    rows = await execute(app, "select * from mail")
    assert len(rows) == 1
    return dict(rows[0])


async def later(app: App, time: timedelta) -> None:
    app.clock.offset += time
    await execute(
        app,
        "insert into application_clock values (1, $1) on conflict (id) do update set offset_seconds = $1",
        app.clock.offset.total_seconds(),
    )


async def test_committed_cause_is_committed_mail(app: App) -> None:
    await queue_mail(app)
    assert await send_mail.run(app) == 1
    [message] = await received(app)
    assert message["To"] == "Ada <ada@example.com>"
    row = await state(app)
    assert (row["status"], row["attempts"]) == ("SENT", 1)
    assert row["facts_sealed"] is None


async def test_rolled_back_cause_is_no_mail(app: App) -> None:
    with suppress(RuntimeError):
        async with app.work(Actor.system("test")) as work:
            work.require(Permission.BACKGROUND_WORK)
            to = Addressee(email="ada@example.com", language=Language.EN)
            await write(work, MailKind.CONFIRM_ADDRESS, to, FACTS)
            raise RuntimeError
    assert await send_mail.run(app) == 0
    assert await execute(app, "select * from mail") == []
    assert await execute(app, "select * from pgqueuer") == []


async def test_facts_are_sealed_at_rest(app: App) -> None:
    await queue_mail(app)
    [dump] = await execute(app, "select mail::text as row from mail")
    assert "lyc_lnk_secret" not in dump["row"]
    assert b"lyc_lnk_secret".hex() not in dump["row"]


async def test_running_twice_sends_once(app: App) -> None:
    await queue_mail(app)
    assert [await send_mail.run(app), await send_mail.run(app)] == [1, 0]
    assert len(await received(app)) == 1


async def test_dedupe_key_writes_once(app: App) -> None:
    for _ in range(3):
        await queue_mail(app, dedupe_key="reminder:1")
    assert await send_mail.run(app) == 1


async def test_workers_reuse_their_connections(app: App, open_app: OpenApp, mail_server: MailServer) -> None:
    for number in range(40):
        await queue_mail(app, f"user{number}@example.com")
    async with open_app(smtp_url=mail_server.url, smtp_connections=3) as node:
        assert await send_mail.run(node) == 40
    assert mail_server.connections <= 3
    assert {message["To"] for message in mail_server.taken} == {
        f"Ada <user{number}@example.com>" for number in range(40)
    }


@WITH_AND_WITHOUT_PIPELINING
@pytest.mark.parametrize("answer", ["451 later", "421 closing", "452 full", None])
async def test_a_temporary_failure_is_tried_again_with_the_same_message_id(
    app: App, open_app: OpenApp, mail_server: MailServer, answer: str | None
) -> None:
    mail_server.answers = [answer]
    await queue_mail(app)
    async with open_app(smtp_url=mail_server.url) as node:
        assert await send_mail.run(node) == 1
        row = await state(app)
        assert (row["status"], row["attempts"]) == ("QUEUED", 1)
        assert row["facts_sealed"] is not None
        assert await send_mail.run(node) == 0
        await later(node, timedelta(minutes=1))
        assert await send_mail.run(node) == 1
    assert len(mail_server.taken) == 1
    assert mail_server.taken[0]["Message-ID"] == f"<{row['id'].hex}@localhost>"  # type: ignore[attr-defined]
    assert (await state(app))["status"] == "SENT"


@pytest.mark.parametrize("answer", ["552 too large", "550 no such user", "554 never"])
async def test_a_permanent_failure_is_final(
    app: App, open_app: OpenApp, mail_server: MailServer, answer: str
) -> None:
    mail_server.answers = [answer]
    await queue_mail(app)
    async with open_app(smtp_url=mail_server.url) as node:
        await send_mail.run(node)
        await later(node, timedelta(days=3))
        assert await send_mail.run(node) == 0
    row = await state(app)
    # What it said stays sealed: staff may send it again.
    assert (row["status"], row["last_error"], row["facts_sealed"] is None) == ("FAILED", answer, False)
    assert mail_server.taken == []


async def test_given_up_after_24_hours(app: App, open_app: OpenApp, mail_server: MailServer) -> None:
    mail_server.answers = ["451 later"] * 100
    await queue_mail(app)
    async with open_app(smtp_url=mail_server.url) as node:
        for _ in range(100):
            if await send_mail.run(node) == 0:
                row = await state(app)
                if row["status"] == "FAILED":
                    break
                await later(node, row["next_attempt_at"] - node.clock.now())  # type: ignore[operator]
        row = await state(app)
        assert row["status"] == "FAILED"
        assert timedelta(0) <= node.clock.now() - row["give_up_at"] < timedelta(minutes=1)  # type: ignore[operator]
    assert 12 <= row["attempts"] <= 40  # type: ignore[operator]


async def test_a_server_that_is_away_costs_one_mail_one_attempt(
    app: App, open_app: OpenApp, mail_server: MailServer
) -> None:
    for number in range(5):
        await queue_mail(app, f"user{number}@example.com")
    mail_server.at_connect = ["421 busy"]
    async with open_app(smtp_url=mail_server.url, smtp_connections=1) as node:
        assert await send_mail.run(node) == 1
        assert await send_mail.run(node) == 4
        await later(node, timedelta(minutes=1))
        assert await send_mail.run(node) == 1
    assert len(mail_server.taken) == 5


@WITH_AND_WITHOUT_PIPELINING
async def test_a_tired_connection_is_replaced_at_once(
    app: App, open_app: OpenApp, mail_server: MailServer
) -> None:
    mail_server.answers = ["250 taken", None, "250 taken"]
    for number in range(2):
        await queue_mail(app, f"user{number}@example.com")
    async with open_app(smtp_url=mail_server.url, smtp_connections=1) as node:
        assert await send_mail.run(node) == 2
    assert len(mail_server.taken) == 2
    assert mail_server.connections == 2


async def test_a_mail_that_cannot_be_rendered_stops_no_other(app: App) -> None:
    await queue_mail(app, facts={"name": "Ada"})
    await queue_mail(app, "bob@example.com")
    assert await send_mail.run(app) == 2
    [message] = await received(app)
    assert message["To"] == "Ada <bob@example.com>"
    rows = await execute(app, "select last_error from mail where status = 'QUEUED'")
    assert [row["last_error"] for row in rows] == ["it can't be rendered: UndefinedError"]


@WITH_AND_WITHOUT_PIPELINING
async def test_refused_recipients_cost_the_others_nothing(
    app: App, open_app: OpenApp, mail_server: MailServer
) -> None:
    people = [f"user{number}@example.com" for number in range(8)]
    mail_server.refused = {people[1]: "550 no such user", people[4]: "450 try later", people[5]: "552 full"}
    for person in people:
        await queue_mail(app, person)
    async with open_app(smtp_url=mail_server.url, smtp_connections=1) as node:
        assert await send_mail.run(node) == 8
    rows = await execute(app, "select recipient, status, last_error from mail order by recipient")
    assert {row["recipient"]: (row["status"], row["last_error"]) for row in rows} == {
        person: (
            {"5": "FAILED", "4": "QUEUED"}.get(mail_server.refused.get(person, "2")[0], "SENT"),
            mail_server.refused.get(person),
        )
        for person in people
    }
    assert len(mail_server.taken) == 5
    # A refusal for good leaves the connection as it was; any other trouble makes a new one.
    assert mail_server.connections == 2


async def test_what_a_slow_server_took_is_marked_before_the_rest_is_sent(
    app: App, open_app: OpenApp, mail_server: MailServer
) -> None:
    """A worker that dies repeats what it sent since its last commit: that is half a second's."""
    held, go_on = asyncio.Event(), asyncio.Event()

    async def slowly() -> None:
        if len(mail_server.taken) == 3:
            held.set()
            await go_on.wait()
        await asyncio.sleep(0.3)

    mail_server.before_answer = slowly
    for number in range(5):
        await queue_mail(app, f"user{number}@example.com")
    async with open_app(smtp_url=mail_server.url, smtp_connections=1) as node:
        sending = asyncio.create_task(send_mail.run(node))
        await held.wait()
        [row] = await execute(app, "select count(*) from mail where status = 'SENT' and facts_sealed is null")
        assert row["count"] == 3
        go_on.set()
        assert await sending == 5
    assert len(mail_server.taken) == 5
