"""The development mailbox: as a page for people, as JSON for tests (MAI-5)."""

import asyncio
import re
import secrets
from email import message_from_string
from email.header import decode_header, make_header
from email.message import Message
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from jinja2 import Environment, FileSystemLoader
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from app.access.actor import Actor
from app.core.database import Row
from app.domain.application import App
from app.domain.errors import Invalid
from app.domain.mails import commands, queries
from app.domain.mails.rules import recipient_of

_PAGES: Final = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True)
_PAGE_POLICY: Final = (
    "default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# A mail's HTML is a stranger's: it may have styles, and nothing else happens.
_MAIL_POLICY: Final = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src data:; base-uri 'none'; frame-ancestors 'self'"
)
_LONGEST_LIST: Final = 200
_FOLD: Final = re.compile(r"\r?\n([ \t])")


async def show(app: App, request: Request) -> Response:
    """Every mail, or those to one address: JSON if it is asked for, otherwise the page."""
    to = _address(request.query_params.get("to", "").strip())
    # PostgreSQL's texts hold no NUL: no address has one.
    rows = [] if to and "\0" in to else await queries.received(app.read_all(), to)
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse(await asyncio.to_thread(_readable_all, rows), headers=_headers())
    mails = await asyncio.to_thread(_readable_all, rows[:_LONGEST_LIST])
    nonce = secrets.token_urlsafe(16)
    page = _PAGES.get_template("mailbox.html.j2").render(
        mails=mails, count=len(rows), to=to or "", nonce=nonce
    )
    return HTMLResponse(page, headers=_headers(_PAGE_POLICY.format(nonce=nonce)))


def _address(typed: str) -> str | None:
    """As it was mailed to: its domain in ASCII."""
    try:
        return recipient_of(typed) if typed else None
    except Invalid:
        return typed


async def show_one(app: App, request: Request) -> Response:
    """The HTML part of one mail, for the page's frame."""
    id_: UUID = request.path_params["id"]
    row = await queries.received_one(app.read_all(), id_)
    if row is None:
        return JSONResponse({"error": "not found"}, 404)
    # Its links open outside of the frame.
    html = _readable(row)["html"].replace("<head>", '<head><base target="_blank">', 1)
    return HTMLResponse(html, headers=_headers(_MAIL_POLICY))


async def empty(app: App, _request: Request) -> Response:
    """Forget every mail."""
    await commands.empty_mailbox(app.work(Actor.system("development_mailbox")))
    return Response(status_code=204)


def _readable_all(rows: list[Row]) -> list[dict[str, Any]]:
    return [_readable(row) for row in rows]


def _readable(row: Row) -> dict[str, Any]:
    # Not as an EmailMessage: that reads each header by a grammar, which takes 4 ms a mail.
    message = message_from_string(row["raw"].decode(errors="replace"))
    headers = {name: _header(value) for name, value in message.items()}
    parts = {part.get_content_type(): part for part in reversed([*message.walk()])}
    return {
        "id": row["id"].hex,
        "to": list(row["recipients"]),
        "from": headers.get("From") or row["sender"],
        "subject": headers.get("Subject", ""),
        "text": _text(parts.get("text/plain")),
        "html": _text(parts.get("text/html")),
        "headers": headers,
        "sentAt": row["received_at"].isoformat().replace("+00:00", "Z"),
    }


def _header(value: str) -> str:
    line = _FOLD.sub(r"\1", value).strip()
    return str(make_header(decode_header(line))) if "=?" in line else line


def _text(part: Message | None) -> str:
    body = part.get_payload(decode=True) if part is not None else b""
    return body.decode(errors="replace").replace("\r\n", "\n") if isinstance(body, bytes) else ""


def _headers(policy: str = "default-src 'none'") -> dict[str, str]:
    return {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
        "Vary": "Accept",
    }
