"""Handing messages to a mail server: the only place that speaks SMTP."""

import asyncio
import socket
from dataclasses import dataclass, field
from functools import cache
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib

from app.core.logging import hide_secrets
from app.mail.dialogue import Dialogue
from app.mail.message import Message

_PATIENCE_SECONDS: Final = 10.0
_LONGEST_SECONDS: Final = 60.0
_GOODBYE_SECONDS: Final = 1.0
_IMPLICIT_TLS_PORT: Final = 465
_SUBMISSION_PORT: Final = 587
_PERMANENT: Final = range(500, 600)
_CLOSING: Final = 421


@dataclass(frozen=True, slots=True)
class Route:
    """Where mail goes. `tls`: from the first byte; `starttls`: demanded before anything is said."""

    host: str
    port: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False
    starttls: bool = False

    @classmethod
    def parse(cls, url: str) -> "Route":
        """The setting SMTP_URL: `smtp://user:pass@host:587?starttls=1`, `smtps://…`."""
        parts = urlsplit(url)
        tls = parts.scheme == "smtps"
        return cls(
            host=parts.hostname or "",
            port=parts.port or (_IMPLICIT_TLS_PORT if tls else _SUBMISSION_PORT),
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            tls=tls,
            starttls=not tls and parse_qs(parts.query).get("starttls") == ["1"],
        )


class NotDelivered(Exception):
    """The server did not take the message.

    `final`: it never will (5xx); `unreachable`: there was no server to ask, which is no fault
    of the message; `hung_up`: it ended the connection.
    """

    def __init__(
        self, reason: str, *, final: bool = False, unreachable: bool = False, hung_up: bool = False
    ) -> None:
        # A server may quote what it refuses, and that may hold a link.
        self.reason = str(hide_secrets(None, "", {"reason": reason})["reason"])
        super().__init__(self.reason)
        self.final = final
        self.unreachable = unreachable
        self.hung_up = hung_up


class Connection:
    """One connection to the mail server: made when first needed, dropped at any trouble, then made again.

    That it refuses a message for good is no trouble: it may take the next.
    """

    def __init__(self, route: Route) -> None:
        self._route = route
        self._client: aiosmtplib.SMTP | None = None
        # Where the server offers to hear several commands at once.
        self._dialogue: Dialogue | None = None

    async def deliver(self, message: Message, following: Message | None = None) -> None:
        """Hand a message over; when this returns the server has said 250. Raises NotDelivered.

        `following` is the one that is delivered next, if that is known: it may be announced already.
        """
        reused = self._client is not None
        try:
            await self._deliver(message, following)
        except NotDelivered as failure:
            if not (reused and failure.hung_up):
                raise
            # It was tired of an old connection, not of this message.
            await self._deliver(message, following)

    async def close(self) -> None:
        """Say goodbye, shortly."""
        client, dialogue = self._client, self._dialogue
        self._client = self._dialogue = None
        if client is None:
            return
        try:
            if dialogue is None:
                await client.quit(timeout=_GOODBYE_SECONDS)
            else:
                async with asyncio.timeout(_GOODBYE_SECONDS):
                    await dialogue.quit()
        except (aiosmtplib.SMTPException, OSError, TimeoutError):
            pass
        finally:
            client.close()

    async def _deliver(self, message: Message, following: Message | None) -> None:
        client = await self._connected()
        try:
            async with asyncio.timeout(_LONGEST_SECONDS):
                if self._dialogue is not None:
                    await self._dialogue.send(message, following)
                else:
                    options = ["SMTPUTF8", "BODY=8BITMIME"] if message.utf8 else []
                    await client.sendmail(
                        message.sender, message.recipient, message.raw, mail_options=options
                    )
        except (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError) as error:
            failure = _refusal(error)
            if not (failure.final and self._is_open()):
                self._drop()
            raise failure from error
        except BaseException:
            self._drop()
            raise

    async def _connected(self) -> aiosmtplib.SMTP:
        if self._client is None:
            route = self._route
            client = aiosmtplib.SMTP(
                hostname=route.host,
                port=route.port,
                username=route.username,
                password=route.password,
                use_tls=route.tls,
                start_tls=route.starttls,
                timeout=_PATIENCE_SECONDS,
                local_hostname=await asyncio.to_thread(_own_name),
            )
            try:
                await client.connect()
                await _greet(client)
            except (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError) as error:
                msg = f"the mail server can't be used: {_words(error)}"
                raise NotDelivered(msg, unreachable=True) from error
            self._client = client
            self._dialogue = Dialogue(client) if client.supports_extension("pipelining") else None
        return self._client

    def _is_open(self) -> bool:
        if self._dialogue is not None:
            return self._dialogue.is_open
        return self._client is not None and self._client.is_connected

    def _drop(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = self._dialogue = None


async def _greet(client: aiosmtplib.SMTP) -> None:
    """Hear what the server can before the first mail, unless that was said when signing in."""
    if not client.is_ehlo_or_helo_needed:
        return
    try:
        await client.ehlo()
    except aiosmtplib.SMTPHeloError:
        # From before 1995, or behind something that is.
        await client.helo()


def _refusal(error: Exception) -> NotDelivered:
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return _refusal(error.recipients[0])
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return NotDelivered(_words(error), final=error.code in _PERMANENT, hung_up=error.code == _CLOSING)
    if isinstance(error, aiosmtplib.SMTPServerDisconnected):
        return NotDelivered(_words(error), hung_up=True)
    # An address that this server can't carry, a message that can't be written: no time mends that.
    never = isinstance(error, aiosmtplib.SMTPNotSupported) or (
        isinstance(error, ValueError) and not isinstance(error, OSError)
    )
    return NotDelivered(_words(error), final=never)


def _words(error: Exception) -> str:
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return f"{error.code} {error.message}"
    return str(error) or type(error).__name__


@cache
def _own_name() -> str:
    """The name for EHLO; looking it up may take seconds, so it is done once, and in a thread."""
    return socket.getfqdn() or "localhost"
