"""Mails through the outbox, against a loop of bare aiosmtplib on one connection (MAI-1).

Both send to one SMTP server in another process, which takes everything and keeps nothing. The loop
sends the same rendered message again and again; we claim, unseal, render, send and mark each row.
"""

import argparse
import asyncio
import resource
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

import aiosmtplib
from pydantic import SecretStr
from sqlalchemy import text

from app.access.actor import Actor
from app.access.permissions import Permission
from app.core.embedded import EmbeddedServers
from app.core.ids import new_id
from app.core.migrate import upgrade
from app.core.settings import load_settings
from app.domain.application import App
from app.domain.mails.commands import Addressee, Letter, write_many
from app.jobs import send_mail
from app.mail.render import render
from app.models.mail import Mail, MailKind
from app.models.person import Language
from app.reactions import REACTIONS

FACTS = {"name": "Ada Lovelace", "product": "Desktop", "quantity": 10, "code": "LYC-AAAAA-AAAAA-AAAAA"}
ROUNDS = 3


class Sink(asyncio.Protocol):
    """The least that an SMTP server can be."""

    def connection_made(self, transport: Any) -> None:
        """Greet."""
        self.transport, self.data, self.buffer = transport, False, b""
        transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        """Answer each line, and each message at its end."""
        self.buffer += data
        while self.buffer:
            mark = b"\r\n.\r\n" if self.data else b"\r\n"
            head, found, rest = self.buffer.partition(mark)
            if not found:
                return
            self.buffer = rest
            word = b"." if self.data else head[:4].upper()
            self.data = word == b"DATA"
            self.transport.write(b"354 go on\r\n" if self.data else b"250 sink\r\n")


def serve(pipe: Pipe) -> None:
    """The other process."""

    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


def main() -> None:
    """Print what each took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=10_000)
    wanted = parser.parse_args().mails
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    try:
        with tempfile.TemporaryDirectory() as home, EmbeddedServers.start(Path(home)) as servers:
            asyncio.run(compare(servers, Path(home), ours.recv(), wanted))
    finally:
        process.terminate()


async def compare(servers: EmbeddedServers, home: Path, port: int, wanted: int) -> None:
    """The two in turns, so that a busy machine is busy for both."""
    async with portal(servers, home, port) as app:
        share, bare, ours = wanted // ROUNDS, list[float](), list[float]()
        cpu = 0.0
        for _ in range(ROUNDS):
            bare.append(await timed(lambda: loop(app, port, share)))
            await queue(app, share)
            before = resource.getrusage(resource.RUSAGE_SELF)
            ours.append(await timed(lambda: send_mail.run(app)))
            after = resource.getrusage(resource.RUSAGE_SELF)
            cpu += after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    total = share * ROUNDS
    print(f"bare loop: {total / sum(bare):,.0f} mails/s; outbox: {total / sum(ours):,.0f} mails/s", end="; ")
    print(f"{sum(ours) / sum(bare):.2f} x its time, {cpu / total * 1000:.2f} ms of CPU a mail")


async def timed(run: Callable[[], Awaitable[Any]]) -> float:
    """Seconds."""
    started = time.perf_counter()
    await run()
    return time.perf_counter() - started


async def loop(app: App, port: int, count: int) -> None:
    """What a script would do."""
    now = app.clock.now()
    row = Mail(
        id=new_id(),
        kind=MailKind.KEY_ISSUED,
        recipient="ada@example.com",
        language=Language.EN,
        created_at=now,
        next_attempt_at=now,
        give_up_at=now,
    )
    message = render(row, FACTS, app.resources.settings, now)
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False) as client:
        for _ in range(count):
            await client.send_message(message)


async def queue(app: App, count: int) -> None:
    """So many mails that are due."""
    async with app.work(Actor.system("bench")) as work:
        work.require(Permission.BACKGROUND_WORK)
        await work.session.execute(text("truncate mail"))
        to = Addressee(email="ada@example.com", language=Language.EN)
        await write_many(work, MailKind.KEY_ISSUED, [Letter(new_id(), to, FACTS) for _ in range(count)])


@asynccontextmanager
async def portal(servers: EmbeddedServers, home: Path, port: int) -> AsyncIterator[App]:
    """The application on servers of its own, with that mail server."""
    assert servers.urls.database is not None
    assert servers.urls.redis is not None
    await upgrade(servers.urls.database)
    smtp = SecretStr(f"smtp://127.0.0.1:{port}")
    settings = load_settings(home_dir=home, dev=True, log_level="warning", smtp_url=smtp)
    async with App.open(settings, servers.urls.database, servers.urls.redis, REACTIONS) as app:
        yield app


if __name__ == "__main__":
    main()
