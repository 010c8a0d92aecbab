"""The paths under `/dev/`. Without `DEV` they are not there."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.development import clock, mailbox
from app.domain.application import App
from app.jobs.performing import run_all_due

AppOf = Callable[[Request], App]
Endpoint = Callable[[App, Request], Awaitable[Response]]
_READING = ("GET", "HEAD")
_OWN_PAGES = ("same-origin", "none")


def development_routes(app_of: AppOf) -> list[Route]:
    """Routes for the server's router; `app_of` finds the application that a request is for."""

    def route(path: str, methods: dict[str, Endpoint]) -> Route:
        async def endpoint(request: Request) -> Response:
            app = app_of(request)
            if not app.resources.settings.dev:
                return _not_found()
            if request.method not in _READING and _foreign(request):
                return JSONResponse({"error": "another site's page may not do this"}, 403)
            await app.resources.tell_time()
            method = "GET" if request.method == "HEAD" else request.method
            return await methods[method](app, request)

        return Route(path, endpoint, methods=list(methods))

    return [
        route("/dev/mailbox", {"GET": mailbox.show, "DELETE": mailbox.empty}),
        route("/dev/mailbox/{id:uuid}", {"GET": mailbox.show_one}),
        route("/dev/clock", {"GET": clock.read, "POST": clock.move}),
        route("/dev/work", {"POST": work}),
    ]


async def work(app: App, _request: Request) -> Response:
    """Run all background work that is due, until none is left."""
    return JSONResponse({"ran": await run_all_due(app)})


def _not_found() -> Response:
    return JSONResponse({"error": "not found"}, 404)


def _foreign(request: Request) -> bool:
    """Whether a browser says that the request comes from a page that isn't ours."""
    return request.headers.get("sec-fetch-site", "none") not in _OWN_PAGES
