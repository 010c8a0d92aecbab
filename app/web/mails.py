"""/unsubscribe: the way out of reminders and alerts, for people and for mail programs (RFC 8058)."""

from collections.abc import Callable
from contextlib import suppress
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from app.access.actor import Actor
from app.domain.application import App
from app.domain.errors import NotFound
from app.domain.mails import preferences
from app.models.mail import MailTopic
from app.web.pages import rendered

_WHAT: Final = {MailTopic.REMINDERS: "reminders", MailTopic.ALERTS: "alerts about overuse"}
_AGAIN: Final = "again"


def mail_routes(app: Callable[[], App]) -> list[Route]:
    """The page behind each link, and what its button and mail programs post."""

    async def endpoint(request: Request) -> Response:
        return await _unsubscribe(app(), request)

    return [Route(f"/{preferences.PATH}", endpoint, methods=["GET", "POST"])]


async def _unsubscribe(app: App, request: Request) -> Response:
    token = request.query_params.get("token", "")
    way = preferences.read_token(app.resources.vault, token)
    if request.method == "GET":
        # Looking changes nothing: mail scanners open every link.
        what = None if way is None else _WHAT[way.topic]
        return rendered("unsubscribe.html", 200 if way else 404, what=what)
    if way is None:
        return PlainTextResponse("This link is none of ours.", 404)
    await app.resources.tell_time()
    wanted = _AGAIN in request.query_params
    with suppress(NotFound):
        # Whoever is gone gets none of them anyway.
        await preferences.follow(app.work(Actor.system(preferences.PATH)), way, wanted=wanted)
    return PlainTextResponse("You get them again." if wanted else "You get none of them any more.")
