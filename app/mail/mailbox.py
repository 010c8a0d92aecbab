"""The development mailbox (MAI-5): a real SMTP server that keeps what it is given, on this machine."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import structlog
from aiosmtpd.smtp import SMTP, Envelope

from app.domain.application import App
from app.domain.mails import commands
from app.mail.transport import Route

_log = structlog.get_logger(__name__)
_HOST: Final = "127.0.0.1"
_LARGEST_MESSAGE: Final = 64 * 2**20


@asynccontextmanager
async def development_mailbox(app: App) -> AsyncIterator[Route]:
    """Serve SMTP on a free port of the loopback interface for as long as the block lasts."""
    # At its lowest level the library logs every line of every message.
    logging.getLogger("mail.log").setLevel(logging.WARNING)
    loop = asyncio.get_running_loop()
    keeper = _Keeper(app)

    def protocol() -> asyncio.Protocol:
        made: asyncio.Protocol = SMTP(
            keeper, data_size_limit=_LARGEST_MESSAGE, enable_SMTPUTF8=True, hostname="localhost", loop=loop
        )
        return made

    server = await loop.create_server(protocol, _HOST, 0)
    try:
        yield Route(_HOST, server.sockets[0].getsockname()[1])
    finally:
        server.close()


class _Keeper:
    """What happens with a message that came."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        """Store it; only a stored message is a taken one."""
        raw = envelope.original_content or b""
        try:
            await commands.receive(
                self._app.read_all(),
                self._app.clock.now(),
                envelope.mail_from or "",
                list(envelope.rcpt_tos),
                raw,
            )
        except Exception:  # noqa: BLE001 - whatever it is, the mail must be tried again
            _log.exception("development mailbox can't store a message")
            return "451 try again later"
        return "250 kept"
