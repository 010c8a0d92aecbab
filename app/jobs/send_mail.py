"""Sends what the outbox holds (MAI-1): several workers, each with one connection, and some mails a transaction."""

import asyncio
import random
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import structlog

from app.access.actor import Actor
from app.domain.application import App
from app.domain.mails import commands, queries
from app.domain.work import Work
from app.jobs.items import to_the_end
from app.mail.mailbox import development_mailbox
from app.mail.message import Message
from app.mail.render import render
from app.mail.transport import Connection, NotDelivered, Route

_log = structlog.get_logger(__name__)
_Rendered = Message | NotDelivered
_MOST_AT_ONCE: Final = 20
_FEW: Final = 8
_LONGEST_TURN_SECONDS: Final = 0.5


async def run(app: App) -> int:
    """Send all that is due and in nobody's hands; how many mails were tried."""
    waiting = await due(app)
    if not waiting:
        return 0
    count = _workers(app)
    # Few mails are sent one by one, so that they come about in the order in which they were written.
    most = waiting if count == 1 else waiting // (count * _FEW)
    most = max(1, min(_MOST_AT_ONCE, most))
    async with _route(app) as route, asyncio.TaskGroup() as group:
        workers = [group.create_task(_send(app, route, most)) for _ in range(count)]
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


async def _send(app: App, route: Route, most: int) -> int:
    """One worker. It stops early when there is no server: the other mails then wait without a failure."""
    tried = 0
    connection, stopping = Connection(route), asyncio.Event()
    try:
        while True:
            turn = _Turn(connection, stopping)
            await to_the_end(turn.take(app.work(Actor.system(commands.SEND_JOB)), most), stopping)
            tried += turn.tried
            if turn.is_last:
                return tried
    finally:
        await connection.close()


class _Turn:
    """Some mails, claimed, sent and marked in one transaction: whoever dies leaves them to the others at once.

    A worker that dies has sent what it took since its last commit, and those mails are sent again. So a turn ends
    after half a second, however few it sent; what it did not begin is free again.
    """

    def __init__(self, connection: Connection, stopping: asyncio.Event) -> None:
        self._connection = connection
        self._stopping = stopping
        self._sent: list[commands.Claimed] = []
        self._given_up: list[commands.Claimed] = []
        self.tried = 0
        self.is_last = False

    async def take(self, work: Work, most: int) -> None:
        """Send up to so many mails."""
        async with work:
            mails = deque(await commands.claim(work, most))
            self.is_last = not mails
            until = time.monotonic() + _LONGEST_TURN_SECONDS
            message = _rendered(work, mails[0]) if mails else None
            while message is not None:
                mail = mails.popleft()
                goes_on = bool(mails) and time.monotonic() < until
                # Rendered while the server is busy with the one before, and announced with it.
                following = _rendered(work, mails[0]) if goes_on else None
                await self._try(work, mail, message, following)
                message = None if self.is_last or self._stopping.is_set() else following
            await commands.record_sent(work, self._sent)
            commands.tell_settled(work, self._sent, self._given_up)

    async def _try(
        self, work: Work, mail: commands.Claimed, message: _Rendered, following: _Rendered | None
    ) -> None:
        self.tried += 1
        try:
            await self._deliver(mail, message, following)
        except NotDelivered as failure:
            self.is_last = failure.unreachable
            if await _record(work, mail, failure):
                self._given_up.append(mail)
        else:
            self._sent.append(mail)

    async def _deliver(self, mail: commands.Claimed, message: _Rendered, following: _Rendered | None) -> None:
        if isinstance(message, NotDelivered):
            raise message
        try:
            await self._connection.deliver(message, following if isinstance(following, Message) else None)
        except NotDelivered:
            raise
        except Exception as error:
            # A fault of ours must not make the others forget that they were sent.
            _log.exception("mail can't be handed over", mail=str(mail.id), kind=mail.kind)
            msg = f"it can't be handed over: {type(error).__name__}"
            raise NotDelivered(msg) from error


def _rendered(work: Work, mail: commands.Claimed) -> _Rendered:
    try:
        return render(mail, commands.facts_of(work, mail), work.resources.settings, work.now)
    except Exception as error:  # noqa: BLE001 - see below
        # A fault of ours must not stop the others; a release within 24 hours can still mend this one.
        _log.exception("mail can't be rendered", mail=str(mail.id), kind=mail.kind)
        return NotDelivered(f"it can't be rendered: {type(error).__name__}")


async def _record(work: Work, mail: commands.Claimed, failure: NotDelivered) -> bool:
    share = random.random()  # noqa: S311 - spreads load
    given_up = await commands.record_failure(work, mail, failure.reason, final=failure.final, share=share)
    report = _log.error if given_up else _log.warning
    report(
        "mail given up" if given_up else "mail not sent yet",
        mail=str(mail.id),
        kind=mail.kind,
        attempts=mail.attempts + 1,
        reason=failure.reason,
    )
    return given_up
