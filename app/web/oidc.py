"""Signing in with an external provider (IDN-11): /auth/oidc/NAME/start?return=PATH, and the way back.

What proves that a browser comes back from where it was sent (state, nonce, PKCE's verifier) goes along in a
sealed cookie for ten minutes; nothing is kept on the server.
"""

import base64
import binascii
import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import orjson
import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from app.context import Context
from app.core.oidc import Journey, NotProved, Provider, ProviderAway
from app.core.settings import Settings
from app.domain.errors import Forbidden
from app.domain.identity import external
from app.domain.identity.sign_in import Entry
from app.web.pages import Field, Page, shown
from app.web.requests import cookie_facts, cookie_setter

log = structlog.get_logger(__name__)
COOKIE: Final = "lychgate_oidc"
_PATH: Final = "/auth/oidc"
_LASTS: Final = timedelta(minutes=10)
_AGAIN: Final = "Start again"
_UNKNOWN: Final = Page("", "Unknown provider", "There is no such provider here.", "")
_LOST: Final = Page("", "That took too long", "Or it began in another window. Nothing was changed.", _AGAIN)
_AWAY: Final = Page("", "The provider can't be reached", "Try again in a while.", _AGAIN)
_REFUSED: Final = Page("", "Not signed in", "The provider did not say who you are.", _AGAIN)
_UNLINKED: Final = Page(
    "",
    "Not linked yet",
    "This provider's sign-in is not linked to a person here. Sign in with your email address and password "
    "(or sign up), with the address that the provider has verified, then start again: that links the two.",
    _AGAIN,
)
_CODE: Final = Page(
    "",
    "Two-step verification",
    "Enter the code that your authenticator shows, or a rescue code.",
    "Sign in",
    mutation="completeTwoFactor",
    done="You are signed in.",
    fields=(Field("code", "Code", autocomplete="one-time-code"),),
    secret="challenge",  # noqa: S106 - the name of a field
)
MakeContext = Callable[[Any, Any], Awaitable[Context]]


@dataclass(frozen=True)
class Trip:
    """A journey under way: to which provider, until when, and where to go afterwards."""

    provider: str
    to: str
    until: float
    journey: Journey

    def sealed(self, context: Context) -> str:
        """What the cookie holds: nobody else can read it, or make one."""
        vault = context.app.resources.vault
        return base64.urlsafe_b64encode(vault.encrypt(orjson.dumps(asdict(self)).decode())).decode()

    @classmethod
    def opened(cls, context: Context, cookie: str, provider: str, now: datetime) -> "Trip | None":
        """The trip in a cookie; None if it isn't one to this provider, or took too long."""
        try:
            sealed = base64.urlsafe_b64decode(cookie.encode())
            found = orjson.loads(context.app.resources.vault.decrypt(sealed))
            trip = cls(**{**found, "journey": Journey(**found["journey"])})
        except (binascii.Error, ValueError, TypeError, KeyError):
            return None
        return trip if trip.provider == provider and now.timestamp() < trip.until else None


def oidc_routes(settings: Settings, make_context: MakeContext) -> list[Route]:
    """The way there and back, for each configured provider."""
    doors = _Doors(settings, make_context)
    return [
        Route(f"{_PATH}/{{name}}/start", doors.start),
        Route(f"{_PATH}/{{name}}/callback", doors.callback, methods=["GET", "POST"]),
    ]


class _Doors:
    """The endpoints, and what they know of the providers."""

    def __init__(self, settings: Settings, make_context: MakeContext) -> None:
        self._settings = settings
        self._make_context = make_context
        self._providers = {provider.name: Provider(provider) for provider in settings.oidc_providers}

    async def start(self, request: Request) -> Response:
        """Send the browser to the provider."""
        name = request.path_params["name"]
        provider = self._providers.get(name)
        if provider is None:
            return shown(_UNKNOWN, status=404)
        context = await self._make_context(request, Response())
        to = local_path(request.query_params.get("return", "/"))
        until = (context.clock.now() + _LASTS).timestamp()
        trip = Trip(name, to, until, Journey())
        try:
            there = await provider.way_there(trip.journey, self._redirect_uri(name))
        except ProviderAway as error:
            return self._away(name, to, error)
        answer = RedirectResponse(there, 303, headers={"cache-control": "no-store"})
        facts = cookie_facts(self._settings) | {"path": _PATH}
        answer.set_cookie(COOKIE, trip.sealed(context), max_age=int(_LASTS.total_seconds()), **facts)
        return answer

    async def callback(self, request: Request) -> Response:
        """Let in whoever comes back, or say why not."""
        name = request.path_params["name"]
        provider = self._providers.get(name)
        if provider is None:
            return shown(_UNKNOWN, status=404)
        if request.method == "POST":
            return await _as_get(request)
        answer = await self._came_back(request, name, provider)
        answer.delete_cookie(COOKIE, **cookie_facts(self._settings) | {"path": _PATH})
        return answer

    async def _came_back(self, request: Request, name: str, provider: Provider) -> Response:
        context = await self._make_context(request, Response())
        trip = Trip.opened(context, request.cookies.get(COOKIE, ""), name, context.clock.now())
        given = request.query_params
        if trip is None or not _same(given.get("state", ""), trip.journey.state):
            return shown(_LOST, to=_start(name, "/"), status=400)
        try:
            entry = await self._entry(context, provider, trip, given)
        except ProviderAway as error:
            return self._away(name, trip.to, error)
        except NotProved as error:
            log.warning("an external sign-in proves nothing", provider=name, reason=str(error))
            return shown(_REFUSED, to=_start(name, trip.to), status=403)
        except Forbidden:
            return shown(_UNLINKED, to=_start(name, trip.to), status=403)
        return self._home(entry, trip.to)

    async def _entry(
        self, context: Context, provider: Provider, trip: Trip, given: Mapping[str, str]
    ) -> Entry:
        if given.get("iss", provider.issuer) != provider.issuer:
            msg = "another provider answered"
            raise NotProved(msg)
        if "code" not in given:
            msg = f"the provider said {given.get('error', 'nothing')[:100]!r}"
            raise NotProved(msg)
        who = await provider.way_back(
            trip.journey, given["code"], self._redirect_uri(trip.provider), context.clock.wall()
        )
        return await external.enter(context.work(), who, context.client)

    def _home(self, entry: Entry, to: str) -> Response:
        if entry.challenge is not None:
            return shown(_CODE, secret=entry.challenge, to=to)
        answer = RedirectResponse(to, 303, headers={"cache-control": "no-store"})
        if entry.session_token is not None:
            cookie_setter(answer, self._settings)(entry.session_token, keep=entry.kept)
        return answer

    def _redirect_uri(self, name: str) -> str:
        return f"{self._settings.public_url}{_PATH}/{name}/callback"

    def _away(self, name: str, to: str, error: ProviderAway) -> Response:
        log.warning("an external provider is away", provider=name, reason=str(error))
        return shown(_AWAY, to=_start(name, to), status=502)


async def _as_get(request: Request) -> Response:
    # A post from another site comes without our cookies; being sent here once more brings them along.
    form = await request.form()
    query = {
        key: value for key in ("state", "code", "error", "iss") if isinstance(value := form.get(key), str)
    }
    return RedirectResponse(f"{request.url.path}?{urlencode(query)}", 303)


def local_path(text: str) -> str:
    """A path of this portal; `/` for whatever would lead elsewhere."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return "/"
    foreign = parts.scheme or parts.netloc or not text.startswith("/") or text.startswith("//")
    # Browsers take a backslash for a slash, and drop control characters.
    return "/" if foreign or "\\" in text or not text.isprintable() else text


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())


def _start(name: str, to: str) -> str:
    return f"{_PATH}/{name}/start?{urlencode({'return': to})}"
