"""Sends what the outbox holds (MAI-1): several workers, each with one connection and one mail at a time."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from enum import Enum, auto

import structlog

from app.access.actor import Actor
from app.domain.application import App
from app.domain.mails import commands, queries
from app.domain.work import Work
from app.jobs.items import to_the_end
from app.mail.mailbox import development_mailbox
from app.mail.render import render
from app.mail.transport import Connection, NotDelivered, Route
from app.models.mail import Mail, MailStatus

_log = structlog.get_logger(__name__)


class _Outcome(Enum):
    NOTHING_LEFT = auto()
    DONE = auto()
    UNREACHABLE = auto()


async def run(app: App) -> int:
    """Send all that is due and in nobody's hands; how many mails were tried."""
    if not await due(app):
        return 0
    async with _route(app) as route, asyncio.TaskGroup() as group:
        workers = [group.create_task(_send(app, route)) for _ in range(_workers(app))]
    return sum(worker.result() for worker in workers)


async def due(app: App) -> int:
    """How many mails are due, those in somebody's hands included."""
    return await queries.due(app.read_all(), app.clock.now())


def _workers(app: App) -> int:
    # Each holds a database connection while it speaks SMTP: requests keep their half of the pool.
    settings = app.resources.settings
    return max(1, min(settings.smtp_connections, settings.database_pool_size // 2 - 1))


@asynccontextmanager
async def _route(app: App) -> AsyncIterator[Route]:
    url = app.resources.settings.smtp_url
    if url is not None:
        yield Route.parse(url.get_secret_value())
        return
    async with development_mailbox(app) as route:
        yield route


async def _send(app: App, route: Route) -> int:
    """One worker. It stops early when there is no server: the other mails then wait without a failure."""
    tried = 0
    connection = Connection(route)
    try:
        while (outcome := await to_the_end(_send_one(app, connection))) is not _Outcome.NOTHING_LEFT:
            tried += 1
            if outcome is _Outcome.UNREACHABLE:
                break
    finally:
        await connection.close()
    return tried


async def _send_one(app: App, connection: Connection) -> _Outcome:
    """Claim a mail, send it, mark it, in one transaction: whoever dies leaves it to the others at once."""
    async with app.work(Actor.system(commands.SEND_JOB)) as work:
        mail = await commands.claim(work)
        if mail is None:
            return _Outcome.NOTHING_LEFT
        try:
            message = _rendered(work, mail)
            await connection.deliver(message, work.resources.settings.mail_from, mail.recipient)
        except NotDelivered as failure:
            _record(work, mail, failure.reason, final=failure.final)
            return _Outcome.UNREACHABLE if failure.unreachable else _Outcome.DONE
        commands.record_sent(work, mail)
        return _Outcome.DONE


def _rendered(work: Work, mail: Mail) -> EmailMessage:
    try:
        return render(mail, commands.facts_of(work, mail), work.resources.settings, work.now)
    except Exception as error:
        # A fault of ours must not stop the others; a release within 24 hours can still mend this one.
        _log.exception("mail can't be rendered", mail=str(mail.id), kind=mail.kind)
        msg = f"it can't be rendered: {type(error).__name__}"
        raise NotDelivered(msg) from error


def _record(work: Work, mail: Mail, reason: str, *, final: bool) -> None:
    commands.record_failure(work, mail, reason, final=final, share=random.random())  # noqa: S311 - spreads load
    given_up = mail.status is MailStatus.FAILED
    report = _log.error if given_up else _log.warning
    report(
        "mail given up" if given_up else "mail not sent yet",
        mail=str(mail.id),
        kind=mail.kind,
        attempts=mail.attempts,
        reason=reason,
    )
