"""GraphQL over HTTP: Strawberry's ASGI view with its transport repaired.

Each repair says when it can go; run tests/engine and tests/conformance at each upgrade of Strawberry.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from cross_web import AsyncHTTPRequestAdapter, HTTPException
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.exceptions import MissingQueryError
from strawberry.http import GraphQLHTTPResponse, GraphQLRequestData, process_result
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType

from app.core.failures import Failure
from app.engine import codes, json_text, quick
from app.engine.adapter import Crowded, SocketAdapter, SocketOptions
from app.engine.graphiql import graphiql_page
from app.engine.groups import Groups
from app.engine.heart import Heart
from app.engine.masking import MASKED, mask_exception
from app.engine.negotiation import JSON, response_type, status_of
from app.engine.outgoing import Incoming, Outgoing
from app.engine.persisted import persist
from app.engine.protocols import MakeContext, OperationContext, PersistedQueries
from app.engine.repeats import Claims, Repeat
from app.engine.request_body import Refused, decode, limited
from app.engine.requests import (
    as_refused,
    check_content_type,
    is_navigation,
    is_request_error,
    query_parameters,
    request_error,
    request_id,
    wrong_method,
)
from app.engine.schema import EngineSchema
from app.engine.sockets import Sockets
from app.engine.streams import stream_format, stream_operation
from app.engine.websocket import SocketHandler

MIB = 2**20


@dataclass(frozen=True, slots=True)
class EndpointOptions:
    """What an operator may turn."""

    max_body_bytes: int = MIB
    max_upload_bytes: int = 25 * MIB
    graphiql: bool = False
    allowed_origins: Sequence[str] = ()
    sockets: SocketOptions = field(default_factory=SocketOptions)


class LychgateGraphQL(GraphQL[Any, None]):
    """The ASGI application of /graphql, over HTTP and websockets."""

    websocket_adapter_class = SocketAdapter
    graphql_transport_ws_handler_class = SocketHandler
    schema: EngineSchema

    def __init__(
        self,
        schema: EngineSchema,
        make_context: MakeContext,
        *,
        sockets: Sockets | None = None,
        persisted: PersistedQueries | None = None,
        claims: Claims | None = None,
        options: EndpointOptions | None = None,
    ) -> None:
        self.options = options or EndpointOptions()
        self.groups = Groups(schema, self.encode_json)
        self.heart = Heart(self.options.sockets.ping_seconds)
        super().__init__(
            schema,
            graphql_ide=None,
            # Repair 13: the older graphql-ws has had bypasses of authentication (CVE-2026-35523,
            # CVE-2026-35526). Can go when Strawberry drops it.
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL,),
            connection_init_wait_timeout=timedelta(seconds=self.options.sockets.init_seconds),
            multipart_uploads_enabled=True,
            max_subscriptions_per_connection=self.options.sockets.max_operations,
            allowed_origins=self.options.allowed_origins,
        )
        self._make_context = make_context
        self.persisted = persisted
        self._claims = claims
        self.sockets = sockets or Sockets()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request, or serves one socket until it closes."""
        if scope["type"] == "websocket":
            await self._serve_socket(WebSocket(scope, receive=receive, send=send))
            return
        response = await self.respond(scope, receive)
        if response is not None:
            await response(scope, receive, send)

    async def respond(self, scope: Scope, receive: Receive) -> Response | None:
        """The answer to one HTTP request; None if its client has gone."""
        request = Incoming(scope, receive)
        try:
            response = await self._respond(request, receive)
        except ClientDisconnect:
            return None
        except (HTTPException, StarletteHTTPException, MultiPartException) as error:
            response = self._refusal(request, as_refused(error))
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets JSON, none of the text
            response = self._failure(request, error)
        await request.close()
        return response

    async def _serve_socket(self, socket: WebSocket) -> None:
        if self.sockets.is_full:
            await socket.send_denial_response(Response(status_code=503, headers={"Retry-After": "5"}))
            return
        try:
            await self.run(socket)
        except Exception as error:  # noqa: BLE001 - of the context, mostly: the handler deals with its own
            code, reason = (4403, error.message) if isinstance(error, Failure) else (4500, MASKED)
            mask_exception(error, uuid.uuid4().hex)
            await SocketAdapter(self, socket, socket).close(code, reason)

    async def _respond(self, request: Incoming, receive: Receive) -> Response:
        accept = request.headers.get("accept")
        if self.options.graphiql and is_navigation(request):
            return graphiql_page(request.url.path)
        if request.method not in ("GET", "POST"):
            raise Refused(405, "GraphQL takes GET and POST", headers={"Allow": "GET, POST"})
        format_ = stream_format(accept)
        if format_ is None and response_type(accept) is None:
            raise Refused(406, "The answer is application/graphql-response+json or application/json")
        is_upload = check_content_type(request)
        limit = self.options.max_upload_bytes if is_upload else self.options.max_body_bytes
        channel = limited(receive, request.headers.get("content-length"), limit)
        repeat = request.state.repeat = None if format_ else Repeat.of(request, self._claims)
        request._receive = repeat.reading(channel) if repeat else channel  # noqa: SLF001
        if format_ is not None:
            return await stream_operation(self, request, format_, self.sockets)
        is_common = request.method == "POST" and not is_upload
        running = quick.run_json(self, request) if is_common else self.run(request)
        return await (repeat.answered(running) if repeat else running)

    def should_render_graphql_ide(self, request: Any) -> bool:  # noqa: ARG002
        """Never here: a page is served before anything is parsed, and only to browsers."""
        return False

    async def get_context(
        self, request: Request | WebSocket, response: Response | WebSocket
    ) -> OperationContext:
        """One for each HTTP request, one for each socket."""
        return await self._make_context(request, response)

    async def get_sub_response(self, request: Request | WebSocket) -> Outgoing:
        """The answer, without its body as yet."""
        return Outgoing(response_type(request.headers.get("accept")) or JSON)

    def decode_json(self, data: str | bytes) -> Any:
        """Repairs 5 and 7: orjson. Raises JSONDecodeError."""
        return json_text.decode(data)

    def encode_json(self, data: object) -> str:
        """Repair 5: text, never bytes; whatever can't be written becomes a masked error."""
        try:
            return json_text.encode(data)
        except ValueError as error:
            shown = mask_exception(error, uuid.uuid4().hex)
            if isinstance(data, dict) and "type" in data:  # a frame of a websocket
                return json_text.encode({"id": data.get("id"), "type": "error", "payload": [shown]})
            return json_text.encode({"data": None, "errors": [shown]})

    async def parse_http_body(self, request: AsyncHTTPRequestAdapter) -> GraphQLRequestData:
        """The parameters, checked. Raises Refused 400, or GraphQLError PERSISTED_QUERY_NOT_FOUND."""
        if request.method == "GET":
            parameters: object = query_parameters(request.query_params)
        elif (request.content_type or "").startswith("multipart/"):
            parameters = await self._multipart(request)
        else:
            parameters = decode(await request.get_body())
        return await quick.request_data(self.persisted, parameters)

    async def _multipart(self, request: AsyncHTTPRequestAdapter) -> object:
        try:
            return await self.parse_multipart(request)
        except (KeyError, IndexError, TypeError, ValueError, AttributeError, RecursionError) as error:
            # Strawberry walks the client's paths without looking where they lead.
            raise Refused(400, "The multipart request is malformed: see `operations` and `map`") from error

    def parse_json(self, data: str | bytes) -> Any:
        """A JSON part of a request. Raises Refused 400."""
        return decode(data)

    async def execute_single(
        self,
        request: Request,
        request_adapter: AsyncHTTPRequestAdapter,  # noqa: ARG002 - Strawberry's signature
        sub_response: Response,  # noqa: ARG002
        context: OperationContext,
        root_value: None,  # noqa: ARG002
        request_data: GraphQLRequestData,
    ) -> ExecutionResult:
        """Runs a query or a mutation; GET is for queries. Raises Refused 405, or 400 without a query."""
        allowed = {OperationType.QUERY}
        if request.method == "POST":
            allowed.add(OperationType.MUTATION)
        repeat: Repeat | None = request.state.repeat
        if repeat and self.schema.is_mutation(request_data.query, request_data.operation_name):
            await repeat.begin(context)
        try:
            result = await self.schema.execute(
                request_data.query,
                variable_values=request_data.variables,
                context_value=context,
                operation_name=request_data.operation_name,
                allowed_operation_types=allowed,
                operation_extensions=request_data.extensions,
            )
        except CannotGetOperationTypeError as error:
            return request_error(error.as_http_error_reason())
        except InvalidOperationTypeError as error:
            raise wrong_method(error.operation_type) from None
        except MissingQueryError:
            raise Refused(400, "`query` is missing") from None
        if repeat:
            repeat.executed(result)
        # After the execution, so that only documents are kept that were worth executing.
        if not is_request_error(result):
            await persist(self.persisted, request_data.query, request_data.extensions)
        return result

    async def process_result(
        self,
        request: Request,  # noqa: ARG002
        result: ExecutionResult,
    ) -> GraphQLHTTPResponse:
        """The answer as JSON values; an error of the request itself comes without `data` (repair 9)."""
        answer = process_result(result)
        if is_request_error(result):
            answer.pop("data", None)
        return answer

    def create_response(
        self,
        response_data: GraphQLHTTPResponse | list[GraphQLHTTPResponse],
        sub_response: Response,
    ) -> Response:
        """The HTTP response with the headers that resolvers have set."""
        assert isinstance(response_data, dict)  # batching is off
        assert isinstance(sub_response, Outgoing)
        return self._answer(response_data, sub_response)

    def _answer(self, answer: Mapping[str, Any], response: Outgoing, status: int | None = None) -> Outgoing:
        response.write(quick.body_of(self, answer), status or status_of(answer, str(response.media_type)))
        return response

    def _refusal(self, request: Request, error: Refused) -> Response:
        media_type = response_type(request.headers.get("accept")) or JSON
        shown = {"message": error.reason, "extensions": {"code": error.code}}
        response = self._answer({"errors": [shown]}, Outgoing(media_type), error.status_code)
        response.headers.update(error.headers)
        return response

    def _failure(self, request: Request, error: Exception) -> Response:
        """An exception outside of the execution: a failure of the context, or a fault of ours."""
        media_type = response_type(request.headers.get("accept")) or JSON
        shown = mask_exception(error, request_id(request))
        code = shown.get("extensions", {}).get("code")
        status = {codes.INTERNAL_SERVER_ERROR: 500, codes.RATE_LIMITED: 429}.get(str(code))
        response = self._answer({"errors": [shown]}, Outgoing(media_type), status)
        if "retryAfter" in shown.get("extensions", {}):
            response.headers["retry-after"] = str(shown["extensions"]["retryAfter"])
        return response

    async def on_ws_connect(self, context: OperationContext) -> Any:
        """Lets the application look at connection_init. Raises ConnectionRejectionError (4403), Crowded (4429)."""
        await context.on_connect(context.connection_params or {})
        if not self.sockets.admit(context):
            raise Crowded
        return await super().on_ws_connect(context)
