"""The smaller routes, and what stands around every route."""

from collections.abc import Callable
from typing import Final

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.routing import BaseRoute

from app.core.settings import Settings
from app.domain.application import App
from app.web.mails import mail_routes
from app.web.middleware import RequestFacts
from app.web.pages import page_routes
from app.web.rates import RATE_HEADERS
from app.web.requests import PREFLIGHT
from app.web.support import support_routes

_STREAMS: Final = (*DEFAULT_EXCLUDED_CONTENT_TYPES, "multipart/mixed")


def app_routes(app: Callable[[], App]) -> list[BaseRoute]:
    """Pages, files and what mail servers post."""
    return [*support_routes(app), *mail_routes(app), *page_routes()]


def middleware_of(settings: Settings) -> list[Middleware]:
    """Request facts outermost; compression; CORS where origins are named."""
    # Level 1 makes a third of the bytes at a tenth of level 9's time.
    gzip = Middleware(GZipMiddleware, minimum_size=1_400, compresslevel=1, exclude_content_types=_STREAMS)
    middleware = [Middleware(RequestFacts, hsts_seconds=settings.hsts_seconds), gzip]
    if settings.cors_origins:
        middleware.append(_cors(settings))
    return middleware


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
