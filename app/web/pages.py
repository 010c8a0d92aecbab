"""The pages behind mailed links, for a portal without a frontend: a form that posts the mutation.

Opening a page does nothing yet: mail scanners open every link.
"""

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

_TEMPLATES: Final = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(),
    trim_blocks=True,
)


@dataclass(frozen=True)
class Field:
    """What somebody types: a field of the mutation's input. An empty one is left out."""

    name: str
    label: str
    type: str = "text"
    autocomplete: str = "off"
    required: bool = True


@dataclass(frozen=True)
class Page:
    """A path, and the mutation that its form posts with the link's token and what was typed.

    `secret` is the input's field that carries the token. A page without mutation tells something,
    and leads on.
    """

    path: str
    title: str
    text: str
    button: str
    mutation: str = ""
    done: str = ""
    fields: tuple[Field, ...] = ()
    secret: str = "token"  # noqa: S105 - the name of a field


NEW_PASSWORD: Final = Field("newPassword", "New password", "password", "new-password")
PAGES: Final = (
    Page(
        path="/confirm-email",
        title="Confirm your email address",
        text="Press the button to confirm that this address is yours.",
        button="Confirm",
        mutation="confirmEmail",
        done="Your address is confirmed.",
    ),
    Page(
        path="/confirm-new-email",
        title="Confirm your new email address",
        text="Press the button to sign in with this address from now on.",
        button="Confirm",
        mutation="confirmEmail",
        done="Your address is changed.",
    ),
    Page(
        path="/reset-password",
        title="Choose a new password",
        text="12 to 128 characters, and not a common one. You will be signed out everywhere.",
        button="Change password",
        mutation="resetPassword",
        done="Your password is changed. Sign in with it.",
        fields=(NEW_PASSWORD,),
    ),
    Page(
        path="/renew",
        title="Renew your subscription",
        text="One year is added to the present end, and it renews by itself from then on. Choose how many packs "
        "you need: more, as many as before, or fewer. The mail says how many computers a pack is for.",
        button="Renew",
        mutation="renewMigratedSubscription",
        done="Your subscription is renewed.",
        fields=(Field("packs", "Packs", "number"),),
    ),
)


def page_routes() -> list[Route]:
    """A route for each page."""
    return [*(Route(page.path, _endpoint(page)) for page in PAGES), Route("/join", _join)]


def shown(page: Page, *, secret: str = "", to: str | None = None, status: int = 200) -> HTMLResponse:
    """The page with its secret; `to` is where it leads afterwards."""
    return rendered("link.html", status, page=page, secret=secret, next=to)


def _endpoint(page: Page):  # type: ignore[no-untyped-def]  # noqa: ANN202 - Starlette's endpoint
    async def endpoint(request: Request) -> Response:
        return shown(page, secret=request.query_params.get("token", ""))

    return endpoint


async def _join(request: Request) -> Response:
    """ACC-6: what it asks for depends on whether the invited address has a sign-in."""
    return rendered("join.html", token=request.query_params.get("token", ""))


def rendered(template: str, status: int = 200, **values: object) -> HTMLResponse:
    """A template as a page that nothing can be slipped into: it runs and styles by its own nonce alone."""
    nonce = secrets.token_urlsafe(16)
    policy = (
        f"default-src 'none'; connect-src 'self'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    headers = {"content-security-policy": policy, "cache-control": "no-store"}
    html = _TEMPLATES.get_template(template).render(nonce=nonce, **values)
    return HTMLResponse(html, status, headers=headers)
