"""Mails through the outbox, against loops of bare aiosmtplib on one connection (MAI-1).

All send to one SMTP server in another process, which takes everything and keeps nothing. The loops send the
same rendered message again and again, as an EmailMessage (`send_message`) or as its bytes (`sendmail`);
we claim, unseal, render, send and mark each row. With `--turn` the server takes its time for each answer.
"""

import argparse
import asyncio
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import SMTP
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
from app.mail.message import Message
from app.mail.render import render
from app.models.mail import Mail, MailKind
from app.models.person import Language
from app.reactions import REACTIONS
from bench.processes import family_cpu_seconds

FACTS = {"name": "Ada Lovelace", "product": "Desktop", "quantity": 10, "code": "LYC-AAAAA-AAAAA-AAAAA"}
ROUNDS = 3
_GO, _STOP = "go", "stop"


class Sink(asyncio.Protocol):
    """The least that an SMTP server can be."""

    def __init__(self, turn: float) -> None:
        self._turn = turn

    def connection_made(self, transport: Any) -> None:
        """Greet."""
        self.transport, self.data, self.buffer = transport, False, b""
        transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        """Answer each line, and each message at its end: all that one packet held, in one."""
        self.buffer += data
        answers = b"".join(self._answers())
        if not answers:
            return
        if self._turn:
            asyncio.get_running_loop().call_later(self._turn, self.transport.write, answers)
        else:
            self.transport.write(answers)

    def _answers(self) -> Iterator[bytes]:
        while self.buffer:
            mark = b"\r\n.\r\n" if self.data else b"\r\n"
            head, found, rest = self.buffer.partition(mark)
            if not found:
                return
            self.buffer = rest
            word = b"." if self.data else head[:4].upper()
            self.data = word == b"DATA"
            yield _answer(word)


def _answer(word: bytes) -> bytes:
    if word == b"EHLO":
        return b"250-sink\r\n250 PIPELINING\r\n"
    return b"354 go on\r\n" if word == b"DATA" else b"250 sink\r\n"


def serve(pipe: Pipe, turn: float) -> None:
    """The other process."""

    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(lambda: Sink(turn), "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


def node(pipe: Pipe, database: str, redis: str, home: Path, port: int, connections: int) -> None:
    """Another process that sends mail: whenever it is told to, all that is due."""

    async def run() -> None:
        async with opened(database, redis, home, port, connections) as app:
            pipe.send(None)
            while await asyncio.to_thread(pipe.recv) == _GO:
                cpu = time.process_time()
                sent = await send_mail.run(app)
                pipe.send((sent, time.process_time() - cpu))

    asyncio.run(run())


@contextmanager
def nodes(arguments: tuple[Any, ...], count: int) -> Iterator[list[Pipe]]:
    """So many of them, ready."""
    context = get_context("spawn")
    pipes = [context.Pipe() for _ in range(count)]
    processes = [context.Process(target=node, args=(theirs, *arguments), daemon=True) for _, theirs in pipes]
    for process in processes:
        process.start()
    try:
        for pipe, _ in pipes:
            pipe.recv()
        yield [pipe for pipe, _ in pipes]
    finally:
        for pipe, _ in pipes:
            pipe.send(_STOP)
        for process in processes:
            process.join(10)


@dataclass
class Run:
    """What one of them took, over all rounds."""

    mails: int = 0
    seconds: float = 0.0
    cpu: float = 0.0
    postgresql: float = 0.0

    @asynccontextmanager
    async def measured(self, mails: int, postmaster: int) -> AsyncIterator[None]:
        """Add what the block takes."""
        started, cpu, database = time.perf_counter(), time.process_time(), family_cpu_seconds(postmaster)
        yield
        self.seconds += time.perf_counter() - started
        self.cpu += time.process_time() - cpu
        self.postgresql += family_cpu_seconds(postmaster) - database
        self.mails += mails

    def __str__(self) -> str:
        each = 1_000 / self.mails
        used = f"{self.cpu * each:.2f} ms of CPU a mail, PostgreSQL {self.postgresql * each:.2f}"
        return f"{self.mails / self.seconds:7,.0f} mails/s, {self.seconds * each:5.2f} ms a mail, {used}"


def main() -> None:
    """Print what each took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=10_000)
    parser.add_argument("--turn", type=float, default=0.0, help="milliseconds until the server answers")
    parser.add_argument("--connections", type=int, default=4, help="of ours")
    parser.add_argument(
        "--nodes", type=int, default=2, help="processes that send together, in a run of their own"
    )
    options = parser.parse_args()
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs, options.turn / 1_000), daemon=True)
    process.start()
    try:
        with tempfile.TemporaryDirectory() as home, EmbeddedServers.start(Path(home)) as servers:
            asyncio.run(compare(servers, Path(home), ours.recv(), options))
    finally:
        process.terminate()


async def compare(servers: EmbeddedServers, home: Path, port: int, options: argparse.Namespace) -> None:
    """All in turns, so that a busy machine is busy for all."""
    share, runs = options.mails // ROUNDS, defaultdict[str, Run](Run)
    together = f"outbox, {options.nodes} processes"
    assert servers.urls.database is not None
    assert servers.urls.redis is not None
    place = (servers.urls.database, servers.urls.redis, home, port, options.connections)
    async with portal(*place) as app:
        postmaster, message = postmaster_of(home), rendered(app)
        with nodes(place, options.nodes) as others:
            for _ in range(ROUNDS):
                async with runs["bare, bytes"].measured(share, postmaster):
                    await loop_of_bytes(message, port, share)
                async with runs["bare, EmailMessage"].measured(share, postmaster):
                    await loop_of_messages(message, port, share)
                await queue(app, share)
                async with runs["outbox"].measured(share, postmaster):
                    assert await send_mail.run(app) == share
                await queue(app, share)
                async with runs[together].measured(share, postmaster):
                    runs[together].cpu += await send_together(others, share)
    for name, run in runs.items():
        ratio = runs["outbox"].seconds / run.seconds
        print(f"{name:22}{run}; the outbox takes {ratio:.2f} x its time")


async def send_together(others: list[Pipe], wanted: int) -> float:
    """Have all that is due sent by other processes; their CPU."""
    for pipe in others:
        pipe.send(_GO)
    done = [await asyncio.to_thread(pipe.recv) for pipe in others]
    assert sum(sent for sent, _ in done) == wanted
    return float(sum(cpu for _, cpu in done))


def postmaster_of(home: Path) -> int:
    """PostgreSQL's process."""
    return int(next(home.rglob("postmaster.pid")).read_text().split()[0])


def rendered(app: App) -> Message:
    """What the loops send."""
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
    return render(row, FACTS, app.resources.settings, now)


async def loop_of_bytes(message: Message, port: int, count: int) -> None:
    """The least that aiosmtplib can do."""
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False) as client:
        for _ in range(count):
            await client.sendmail(message.sender, message.recipient, message.raw)


async def loop_of_messages(message: Message, port: int, count: int) -> None:
    """What a script would do."""
    made = message_from_bytes(message.raw, policy=SMTP)
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False) as client:
        for _ in range(count):
            await client.send_message(made)


async def queue(app: App, count: int) -> None:
    """So many mails that are due."""
    async with app.work(Actor.system("bench")) as work:
        work.require(Permission.BACKGROUND_WORK)
        await work.session.execute(text("truncate mail"))
        to = Addressee(email="ada@example.com", language=Language.EN)
        await write_many(work, MailKind.KEY_ISSUED, [Letter(new_id(), to, FACTS) for _ in range(count)])


@asynccontextmanager
async def portal(database: str, redis: str, *others: Any) -> AsyncIterator[App]:
    """The application on servers of its own, with that mail server."""
    await upgrade(database)
    async with opened(database, redis, *others) as app:
        yield app


@asynccontextmanager
async def opened(database: str, redis: str, home: Path, port: int, connections: int) -> AsyncIterator[App]:
    """A node."""
    smtp = SecretStr(f"smtp://127.0.0.1:{port}")
    settings = load_settings(
        home_dir=home, dev=True, log_level="warning", smtp_url=smtp, smtp_connections=connections
    )
    async with App.open(settings, database, redis, REACTIONS) as app:
        yield app


if __name__ == "__main__":
    main()
