"""The pages behind mailed links, for a portal without a frontend: a button that posts the mutation.

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
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=select_autoescape()
)


@dataclass(frozen=True)
class Page:
    """A path, and the mutation that its button posts with the link's token."""

    path: str
    title: str
    text: str
    button: str
    mutation: str
    done: str


PAGES: Final = (
    Page(
        path="/confirm-email",
        title="Confirm your email address",
        text="Press the button to confirm that this address is yours.",
        button="Confirm",
        mutation="confirmEmail",
        done="Your address is confirmed. You are signed in.",
    ),
)


def page_routes() -> list[Route]:
    """A route for each page."""
    return [Route(page.path, _endpoint(page)) for page in PAGES]


def _endpoint(page: Page):  # type: ignore[no-untyped-def]  # noqa: ANN202 - Starlette's endpoint
    async def endpoint(request: Request) -> Response:
        nonce = secrets.token_urlsafe(16)
        html = _TEMPLATES.get_template("link.html").render(
            page=page, nonce=nonce, token=request.query_params.get("token", "")
        )
        policy = (
            f"default-src 'none'; connect-src 'self'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        headers = {"content-security-policy": policy, "cache-control": "no-store"}
        return HTMLResponse(html, headers=headers)

    return endpoint
