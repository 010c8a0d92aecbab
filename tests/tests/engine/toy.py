"""A schema without any noun of ours, and a server for it: what the engine's tests talk to."""

# ruff: noqa: ARG001, ARG002 - resolvers declare arguments for the schema's sake

import asyncio
import itertools
import socket
import threading
import time
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import strawberry
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route, WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.exceptions import ConnectionRejectionError
from strawberry.file_uploads import Upload
from strawberry.scalars import JSON
from strawberry.types import Info

from app.core.failures import Failure
from app.engine.graphiql import graphiql_routes
from app.engine.http import EndpointOptions, LychgateGraphQL
from app.engine.schema import EngineSchema, build_schema
from app.engine.sockets import Sockets

LIVE: set[str] = set()
SECRET = "the password is hunter2"
SLOW_DOWN = "Slow down"
SESSION_OVER = "The session is over"
_numbers = itertools.count(1)


@strawberry.enum
class Status(StrEnum):
    ACTIVE = "ACTIVE"
    ENDED = "ENDED"


@strawberry.type
class Item:
    id: strawberry.ID
    status: Status

    @strawberry.field
    def me(self) -> "Item":
        return self

    @strawberry.field
    def items(self, first: int | None = None) -> "ItemConnection":
        return ItemConnection(nodes=[self])

    @strawberry.field
    def plain(self) -> list["Item"]:
        return [self]


@strawberry.type
class ItemConnection:
    nodes: list[Item]


@strawberry.type
class Query:
    @strawberry.field
    def hello(self, name: str = "world") -> str:
        return f"hello {name}"

    @strawberry.field
    def item(self) -> Item:
        # A row as the database gives it: the enum is plain text.
        return {"id": "1", "status": "ACTIVE"}  # type: ignore[return-value]

    @strawberry.field
    def items(self, first: int | None = None, ids: list[strawberry.ID] | None = None) -> ItemConnection:
        return ItemConnection(nodes=[])

    @strawberry.field
    def boom(self) -> str:
        raise RuntimeError(SECRET)

    @strawberry.field
    def refuse(self) -> str | None:
        raise Failure(SLOW_DOWN, code="RATE_LIMITED", extensions={"retryAfter": 7})

    @strawberry.field
    def instant(self, at: datetime) -> datetime:
        return at

    @strawberry.field
    def echo(self, value: JSON) -> JSON:
        return value

    @strawberry.field
    def odd(self, which: str) -> JSON | None:
        odd: Mapping[str, Any] = {"surrogate": "\ud800", "giant": 2**80, "set": {1, 2}, "nan": float("nan")}
        return odd[which]  # type: ignore[no-any-return]

    @strawberry.field
    async def slow(self) -> str:
        await asyncio.sleep(30)
        return "late"

    @strawberry.field
    def context_number(self, info: Info[Any, Any]) -> int:
        return int(info.context.number)


@strawberry.type
class Mutation:
    @strawberry.mutation
    def touch(self) -> str:
        return "touched"

    @strawberry.mutation
    async def upload(self, file: Upload) -> int:
        return len(await file.read())  # type: ignore[attr-defined]


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def count(self, to: int = 3) -> AsyncGenerator[int, None]:
        for number in range(to):
            yield number
            await asyncio.sleep(0)

    @strawberry.subscription
    async def endless(self, name: str = "x") -> AsyncGenerator[str, None]:
        LIVE.add(name)
        try:
            yield name
            await asyncio.sleep(3600)
        finally:
            LIVE.discard(name)

    @strawberry.subscription
    async def flood(self, name: str) -> AsyncGenerator[str, None]:
        LIVE.add(name)
        try:
            while True:
                yield "x" * 100_000
                await asyncio.sleep(0)
        finally:
            LIVE.discard(name)

    @strawberry.subscription
    async def broken(self) -> AsyncGenerator[int, None]:
        yield 1
        raise RuntimeError(SECRET)

    @strawberry.subscription
    async def context_number(self, info: Info[Any, Any]) -> AsyncGenerator[int, None]:
        yield int(info.context.number)


@dataclass
class ToyContext:
    """The least that the engine's protocol asks for."""

    request_id: str = "r-1"
    connection_params: dict[str, Any] | None = None
    last_event_id: str | None = None
    place: str | None = None
    number: int = field(default_factory=lambda: next(_numbers))

    async def for_operation(self) -> "ToyContext":
        return ToyContext(self.request_id, self.connection_params)

    async def on_connect(self, params: dict[str, Any]) -> None:
        if params.get("token") == "bad":
            raise ConnectionRejectionError
        if params.get("token") == "crash":
            raise RuntimeError(SECRET)


async def make_context(request: Request | WebSocket, response: object) -> ToyContext:
    token = request.headers.get("authorization")
    if token == "crash":
        raise RuntimeError(SECRET)
    if token == "expired":
        raise Failure(SESSION_OVER, code="UNAUTHENTICATED")
    return ToyContext()


class Store:
    """Persisted queries in memory."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    async def get(self, sha256: str) -> str | None:
        return self.texts.get(sha256)

    async def put(self, sha256: str, text: str) -> None:
        self.texts[sha256] = text


SCHEMA: EngineSchema = build_schema(Query, Mutation, Subscription, operation_seconds=1.0)


class Server:
    """uvicorn in a thread of its own, on a port that the system gives."""

    def __init__(self, options: EndpointOptions, sockets: Sockets | None = None) -> None:
        self.sockets = sockets or Sockets()
        self.store = Store()
        self.endpoint = LychgateGraphQL(
            SCHEMA, make_context, sockets=self.sockets, persisted=self.store, options=options
        )
        routes = [
            Route("/graphql", _Asgi(self.endpoint)),
            WebSocketRoute("/graphql", _Asgi(self.endpoint)),
            *graphiql_routes(),
        ]
        config = uvicorn.Config(
            Starlette(routes=routes),
            log_level="warning",
            lifespan="off",
            ws="websockets-sansio",
            ws_max_size=2**22,
            ws_ping_interval=None,
        )
        self._server = uvicorn.Server(config)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/graphql"

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/graphql"

    def start(self) -> None:
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)

    def stop(self) -> None:
        self._server.should_exit = True
        self._server.force_exit = True
        self._thread.join(5)
        self._socket.close()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self.loop = asyncio.get_running_loop()
        await self._server.serve(sockets=[self._socket])


class _Asgi:
    """Starlette takes a class's instance for an ASGI application, so that all methods reach it."""

    def __init__(self, app: LychgateGraphQL) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)
