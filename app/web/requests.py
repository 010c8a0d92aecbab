"""From an HTTP request or a websocket's handshake to a context."""

from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, Final

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.websockets import WebSocket
from strawberry.http.websocket_origin import is_same_origin, normalize_origin

from app.context import Context, Remember, bearer
from app.core.settings import Settings
from app.core.urls import is_loopback
from app.domain.application import App
from app.domain.identity.sessions import Client
from app.subscriptions.hub import Hub
from app.web.rates import count_request

COOKIE: Final = "lychgate_session"
PREFLIGHT: Final = "graphql-preflight"
# Browsers keep no cookie for longer (RFC 6265bis).
_LONGEST_KEPT: Final = timedelta(days=400)


async def context_for(
    app: App, hub: Hub, request: Request | WebSocket, response: Response | WebSocket
) -> Context:
    """The context of a request, its actor known. The session cookie counts only where no other site can send it."""
    context = Context(
        app,
        request_id_of(request),
        Client(client_address(request, app.resources.settings), request.headers.get("user-agent")),
        bearer(request.headers.get("authorization")) or _cookie(request, app.resources.settings),
        hub,
    )
    if isinstance(response, Response) and request.headers.get(PREFLIGHT):
        context.remember = cookie_setter(response, app.resources.settings)
    await context.renew()
    if isinstance(response, Response):
        await count_request(app, context, response)
    return context


def request_id_of(request: HTTPConnection) -> str:
    """The ID under which this request is logged."""
    found: str = request.scope.get("state", {}).get("request_id", "")
    return found


def client_address(request: HTTPConnection, settings: Settings) -> str | None:
    """Who is at the other end: the last address that no trusted proxy of ours has put there."""
    address = request.client.host if request.client else None
    forwarded = request.headers.get("x-forwarded-for", "")
    for hop in reversed([part.strip() for part in forwarded.split(",") if part.strip()]):
        if not _trusted(address, settings):
            break
        address = hop if _address(hop) else address
    return address


def _trusted(address: str | None, settings: Settings) -> bool:
    parsed = _address(address or "")
    return parsed is not None and any(parsed in network for network in settings.trusted_proxies)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _cookie(request: HTTPConnection, settings: Settings) -> str | None:
    if request.scope.get("method") == "POST":
        # Another site's form can send a POST with our cookie, but not this header (CSRF).
        counts = bool(request.headers.get(PREFLIGHT))
    else:
        # A stream or a socket is opened without any preflight: its page says of itself where it is from.
        counts = _is_ours(request.headers.get("origin"), request.headers.get("host"), settings)
    return request.cookies.get(COOKIE) if counts else None


def _is_ours(origin: str | None, host: str | None, settings: Settings) -> bool:
    known = {*settings.cors_origins, normalize_origin(settings.public_url)}
    return origin is None or is_same_origin(origin, host) or normalize_origin(origin) in known


def cookie_facts(settings: Settings) -> dict[str, Any]:
    """How every cookie of ours is kept: no script sees it, and no other site's form sends it."""
    return {
        "path": "/",
        "httponly": True,
        "samesite": "Lax",
        "secure": not is_loopback(settings.public_url),
    }


def cookie_setter(response: Response, settings: Settings) -> Remember:
    """What keeps a session's token in a cookie of the response, or takes it out again.

    IDN-5: a kept one survives the end of the browser, any other doesn't.
    """
    facts = cookie_facts(settings)

    def remember(token: str | None, /, *, keep: bool = False) -> None:
        if token is None:
            response.delete_cookie(COOKIE, **facts)
        else:
            # A session slides, and ends by itself: its cookie has to be there for as long as it may slide.
            lasts = int(_LONGEST_KEPT.total_seconds()) if keep else None
            response.set_cookie(COOKIE, token, max_age=lasts, **facts)

    return remember
