"""Answers that come in parts over HTTP, for clients without websockets (EVT-8).

graphql-sse in its distinct connections mode, and multipart subscriptions. Repair 4: stock
Strawberry serves server-sent events whenever they are listed in Accept, which breaks clients
that list every type they know; here only who takes no JSON instead gets them.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from anyio import CancelScope
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send
from strawberry.asgi import GraphQL
from strawberry.http import process_result
from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType

from app.engine.negotiation import GRAPHQL_RESPONSE, JSON
from app.engine.request_body import Refused
from app.engine.sockets import Sockets

_EVENTS: Final = "text/event-stream"
_MULTIPART: Final = "multipart/mixed"
_SEPARATOR: Final = "graphql"
_HEARTBEAT_SECONDS: Final = 12.0
# How soon it is noticed that a client has gone.
_LOOK_SECONDS: Final = 0.5
_EAGER: Final = ("*/*", "application/*", JSON, GRAPHQL_RESPONSE)


@dataclass(frozen=True)
class StreamFormat:
    """How parts are written: `part(payload, id)` one of them, `end` the last words, `beat` a sign of life."""

    media_type: str
    begin: str
    part: Callable[[str, str | None], str]
    end: str
    beat: str


def _event(payload: str, id_: str | None) -> str:
    place = f"id: {id_}\n" if id_ else ""
    return f"event: next\n{place}data: {payload}\n\n"


def _mixed(payload: str, _id: str | None) -> str:
    return _chunk(f'{{"payload":{payload}}}')


def _chunk(body: str) -> str:
    # The separator follows at once: a client takes a part when it has seen where it ends.
    return f"\r\nContent-Type: application/json; charset=utf-8\r\n\r\n{body}\r\n--{_SEPARATOR}"


SERVER_SENT_EVENTS: Final = StreamFormat(_EVENTS, ":\n\n", _event, "event: complete\ndata:\n\n", ":\n\n")
MULTIPART: Final = StreamFormat(
    f'{_MULTIPART};boundary="{_SEPARATOR}";subscriptionSpec=1.0',
    f"--{_SEPARATOR}",
    _mixed,
    "--\r\n",
    _chunk("{}"),
)


def stream_format(accept: str | None) -> StreamFormat | None:
    """The format of a streamed answer, or None if JSON will do."""
    kinds = [part.partition(";")[0].strip().lower() for part in (accept or "").split(",")]
    if _MULTIPART in kinds and "subscriptionspec" in (accept or "").lower():
        return MULTIPART
    if _EVENTS in kinds and not any(kind in _EAGER for kind in kinds):
        return SERVER_SENT_EVENTS
    return None


class _Held(StreamingResponse):
    """A stream that counts among its owner's until it is over."""

    release: Callable[[], None]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it all."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self.release()


async def stream_operation(
    view: GraphQL[Any, None], request: Request, format_: StreamFormat, sockets: Sockets
) -> Response:
    """Any operation, its results as they come. A mutation needs POST here as well. Raises Refused 429."""
    data: Any = await view.parse_http_body(view.request_adapter_class(request))
    context: Any = await view.get_context(request, Response())
    if not sockets.admit(context):
        raise Refused(429, "Too many connections", headers={"Retry-After": "5"})
    context.last_event_id = request.headers.get("last-event-id")
    kinds = {OperationType.QUERY, OperationType.SUBSCRIPTION}
    if request.method == "POST":
        kinds.add(OperationType.MUTATION)
    results: Any = await view.schema.stream(
        data.query,
        variable_values=data.variables,
        context_value=context,
        operation_name=data.operation_name,
        allowed_operation_types=kinds,
    )

    async def parts() -> AsyncIterator[str]:
        yield format_.begin
        async with _closed_in_peace(results):
            async for result in _with_heartbeat(request, results, sockets):
                if result is None:
                    yield format_.beat
                else:
                    payload = str(view.encode_json(process_result(result)))
                    yield format_.part(payload, getattr(context, "place", None))
        # A stream that breaks off is taken up elsewhere; one that completes is over.
        if not sockets.is_stopping:
            yield format_.end

    headers = {"cache-control": "no-cache, no-transform", "x-accel-buffering": "no"}
    response = _Held(parts(), headers=headers)
    response.release = lambda: sockets.release(context)
    response.headers["content-type"] = format_.media_type
    return response


@asynccontextmanager
async def _closed_in_peace(results: AsyncGenerator[Any, None]) -> AsyncGenerator[None]:
    try:
        yield
    finally:
        with CancelScope(shield=True):
            await results.aclose()


async def _with_heartbeat(
    request: Request, results: AsyncGenerator[Any, None], sockets: Sockets
) -> AsyncGenerator[ExecutionResult | None, None]:
    """Results, and None when nothing came for a while; ends when the client has gone, or the process goes."""
    following: asyncio.Task[Any] | None = None
    quiet = 0.0
    try:
        while not sockets.is_stopping:
            following = following or asyncio.ensure_future(anext(results, _ENDED))
            done, _ = await asyncio.wait({following}, timeout=_LOOK_SECONDS)
            if done:
                result, following, quiet = following.result(), None, 0.0
                if result is _ENDED:
                    return
                yield result
            elif await request.is_disconnected():
                return
            else:
                quiet += _LOOK_SECONDS
                if quiet >= _HEARTBEAT_SECONDS:
                    quiet = 0.0
                    yield None
    finally:
        if following is not None:
            following.cancel()
            # A client that goes cancels us again and again: whatever runs must have ended before it is closed.
            with CancelScope(shield=True):
                await asyncio.wait({following})


_ENDED: Final = object()
