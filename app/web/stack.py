"""The smaller routes, and what stands around every route."""

from collections.abc import Callable
from typing import Final

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from app.core.settings import Settings
from app.domain.application import App
from app.web.mails import mail_routes
from app.web.middleware import RequestFacts
from app.web.pages import page_routes
from app.web.rates import RATE_HEADERS
from app.web.requests import PREFLIGHT
from app.web.support import support_routes

GRAPHQL: Final = "/graphql"
_STREAMS: Final = (*DEFAULT_EXCLUDED_CONTENT_TYPES, "multipart/mixed")


def app_routes(app: Callable[[], App]) -> list[BaseRoute]:
    """Pages, files and what mail servers post."""
    return [*support_routes(app), *mail_routes(app), *page_routes()]


class Straight:
    """Leads one path to its endpoint: Starlette's way through its routes costs as much as a small statement."""

    def __init__(self, app: ASGIApp, path: str, endpoint: ASGIApp) -> None:
        self._app = app
        self._paths = (path, f"{path}/")
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        is_meant = scope["type"] != "lifespan" and scope["path"] in self._paths
        await (self._endpoint if is_meant else self._app)(scope, receive, send)


def middleware_of(settings: Settings, graphql: ASGIApp) -> list[Middleware]:
    """Request facts outermost; compression; CORS where origins are named; the API before all other routes."""
    # Level 1 makes a third of the bytes at a tenth of level 9's time.
    gzip = Middleware(GZipMiddleware, minimum_size=1_400, compresslevel=1, exclude_content_types=_STREAMS)
    middleware = [Middleware(RequestFacts, hsts_seconds=settings.hsts_seconds), gzip]
    if settings.cors_origins:
        middleware.append(_cors(settings))
    return [*middleware, Middleware(Straight, path=GRAPHQL, endpoint=graphql)]


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
