"""What every request goes through: an ID, a log line, security headers."""

import re
import time
from typing import Final

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from app.core.ids import new_id

log = structlog.get_logger("lychgate.http")
_GIVEN_ID: Final = re.compile(rb"[A-Za-z0-9._-]{8,100}")
_QUIET: Final = ("/healthz", "/readyz", "/metrics")
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
        self._headers = dict(_HEADERS)
        if hsts_seconds:
            self._headers["strict-transport-security"] = f"max-age={hsts_seconds}; includeSubDomains"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request or websocket."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = request_id
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        started = time.perf_counter()
        with bound_contextvars(request_id=request_id):
            await self._app(scope, receive, sending)
            if scope["path"] not in _QUIET:
                _log(scope, status, time.perf_counter() - started)


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _GIVEN_ID.fullmatch(value):
            given: str = value.decode()
            return given
    return new_id().hex


def _log(scope: Scope, status: int, seconds: float) -> None:
    # Never the query string: links carry their tokens in it.
    log.info(
        "request" if scope["type"] == "http" else "websocket",
        method=scope.get("method"),
        path=scope["path"],
        status=status or None,
        milliseconds=round(seconds * 1000, 1),
    )
