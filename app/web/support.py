"""The paths that support adds: downloads, answers by mail, articles."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.domain.application import App
from app.web.articles import article_page
from app.web.files import download
from app.web.inbound import take_mail


def support_routes(app: Callable[[], App]) -> list[Route]:
    """The application is there once the lifespan has begun: it is asked for at each request."""

    def of(answer: Callable[[App, Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            return await answer(app(), request)

        return endpoint

    return [
        Route("/files/{purpose}/{id}", of(download)),
        Route("/mail/inbound", of(take_mail), methods=["POST"]),
        Route("/support/articles/{id}", of(article_page)),
    ]
