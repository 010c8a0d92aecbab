"""The ASGI application: routes, lifespan, context."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any, Final

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from app import demo as company
from app.context import Context
from app.core.backing import ServerUrls, backing_servers, embedded_servers
from app.core.garbage import settle
from app.core.logging import configure_logging
from app.core.setting_faults import PREFIX
from app.core.settings import Settings, load_settings
from app.core.stopping import told_to_stop
from app.development.routes import development_routes
from app.domain.application import App
from app.engine.adapter import SocketOptions
from app.engine.graphiql import graphiql_routes
from app.engine.http import EndpointOptions, LychgateGraphQL
from app.engine.limits import Limits
from app.engine.sockets import Sockets
from app.graphql import schema
from app.jobs.runner import run_background
from app.reactions import REACTIONS
from app.subscriptions.hub import Hub
from app.subscriptions.sessions import Guard
from app.web import downloads, health
from app.web.idempotency import DatabaseClaims
from app.web.oidc import oidc_routes
from app.web.persisted import RedisQueries
from app.web.requests import context_for
from app.web.stack import Express, app_routes, middleware_of
from app.web.transport import UVICORN, Starting

_BACKGROUND: Final = "_LYCHGATE_BACKGROUND"
Preparation = Callable[[ServerUrls], Awaitable[None]]
"""What is done to the servers before the application opens them."""


class Server:
    """One process: what its routes share while it lives."""

    app: App
    hub: Hub
    endpoint: LychgateGraphQL

    def __init__(
        self,
        settings: Settings,
        *,
        background: bool,
        prepare: Preparation | None = None,
        lasting: bool = False,
    ) -> None:
        self.settings = settings
        # Whether the process serves nothing else, until it ends.
        self._lasting = lasting
        self.sockets = Sockets(settings.max_sockets, settings.max_sockets_per_person)
        self._background = background
        self._prepare = prepare

    @asynccontextmanager
    async def lifespan(self, _starlette: Starlette) -> AsyncIterator[None]:
        """Connect, serve, let go."""
        async with AsyncExitStack() as stack:
            urls = await stack.enter_async_context(backing_servers(self.settings))
            if self._prepare is not None:
                await self._prepare(urls)
            self.app = await stack.enter_async_context(
                App.open(self.settings, urls.database, urls.redis, REACTIONS)
            )
            self.hub = Hub(self.app)
            self.endpoint = self._graphql()
            guard = Guard(self.app, self.sockets, self.hub, self.endpoint.groups)
            await stack.enter_async_context(_running(self.hub.run(), guard.run()))
            stack.enter_context(told_to_stop(self.sockets.stop))
            if self._background:
                await stack.enter_async_context(background_work(self.app))
            if self._lasting:
                settle()
            yield

    def _graphql(self) -> LychgateGraphQL:
        settings = self.settings
        schema().compiled = settings.compiled
        schema().documents.bound(
            Limits(
                max_cost=settings.max_query_cost,
                max_depth=settings.max_query_depth,
                introspection=settings.introspection,
            )
        )
        return LychgateGraphQL(
            schema(),
            self.make_context,
            sockets=self.sockets,
            persisted=RedisQueries(self.app),
            claims=DatabaseClaims(self.app),
            options=EndpointOptions(
                max_body_bytes=settings.max_body_bytes,
                max_upload_bytes=settings.max_upload_bytes,
                graphiql=settings.dev,
                allowed_origins=settings.cors_origins,
                sockets=SocketOptions(),
            ),
        )

    async def make_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:
        """Who asks."""
        return await context_for(self.app, self.hub, request, response)

    async def graphql(self, scope: Scope, receive: Receive, send: Send) -> None:
        """/graphql, over HTTP and websockets."""
        await self.endpoint(scope, receive, send)

    async def respond(self, scope: Scope, receive: Receive) -> Response | None:
        """What /graphql answers over HTTP."""
        return await self.endpoint.respond(scope, receive)

    async def download(self, request: Request) -> Response:
        """/download: where an invited user lands."""
        return await downloads.download_page(self.app, request)

    @property
    def listening(self) -> int:
        """How many subscriptions hear of whatever comes from now on, alone or in a group."""
        groups = self.endpoint.groups
        return self.hub.ready - groups.ready + groups.members

    def _live(self) -> dict[str, int]:
        groups = self.endpoint.groups
        return {
            "sockets": self.sockets.count,
            "subscriptions": self.hub.watches - groups.count + groups.members,
            "groups": groups.count,
            "catchingUp": self.hub.catching_up,
        }

    async def live(self, _request: Request) -> Response:
        """Under DEV: tests see that a dropped client is cleaned up."""
        return JSONResponse(self._live())

    async def metrics(self, _request: Request) -> Response:
        """/metrics."""
        live = self._live() | {"waiting": self.hub.waiting}
        return await health.measures(self.app, live, schema().documents.facts)

    def routes(self) -> list[BaseRoute]:
        """Every path of docs/operations.md but /graphql, which is asked before all routes."""
        of_app = self._of_app
        routes: list[BaseRoute] = [
            Route("/healthz", health.alive),
            Route("/readyz", of_app(health.ready)),
            Route("/metrics", self.metrics),
            Route("/.well-known/lychgate/jwks.json", of_app(_jwks)),
            Route("/download", self.download),
            *app_routes(lambda: self.app),
            *oidc_routes(self.settings, self.make_context),
        ]
        if self.settings.dev:
            routes += [Route("/dev/live", self.live), *development_routes(lambda _request: self.app)]
            routes += graphiql_routes("/graphiql")
        return routes

    def _of_app(
        self, answer: Callable[[App], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(_request: Request) -> Response:
            return await answer(self.app)

        return endpoint


async def _jwks(app: App) -> Response:
    return health.jwks(app)


def create_app(settings: Settings, *, background: bool = True) -> ASGIApp:
    """The application of one process; it connects when its lifespan begins."""
    return application_of(Server(settings, background=background, lasting=True))


def application_of(server: Server) -> ASGIApp:
    """Routes and middleware around a server. Who answers to pages of other origins needs the layer for that."""
    settings = server.settings
    starlette = Starlette(
        routes=server.routes(), middleware=middleware_of(settings, server.graphql), lifespan=server.lifespan
    )
    return starlette if settings.cors_origins else Express(starlette, server.respond, settings.hsts_seconds)


@asynccontextmanager
async def _running(*work: Any) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(each) for each in work]
        yield
        for task in tasks:
            task.cancel()


@asynccontextmanager
async def background_work(app: App) -> AsyncIterator[None]:
    """Do background work meanwhile; items at hand are finished at the end."""
    stop = asyncio.Event()
    task = asyncio.create_task(run_background(app, stop))
    try:
        yield
    finally:
        stop.set()
        await task


# ------------------------------------------------------------------ commands


def serve(settings: Settings, host: str, port: int, workers: int, *, background: bool) -> None:
    """`lychgate serve`: until told to stop."""
    if workers == 1:
        app = Starting(create_app(settings, background=background))
        _run(app, uvicorn.Server(uvicorn.Config(app, host=host, port=port, **UVICORN)))
        return
    # Workers read their settings anew: what the command line decided goes by their environment.
    os.environ[f"{PREFIX}PUBLIC_URL"] = settings.public_url
    os.environ[f"{PREFIX}DEV"] = str(settings.dev).lower()
    os.environ[_BACKGROUND] = str(background)
    with embedded_servers(settings):
        uvicorn.run("app.main:worker", host=host, port=port, factory=True, workers=workers, **UVICORN)


def worker() -> ASGIApp:
    """The application of one of several processes."""
    settings = load_settings()
    configure_logging(settings.log_format, settings.log_level)
    return create_app(settings, background=os.environ.get(_BACKGROUND) != "False")


def work(settings: Settings) -> None:
    """`lychgate work`: background work alone, until told to stop."""
    asyncio.run(_work(settings))


async def _work(settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with (
        backing_servers(settings) as urls,
        App.open(settings, urls.database, urls.redis, REACTIONS) as app,
    ):
        await run_background(app, stop)


def demo(settings: Settings, host: str, port: int) -> None:
    """`lychgate demo`: load the demo company if there is nothing, serve, say where to go."""
    # Its people don't exist: not a single mail may leave the machine.
    settings = settings.model_copy(update={"smtp_url": None})

    async def prepare(urls: ServerUrls) -> None:
        with company.progress() as progress:
            await company.ensure(settings, urls, REACTIONS, progress)

    server = Server(settings, background=True, prepare=prepare, lasting=True)
    app = Starting(application_of(server))
    _run(app, _Announcing(uvicorn.Config(app, host=host, port=port, **UVICORN), server))


class _Announcing(uvicorn.Server):
    """Says where to go as soon as it is really there."""

    def __init__(self, config: uvicorn.Config, server: Server) -> None:
        super().__init__(config)
        self._server = server

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, then speak."""
        await super().startup(sockets)
        if self.started:
            await company.tell(self._server.app)


def _run(app: Starting, web: uvicorn.Server) -> None:
    with suppress(KeyboardInterrupt):
        try:
            web.run()
        except SystemExit:
            if app.failure is None:
                raise
            raise app.failure from None
