"""The smaller routes, and what stands around every route."""

import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from app.core.settings import Settings
from app.domain.application import App
from app.engine.outgoing import Outgoing
from app.web.mails import mail_routes
from app.web.middleware import Facts, RequestFacts, named, written
from app.web.pages import page_routes
from app.web.rates import RATE_HEADERS
from app.web.requests import PREFLIGHT
from app.web.support import support_routes

GRAPHQL: Final = "/graphql"
_GRAPHQL: Final = (GRAPHQL, f"{GRAPHQL}/")
_LARGE: Final = 1_400
# Level 1 makes a third of the bytes at a tenth of level 9's time.
_COMPRESSION: Final[dict[str, Any]] = {
    "minimum_size": _LARGE,
    "compresslevel": 1,
    "exclude_content_types": (*DEFAULT_EXCLUDED_CONTENT_TYPES, "multipart/mixed"),
}


Respond = Callable[[Scope, Receive], Awaitable[Response | None]]
"""What answers a request of the API; None if its client has gone."""


def app_routes(app: Callable[[], App]) -> list[BaseRoute]:
    """Pages, files and what mail servers post."""
    return [*support_routes(app), *mail_routes(app), *page_routes()]


class Straight:
    """Leads one path to its endpoint: Starlette's way through its routes costs as much as a small statement."""

    def __init__(self, app: ASGIApp, endpoint: ASGIApp) -> None:
        self._app = app
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request or websocket."""
        is_meant = scope["type"] != "lifespan" and scope["path"] in _GRAPHQL
        await (self._endpoint if is_meant else self._app)(scope, receive, send)


class Express:
    """The API's requests past all layers, which cost as much as some statements.

    What they would do for one of its answers is done here. A websocket goes through them, once.
    """

    def __init__(self, app: ASGIApp, respond: Respond, hsts_seconds: int) -> None:
        self._app = app
        self._respond = respond
        self._facts = Facts(hsts_seconds)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or scope["path"] not in _GRAPHQL:
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = named(scope)
        with bound_contextvars(request_id=request_id):
            response = await self._respond(scope, receive)
            if response is not None:
                response.raw_headers = self._facts.complete(response.raw_headers, request_id)
                await _sendable(response, scope)(scope, receive, send)
            status = 0 if response is None else response.status_code
            written(scope, status, time.perf_counter() - started)


def _sendable(response: Response, scope: Scope) -> ASGIApp:
    """The response, compressed if it is large and its client takes that."""
    is_whole = type(response) is Outgoing
    if is_whole and len(response.body) < _LARGE:
        return response
    if is_whole and not any(
        name == b"accept-encoding" and b"gzip" in value for name, value in scope["headers"]
    ):
        response.raw_headers.append((b"vary", b"Accept-Encoding"))
        return response
    return GZipMiddleware(response, **_COMPRESSION)


def middleware_of(settings: Settings, graphql: ASGIApp) -> list[Middleware]:
    """Request facts outermost; compression; CORS where origins are named; the API before all other routes."""
    facts = Middleware(RequestFacts, hsts_seconds=settings.hsts_seconds)
    cors = [_cors(settings)] if settings.cors_origins else []
    return [facts, Middleware(GZipMiddleware, **_COMPRESSION), *cors, Middleware(Straight, endpoint=graphql)]


def _cors(settings: Settings) -> Middleware:
    return Middleware(
        CORSMiddleware,
        allow_origins=list(settings.cors_origins),
        allow_methods=["GET", "POST"],
        allow_headers=["authorization", "content-type", PREFLIGHT, "idempotency-key"],
        expose_headers=["x-request-id", "retry-after", "idempotency-replayed", *RATE_HEADERS],
        allow_credentials=True,
        max_age=600,
    )
