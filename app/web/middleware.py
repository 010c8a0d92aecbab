"""What every request goes through: an ID, a log line, security headers."""

import re
import time
from collections.abc import Iterable
from typing import Final

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from app.core.ids import new_id

log = structlog.get_logger("lychgate.http")
_GIVEN_ID: Final = re.compile(rb"[A-Za-z0-9._-]{8,100}")
_QUIET: Final = ("/healthz", "/readyz", "/metrics")
_REQUEST_ID: Final = b"x-request-id"
_HEADERS: Final = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
}


class RequestFacts:
    """Gives each request an ID, answers with it, logs method, path, status and time."""

    def __init__(self, app: ASGIApp, hsts_seconds: int = 0) -> None:
        self._app = app
        self._facts = Facts(hsts_seconds)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request or websocket."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        request_id = named(scope)
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = self._facts.complete(message.get("headers", ()), request_id)
            await send(message)

        started = time.perf_counter()
        with bound_contextvars(request_id=request_id):
            await self._app(scope, receive, sending)
            if scope["path"] not in _QUIET:
                written(scope, status, time.perf_counter() - started)


class Facts:
    """What is said with every answer."""

    def __init__(self, hsts_seconds: int) -> None:
        headers = dict(_HEADERS)
        if hsts_seconds:
            headers["strict-transport-security"] = f"max-age={hsts_seconds}; includeSubDomains"
        self._headers = [(name.encode(), value.encode()) for name, value in headers.items()]

    def complete(self, given: Iterable[tuple[bytes, bytes]], request_id: str) -> list[tuple[bytes, bytes]]:
        """All headers: what a route says of itself stands."""
        headers = [pair for pair in given if pair[0] != _REQUEST_ID]
        said = {name for name, _ in headers}
        headers.append((_REQUEST_ID, request_id.encode()))
        headers += [pair for pair in self._headers if pair[0] not in said]
        return headers


def named(scope: Scope) -> str:
    """The ID of a request, its own if it brings a good one, for whoever asks its scope."""
    given = (value for name, value in scope["headers"] if name == _REQUEST_ID and _GIVEN_ID.fullmatch(value))
    found: bytes | None = next(given, None)
    request_id = new_id().hex if found is None else found.decode()
    scope.setdefault("state", {})["request_id"] = request_id
    return request_id


def written(scope: Scope, status: int, seconds: float) -> None:
    """The line of a request in the log. Never its query string: links carry their tokens in it."""
    log.info(
        "request" if scope["type"] == "http" else "websocket",
        method=scope.get("method"),
        path=scope["path"],
        status=status or None,
        milliseconds=round(seconds * 1000, 1),
    )
