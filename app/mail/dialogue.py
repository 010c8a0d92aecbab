"""Commands of SMTP written together and answered in turn (PIPELINING, RFC 2920).

aiosmtplib waits for each answer before it says more. A server that offers it is told sender, recipient and
DATA at once: two turns a mail, not four. Connecting, TLS and signing in remain aiosmtplib's.
"""

import asyncio
from typing import Final, cast

import aiosmtplib
from aiosmtplib import (
    SMTPDataError,
    SMTPRecipientRefused,
    SMTPResponse,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)

from app.mail.message import Message

_GO_ON: Final = 354
_TAKEN: Final = 250
_CLOSING: Final = 421
_REFUSED: Final = 400
_LONGEST_ANSWER: Final = 32 * 1_024
_INVALID: Final = -1


class Dialogue(asyncio.Protocol):
    """The connection of a client that is signed in; from then on nobody else may use it."""

    def __init__(self, client: aiosmtplib.SMTP) -> None:
        assert client.transport is not None
        self._transport = cast(asyncio.Transport, client.transport)
        self._transport.set_protocol(self)
        self._size = client.supports_extension("size")
        self._utf8 = client.supports_extension("smtputf8")
        self._buffer = bytearray()
        self._said: list[bytes] = []
        self._answers: list[SMTPResponse] = []
        self._wanted = 0
        self._turn: asyncio.Future[None] | None = None
        self._lost = self._transport.is_closing()
        self._begun = False

    async def send(self, message: Message) -> None:
        """Hand it over; when this returns the server has said 250.

        Raises what aiosmtplib does. After a refusal of the message the connection can be used again.
        """
        if message.utf8 and not self._utf8:
            msg = "SMTPUTF8 is not supported by this server"
            raise aiosmtplib.SMTPNotSupported(msg)
        mail, recipient, data = await self._ask_to_take(message)
        # Without a recipient the server shall not go on; if it does, nothing may be said but goodbye.
        self._lost = self._lost or (data.code == _GO_ON and max(mail.code, recipient.code) >= _REFUSED)
        if mail.code >= _REFUSED:
            raise SMTPSenderRefused(mail.code, mail.message, message.sender)
        if recipient.code >= _REFUSED:
            raise SMTPRecipientRefused(recipient.code, recipient.message, message.recipient)
        if data.code != _GO_ON:
            raise SMTPDataError(data.code, data.message)
        (end,) = await self._ask(_stuffed(message.raw) + b".\r\n", 1)
        self._begun = False
        if end.code != _TAKEN:
            raise SMTPDataError(end.code, end.message)

    async def _ask_to_take(self, message: Message) -> list[SMTPResponse]:
        """The answers to sender, recipient and DATA."""
        utf8 = " SMTPUTF8 BODY=8BITMIME" if message.utf8 else ""
        size = f" SIZE={len(message.raw)}" if self._size else ""
        envelope = f"MAIL FROM:<{message.sender}>{size}{utf8}\r\nRCPT TO:<{message.recipient}>\r\nDATA\r\n"
        # The server forgets what it refused before.
        again, self._begun = self._begun, True
        answers = await self._ask((b"RSET\r\n" if again else b"") + envelope.encode(), 3 + again)
        return answers[-3:]

    @property
    def is_open(self) -> bool:
        """Whether it can still be spoken on."""
        return not self._lost

    async def quit(self) -> None:
        """Say goodbye. Raises SMTPServerDisconnected."""
        await self._ask(b"QUIT\r\n", 1)

    async def _ask(self, commands: bytes, answers: int) -> list[SMTPResponse]:
        if self._lost or self._transport.is_closing():
            msg = "Connection lost"
            raise SMTPServerDisconnected(msg)
        self._answers, self._wanted = [], answers
        self._turn = asyncio.get_running_loop().create_future()
        self._transport.write(commands)
        try:
            await self._turn
        finally:
            self._turn = None
        return self._answers

    # -------------------------------------------------------------- what asyncio calls

    def data_received(self, data: bytes) -> None:
        """Take the answers' lines; what comes unasked says that the server goes."""
        self._buffer += data
        *lines, rest = bytes(self._buffer).split(b"\n")
        self._buffer = bytearray(rest)
        for line in lines:
            self._hear(line)
        if len(self._buffer) + sum(map(len, self._said)) > _LONGEST_ANSWER:
            self._give_up(aiosmtplib.SMTPResponseException(_INVALID, "Response too long"))

    def connection_lost(self, _error: Exception | None) -> None:
        """The server is gone, whether or not it said so."""
        self._give_up(SMTPServerDisconnected("Connection lost"))

    def eof_received(self) -> bool:
        """The server says no more; asyncio closes the connection."""
        self._give_up(SMTPServerDisconnected("Unexpected EOF received"))
        return False

    def _hear(self, line: bytes) -> None:
        code = line[:3]
        if not code.isdigit():
            self._give_up(aiosmtplib.SMTPResponseException(_INVALID, "Malformed SMTP response line"))
            return
        self._said.append(line[4:].strip())
        if line[3:4] == b"-":
            return
        message = b"\n".join(self._said).decode("utf-8", "surrogateescape")
        self._said.clear()
        self._answered(SMTPResponse(int(code), message))

    def _answered(self, answer: SMTPResponse) -> None:
        if self._turn is None or self._turn.done():
            self._lost = True
            return
        self._answers.append(answer)
        if answer.code == _CLOSING:
            # It answers nothing that was said behind this.
            self._give_up(aiosmtplib.SMTPResponseException(answer.code, answer.message))
        elif len(self._answers) == self._wanted:
            self._turn.set_result(None)

    def _give_up(self, error: Exception) -> None:
        self._lost = True
        if self._turn is not None and not self._turn.done():
            self._turn.set_exception(error)


def _stuffed(raw: bytes) -> bytes:
    """No line of a message is the dot that ends it; quoted-printable lines end in CR LF alone."""
    return raw.replace(b"\r\n.", b"\r\n..") if b"\r\n." in raw else raw
