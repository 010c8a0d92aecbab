"""POST /mail/inbound: a mail server hands over answers to tickets' mails, as raw MIME messages."""

import hmac
from typing import Final

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.context import bearer
from app.domain.application import App
from app.domain.tickets import answers
from app.domain.tickets.inbound import Dropped

log = structlog.get_logger(__name__)
_MOST_BYTES: Final = 50 * 2**20


async def take_mail(app: App, request: Request) -> Response:
    """`{"taken": true}`, or false with the reason: both are final, so that the server doesn't try again.

    Without the setting INBOUND_MAIL_SECRET there is no such path.
    """
    secret = app.resources.settings.inbound_mail_secret
    if secret is None:
        return JSONResponse({"error": "not found"}, 404)
    given = bearer(request.headers.get("authorization")) or ""
    if not hmac.compare_digest(given.encode(), secret.get_secret_value().encode()):
        return JSONResponse({"error": "wrong secret"}, 401)
    raw = await _body(request)
    if raw is None:
        return JSONResponse({"error": "too large"}, 413)
    await app.resources.tell_time()
    try:
        await answers.take(app, raw)
    except Dropped as reason:
        log.info("inbound mail dropped", reason=str(reason))
        return JSONResponse({"taken": False, "reason": str(reason)})
    return JSONResponse({"taken": True})


async def _body(request: Request) -> bytes | None:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > _MOST_BYTES:
            return None
        parts.append(part)
    return b"".join(parts)
