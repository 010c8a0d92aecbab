"""Requests and answers of the API over HTTP, without what Starlette does for each that none of ours needs."""

from typing import Any

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope


class ByName(Headers):
    """Headers that are found by name at once; of several with one name, the first."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope=scope)
        # The first of a name comes last.
        self._values = dict(reversed(self.raw))

    def get(self, key: str, default: Any = None) -> Any:
        """The first header of that name."""
        value = self._values.get(key.lower().encode("latin-1"))
        return default if value is None else value.decode("latin-1")


class Incoming(Request):
    """A request whose headers are asked for again and again."""

    @property
    def headers(self) -> Headers:
        """All of them."""
        if not hasattr(self, "_headers"):
            self._headers = ByName(self.scope)
        return self._headers

    async def whole(self) -> bytes:
        """The body, read once. Raises ClientDisconnect."""
        receive: Receive = self._receive
        parts: list[bytes] = []
        while True:
            message = await receive()
            if message["type"] != "http.request":
                raise ClientDisconnect
            part: bytes = message.get("body", b"")
            if not message.get("more_body", False):
                return b"".join([*parts, part]) if parts else part
            parts.append(part)


class Outgoing(Response):
    """An answer: whoever makes it sets headers before there is a body."""

    def __init__(self, media_type: str) -> None:
        # Nothing of what Starlette sets, which is taken out again when the body is known.
        self.status_code = 0
        self.media_type = media_type
        self.background = None
        self.body = b""
        self.raw_headers = []

    def write(self, body: bytes | str, status: int) -> None:
        """Its body; its status, unless it has one."""
        self.body = body if isinstance(body, bytes) else body.encode()
        self.status_code = self.status_code or status
        self.raw_headers += [
            (b"content-length", b"%d" % len(self.body)),
            (b"content-type", f"{self.media_type}; charset=utf-8".encode()),
        ]
