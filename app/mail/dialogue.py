"""Commands of SMTP written together and answered in turn (PIPELINING, RFC 2920).

aiosmtplib waits for each answer before it says more. A server that offers it is told sender, recipient and
DATA at once, and with a message those of the next: one turn a mail, not four. Connecting, TLS and signing in
remain aiosmtplib's.
"""

import asyncio
from collections import deque
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
        self._answers: deque[SMTPResponse] = deque()
        self._expected = 0
        self._turn: asyncio.Future[None] | None = None
        self._lost: Exception | None = None
        # The server has an envelope without its message.
        self._begun = False
        self._announced: Message | None = None

    async def send(self, message: Message, following: Message | None = None) -> None:
        """Hand it over; when this returns the server has said 250.

        `following` is announced together with it; if something else is sent then, the connection is of no use
        any more. Raises what aiosmtplib does. After a refusal of the message the connection can be used again.
        """
        await self._offer(message)
        self._check(message, *[await self._answer() for _ in range(3)])
        said, self._begun = _stuffed(message.raw) + b".\r\n", False
        if following is not None and self._can_carry(following):
            self._announced = following
            self._say(said + self._envelope(following), 4)
        else:
            self._say(said, 1)
        end = await self._answer()
        if end.code != _TAKEN:
            raise SMTPDataError(end.code, end.message)

    @property
    def is_open(self) -> bool:
        """Whether it can still be spoken on."""
        return self._lost is None

    async def quit(self) -> None:
        """Say goodbye, unless the server waits for a message. Raises SMTPServerDisconnected."""
        if self._announced is None:
            self._say(b"QUIT\r\n", 1)
            await self._answer()

    async def _offer(self, message: Message) -> None:
        """Say who it is from and to, unless that is said; three answers follow."""
        if not self._can_carry(message):
            msg = "SMTPUTF8 is not supported by this server"
            raise aiosmtplib.SMTPNotSupported(msg)
        if self._announced is None:
            # The server forgets what it refused before.
            again = self._begun
            self._say((b"RSET\r\n" if again else b"") + self._envelope(message), 3 + again)
            if again:
                await self._answer()
        elif self._announced is not message:
            self._give_up(SMTPServerDisconnected("another message was announced"))
        self._announced = None

    def _check(
        self, message: Message, mail: SMTPResponse, recipient: SMTPResponse, data: SMTPResponse
    ) -> None:
        """Raise unless the server wants the message."""
        if data.code == _GO_ON and max(mail.code, recipient.code) >= _REFUSED:
            # Without a recipient it shall not go on; if it does, nothing may be said any more.
            self._give_up(SMTPServerDisconnected("the server wants a message for nobody"))
        if mail.code >= _REFUSED:
            raise SMTPSenderRefused(mail.code, mail.message, message.sender)
        if recipient.code >= _REFUSED:
            raise SMTPRecipientRefused(recipient.code, recipient.message, message.recipient)
        if data.code != _GO_ON:
            raise SMTPDataError(data.code, data.message)

    def _can_carry(self, message: Message) -> bool:
        return self._utf8 or not message.utf8

    def _envelope(self, message: Message) -> bytes:
        self._begun = True
        utf8 = " SMTPUTF8 BODY=8BITMIME" if message.utf8 else ""
        size = f" SIZE={len(message.raw)}" if self._size else ""
        sender = f"MAIL FROM:<{message.sender}>{size}{utf8}\r\n"
        return f"{sender}RCPT TO:<{message.recipient}>\r\nDATA\r\n".encode()

    def _say(self, commands: bytes, answers: int) -> None:
        if self._lost is None and self._transport.is_closing():
            self._lost = SMTPServerDisconnected("Connection lost")
        if self._lost is not None:
            raise self._lost
        self._expected += answers
        self._transport.write(commands)

    async def _answer(self) -> SMTPResponse:
        """The next one; what came before the connection was lost counts."""
        while not self._answers:
            if self._lost is not None:
                raise self._lost
            self._turn = asyncio.get_running_loop().create_future()
            try:
                await self._turn
            finally:
                self._turn = None
        return self._answers.popleft()

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
        if answer.code == _CLOSING or not self._expected:
            # It answers nothing that was said behind this.
            self._give_up(aiosmtplib.SMTPResponseException(answer.code, answer.message))
            return
        self._expected -= 1
        self._answers.append(answer)
        # A server's answers to one packet come in one: whoever waits is woken once.
        self._wake()

    def _give_up(self, error: Exception) -> None:
        self._lost = self._lost or error
        self._wake()

    def _wake(self) -> None:
        if self._turn is not None and not self._turn.done():
            self._turn.set_result(None)


def _stuffed(raw: bytes) -> bytes:
    """No line of a message is the dot that ends it; quoted-printable lines end in CR LF alone."""
    return raw.replace(b"\r\n.", b"\r\n..") if b"\r\n." in raw else raw
