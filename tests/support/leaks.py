"""No secret that goes in or out of a portal may stand in what its process logs.

`running` puts a Watch before every portal that a test starts, and asks it at the end: tokens, key codes,
passwords, codes and links, whoever sent or got them, by HTTP or a websocket. What is logged passes
through the pipeline of a real server, at its usual level.
"""

import io
import logging
import re
import sys
import zlib
from collections.abc import Iterator
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.logging import configure_logging

# Of a body, in bytes: secrets stand at its beginning, files and long lists behind.
_LOOKED_AT: Final = 2**18
_GZIP: Final = b"\x1f\x8b"
_QUOTED: Final = r'\\*"((?:[^"\\]|\\[^"])*)\\*"'
_SHAPES: Final = (
    re.compile(r"lyc_[a-z]+_[\w-]{16,}"),
    re.compile(r"LYC-(?:T-)?[0-9A-Z]{4,5}(?:-[0-9A-Z]{4,5}){2,4}"),
    re.compile(r"(?:token|code|secret|signature)=([\w.%-]{8,})"),
    re.compile(r'(?i:password|token|secret)\\*"?\s*:\s*' + _QUOTED),
    re.compile(r'(?<![A-Za-z])code\\*"?\s*:\s*\\*"((?![A-Z_]+\\*")[^"\\]+)\\*"'),
)
_LISTS: Final = re.compile(r'[rR]escueCodes\\*"\s*:\s*\[([^\]]*)\]')
# Shorter ones, and plain words, are what tests give for bad passwords: they would be found by chance.
_SHORTEST: Final = 6


class Log(io.StringIO):
    """All that this process logged, which also goes where it would have gone."""

    def write(self, text: str, /) -> int:
        sys.stderr.write(text)
        return super().write(text)

    def since(self, place: int) -> str:
        """What came after a place of `tell`."""
        self.seek(place)
        return self.read()


_LOG: Final = Log()


def heard() -> Log:
    """The log, set up as a server does; a test may have set up its own meanwhile."""
    root = logging.getLogger()
    if not any(getattr(handler, "stream", None) is _LOG for handler in root.handlers):
        configure_logging("json", "info", _LOG)
    return _LOG


class Watch:
    """Stands before an application and notes what goes in and out."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._said: list[bytes] = []
        self._log = heard()
        self._from = self._log.tell()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        self._said += [scope["query_string"], *(value for _, value in scope["headers"])]
        answer = bytearray()

        async def receiving() -> Message:
            message = await receive()
            self._note(message.get("body") or message.get("text") or message.get("bytes"))
            return message

        async def sending(message: Message) -> None:
            answer.extend((message.get("body") or b"")[:_LOOKED_AT])
            self._note(message.get("text"))
            await send(message)

        try:
            await self._app(scope, receiving, sending)
        finally:
            self._note(bytes(answer))

    def check(self) -> None:
        """Fails with what was logged of what was said."""
        text = self._log.since(self._from)
        leaked = {secret for secret in secrets_of(self._said) if _stands_in(secret, text)}
        lines = [line for line in text.splitlines() if any(secret in line for secret in leaked)]
        assert not leaked, f"logged: {sorted(leaked)} in {lines}"

    def _note(self, said: bytes | str | None) -> None:
        if said:
            self._said.append(said.encode(errors="replace") if isinstance(said, str) else said[:_LOOKED_AT])


def secrets_of(said: list[bytes]) -> set[str]:
    """What is secret in it."""
    return {secret for each in said for secret in _found(_text(each)) if len(secret) >= _SHORTEST}


def _found(text: str) -> Iterator[str]:
    for shape in _SHAPES:
        yield from (secret for secret in shape.findall(text) if not secret.isalpha())
    for codes in _LISTS.findall(text):
        yield from re.findall(r"[\w-]+", codes)


def _text(said: bytes) -> str:
    if said.startswith(_GZIP):
        said = zlib.decompressobj(wbits=31).decompress(said)
    return said.decode(errors="replace")


def _stands_in(secret: str, text: str) -> bool:
    # Six digits are also the parts of a second.
    if secret.isdigit():
        return re.search(rf"(?<![\w.]){secret}(?!\w)", text) is not None
    return secret in text
