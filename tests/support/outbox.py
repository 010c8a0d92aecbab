"""A real database, the application on it, and a mail server that can be told to misbehave."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope

from app.access.actor import Actor
from app.access.permissions import Permission
from app.core.embedded import EmbeddedServers
from app.core.migrate import upgrade
from app.core.settings import load_settings
from app.domain.application import App
from app.domain.mails.commands import Addressee, write
from app.models.mail import MailKind
from app.models.person import Language
from app.reactions import REACTIONS

CHANGED = "mail, received_mail, application_clock, pgqueuer, pgqueuer_schedules, session, link, person"
FACTS = {"link": "http://127.0.0.1:8000/confirm-email?token=lyc_lnk_secret", "name": "Ada"}
Answer = str | None
"""What the server says to DATA; None hangs up."""


@dataclass(frozen=True)
class Servers:
    """Where the embedded servers of this test process are."""

    home: Path
    database: str
    redis: str
    embedded: EmbeddedServers


@pytest.fixture(scope="session")
async def servers() -> AsyncIterator[Servers]:
    with tempfile.TemporaryDirectory(prefix="lych") as name:
        home = Path(name)
        with EmbeddedServers.start(home, fsync=False) as embedded:
            database, redis = embedded.urls.database, embedded.urls.redis
            assert database is not None
            assert redis is not None
            await upgrade(database)
            yield Servers(home, database, redis, embedded)


OpenApp = Callable[..., Any]


@pytest.fixture
async def open_app(servers: Servers) -> OpenApp:
    """Opens one more node on the same servers, with other settings if need be."""

    @asynccontextmanager
    async def opened(**changes: Any) -> AsyncIterator[App]:
        settings = load_settings(**{"home_dir": servers.home, "dev": True, **changes})
        async with App.open(settings, servers.database, servers.redis, REACTIONS) as app:
            yield app

    return opened


@pytest.fixture
async def app(open_app: OpenApp) -> AsyncIterator[App]:
    """A node on an empty database, with the development mailbox."""
    async with open_app() as app:
        await execute(app, f"truncate {CHANGED} cascade")
        yield app


async def execute(app: App, sql: str, *values: Any) -> list[Any]:
    async with app.read_all().connection() as connection:
        found: list[Any] = await connection.fetch(sql, *values)
        return found


async def queue_mail(app: App, recipient: str = "ada@example.com", **changes: Any) -> None:
    """A mail by a Work of its own."""
    async with app.work(Actor.system("test")) as work:
        work.require(Permission.BACKGROUND_WORK)
        to = Addressee(email=recipient, language=changes.pop("language", Language.EN), name="Ada")
        kind = changes.pop("kind", MailKind.CONFIRM_ADDRESS)
        await write(work, kind, to, changes.pop("facts", FACTS), **changes)


async def received(app: App) -> list[EmailMessage]:
    rows = await execute(app, "select raw from received_mail order by received_at, id")
    return [parsed(row["raw"]) for row in rows]


def parsed(raw: bytes) -> EmailMessage:
    return message_from_bytes(raw, _class=EmailMessage, policy=default)


@dataclass
class MailServer:
    """Takes mail; says what `answers` holds first, then 250 to all that follows; `refused` by their address."""

    answers: list[Answer] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    pipelining: bool = True
    at_connect: list[str] = field(default_factory=list)
    taken: list[EmailMessage] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    connections: int = 0
    most_at_once: int = 0
    port: int = 0
    before_answer: Callable[[], Any] | None = None
    _now: int = 0

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    async def handle_EHLO(  # noqa: N802
        self, _server: Any, session: Any, _envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [responses[0], *(["250-PIPELINING"] if self.pipelining else []), *responses[1:]]

    async def handle_RCPT(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Envelope, address: str, _options: Any
    ) -> str:
        if address not in self.refused:
            envelope.rcpt_tos.append(address)
        return self.refused.get(address, "250 ok")

    async def handle_DATA(self, server: Any, _session: Any, envelope: Envelope) -> str:  # noqa: N802
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        try:
            if self.before_answer is not None:
                await self.before_answer()
            answer = self.answers.pop(0) if self.answers else "250 taken"
            if answer is None:
                server.transport.abort()
                await asyncio.sleep(0)
                return "421 never heard"
            if answer.startswith("250"):
                self.raw.append(envelope.original_content or b"")
                self.taken.append(parsed(self.raw[-1]))
            return answer
        finally:
            self._now -= 1


class _Protocol(SMTP):  # type: ignore[misc]
    def connection_made(self, transport: Any) -> None:
        self.event_handler.connections += 1
        if self.event_handler.at_connect:
            transport.write(f"{self.event_handler.at_connect.pop(0)}\r\n".encode())
            transport.close()
        super().connection_made(transport)


@pytest.fixture
async def mail_server(request: pytest.FixtureRequest) -> AsyncIterator[MailServer]:
    loop = asyncio.get_running_loop()
    made = MailServer(pipelining=getattr(request, "param", True))
    server = await loop.create_server(
        lambda: _Protocol(made, hostname="test", loop=loop, enable_SMTPUTF8=True), "127.0.0.1", 0
    )
    made.port = server.sockets[0].getsockname()[1]
    yield made
    server.close()


async def eventually(condition: Callable[[], Awaitable[Any]], seconds: float = 20.0) -> None:
    """Wait until it is true. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.02)


WITH_AND_WITHOUT_PIPELINING = pytest.mark.parametrize(
    "mail_server", [True, False], indirect=True, ids=["pipelining", "plain"]
)
